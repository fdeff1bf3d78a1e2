"""What we know about a platform's client, over all its deployments."""

from dataclasses import dataclass

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
    rows = Platform.objects.filter(issuer=issuer, approved=True).order_by("created_at", "id")
    if client_id:
        rows = rows.filter(client_id=client_id)
    found = list(rows)
    if not found or len({row.client_id for row in found}) > 1:
        return None
    first = found[0]
    return Registration(
        issuer=first.issuer,
        client_id=first.client_id,
        auth_url=first.auth_url,
        jwks_url=first.jwks_url,
        product=first.product,
        frame_origins=tuple(dict.fromkeys(o for row in found for o in frame_origins(row))),
    )


def frame_origins(platform: Platform) -> tuple[str, ...]:
    """Return the origins whose pages may frame us on behalf of this platform."""
    origins = [origin_of(platform.issuer), origin_of(platform.auth_url), *platform.frame_origins]
    if platform.product == "canvas":
        origins.extend(CANVAS_ORIGINS)
    return tuple(dict.fromkeys(origin for origin in origins if origin))
