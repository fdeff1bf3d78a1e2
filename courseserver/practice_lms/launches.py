"""Launches: what the browser carries to the tool's login, and the signed message that follows."""

import json
import secrets
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.core import signing

from courseserver.practice_lms import gradebook, links, people
from courseserver.practice_lms.links import Link
from courseserver.practice_lms.people import Person
from courseserver.practice_lms.registration import Tool

LTI = "https://purl.imsglobal.org/spec/lti/claim/"
AGS = "https://purl.imsglobal.org/spec/lti-ags/"
NRPS = "https://purl.imsglobal.org/spec/lti-nrps/"
DL = "https://purl.imsglobal.org/spec/lti-dl/claim/"
AGS_SCOPES = tuple(
    f"{AGS}scope/{name}" for name in ("lineitem", "lineitem.readonly", "result.readonly", "score")
)
NRPS_SCOPE = f"{NRPS}scope/contextmembership.readonly"
HINT_LIFE_S = 600
# The frame beside the tool's that keeps data for it (LTI Client Side postMessages).
STORAGE_FRAME = "lti-storage"
TOKEN_LIFE_S = 60


class BadRequest(Exception):
    """An authorisation request that does not hold; `error` is OIDC's word for it."""

    def __init__(self, error: str, detail: str) -> None:
        super().__init__(detail)
        self.error = error


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What a browser is about to launch: signed into lti_message_hint."""

    person: str
    kind: str
    link: int = 0
    for_subject: str = ""


def login_address(tool: Tool, message: Message) -> str:
    """Return the tool's login address with everything it must send back."""
    hint = {"p": message.person, "k": message.kind, "l": message.link, "f": message.for_subject}
    link = links.read(message.link) if message.link else None
    query = {
        "iss": tool.issuer,
        "login_hint": signing.dumps(message.person, salt="login"),
        "target_link_uri": link.url if link else tool.target_url,
        "lti_message_hint": signing.dumps(hint, salt="message"),
        "client_id": tool.client_id,
        "lti_deployment_id": tool.deployment_id,
        "lti_storage_target": STORAGE_FRAME,
    }
    return f"{tool.login_url}?{urlencode(query)}"


def message_of(login_hint: str, message_hint: str) -> tuple[Person, Message]:
    """Return who launches what, from the two hints we signed.

    Raises
    ------
    BadRequest
        If a hint is not ours, is too old, or the two name different people.
    """
    try:
        person_id = signing.loads(login_hint, salt="login", max_age=HINT_LIFE_S)
        hint = signing.loads(message_hint, salt="message", max_age=HINT_LIFE_S)
    except signing.BadSignature as error:
        raise BadRequest("login_required", "a hint is not ours or is too old") from error
    person = people.course().person(person_id)
    if person is None or hint["p"] != person_id:
        raise BadRequest("login_required", "login_hint and lti_message_hint do not agree")
    message = Message(person=hint["p"], kind=hint["k"], link=hint["l"], for_subject=hint["f"])
    return person, message


def id_token_claims(tool: Tool, person: Person, message: Message, nonce: str) -> dict[str, Any]:
    """Return the claims of a launch."""
    claims = _common(tool, person, message, nonce)
    if message.kind == "LtiDeepLinkingRequest":
        return claims | _deep_linking(tool, message)
    link = links.read(message.link)
    if link is None:
        raise BadRequest("invalid_request", "the link is gone")
    claims |= {
        f"{LTI}resource_link": {"id": f"link-{link.id}", "title": link.title},
        f"{LTI}custom": {name: _filled(value, link) for name, value in link.custom.items()},
        f"{LTI}target_link_uri": link.url,
        f"{AGS}claim/endpoint": _grade_service(tool, link.id),
    }
    if message.kind == "LtiSubmissionReviewRequest":
        claims[f"{LTI}for_user"] = {"user_id": message.for_subject}
    return claims


def _common(tool: Tool, person: Person, message: Message, nonce: str) -> dict[str, Any]:
    now = int(time.time())
    course = people.course()
    return {
        "iss": tool.issuer,
        "aud": tool.client_id,
        "azp": tool.client_id,
        "sub": person.subject,
        "iat": now,
        "exp": now + TOKEN_LIFE_S,
        "nonce": nonce,
        "name": person.name,
        "given_name": person.given,
        "family_name": person.family,
        "email": person.email,
        f"{LTI}message_type": message.kind,
        f"{LTI}version": "1.3.0",
        f"{LTI}deployment_id": tool.deployment_id,
        f"{LTI}target_link_uri": tool.target_url,
        f"{LTI}roles": list(person.roles),
        f"{LTI}context": {
            "id": course.id,
            "label": course.label,
            "title": course.title,
            "type": ["http://purl.imsglobal.org/vocab/lis/v2/course#CourseOffering"],
        },
        f"{LTI}tool_platform": {
            "guid": "practice-lms",
            "name": "Practice LMS",
            "product_family_code": "practice",
            "version": "1",
        },
        f"{LTI}launch_presentation": {
            "document_target": "iframe",
            "locale": "en",
            "return_url": f"{tool.issuer}/as/{person.id}/",
        },
        f"{NRPS}claim/namesroleservice": {
            "context_memberships_url": f"{tool.issuer}/lti/members/?course={course.id}",
            "service_versions": ["2.0"],
        },
    }


def _filled(value: str, link: Link) -> str:
    """Fill in a variable that we know; others stay as they are, as the specification says."""
    known = {
        "$ResourceLink.title": link.title,
        "$ResourceLink.submission.endDateTime": link.ends_at,
        "$Context.title": people.course().title,
    }
    return known.get(value, value)


def _grade_service(tool: Tool, link_id: int) -> dict[str, Any]:
    service: dict[str, Any] = {
        "scope": list(AGS_SCOPES),
        "lineitems": gradebook.items_url(tool),
    }
    # The specification: `lineitem` only where the link has exactly one.
    items = gradebook.items(link_id=link_id)
    if len(items) == 1:
        service["lineitem"] = gradebook.item_url(tool, items[0].id)
    return service


def _deep_linking(tool: Tool, message: Message) -> dict[str, Any]:
    nonce = secrets.token_urlsafe(16)
    data = signing.dumps(json.dumps({"p": message.person, "n": nonce}), salt="deep-link")
    return {
        f"{DL}deep_linking_settings": {
            "deep_link_return_url": f"{tool.issuer}/lti/deep-link/",
            "accept_types": ["ltiResourceLink"],
            "accept_presentation_document_targets": ["iframe", "window"],
            "accept_multiple": True,
            "accept_lineitem": True,
            "auto_create": True,
            "data": data,
        },
        f"{AGS}claim/endpoint": {"scope": list(AGS_SCOPES), "lineitems": gradebook.items_url(tool)},
    }
