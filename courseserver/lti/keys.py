"""Our RSA keys: published before they sign, kept a while after, encrypted at rest."""

import base64
import hashlib
import json
from datetime import datetime, timedelta
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.db import transaction
from django.db.models import Q
from jwt.algorithms import RSAAlgorithm

from courseserver.audit.services import record
from courseserver.common import clock
from courseserver.lti import vault
from courseserver.lti.models import ToolKey

KEY_BITS = 2048
# Platforms may cache our key set for a day, so a key is published that long before it signs.
OVERLAP = timedelta(hours=24)
_loaded: dict[str, rsa.RSAPrivateKey] = {}


def sign(claims: dict[str, Any], *, now: datetime | None = None) -> str:
    """Return a JWT signed by the current key, its kid in the header."""
    key = signing_key(now or clock.now())
    return jwt.encode(claims, _private(key), algorithm="RS256", headers={"kid": key.kid})


def key_set(now: datetime) -> dict[str, list[dict[str, Any]]]:
    """Return the JWKS: every key that signs, will sign, or signed until recently."""
    signing_key(now)
    keys = ToolKey.objects.filter(Q(published_until=None) | Q(published_until__gt=now))
    return {"keys": [key.public_jwk for key in keys.order_by("-signs_from", "kid")]}


def signing_key(now: datetime) -> ToolKey:
    """Return the newest key whose time to sign has come, making the first one when none is."""
    key = _current(now)
    return key or key_add(signs_from=now)


def key_add(*, signs_from: datetime) -> ToolKey:
    """Make a key and publish it from now on."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
    pem = private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    public = RSAAlgorithm.to_jwk(private.public_key(), as_dict=True)
    numbers = {name: public[name] for name in ("e", "kty", "n")}
    kid = thumbprint(numbers)
    with transaction.atomic():
        key = ToolKey.objects.create(
            kid=kid,
            private_key_encrypted=vault.encrypt(pem.decode()),
            public_jwk={**numbers, "kid": kid, "alg": "RS256", "use": "sig"},
            signs_from=signs_from,
        )
        record(actor="system", action="lti key added", subject=kid, signs_from=str(signs_from))
    return key


def thumbprint(numbers: dict[str, Any]) -> str:
    """Return the RFC 7638 name of a public key."""
    canonical = json.dumps(numbers, sort_keys=True, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(hashlib.sha256(canonical).digest()).rstrip(b"=").decode()


def keys_rotate(*, now: datetime, overlap: timedelta = OVERLAP) -> ToolKey:
    """Add a key that signs after `overlap`; older keys leave the key set one overlap later.

    No overlap is for a key that was lost or leaked: it is unpublished at once.
    """
    with transaction.atomic():
        ToolKey.objects.filter(Q(published_until__lte=now)).delete()
        key = key_add(signs_from=now + overlap)
        older = ToolKey.objects.exclude(pk=key.pk).filter(published_until=None)
        older.update(published_until=now + 2 * overlap)
    return key


def _current(now: datetime) -> ToolKey | None:
    usable = ToolKey.objects.filter(signs_from__lte=now)
    usable = usable.filter(Q(published_until=None) | Q(published_until__gt=now))
    return usable.order_by("-signs_from", "kid").first()


def _private(key: ToolKey) -> rsa.RSAPrivateKey:
    if key.kid not in _loaded:
        pem = vault.decrypt(key.private_key_encrypted).encode()
        private = serialization.load_pem_private_key(pem, password=None)
        assert isinstance(private, rsa.RSAPrivateKey)
        _loaded[key.kid] = private
    return _loaded[key.kid]
