"""Secrets at rest and one-way names of secrets in flight."""

import base64
import hashlib
import secrets

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings


class Undecryptable(Exception):
    """A stored secret does not open with this ENCRYPTION_KEY."""


def encrypt(text: str) -> str:
    return _fernet().encrypt(text.encode()).decode()


def decrypt(text: str) -> str:
    """Return what `encrypt` was given.

    Raises
    ------
    Undecryptable
        If it was encrypted under another `ENCRYPTION_KEY`.
    """
    try:
        return _fernet().decrypt(text.encode()).decode()
    except InvalidToken as error:
        raise Undecryptable(
            "a stored key was encrypted under another ENCRYPTION_KEY: restore that key, or run "
            "`manage.py lti_keys rotate --now` to make a new one"
        ) from error


def fresh_secret() -> str:
    """Return 256 random bits, safe in URLs and cookies."""
    return secrets.token_urlsafe(32)


def fingerprint(secret: str) -> str:
    """Return the name under which a high-entropy secret may be stored and looked up."""
    # A bent secret may hold half a character; it has a name, too, and matches nothing.
    return hashlib.sha256(secret.encode(errors="surrogatepass")).hexdigest()


def _fernet() -> Fernet:
    key = hashlib.sha256(b"lti at rest:" + settings.ENCRYPTION_KEY.encode()).digest()
    return Fernet(base64.urlsafe_b64encode(key))
