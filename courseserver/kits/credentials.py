"""Secrets of kits and of the bridge.

A secret has 256 random bits, so a fast hash suffices: PBKDF2 with few iterations in Mosquitto's
own notation serves both brokers, and a reconnecting class costs nothing.
"""

import base64
import hashlib
import hmac
import os
import secrets
from urllib.parse import unquote, urlsplit

from django.conf import settings

from courseserver.lti import vault
from firmware_specs.wire import signing_key

BRIDGE_USER = "courseserver-bridge"
_ITERATIONS = 101
_SALT_BYTES = 12


def new_secret() -> str:
    return secrets.token_urlsafe(32)


def secret_hash(secret: str, *, salt: bytes | None = None) -> str:
    """Return `$7$iterations$salt$hash` (PBKDF2-HMAC-SHA512), as mosquitto_passwd writes it."""
    return _written(secret, salt or os.urandom(_SALT_BYTES), _ITERATIONS)


def secret_matches(secret: str, stored: str) -> bool:
    """Return whether a secret belongs to a stored hash, in constant time."""
    parts = stored.split("$")
    if len(parts) != 5 or parts[1] != "7":
        return False
    expected = _written(secret, base64.b64decode(parts[3]), int(parts[2]))
    return hmac.compare_digest(expected, stored)


def bundle_key_encrypted(secret: str) -> str:
    """Return the key that checks a kit's offline results, as the database keeps it."""
    return vault.encrypt(signing_key(secret).hex())


def bundle_key(stored: str) -> bytes:
    """Return the key that `bundle_key_encrypted` wrote."""
    return bytes.fromhex(vault.decrypt(stored))


def bridge_secret() -> str:
    """Return the bridge's password: the one in MQTT_URL, else one derived from SECRET_KEY."""
    given = urlsplit(settings.MQTT_URL).password
    if given:
        return unquote(given)
    key = settings.SECRET_KEY.encode()
    return hmac.new(key, b"courseserver mqtt bridge", hashlib.sha256).hexdigest()


def bridge_user() -> str:
    return unquote(urlsplit(settings.MQTT_URL).username or "") or BRIDGE_USER


def _written(secret: str, salt: bytes, iterations: int) -> str:
    digest = hashlib.pbkdf2_hmac("sha512", secret.encode(), salt, iterations)
    encoded_salt, encoded_digest = (base64.b64encode(x).decode() for x in (salt, digest))
    return f"$7${iterations}${encoded_salt}${encoded_digest}"
