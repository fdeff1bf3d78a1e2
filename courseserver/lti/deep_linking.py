"""Deep Linking 2.0: the signed answer that hands links to the platform."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from courseserver.lti import ags, claims, keys
from courseserver.lti.messages import DeepLinkRequest
from courseserver.lti.models import Platform

ANSWER_LIFE_S = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkItem:
    """One link to hand over. `points_max` asks for a gradebook column."""

    url: str
    title: str
    text: str = ""
    custom: Mapping[str, str] = field(default_factory=dict)
    points_max: float | None = None
    resource_id: str = ""
    opens_at: datetime | None = None
    due_at: datetime | None = None


def response_jwt(
    platform: Platform,
    request: DeepLinkRequest,
    items: Sequence[LinkItem],
    *,
    now: datetime,
    message: str = "",
) -> str:
    """Return the JWT to post to the request's return address; no items means cancelled."""
    issued_at = int(now.timestamp())
    content: dict[str, Any] = {
        "iss": platform.client_id,
        "aud": platform.issuer,
        "iat": issued_at,
        "exp": issued_at + ANSWER_LIFE_S,
        "nonce": secrets.token_urlsafe(24),
        claims.DEPLOYMENT_ID: platform.deployment_id,
        claims.MESSAGE_TYPE: "LtiDeepLinkingResponse",
        claims.VERSION: "1.3.0",
        f"{claims.DL}content_items": [_item(request, item) for item in items],
    }
    if request.data is not None:
        content[f"{claims.DL}data"] = request.data
    if message:
        content[f"{claims.DL}msg"] = message
    return keys.sign(content, now=now)


def _item(request: DeepLinkRequest, item: LinkItem) -> dict[str, Any]:
    content: dict[str, Any] = {
        "type": "ltiResourceLink",
        "url": item.url,
        "title": item.title,
        "custom": dict(item.custom),
    }
    if item.text:
        content["text"] = item.text
    # Absent means that the platform does not say; a column that it cannot keep it leaves out.
    if item.points_max is not None and request.accept_line_item is not False:
        content["lineItem"] = {
            "label": item.title,
            "scoreMaximum": item.points_max,
            "resourceId": item.resource_id,
        }
    if item.opens_at is not None:
        content["available"] = {"startDateTime": ags.stamp(item.opens_at)}
    if item.due_at is not None:
        content["submission"] = {"endDateTime": ags.stamp(item.due_at)}
    return content
