"""Getting credentials: a code on the screen, a yes on the staff page (the shape of RFC 8628)."""

import json
import platform
import secrets
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from device_agent import __version__, config
from device_agent.environment import host_facts
from firmware_specs.wire import Claim, encode

_TIMEOUT_S = 15.0
_AGENT = f"device_agent/{__version__}"


class EnrolmentFailed(RuntimeError):
    """Why there are no credentials, and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What the server offered: a code for a person, and how long it lives."""

    user_code: str
    device_code: str
    verification_uri: str
    expires_in_s: float
    interval_s: float


def check_server(url: str) -> str:
    """Return the server's address, refusing one that would carry a secret in the clear."""
    parts = urlsplit(url)
    is_local = parts.hostname in ("localhost", "::1") or (parts.hostname or "").startswith("127.")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_local):
        raise EnrolmentFailed(f"{url!r} would carry the kit's secret in the clear: use https://")
    return url.rstrip("/")


def offer_get(server: str, *, name: str, board: str) -> Offer:
    """Ask the server to be adopted."""
    claim = Claim(name=name, board=board, agent_version=__version__, host=host_facts())
    status, body = _post(f"{server}/api/kits/claims", encode(claim))
    if status != 201:
        raise EnrolmentFailed(f"the server refused ({status}): {body.get('detail', body)}")
    return Offer(
        user_code=body["user_code"],
        device_code=body["device_code"],
        verification_uri=body["verification_uri"],
        expires_in_s=float(body["expires_in"]),
        interval_s=float(body["interval"]),
    )


def credentials_wait(
    server: str,
    offer: Offer,
    *,
    wait: Callable[[float], object] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Mapping[str, str]:
    """Ask until a person has decided. Return the credentials, which come once."""
    ends_s, interval_s = clock() + offer.expires_in_s, offer.interval_s
    payload = json.dumps({"device_code": offer.device_code}).encode()
    while clock() < ends_s:
        wait(interval_s)
        try:
            status, body = _post(f"{server}/api/kits/claims/poll", payload)
        except EnrolmentFailed:
            continue  # the network may come back before the code expires
        if status == 200:
            return body
        error = body.get("error", "")
        if error == "slow_down":
            interval_s += 1.0
        elif error == "access_denied":
            raise EnrolmentFailed("somebody turned this kit away on the staff page")
        elif error == "expired_token":
            break
    raise EnrolmentFailed("the code expired before anybody entered it; run enrol again")


def credentials_rotate(server: str, settings: config.Settings, path: Path) -> Mapping[str, str]:
    """Change the secret; the old one ends at once.

    The new one is kept beside the settings before it is asked for: whatever ends this process, or
    swallows the answer, the next try goes on where this one stood.
    """
    beside = rotating_path(path)
    fresh = config.file_values(beside).get("secret", "") or secrets.token_urlsafe(32)
    config.write(beside, {"secret": fresh})
    status, body = _rotate(server, settings.device_id, settings.secret, fresh)
    if status == 403:
        # The last try was heard, and we were not told.
        status, body = _rotate(server, settings.device_id, fresh, fresh)
    if status != 200:
        raise EnrolmentFailed(f"the server refused ({status}): {body.get('detail', body)}")
    return body


def rotating_path(path: Path) -> Path:
    """Return where a new secret waits until the server knows it."""
    return path.with_suffix(".rotating")


def _rotate(server: str, device_id: str, secret: str, fresh: str) -> tuple[int, dict[str, Any]]:
    asked = {"device_id": device_id, "secret": secret, "fresh": fresh}
    return _post(f"{server}/api/kits/rotate", json.dumps(asked).encode())


def credentials_keep(path: Path, told: Mapping[str, str], *, server: str) -> None:
    """Write what the server told us, readable to the owner only."""
    ca_file = ""
    if told.get("ca_pem"):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        ca_path = path.with_name("broker-ca.pem")
        config.write_whole(ca_path, told["ca_pem"])
        ca_file = str(ca_path)
    config.write(
        path,
        # What the owner wrote into the file (ports, meters) outlives a change of the secret.
        config.file_values(path)
        | {
            "device_id": told["device_id"],
            "secret": told["secret"],
            "mqtt_url": told["mqtt_url"],
            "ca_file": ca_file,
            "board": told["board"],
            "server_url": server,
        },
    )


def default_name() -> str:
    return platform.node()[:80] or "kit"


def _post(url: str, payload: bytes) -> tuple[int, dict[str, Any]]:
    """Return status and JSON body; refusals are answers too."""
    headers = {"Content-Type": "application/json", "User-Agent": _AGENT}
    request = urllib.request.Request(url, payload, headers)  # noqa: S310  https, or loopback
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as response:  # noqa: S310
            return response.status, json.loads(response.read())
    except urllib.error.HTTPError as error:
        return error.code, _refusal(error)
    except (OSError, ValueError) as error:
        why = getattr(error, "reason", error)
        raise EnrolmentFailed(f"cannot reach {url}: {why}; is the address right?") from error


def _refusal(error: urllib.error.HTTPError) -> dict[str, Any]:
    try:
        body = json.loads(error.read())
    except ValueError:
        return {"detail": error.reason}
    return body if isinstance(body, dict) else {"detail": str(body)}
