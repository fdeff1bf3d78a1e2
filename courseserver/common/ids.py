"""Opaque identifiers: they say what they name and nothing about whom."""

import secrets

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford base 32: no i, l, o, u


def new_id(prefix: str) -> str:
    """Return a fresh random id such as `att_7k…` with 100 bits of randomness."""
    # 256 is a multiple of 32: each letter is as likely as any other.
    return f"{prefix}_{''.join(_ALPHABET[byte % 32] for byte in secrets.token_bytes(20))}"
