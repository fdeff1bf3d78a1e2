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
    closes_at: datetime | None = None


def response_jwt(
    platform: Platform,
    request: DeepLinkRequest,
    items: Sequence[LinkItem],
    *,
    now: datetime,
    words: Mapping[str, str] | None = None,
) -> str:
    """Return the JWT to post to the request's return address; no items means cancelled.

    `words` are for the platform's user (`msg`, `errormsg`) and its log (`log`, `errorlog`).
    """
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
    content |= {f"{claims.DL}{name}": text for name, text in (words or {}).items()}
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
            "submissionReview": {**ags.SUBMISSION_REVIEW, "url": item.url},
        }
    content |= _frame(request)
    windows = {
        "available": _span(item.opens_at, item.closes_at),
        "submission": _span(None, item.due_at),
    }
    return content | {name: span for name, span in windows.items() if span}


def _frame(request: DeepLinkRequest) -> dict[str, Any]:
    """Return how a link opens: in the page where the platform frames links, else in a tab."""
    if "iframe" in request.accept_targets or "window" not in request.accept_targets:
        return {}
    return {"window": {"targetName": "_blank"}}


def _span(start: datetime | None, end: datetime | None) -> dict[str, str]:
    ends = {"startDateTime": start, "endDateTime": end}
    return {name: ags.stamp(moment) for name, moment in ends.items() if moment is not None}
