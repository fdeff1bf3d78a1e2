"""Registering platforms."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction

from courseserver.audit.services import record
from courseserver.lti.addresses import origin_of
from courseserver.lti.models import Platform


class PlatformRefused(ValueError):
    """The registration cannot be right; the message says what to change."""


def platform_add(
    *,
    issuer: str,
    client_id: str,
    deployment_id: str,
    auth_url: str,
    token_url: str,
    jwks_url: str,
    auth_audience: str = "",
    product: str = "",
    name: str = "",
    frame_origins: Sequence[str] = (),
) -> tuple[Platform, bool]:
    """Register a deployment, or update it; the client's addresses are the same in all of them.

    Raises
    ------
    PlatformRefused
        If an address or an identifier cannot be one.
    """
    for option, value in (
        ("issuer", issuer),
        ("client-id", client_id),
        ("deployment-id", deployment_id),
    ):
        if not value or len(value) > 255 or not value.isascii():
            raise PlatformRefused(f"--{option} is 1 to 255 ASCII characters, not {value!r}")
    for option, url in (("auth-url", auth_url), ("token-url", token_url), ("jwks-url", jwks_url)):
        _check_address(option, url)
    for origin in frame_origins:
        if origin != origin_of(origin):
            raise PlatformRefused(f"--frame-origin is scheme://host[:port], not {origin!r}")
    shared = {
        "auth_url": auth_url,
        "token_url": token_url,
        "jwks_url": jwks_url,
        "auth_audience": auth_audience,
        "product": product,
        "name": name,
        "frame_origins": list(frame_origins),
    }
    with transaction.atomic():
        Platform.objects.filter(issuer=issuer, client_id=client_id).update(**shared)
        platform, created = Platform.objects.update_or_create(
            issuer=issuer,
            client_id=client_id,
            deployment_id=deployment_id,
            defaults={**shared, "approved": True},
        )
        action = "platform added" if created else "platform updated"
        record(actor="system", action=action, subject=platform.pk)
    return platform, created


def platform_approve(*, platform_id: str, actor: str = "system") -> Platform:
    """Let a held deployment launch.

    Raises
    ------
    PlatformRefused
        If there is none of this id.
    """
    with transaction.atomic():
        platform = Platform.objects.select_for_update().filter(pk=platform_id).first()
        if platform is None:
            raise PlatformRefused(f"no platform {platform_id}: see `lti_platform list`")
        platform.approved = True
        platform.save(update_fields=["approved"])
        record(actor=actor, action="platform approved", subject=platform.pk)
    return platform


def _check_address(option: str, url: str) -> None:
    parts = urlsplit(url)
    schemes = ("https", "http") if settings.DEVELOPMENT else ("https",)
    if parts.scheme not in schemes or not parts.hostname:
        raise PlatformRefused(f"--{option} must be an {' or '.join(schemes)} address, not {url!r}")
