"""Platforms' public keys: cached, and asked again once when a key is unknown."""

import hashlib
import re
import time
from functools import lru_cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from django.core.cache import cache
from jwt import PyJWK
from jwt.exceptions import PyJWTError

from courseserver.lti import outgoing

MIN_BITS = 2048
CACHE_S_DEFAULT = 3600
CACHE_S_MIN, CACHE_S_MAX = 60, 24 * 3600
# A rotation needs one extra request; this many a minute is plenty, and no use as an amplifier.
REFETCHES_PER_MINUTE = 10


class KeysUnreachable(Exception):
    """The platform's key set cannot be read."""


def public_key(jwks_url: str, kid: str) -> RSAPublicKey | None:
    """Return the platform's RSA key of this kid, or None where it publishes no usable one.

    Raises
    ------
    KeysUnreachable
        If the key set had to be fetched and could not be.
    """
    keys, fetched = _cached(jwks_url)
    found = _find(keys, kid)
    if found is None and not fetched and _refetch_allowed(jwks_url):
        found = _find(_fetch(jwks_url), kid)
    return found


def _cached(jwks_url: str) -> tuple[list[dict[str, Any]], bool]:
    keys = cache.get(_name(jwks_url))
    return (keys, False) if keys is not None else (_fetch(jwks_url), True)


def _fetch(jwks_url: str) -> list[dict[str, Any]]:
    try:
        reply = outgoing.send("GET", jwks_url, headers={"Accept": "application/json"})
        keys = reply.json()["keys"] if reply.status == 200 else None
    except (outgoing.Unreachable, ValueError, KeyError, TypeError) as error:
        raise KeysUnreachable(f"no key set from {jwks_url}: {error}") from error
    if not isinstance(keys, list):
        raise KeysUnreachable(f"no key set from {jwks_url}: HTTP {reply.status}")
    usable = [key for key in keys if isinstance(key, dict)]
    cache.set(_name(jwks_url), usable, _lifetime_s(reply.headers.get("Cache-Control", "")))
    return usable


def _find(keys: list[dict[str, Any]], kid: str) -> RSAPublicKey | None:
    for key in keys:
        if key.get("kid") == kid and _may_sign(key):
            return _rsa(key)
    return None


def _may_sign(key: dict[str, Any]) -> bool:
    # `alg` and `use` are optional in a JWK; where they are given they must allow RS256.
    return (
        key.get("kty") == "RSA"
        and key.get("alg", "RS256") == "RS256"
        and key.get("use", "sig") == "sig"
    )


def _rsa(key: dict[str, Any]) -> RSAPublicKey | None:
    return _loaded(str(key.get("n")), str(key.get("e")))


@lru_cache(maxsize=256)
def _loaded(n: str, e: str) -> RSAPublicKey | None:
    try:
        loaded = PyJWK({"kty": "RSA", "n": n, "e": e}, algorithm="RS256").key
    except (PyJWTError, ValueError, TypeError, KeyError):
        return None
    return loaded if isinstance(loaded, RSAPublicKey) and loaded.key_size >= MIN_BITS else None


def _lifetime_s(cache_control: str) -> int:
    match = re.search(r"max-age=(\d{1,9})", cache_control)
    wanted = int(match.group(1)) if match else CACHE_S_DEFAULT
    return min(max(wanted, CACHE_S_MIN), CACHE_S_MAX)


def _refetch_allowed(jwks_url: str) -> bool:
    counter = f"{_name(jwks_url)}:{int(time.time() // 60)}"
    cache.add(counter, 0, 120)
    try:
        return bool(cache.incr(counter) <= REFETCHES_PER_MINUTE)
    except ValueError:  # a full cache dropped the counter meanwhile
        return True


def _name(jwks_url: str) -> str:
    return f"lti-jwks:{hashlib.sha256(jwks_url.encode()).hexdigest()}"
