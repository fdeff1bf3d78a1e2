"""Results measured without a network: one file, signed by the kit that wrote it.

The file is a JSON object: `schema`, `device_id`, `body` (the message as text, so that the very
bytes are signed) and `signature`, HMAC-SHA256 of the body under a key that kit and server both
derive from the kit's secret. The key signs bundles and opens nothing else.
"""

import hashlib
import hmac
import json
from dataclasses import dataclass, field

from firmware_specs.wire.codec import WireError, decode, encode
from firmware_specs.wire.messages import Message, Result, Scalar

SCHEMA = "device_agent.bundle/1"
# A result with a student's model in it is some tens of kilobytes.
BUNDLE_MOST = 4 * 1024 * 1024
_PURPOSE = b"courseserver kit: bundle of results, version 1"


class SignatureMismatch(WireError):
    """A bundle that was changed after it was signed, or signed with another secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle(Message):
    """What a kit measured by itself. `bundle_id` names it for ever: it counts once."""

    bundle_id: str
    device_id: str
    board: str
    agent_version: str
    # The kit's own clock, which nobody set right without a network.
    at_utc: str
    host: dict[str, Scalar] = field(default_factory=dict)
    results: tuple[Result, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """A bundle whose signature nobody has checked yet: believe only what `opened` returns."""

    device_id: str
    body: bytes
    signature: str

    def opened(self, key: bytes) -> Bundle:
        """Return the bundle.

        Raises
        ------
        SignatureMismatch
            If body and signature do not belong together under this key.
        WireError
            If what was signed is no bundle of this kit.
        """
        if not hmac.compare_digest(_signature(self.body, key), self.signature):
            raise SignatureMismatch("the signature does not fit what the bundle says")
        bundle = decode(self.body, Bundle, most=BUNDLE_MOST)
        if bundle.device_id != self.device_id:
            raise WireError("the bundle was signed for another kit than its cover names")
        return bundle


def signing_key(secret: str) -> bytes:
    """Return the key that signs bundles of a kit with this secret."""
    return hmac.new(secret.encode(), _PURPOSE, hashlib.sha256).digest()


def bundle_seal(bundle: Bundle, key: bytes) -> bytes:
    """Return the file of a bundle."""
    body = encode(bundle, most=BUNDLE_MOST)
    sealed = {
        "schema": SCHEMA,
        "device_id": bundle.device_id,
        "body": body.decode(),
        "signature": _signature(body, key),
    }
    return json.dumps(sealed, indent=1).encode() + b"\n"


def bundle_read(payload: bytes) -> Sealed:
    """Return the bundle in a file, its signature unchecked.

    Raises
    ------
    WireError
        If the file is too large or no bundle at all.
    """
    if len(payload) > 2 * BUNDLE_MOST:
        raise WireError(f"the file is {len(payload)} bytes, the limit is {2 * BUNDLE_MOST}")
    try:
        cover = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise WireError("the file is not JSON") from error
    if not isinstance(cover, dict) or cover.get("schema") != SCHEMA:
        raise WireError(f"the file does not say that it is a {SCHEMA}")
    told = [cover.get(name) for name in ("device_id", "body", "signature")]
    device_id, body, signature = (value if isinstance(value, str) else None for value in told)
    if device_id is None or body is None or signature is None or not signature.isascii():
        raise WireError("device_id, body or signature is missing")
    try:
        return Sealed(device_id=device_id, body=body.encode(), signature=signature)
    except UnicodeEncodeError as error:
        raise WireError("the body holds a character that cannot be written") from error


def _signature(body: bytes, key: bytes) -> str:
    return hmac.new(key, body, hashlib.sha256).hexdigest()
