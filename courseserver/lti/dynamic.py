"""Dynamic Registration 1.0: a platform offers itself, an administrator confirms, we register."""

import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.templatetags.static import static

from courseserver.lti import ags, nrps, outgoing, vault
from courseserver.lti.addresses import origin_of
from courseserver.lti.errors import LaunchRefused
from courseserver.lti.login import launch_url
from courseserver.lti.models import Platform, RegistrationInvite
from courseserver.lti.services import PlatformRefused, platform_add
from courseserver.lti.variables import DUE, VARIABLES

INVITE_LIFE = timedelta(days=7)
PLATFORM_CONFIGURATION = "https://purl.imsglobal.org/spec/lti-platform-configuration"
TOOL_CONFIGURATION = "https://purl.imsglobal.org/spec/lti-tool-configuration"
# Canvas answers from each school's own host, but names one issuer for all of them.
SHARED_ISSUERS = frozenset(
    f"https://canvas.{place}instructure.com" for place in ("", "beta.", "test.")
)
# A row that stands for the client until its first deployment launches; no launch can name it,
# because identifiers of launches are printable.
UNKNOWN_DEPLOYMENT = "(not known yet)\N{DELETE}"
MESSAGES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("LtiResourceLinkRequest", {"label": "Labs", "placements": ["course_navigation"]}),
    (
        "LtiDeepLinkingRequest",
        {"label": "Choose labs", "placements": ["assignment_selection", "link_selection"]},
    ),
    ("LtiSubmissionReviewRequest", {"label": "Look at the work"}),
    ("LtiDataPrivacyLaunchRequest", {"label": "What the labs keep"}),
)
CANVAS_HOSTS = (".instructure.com", ".canvaslms.com")


class RegistrationRefused(LaunchRefused):
    title = "This LMS could not be registered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What a platform says of itself, checked."""

    issuer: str
    auth_url: str
    token_url: str
    jwks_url: str
    registration_url: str
    auth_audience: str
    product: str
    token: str
    messages: list[str] = field(default_factory=list)


def invite_add(*, name: str, now: datetime) -> str:
    """Return the one-time address that an administrator enters at their platform."""
    code = vault.fresh_secret()
    RegistrationInvite.objects.create(
        code_hash=vault.fingerprint(code), name=name, expires_at=now + INVITE_LIFE
    )
    return f"{settings.PUBLIC_URL}/lti/register/{code}/"


def invite_read(code: str, now: datetime) -> RegistrationInvite:
    invite = RegistrationInvite.objects.filter(
        pk=vault.fingerprint(code), used_at=None, expires_at__gt=now
    ).first()
    if invite is None:
        raise RegistrationRefused(
            "invitation spent",
            "This registration address was used before or has run out.",
            remedy="Ask the people who run the lab server for a new one.",
        )
    return invite


def offer_read(configuration_url: str, token: str) -> Offer:
    """Ask the platform who it is.

    Raises
    ------
    RegistrationRefused
        If it does not answer, or answers for somebody else.
    """
    headers = {"Accept": "application/json"} | _bearer(token)
    try:
        reply = outgoing.send("GET", configuration_url, headers=headers)
        content = reply.json() if reply.status == 200 else None
    except (outgoing.Unreachable, ValueError) as error:
        raise _unreadable() from error
    if not isinstance(content, dict):
        raise _unreadable()
    offer = _offer(content, token)
    _check_belongs(offer, configuration_url)
    return offer


def offer_keep(*, invite: RegistrationInvite, offer: Offer) -> str:
    """Keep an offer until it is confirmed; return the secret that its page confirms with."""
    confirm = vault.fresh_secret()
    invite.offer_encrypted = vault.encrypt(json.dumps(asdict(offer)))
    invite.confirm_hash = vault.fingerprint(confirm)
    invite.save(update_fields=["offer_encrypted", "confirm_hash"])
    return confirm


def offer_accept(*, invite: RegistrationInvite, confirm: str, now: datetime) -> Platform:
    """Register with the platform and keep what it gives us; the invitation is spent.

    A platform that names no deployment yet has its first one held for approval.

    Raises
    ------
    RegistrationRefused
        If the confirmation is not ours, came before, or the platform does not accept us.
    """
    if not invite.confirm_hash or vault.fingerprint(confirm) != invite.confirm_hash:
        raise RegistrationRefused("confirmation unknown", "This page is not the latest one.")
    unused = RegistrationInvite.objects.filter(pk=invite.pk, used_at=None)
    if unused.update(used_at=now, offer_encrypted="", confirm_hash="") != 1:
        raise RegistrationRefused("invitation spent", "This registration was confirmed before.")
    offer = Offer(**json.loads(vault.decrypt(invite.offer_encrypted)))
    try:
        return _platform_keep(offer, _register(offer), invite.name)
    except RegistrationRefused:
        # Nothing came of it: the same address may be used to begin anew.
        RegistrationInvite.objects.filter(pk=invite.pk).update(used_at=None)
        raise


def tool_metadata(supported: Collection[str] = ()) -> dict[str, Any]:
    """Return what we tell a platform about us; of its messages, if it lists them, those we know."""
    origin = settings.PUBLIC_URL
    host = origin.partition("://")[2]
    scopes = [ags.SCOPE_LINE_ITEM, ags.SCOPE_RESULT, ags.SCOPE_SCORE, nrps.SCOPE]
    return {
        "application_type": "web",
        "response_types": ["id_token"],
        "grant_types": ["implicit", "client_credentials"],
        "initiate_login_uri": f"{origin}/lti/login/",
        "redirect_uris": [launch_url()],
        "client_name": "courseserver labs",
        "jwks_uri": f"{origin}/lti/jwks/",
        "logo_uri": f"{origin}{static('icons/icon.svg')}",
        "token_endpoint_auth_method": "private_key_jwt",
        "scope": " ".join(scopes),
        TOOL_CONFIGURATION: {
            "domain": host,
            "description": "Labs of a machine learning systems course",
            "target_link_uri": launch_url(),
            "custom_parameters": {**DUE, **VARIABLES},
            "claims": ["iss", "sub", "name", "given_name", "family_name", "email"],
            "messages": [
                {"type": kind, "target_link_uri": launch_url(), **more}
                for kind, more in MESSAGES
                if not supported or kind in supported
            ],
        },
    }


def _offer(content: Mapping[str, Any], token: str) -> Offer:
    about = content.get(PLATFORM_CONFIGURATION)
    about = about if isinstance(about, dict) else {}
    product = about.get("product_family_code", "")
    listed = about.get("messages_supported")
    rows = listed if isinstance(listed, list) else []
    messages = [row.get("type") for row in rows if isinstance(row, dict)]
    return Offer(
        issuer=_text(content, "issuer"),
        auth_url=_address(content, "authorization_endpoint"),
        token_url=_address(content, "token_endpoint"),
        jwks_url=_address(content, "jwks_uri"),
        registration_url=_address(content, "registration_endpoint"),
        auth_audience=str(content.get("authorization_server") or "")[:500],
        product=str(product).lower()[:64],
        token=token,
        messages=[kind for kind in messages if isinstance(kind, str)][:50],
    )


def _check_belongs(offer: Offer, configuration_url: str) -> None:
    """Refuse a configuration that speaks for another platform, or sends its token elsewhere."""
    home = origin_of(configuration_url)
    is_canvas = offer.issuer in SHARED_ISSUERS and home.endswith(CANVAS_HOSTS)
    if origin_of(offer.issuer) != home and not is_canvas:
        raise _bent("issuer of another host")
    if origin_of(offer.registration_url) != home and not is_canvas:
        raise _bent("registration endpoint of another host")


def _register(offer: Offer) -> dict[str, Any]:
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    body = json.dumps(tool_metadata(offer.messages)).encode()
    try:
        reply = outgoing.send(
            "POST", offer.registration_url, headers=headers | _bearer(offer.token), body=body
        )
        answer = reply.json() if reply.status in (200, 201) else None
    except (outgoing.Unreachable, ValueError) as error:
        raise _unreadable() from error
    if not isinstance(answer, dict):
        raise RegistrationRefused(
            f"registration answered {reply.status}", "The LMS did not accept the registration."
        )
    return answer


def _platform_keep(offer: Offer, answer: Mapping[str, Any], name: str) -> Platform:
    configuration = answer.get(TOOL_CONFIGURATION)
    deployment = configuration.get("deployment_id") if isinstance(configuration, dict) else None
    try:
        platform, _ = platform_add(
            issuer=offer.issuer,
            client_id=_text(answer, "client_id"),
            deployment_id=str(deployment) if deployment else UNKNOWN_DEPLOYMENT,
            auth_url=offer.auth_url,
            token_url=offer.token_url,
            jwks_url=offer.jwks_url,
            auth_audience=offer.auth_audience,
            product=offer.product,
            name=name,
        )
    except PlatformRefused as error:
        raise _bent(str(error)) from error
    return platform


def _bearer(token: str) -> dict[str, str]:
    is_header = token.isascii() and token.isprintable()
    return {"Authorization": f"Bearer {token}"} if token and is_header else {}


def _text(content: Mapping[str, Any], name: str) -> str:
    value = content.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= 255:
        raise _bent(f"{name} missing or malformed")
    return value


def _address(content: Mapping[str, Any], name: str) -> str:
    value = content.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= 500:
        raise _bent(f"{name} missing or malformed")
    try:
        outgoing.check_address(value)
    except outgoing.AddressRefused as error:
        raise _bent(f"{name} is an address we do not ask") from error
    return value


def _bent(reason: str) -> RegistrationRefused:
    return RegistrationRefused(reason, "The LMS's description of itself is not one we can trust.")


def _unreadable() -> RegistrationRefused:
    return RegistrationRefused(
        "configuration unreadable",
        "The LMS did not tell us who it is.",
        remedy="Begin the registration again in your LMS; its link may have run out.",
    )
