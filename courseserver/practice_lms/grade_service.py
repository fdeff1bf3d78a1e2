"""Assignment and Grade Services over HTTP: columns, scores, results."""

import json
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt

from courseserver.practice_lms import faults, gradebook, paging, registration, store, tokens
from courseserver.practice_lms.gradebook import Item, Refused
from courseserver.practice_lms.registration import Tool

SCOPE = "https://purl.imsglobal.org/spec/lti-ags/scope/"
LINE_ITEM = "application/vnd.ims.lis.v2.lineitem+json"
LINE_ITEMS = "application/vnd.ims.lis.v2.lineitemcontainer+json"
SCORE = "application/vnd.ims.lis.v1.score+json"
RESULTS = "application/vnd.ims.lis.v2.resultcontainer+json"
KEPT = ("startDateTime", "endDateTime", "gradesReleased", "submissionReview")
View = Callable[..., HttpResponseBase]


def service(view: View) -> View:
    """Answer refusals of the grade service in JSON, with their status."""

    @csrf_exempt
    @wraps(view)
    def answering(request: HttpRequest, **kwargs: object) -> HttpResponseBase:
        try:
            return view(request, **kwargs)
        except (Refused, tokens.Unauthorised) as error:
            return JsonResponse({"error": str(error)}, status=error.status)

    return answering


@service
@faults.at("lineitems")
def line_items(request: HttpRequest) -> HttpResponse:
    tool = registration.tool_read()
    if request.method == "POST":
        tokens.check(request, f"{SCOPE}lineitem")
        item_id = _add(_content(request, LINE_ITEM))
        return _answer(_item_json(tool, gradebook.item_read(item_id)), LINE_ITEM, status=201)
    _only(request, "GET")
    tokens.check(request, f"{SCOPE}lineitem", f"{SCOPE}lineitem.readonly")
    _accepts(request, LINE_ITEMS)
    found = [_item_json(tool, item) for item in gradebook.items() if _wanted(request, item)]
    return paging.page(request, tool, found, LINE_ITEMS)


@service
@faults.at("lineitems")
def line_item(request: HttpRequest, item_id: int) -> HttpResponse:
    tool = registration.tool_read()
    if request.method == "PUT":
        tokens.check(request, f"{SCOPE}lineitem")
        gradebook.item_change(_read_item(_content(request, LINE_ITEM), item_id))
    elif request.method == "DELETE":
        tokens.check(request, f"{SCOPE}lineitem")
        gradebook.item_delete(item_id)
        return HttpResponse(status=204)
    else:
        _only(request, "GET")
        tokens.check(request, f"{SCOPE}lineitem", f"{SCOPE}lineitem.readonly")
        _accepts(request, LINE_ITEM)
    return _answer(_item_json(tool, gradebook.item_read(item_id)), LINE_ITEM)


@service
@faults.at("scores")
def scores(request: HttpRequest, item_id: int) -> HttpResponse:
    _only(request, "POST")
    tokens.check(request, f"{SCOPE}score")
    gradebook.score_apply(item_id, _content(request, SCORE))
    return HttpResponse(status=200)


@service
@faults.at("results")
def results(request: HttpRequest, item_id: int) -> HttpResponse:
    _only(request, "GET")
    tokens.check(request, f"{SCOPE}result.readonly")
    _accepts(request, RESULTS)
    tool = registration.tool_read()
    item = gradebook.item_read(item_id)
    wanted = request.GET.get("user_id")
    url = gradebook.item_url(tool, item_id)
    rows = [
        {
            "id": f"{url}#{subject}",
            "scoreOf": url,
            "userId": subject,
            "resultScore": cell.shown,
            "resultMaximum": item.maximum,
            "comment": cell.comment,
        }
        for subject, cell in gradebook.cells(item).items()
        if cell.shown is not None and wanted in (None, subject)
    ]
    return paging.page(request, tool, rows, RESULTS)


def _add(content: dict[str, Any]) -> int:
    item = _read_item(content, 0)
    with store.writing() as db:
        return gradebook.item_add(
            db,
            label=item.label,
            maximum=item.maximum,
            link_id=item.link_id,
            resource_id=item.resource_id,
            tag=item.tag,
            extra=item.extra,
        )


def _read_item(content: dict[str, Any], item_id: int) -> Item:
    label, maximum = content.get("label"), content.get("scoreMaximum")
    if not isinstance(label, str) or not label:
        raise Refused(400, "label is missing")
    if not isinstance(maximum, int | float) or isinstance(maximum, bool) or maximum <= 0:
        raise Refused(400, "scoreMaximum must be a number above 0")
    link = str(content.get("resourceLinkId") or "").removeprefix("link-")
    if link and not link.isdigit():
        raise Refused(404, "no such resource link")
    return Item(
        id=item_id,
        label=label,
        maximum=float(maximum),
        link_id=int(link) if link else None,
        resource_id=str(content.get("resourceId") or ""),
        tag=str(content.get("tag") or ""),
        extra={name: content[name] for name in KEPT if name in content},
    )


def _item_json(tool: Tool, item: Item) -> dict[str, Any]:
    content = {
        "id": gradebook.item_url(tool, item.id),
        "label": item.label,
        "scoreMaximum": item.maximum,
        "resourceId": item.resource_id,
        "tag": item.tag,
        **item.extra,
    }
    return (
        content if item.link_id is None else {**content, "resourceLinkId": f"link-{item.link_id}"}
    )


def _wanted(request: HttpRequest, item: Item) -> bool:
    asked = request.GET
    link = f"link-{item.link_id}"
    return (
        asked.get("resource_link_id", link) == link
        and asked.get("resource_id", item.resource_id) == item.resource_id
        and asked.get("tag", item.tag) == item.tag
    )


def _content(request: HttpRequest, media_type: str) -> dict[str, Any]:
    if request.content_type != media_type:
        raise Refused(415, f"Content-Type must be {media_type}")
    try:
        content = json.loads(request.body)
    except ValueError as error:
        raise Refused(400, "the body is no JSON") from error
    if not isinstance(content, dict):
        raise Refused(400, "the body is no JSON object")
    return content


def _accepts(request: HttpRequest, media_type: str) -> None:
    if media_type not in request.headers.get("Accept", ""):
        raise Refused(406, f"Accept must name {media_type}")


def _only(request: HttpRequest, method: str) -> None:
    if request.method != method:
        raise Refused(405, f"use {method}")


def _answer(content: Any, media_type: str, *, status: int = 200) -> HttpResponse:
    return HttpResponse(json.dumps(content), content_type=media_type, status=status)
