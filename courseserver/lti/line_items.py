"""Gradebook columns: found before made, and made once, whatever happens to the reply."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Q

from courseserver.common import clock
from courseserver.lti import ags, service
from courseserver.lti.faults import FaultKind, PlatformFault
from courseserver.lti.links import next_page
from courseserver.lti.models import LineItem, Platform

LEASE = timedelta(seconds=90)
PAGES_MAX = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """The column we want: `resource_id` and `tag` are ours and find it again."""

    resource_id: str
    label: str
    maximum: float
    tag: str = ""
    resource_link_id: str = ""


def line_item_ensure(platform: Platform, line_items_url: str, column: Column) -> str:
    """Return the address of the column, found or made.

    No platform makes creation idempotent, so one process at a time looks and then creates, and
    whoever comes after a lost reply finds what was made.

    Raises
    ------
    PlatformFault
        If the platform refuses, or another process is at it right now (RETRY).
    """
    row, _ = LineItem.objects.get_or_create(
        platform=platform,
        line_items_url=line_items_url,
        resource_id=column.resource_id,
        tag=column.tag,
    )
    if row.url:
        return row.url
    if not _lease(row):
        # Somebody makes it, or made it and lost the reply: look, and make no second one.
        url = _find(platform, line_items_url, column)
        if not url:
            raise PlatformFault(FaultKind.RETRY, "this column is being made", retry_after_s=5)
        LineItem.objects.filter(pk=row.pk).update(url=url, leased_until=None)
        return url
    try:
        url = (
            _find(platform, line_items_url, column)
            or _only_one_of_link(platform, line_items_url, column)
            or _make(platform, line_items_url, column)
        )
    except PlatformFault as fault:
        if not _may_still_arrive(fault):
            LineItem.objects.filter(pk=row.pk).update(leased_until=None)
        raise
    LineItem.objects.filter(pk=row.pk).update(url=url, leased_until=None)
    return url


def _may_still_arrive(fault: PlatformFault) -> bool:
    """Return whether a request without a clear answer may be acted on later.

    The lease then runs out by itself: looking again at once could miss a column that is still
    being made, and make a second.
    """
    return fault.status is None or fault.status >= 500


def line_item_forget(platform: Platform, url: str) -> None:
    """Forget a column that the platform says is gone, so that it may be made anew."""
    LineItem.objects.filter(platform=platform, url=url).delete()


def _lease(row: LineItem) -> bool:
    now = clock.now()
    free = LineItem.objects.filter(
        Q(leased_until=None) | Q(leased_until__lt=now), pk=row.pk, url=""
    )
    return free.update(leased_until=now + LEASE) == 1


def _find(platform: Platform, line_items_url: str, column: Column) -> str:
    asked = {"resource_id": column.resource_id, "tag": column.tag}
    filters = {name: value for name, value in asked.items() if value}
    rows = _rows(platform, ags.with_query(line_items_url, **filters))
    return next((str(row["id"]) for row in rows if _is_it(row, column)), "")


def _only_one_of_link(platform: Platform, line_items_url: str, column: Column) -> str:
    """Return the link's column where it has exactly one: a second would hide both from launches."""
    link = column.resource_link_id
    if not link:
        return ""
    rows = _rows(platform, ags.with_query(line_items_url, resource_link_id=link))
    urls = {
        str(row["id"])
        for row in rows
        if str(row.get("resourceLinkId", "")) == link and isinstance(row.get("id"), str)
    }
    return urls.pop() if len(urls) == 1 else ""


def _rows(platform: Platform, url: str) -> Iterator[Mapping[str, Any]]:
    pages = 0
    while url and pages < PAGES_MAX:
        reply = service.call(
            platform,
            "GET",
            url,
            what="the columns",
            scopes=[ags.SCOPE_LINE_ITEM],
            accept=ags.LINE_ITEMS,
        )
        yield from ags.json_rows(reply, "columns")
        url, pages = next_page(reply.headers.get("Link", ""), url), pages + 1


def _is_it(row: Mapping[str, Any], column: Column) -> bool:
    # The filters are asked for and checked: not every platform knows them.
    return (
        row.get("resourceId") == column.resource_id
        and (row.get("tag") or "") == column.tag
        and isinstance(row.get("id"), str)
    )


def _make(platform: Platform, line_items_url: str, column: Column) -> str:
    content: dict[str, Any] = {
        "label": column.label,
        "scoreMaximum": column.maximum,
        "resourceId": column.resource_id,
        "submissionReview": ags.SUBMISSION_REVIEW,
    }
    if column.tag:
        content["tag"] = column.tag
    if column.resource_link_id:
        content["resourceLinkId"] = column.resource_link_id
    reply = service.call(
        platform,
        "POST",
        line_items_url,
        what="a new column",
        scopes=[ags.SCOPE_LINE_ITEM],
        accept=ags.LINE_ITEM,
        content=content,
        content_type=ags.LINE_ITEM,
    )
    url = ags.json_object(reply, "a new column").get("id")
    if not isinstance(url, str) or not url:
        raise PlatformFault(FaultKind.ITEM, "the LMS made a column without an address")
    return url
