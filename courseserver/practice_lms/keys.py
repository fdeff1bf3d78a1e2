"""Our signing key, and the tool's public keys."""

import json
import secrets
import threading
import urllib.request
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from courseserver.practice_lms import store
from courseserver.practice_lms.registration import Tool

_TIMEOUT_S = 5
_lock = threading.Lock()
_tool_keys: dict[str, dict[str, Any]] = {}


class BadToken(Exception):
    """A JWT of the tool fails a check; the message says which."""


def make_key() -> None:
    """Make our key unless there is one."""
    if store.setting_read("key"):
        return
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    store.setting_write("kid", secrets.token_hex(8))
    store.setting_write("key", pem.decode())


def sign(claims: dict[str, Any]) -> str:
    return jwt.encode(
        claims,
        store.setting_read("key"),
        algorithm="RS256",
        headers={"kid": store.setting_read("kid")},
    )


def key_set() -> dict[str, Any]:
    pem = store.setting_read("key").encode()
    private = serialization.load_pem_private_key(pem, password=None)
    assert isinstance(private, rsa.RSAPrivateKey)
    public = RSAAlgorithm.to_jwk(private.public_key(), as_dict=True)
    key = {name: public[name] for name in ("kty", "e", "n")}
    return {"keys": [{**key, "kid": store.setting_read("kid"), "alg": "RS256", "use": "sig"}]}


def verify(tool: Tool, token: str, *, audience: str) -> dict[str, Any]:
    """Return the claims of a JWT that the tool signed for `audience`.

    Raises
    ------
    BadToken
        If key, signature, times, issuer or audience do not hold.
    """
    try:
        kid = jwt.get_unverified_header(token).get("kid", "")
        claims: dict[str, Any] = jwt.decode(
            token,
            _tool_key(tool, str(kid)),
            algorithms=["RS256"],
            audience=audience,
            issuer=tool.client_id,
            options={"require": ["iss", "aud", "iat", "exp"]},
        )
    except jwt.InvalidTokenError as error:
        raise BadToken(f"{type(error).__name__}: {error}") from error
    return claims


def _tool_key(tool: Tool, kid: str) -> Any:
    with _lock:
        if kid not in _tool_keys:
            _tool_keys.update(_fetch(tool.jwks_url))
        if kid not in _tool_keys:
            raise BadToken(f"the tool's key set has no key {kid!r}")
        return jwt.PyJWK(_tool_keys[kid], algorithm="RS256").key


def _fetch(url: str) -> dict[str, dict[str, Any]]:
    try:
        with urllib.request.urlopen(url, timeout=_TIMEOUT_S) as reply:  # noqa: S310
            keys = json.loads(reply.read(1_000_000))["keys"]
    except (OSError, ValueError, KeyError) as error:
        raise BadToken(f"the tool's key set cannot be read: {error}") from error
    return {str(key.get("kid")): key for key in keys}
