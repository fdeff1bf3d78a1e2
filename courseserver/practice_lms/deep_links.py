"""Deep linking: the tool hands back links, which become entries of the course page."""

import json
import sqlite3
import time
from collections.abc import Mapping
from typing import Any

from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from courseserver.practice_lms import gradebook, keys, links, people, registration, store
from courseserver.practice_lms.launches import DL, LTI
from courseserver.practice_lms.people import Person
from courseserver.practice_lms.registration import Tool

DATA_LIFE_S = 3600


@csrf_exempt
@require_POST
def receive(request: HttpRequest) -> HttpResponse:
    """Add what the tool's signed response names; each request is answered once."""
    tool = registration.tool_read()
    try:
        claims = keys.verify(tool, request.POST.get("JWT", ""), audience=tool.issuer)
        person = _check(tool, claims)
        added = _add_all(tool, claims.get(f"{DL}content_items") or [])
    except keys.BadToken as error:
        refusal = {"title": "The tool's answer was refused", "words": str(error)}
        return render(request, "practice_lms/refusal.html", refusal, status=400)
    note = str(claims.get(f"{DL}msg") or "")
    context = {"added": added, "person": person, "note": note}
    return render(request, "practice_lms/added.html", context)


def _check(tool: Tool, claims: Mapping[str, Any]) -> Person:
    if claims.get(f"{LTI}message_type") != "LtiDeepLinkingResponse":
        raise keys.BadToken("message_type is not LtiDeepLinkingResponse")
    if claims.get(f"{LTI}version") != "1.3.0":
        raise keys.BadToken("version is not 1.3.0")
    if claims.get(f"{LTI}deployment_id") != tool.deployment_id:
        raise keys.BadToken("deployment_id is not the one of the request")
    if not claims.get("nonce"):
        raise keys.BadToken("nonce is missing")
    try:
        data = json.loads(
            signing.loads(claims.get(f"{DL}data", ""), salt="deep-link", max_age=DATA_LIFE_S)
        )
    except signing.BadSignature as error:
        raise keys.BadToken("data is not what the request held") from error
    _use_once(data["n"])
    person = people.course().person(data["p"])
    if person is None or not person.is_staff:
        raise keys.BadToken("only teachers add links")
    return person


def _use_once(nonce: str) -> None:
    with store.writing() as db:
        db.execute("DELETE FROM deep_link WHERE expires < ?", (time.time(),))
        row = (nonce, time.time() + DATA_LIFE_S)
        if db.execute("INSERT OR IGNORE INTO deep_link VALUES (?, ?)", row).rowcount != 1:
            raise keys.BadToken("this request was answered before")


def _add_all(tool: Tool, items: list[Any]) -> list[str]:
    with store.writing() as db:
        return [_add(db, tool, item) for item in items]


def _add(db: sqlite3.Connection, tool: Tool, item: Any) -> str:
    if not isinstance(item, dict) or item.get("type") != "ltiResourceLink":
        raise keys.BadToken("a content item is no ltiResourceLink")
    title = str(item.get("title") or "Untitled")
    link_id = links.link_add(
        db,
        title=title,
        text=str(item.get("text") or ""),
        url=str(item.get("url") or tool.target_url),
        ends_at=str((item.get("submission") or {}).get("endDateTime") or ""),
        custom={str(k): str(v) for k, v in (item.get("custom") or {}).items()},
    )
    column = item.get("lineItem")
    if isinstance(column, dict):
        gradebook.item_add(
            db,
            label=str(column.get("label") or title),
            maximum=float(column.get("scoreMaximum") or 100),
            link_id=link_id,
            resource_id=str(column.get("resourceId") or ""),
            tag=str(column.get("tag") or ""),
        )
    return title
