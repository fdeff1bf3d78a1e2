"""Assignment and Grade Services 2.0: columns, scores and results."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from courseserver.lti import service
from courseserver.lti.faults import FaultKind, PlatformFault
from courseserver.lti.links import next_page
from courseserver.lti.models import Platform
from courseserver.lti.outgoing import Reply

_SCOPE = "https://purl.imsglobal.org/spec/lti-ags/scope/"
SCOPE_LINE_ITEM = f"{_SCOPE}lineitem"
SCOPE_LINE_ITEM_READ = f"{_SCOPE}lineitem.readonly"
SCOPE_RESULT = f"{_SCOPE}result.readonly"
SCOPE_SCORE = f"{_SCOPE}score"
LINE_ITEM = "application/vnd.ims.lis.v2.lineitem+json"
LINE_ITEMS = "application/vnd.ims.lis.v2.lineitemcontainer+json"
SCORE = "application/vnd.ims.lis.v1.score+json"
RESULTS = "application/vnd.ims.lis.v2.resultcontainer+json"
# Canvas gives ten at a time unless asked for more. Moodle's page links are broken, so it is
# never asked for pages and then gives everything at once.
RESULTS_PER_PAGE = 100
RESULT_PAGES_MAX = 1000
FULLY_GRADED = "FullyGraded"
# Submission Review 1.0: from the LMS's gradebook to the work behind a score.
SUBMISSION_REVIEW = {"reviewableStatus": ["Submitted", "Completed"], "label": "Open the work"}
CANVAS_SUBMISSION = "https://canvas.instructure.com/lti/submission"


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """What a student's column should show.

    `timestamp` must grow strictly with every score of one (column, student). The comment is sent
    every time, because a score without one clears it. `given` None clears the grade.
    """

    subject: str
    given: float | None
    maximum: float
    timestamp: datetime
    comment: str = ""
    activity_progress: str = "Completed"
    grading_progress: str = FULLY_GRADED
    submitted_at: datetime | None = None
    is_new_submission: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What the platform's gradebook shows for a student."""

    subject: str
    score: float | None
    maximum: float | None
    comment: str


def score_send(platform: Platform, line_item_url: str, score: Score) -> None:
    """Post one score; the caller decides about sending again.

    Raises
    ------
    ValueError
        If it would erase a Moodle grade (anything but FullyGraded does).
    PlatformFault
        If the platform does not take it.
    """
    if platform.product == "moodle" and score.grading_progress != FULLY_GRADED:
        raise ValueError(f"Moodle erases the grade on {score.grading_progress}; send FullyGraded")
    service.call(
        platform,
        "POST",
        below(line_item_url, "scores"),
        what="a score",
        scopes=[SCOPE_SCORE],
        content=_score_json(platform, score),
        content_type=SCORE,
    )


def result_read(platform: Platform, line_item_url: str, subject: str) -> Result | None:
    """Return the gradebook's value for one student, None where it holds none.

    Raises
    ------
    PlatformFault
        If the platform does not tell.
    """
    reply = service.call(
        platform,
        "GET",
        with_query(below(line_item_url, "results"), user_id=subject),
        what="a result",
        scopes=[SCOPE_RESULT],
        accept=RESULTS,
    )
    rows = json_rows(reply, "results")
    # Some platforms ignore the filter.
    mine = [row for row in rows if str(row.get("userId")) == subject]
    return _result(mine[0]) if mine else None


def results_read(platform: Platform, line_item_url: str) -> list[Result]:
    """Return the column's values of all students, page by page, or none of them.

    Raises
    ------
    PlatformFault
        If any page is refused, or pages come round again.
    """
    url = below(line_item_url, "results")
    if platform.product == "canvas":
        url = with_query(url, limit=str(RESULTS_PER_PAGE))
    found: list[Result] = []
    seen: set[str] = set()
    while url:
        if url in seen or len(seen) >= RESULT_PAGES_MAX:
            raise PlatformFault(FaultKind.ITEM, "the LMS's result pages go in circles")
        seen.add(url)
        reply = service.call(
            platform, "GET", url, what="results", scopes=[SCOPE_RESULT], accept=RESULTS
        )
        found += [_result(row) for row in json_rows(reply, "results")]
        url = next_page(reply.headers.get("Link", ""), url)
    return found


def below(url: str, name: str) -> str:
    """Return the address of a sub-resource: the path grows, the query stays behind it."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/{name}", fragment=""))


def with_query(url: str, **values: str) -> str:
    """Return the address with more query parameters, the existing ones kept as they are."""
    parts = urlsplit(url)
    query = "&".join(part for part in (parts.query, urlencode(values)) if part)
    return urlunsplit(parts._replace(query=query))


def stamp(moment: datetime) -> str:
    """Return ISO 8601 in UTC with milliseconds, as every platform reads it."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def json_rows(reply: Reply, what: str) -> list[Mapping[str, Any]]:
    """Return the reply's list of objects; some platforms write an empty one as null."""
    rows = _json(reply, what) or []
    if not isinstance(rows, list):
        raise PlatformFault(FaultKind.RETRY, f"the LMS answered {what} that are no list")
    return [row for row in rows if isinstance(row, dict)]


def json_object(reply: Reply, what: str) -> dict[str, Any]:
    """Return the reply's object."""
    content = _json(reply, what)
    if not isinstance(content, dict):
        raise PlatformFault(FaultKind.RETRY, f"the LMS answered {what} that is no object")
    return content


def _json(reply: Reply, what: str) -> Any:
    try:
        return reply.json()
    except ValueError as error:
        raise PlatformFault(FaultKind.RETRY, f"the LMS answered {what} without JSON") from error


def _score_json(platform: Platform, score: Score) -> dict[str, Any]:
    content: dict[str, Any] = {
        "userId": score.subject,
        "timestamp": stamp(score.timestamp),
        "activityProgress": score.activity_progress,
        "gradingProgress": score.grading_progress,
        "comment": score.comment,
    }
    if score.given is not None:
        content |= {"scoreGiven": score.given, "scoreMaximum": score.maximum}
    if score.submitted_at is not None:
        content["submission"] = {"submittedAt": stamp(score.submitted_at)}
    if platform.product == "canvas":
        content[CANVAS_SUBMISSION] = _canvas_submission(score)
    return content


def _canvas_submission(score: Score) -> dict[str, Any]:
    # By default Canvas counts every score as a new attempt made now, late marks included, and
    # lets it overwrite a grade that a teacher gave by hand.
    extension: dict[str, Any] = {
        "new_submission": score.is_new_submission,
        "prioritize_non_tool_grade": True,
    }
    if score.submitted_at is not None:
        extension["submitted_at"] = stamp(score.submitted_at)
    return extension


def _result(row: Mapping[str, Any]) -> Result:
    return Result(
        subject=str(row.get("userId", "")),
        score=_number(row.get("resultScore")),
        maximum=_number(row.get("resultMaximum")),
        comment=str(row.get("comment") or ""),
    )


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
