"""A checked launch as one frozen value: what the rest of the server may know of it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from courseserver.lti import claims, roles
from courseserver.lti.addresses import origin_of
from courseserver.lti.claims import Claims, refused
from courseserver.lti.legacy import LegacyIds, legacy_ids
from courseserver.lti.models import Platform
from courseserver.lti.roles import CourseRole

RESOURCE_LINK = "LtiResourceLinkRequest"
DEEP_LINKING = "LtiDeepLinkingRequest"
SUBMISSION_REVIEW = "LtiSubmissionReviewRequest"
# The specification's draft and what platforms send.
DATA_PRIVACY = frozenset({"DataPrivacyLaunchRequest", "LtiDataPrivacyLaunchRequest"})
ENABLED = frozenset({RESOURCE_LINK, DEEP_LINKING, SUBMISSION_REVIEW, *DATA_PRIVACY})


@dataclass(frozen=True, slots=True, kw_only=True)
class DeepLinkRequest:
    """What the platform wants to be handed: links, how many, with or without columns."""

    return_url: str
    accept_types: tuple[str, ...]
    accept_targets: tuple[str, ...]
    accept_multiple: bool
    accept_line_item: bool | None
    # What the platform proposes for a single link; some propose the name of their own button.
    title: str
    # Whether it keeps what we hand over without asking anybody again.
    auto_create: bool = False
    # Opaque to us; the specification says a string, some platforms send an object.
    data: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """A launch that passed every check. Identity is (platform, subject), never the email."""

    platform: Platform
    message_type: str
    subject: str
    name: str
    email: str
    roles: tuple[str, ...]
    role: CourseRole
    is_test_student: bool
    is_only_mentor: bool
    context_id: str
    context_title: str
    context_label: str
    resource_link_id: str
    resource_link_title: str
    target_link_uri: str
    custom: Mapping[str, str] = field(default_factory=dict)
    line_item_url: str = ""
    line_items_url: str = ""
    ags_scopes: tuple[str, ...] = ()
    memberships_url: str = ""
    locale: str = ""
    return_url: str = ""
    deep_linking: DeepLinkRequest | None = None
    for_user: str = ""
    # Who and which link this was under LTI 1.1, where the platform proves it.
    legacy: LegacyIds | None = None
    # Proven by the platform's storage: this frame keeps no cookie, so no session either.
    keeps_cookies: bool = True
    # The login it answers; spent in the transaction of whatever the launch changes.
    state_id: str = ""

    @property
    def lab(self) -> str:
        """The lab's slug: the custom parameter `lab`, or `?lab=` of the target address."""
        return self._named("lab")

    @property
    def activity(self) -> str:
        """The slug of an activity on a board, told as a lab's is."""
        return self._named("activity")

    def _named(self, kind: str) -> str:
        query = parse_qs(urlsplit(self.target_link_uri).query)
        return self.custom.get(kind, "") or query.get(kind, [""])[0]

    @property
    def frame_origin(self) -> str:
        """The origin of the page around us, where the platform tells it."""
        return origin_of(self.return_url)


def launch_of(platform: Platform, body: Claims) -> Launch:
    """Return the launch that verified claims describe.

    Raises
    ------
    TokenRefused
        If a claim that this kind of message needs is missing or of the wrong type.
    """
    kind = body[claims.MESSAGE_TYPE]
    role_names = _roles(body)
    context = claims.table(body, claims.CONTEXT, "context is no object")
    link = _resource_link(body, kind)
    ags = claims.table(body, claims.AGS, "AGS claim is no object")
    nrps = claims.table(body, claims.NRPS, "NRPS claim is no object")
    presentation = claims.table(body, claims.PRESENTATION, "launch_presentation is no object")
    return Launch(
        platform=platform,
        message_type=kind,
        subject=claims.required_id(body, "sub", "sub missing or malformed"),
        name=_name(body),
        email=claims.text(body, "email", claims.ID_MAX),
        roles=role_names,
        role=roles.course_role(role_names, platform.product),
        is_test_student=roles.is_test_student(role_names),
        is_only_mentor=roles.is_only_mentor(role_names),
        context_id=_context_id(context),
        context_title=claims.text(context, "title", claims.ID_MAX),
        context_label=claims.text(context, "label", claims.ID_MAX),
        resource_link_id=link[0],
        resource_link_title=link[1],
        target_link_uri=body[claims.TARGET_LINK_URI],
        custom=claims.custom(body),
        line_item_url=claims.url(ags, "lineitem"),
        line_items_url=claims.url(ags, "lineitems"),
        ags_scopes=claims.strings(ags, "scope"),
        memberships_url=claims.url(nrps, "context_memberships_url"),
        locale=claims.text(presentation, "locale", 35),
        return_url=claims.url(presentation, "return_url"),
        deep_linking=_deep_linking(body) if kind == DEEP_LINKING else None,
        for_user=_for_user(body, is_needed=kind == SUBMISSION_REVIEW),
        legacy=legacy_ids(platform, body),
    )


def _roles(body: Claims) -> tuple[str, ...]:
    value: Any = body.get(claims.ROLES)
    if not isinstance(value, list) or not all(isinstance(role, str) for role in value):
        raise refused("roles missing or no list of strings")
    return tuple(value)


def _context_id(context: Claims) -> str:
    return claims.required_id(context, "id", "context id malformed") if context else ""


def _resource_link(body: Claims, kind: str) -> tuple[str, str]:
    link = claims.table(body, claims.RESOURCE_LINK, "resource_link is no object")
    if kind == DEEP_LINKING or kind in DATA_PRIVACY:
        return "", ""
    identifier = claims.required_id(link, "id", "resource_link id missing or malformed")
    return identifier, claims.text(link, "title", claims.ID_MAX)


def _name(body: Claims) -> str:
    given, family = claims.text(body, "given_name"), claims.text(body, "family_name")
    return (claims.text(body, "name") or f"{given} {family}".strip())[: claims.ID_MAX]


def _for_user(body: Claims, *, is_needed: bool) -> str:
    person = claims.table(body, claims.FOR_USER, "for_user is no object")
    if not person and not is_needed:
        return ""
    return claims.required_id(person, "user_id", "for_user.user_id missing or malformed")


def _deep_linking(body: Claims) -> DeepLinkRequest:
    wanted = claims.table(body, claims.DEEP_LINKING, "deep_linking_settings is no object")
    return_url = claims.url(wanted, "deep_link_return_url")
    accept_types = claims.strings(wanted, "accept_types")
    targets = claims.strings(wanted, "accept_presentation_document_targets")
    if not return_url or not accept_types or not targets:
        raise refused("deep_linking_settings incomplete")
    return DeepLinkRequest(
        return_url=return_url,
        accept_types=accept_types,
        accept_targets=targets,
        accept_multiple=claims.flag(wanted, "accept_multiple") is not False,
        accept_line_item=claims.flag(wanted, "accept_lineitem"),
        title=claims.text(wanted, "title", claims.ID_MAX),
        auto_create=claims.flag(wanted, "auto_create") is True,
        data=_opaque(wanted.get("data")),
    )


def _opaque(data: Any) -> Any:
    """Return what the platform wants back unchanged, unless no database could keep it."""
    text = json.dumps(data, ensure_ascii=False)
    if "\\u0000" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise refused("deep linking data malformed")
    return data
