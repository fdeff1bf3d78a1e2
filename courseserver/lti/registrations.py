"""What we know about a platform's client, over all its deployments."""

from dataclasses import dataclass

from courseserver.common.rows import row_where
from courseserver.lti.addresses import origin_of
from courseserver.lti.models import Platform

CANVAS_ORIGINS = ("https://*.instructure.com",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """One (issuer, client): what its deployments share."""

    issuer: str
    client_id: str
    auth_url: str
    jwks_url: str
    product: str
    frame_origins: tuple[str, ...]


def registration_for(issuer: str, client_id: str) -> Registration | None:
    """Return the approved registration; without a client id only where the issuer has just one."""
    if not client_id:
        clients = Platform.objects.filter(issuer=issuer, approved=True).values("client_id")
        only = list(clients.distinct()[:2])
        if len(only) != 1:
            return None
        client_id = only[0]["client_id"]
    # All deployments of a client share what a registration holds: any one tells it.
    row = row_where(Platform, issuer=issuer, client_id=client_id, approved=True)
    return registration_of(row) if row else None


def registration_of(platform: Platform) -> Registration:
    """Return what a deployment shares with all others of its client."""
    return Registration(
        issuer=platform.issuer,
        client_id=platform.client_id,
        auth_url=platform.auth_url,
        jwks_url=platform.jwks_url,
        product=platform.product,
        frame_origins=frame_origins(platform),
    )


def frame_origins(platform: Platform) -> tuple[str, ...]:
    """Return the origins whose pages may frame us on behalf of this platform."""
    origins = [origin_of(platform.issuer), origin_of(platform.auth_url), *platform.frame_origins]
    if platform.product == "canvas":
        origins.extend(CANVAS_ORIGINS)
    return tuple(dict.fromkeys(origin for origin in origins if origin))
