"""Coming from LTI 1.1 (`lti1p1` claim, LTI 1.3 core, migration guide): who somebody was before.

A platform that was moved to a new registration names every person and link anew. The ids of LTI 1.1
beside them stay, and are believed only where the platform proves that it knows the secret which it
shared with us under 1.1: otherwise any registration could claim the people of another.
"""

import base64
import hashlib
import hmac
from dataclasses import dataclass
from typing import Any

import structlog
from django.db import transaction

from courseserver.audit.services import record
from courseserver.lti import claims, vault
from courseserver.lti.claims import Claims, refused
from courseserver.lti.models import LegacyConsumer, Platform

log = structlog.get_logger(__name__)

CLAIM = f"{claims.LTI}lti1p1"


@dataclass(frozen=True, slots=True, kw_only=True)
class LegacyIds:
    """What a proven claim says: under which consumer key, who and which link this was."""

    consumer_key: str
    user_id: str
    resource_link_id: str


def legacy_ids(platform: Platform, body: Claims) -> LegacyIds | None:
    """Return the proven ids of LTI 1.1; None where the launch tells none that we can check.

    Raises
    ------
    TokenRefused
        If the claim is malformed, or its signature is not that of a consumer we know.
    """
    told = claims.table(body, CLAIM, "lti1p1 is no object")
    # Canvas writes what it does not know as null.
    claim = {name: value for name, value in told.items() if value is not None}
    if claim.get("oauth_consumer_key", "") == "":
        return None
    key = claims.required_id(claim, "oauth_consumer_key", "lti1p1 consumer key malformed")
    secret = _secret_of(platform, key)
    if secret is None:
        log.info("lti1p1 consumer unknown")
        return None
    if "oauth_consumer_key_sign" not in claim:
        log.warning("lti1p1 claim unsigned")
        return None
    _check_signature(platform, body, claim, key, secret)
    return LegacyIds(
        consumer_key=key,
        user_id=_id_of(claim, "user_id") or claims.required_id(body, "sub", "sub malformed"),
        resource_link_id=_id_of(claim, "resource_link_id"),
    )


def signature(platform: Platform, *, key: str, secret: str, exp: int | float, nonce: str) -> str:
    """Return what the platform signs: HMAC-SHA256 over the launch's own names, in base64."""
    seconds = str(int(exp)) if float(exp).is_integer() else str(exp)
    named = (key, platform.deployment_id, platform.issuer, platform.client_id, seconds, nonce)
    digest = hmac.new(secret.encode(), "&".join(named).encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


@transaction.atomic
def consumer_set(*, issuer: str, client_id: str, key: str, secret: str) -> bool:
    """Keep the key and secret of LTI 1.1 for a registration; return whether they are new.

    Raises
    ------
    ValueError
        If nothing is registered so, or key or secret cannot be one.
    """
    if not Platform.objects.filter(issuer=issuer, client_id=client_id).exists():
        raise ValueError(f"no platform {issuer} with client {client_id}: see `lti_platform list`")
    if not 0 < len(key) <= claims.ID_MAX or not key.isascii() or not key.isprintable():
        raise ValueError(f"a consumer key is 1 to 255 ASCII characters, not {key!r}")
    if not secret:
        raise ValueError("the consumer secret is empty: give it on standard input")
    _, created = LegacyConsumer.objects.update_or_create(
        issuer=issuer,
        client_id=client_id,
        key=key,
        defaults={"secret_encrypted": vault.encrypt(secret)},
    )
    record(actor="system", action="lti 1.1 consumer set", subject=client_id[:64], key=key)
    return created


def consumer_remove(*, issuer: str, client_id: str, key: str) -> bool:
    """Forget a key and its secret; return whether there was one."""
    rows = LegacyConsumer.objects.filter(issuer=issuer, client_id=client_id, key=key)
    removed = bool(rows.delete()[0])
    if removed:
        record(actor="system", action="lti 1.1 consumer removed", subject=client_id[:64], key=key)
    return removed


def _secret_of(platform: Platform, key: str) -> str | None:
    row = LegacyConsumer.objects.filter(
        issuer=platform.issuer, client_id=platform.client_id, key=key
    ).first()
    return vault.decrypt(row.secret_encrypted) if row else None


def _check_signature(
    platform: Platform, body: Claims, claim: Claims, key: str, secret: str
) -> None:
    given: Any = claim["oauth_consumer_key_sign"]
    expected = signature(platform, key=key, secret=secret, exp=body["exp"], nonce=body["nonce"])
    is_text = isinstance(given, str) and given.isascii()
    if not is_text or not hmac.compare_digest(given, expected):
        raise refused("oauth_consumer_key_sign is not the consumer's")


def _id_of(claim: Claims, name: str) -> str:
    return claims.required_id(claim, name, f"lti1p1 {name} malformed") if name in claim else ""
