"""Columns, scores and a teacher's overrides."""

import json
import math
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from courseserver.practice_lms import people, store
from courseserver.practice_lms.registration import Tool

ACTIVITY = frozenset({"Initialized", "Started", "InProgress", "Submitted", "Completed"})
GRADING = frozenset({"FullyGraded", "Pending", "PendingManual", "Failed", "NotReady"})
CLOCK_AHEAD = timedelta(minutes=5)


class Refused(Exception):
    """A request to the grade service that does not hold; `status` is its answer."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One column. `extra` holds the fields that we keep but do not use."""

    id: int
    label: str
    maximum: float
    link_id: int | None
    resource_id: str
    tag: str
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """What the gradebook shows for one student in one column."""

    points: float | None
    maximum: float
    comment: str
    received_at: datetime | None
    grading: str
    posts: int
    overridden: float | None

    @property
    def shown(self) -> float | None:
        return self.points if self.overridden is None else self.overridden


def items_url(tool: Tool) -> str:
    return f"{tool.issuer}/lti/lineitems/?course={people.course().id}"


def item_url(tool: Tool, item_id: int) -> str:
    # A query string behind the path, as Moodle's have one: `/scores` must go before it.
    return f"{tool.issuer}/lti/lineitems/{item_id}/lineitem?course={people.course().id}"


def items(*, link_id: int | None = None) -> list[Item]:
    with store.reading() as db:
        rows = db.execute("SELECT * FROM line_item ORDER BY id").fetchall()
    found = [_item(row) for row in rows]
    return [item for item in found if link_id is None or item.link_id == link_id]


def item_read(item_id: int) -> Item:
    with store.reading() as db:
        return _item_in(db, item_id)


def item_add(
    db: sqlite3.Connection,
    *,
    label: str,
    maximum: float,
    link_id: int | None,
    resource_id: str = "",
    tag: str = "",
    extra: Mapping[str, Any] | None = None,
) -> int:
    """Add a column inside the caller's transaction; return its id."""
    cursor = db.execute(
        "INSERT INTO line_item (label, maximum, link_id, resource_id, tag, extra)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (label, maximum, link_id, resource_id, tag, json.dumps(dict(extra or {}))),
    )
    return int(cursor.lastrowid or 0)


def item_change(item: Item) -> None:
    with store.writing() as db:
        _item_in(db, item.id)
        db.execute(
            "UPDATE line_item SET label = ?, maximum = ?, link_id = ?, resource_id = ?, tag = ?,"
            " extra = ? WHERE id = ?",
            (
                item.label,
                item.maximum,
                item.link_id,
                item.resource_id,
                item.tag,
                json.dumps(dict(item.extra)),
                item.id,
            ),
        )


def item_delete(item_id: int) -> None:
    with store.writing() as db:
        _item_in(db, item_id)
        db.execute("DELETE FROM line_item WHERE id = ?", (item_id,))


def score_apply(item_id: int, content: Mapping[str, Any]) -> None:
    """Apply one score of the tool.

    Raises
    ------
    Refused
        404 without the column, 409 unless the timestamp is newer than the last one of this
        student, 400 for anything else that the specification forbids.
    """
    score = _score(content)
    with store.writing() as db:
        _item_in(db, item_id)
        row = db.execute(
            "SELECT stamp, posts FROM score WHERE line_item = ? AND subject = ?",
            (item_id, score["subject"]),
        ).fetchone()
        if row and _moment(row["stamp"], "timestamp") >= _moment(score["stamp"], "timestamp"):
            raise Refused(409, "a score with this timestamp or a later one was applied before")
        db.execute(
            "REPLACE INTO score VALUES (:line_item, :subject, :given, :maximum, :comment,"
            " :activity, :grading, :stamp, :submitted_at, :received_at, :posts)",
            {**score, "line_item": item_id, "posts": (row["posts"] if row else 0) + 1},
        )


def override_set(item_id: int, subject: str, points: float | None) -> None:
    """Set a teacher's grade over the tool's, or take it away (None)."""
    with store.writing() as db:
        _item_in(db, item_id)
        if points is None:
            db.execute(
                "DELETE FROM override WHERE line_item = ? AND subject = ?", (item_id, subject)
            )
            return
        db.execute(
            "REPLACE INTO override VALUES (?, ?, ?, ?)",
            (item_id, subject, points, datetime.now(UTC).isoformat()),
        )


def cells(item: Item) -> dict[str, Cell]:
    """Return one column's cells by subject; students without a grade are left out."""
    with store.reading() as db:
        scores = db.execute("SELECT * FROM score WHERE line_item = ?", (item.id,)).fetchall()
        overrides = db.execute("SELECT * FROM override WHERE line_item = ?", (item.id,)).fetchall()
    by_hand = {row["subject"]: float(row["points"]) for row in overrides}
    found = {row["subject"]: _cell(item, row, by_hand.get(row["subject"])) for row in scores}
    for subject, points in by_hand.items():
        found.setdefault(subject, _cell(item, None, points))
    return found


def empty() -> None:
    """Forget every score and override; columns stay."""
    with store.writing() as db:
        db.execute("DELETE FROM score")
        db.execute("DELETE FROM override")


def _cell(item: Item, row: sqlite3.Row | None, overridden: float | None) -> Cell:
    given = None
    if row is not None and row["given"] is not None:
        given = row["given"] / row["maximum"] * item.maximum
    return Cell(
        points=given,
        maximum=item.maximum,
        comment=row["comment"] if row else "",
        received_at=datetime.fromisoformat(row["received_at"]) if row else None,
        grading=row["grading"] if row else "",
        posts=row["posts"] if row else 0,
        overridden=overridden,
    )


def _item_in(db: sqlite3.Connection, item_id: int) -> Item:
    row = db.execute("SELECT * FROM line_item WHERE id = ?", (item_id,)).fetchone()
    if row is None:
        raise Refused(404, "no such line item")
    return _item(row)


def _item(row: sqlite3.Row) -> Item:
    return Item(
        id=row["id"],
        label=row["label"],
        maximum=row["maximum"],
        link_id=row["link_id"],
        resource_id=row["resource_id"],
        tag=row["tag"],
        extra=json.loads(row["extra"]),
    )


def _score(content: Mapping[str, Any]) -> dict[str, Any]:
    subject = content.get("userId")
    person = people.course().subject(subject) if isinstance(subject, str) else None
    if person is None or not person.is_student:
        raise Refused(400, "userId is not a student of this course")
    if content.get("activityProgress") not in ACTIVITY:
        raise Refused(400, "activityProgress is missing or unknown")
    if content.get("gradingProgress") not in GRADING:
        raise Refused(400, "gradingProgress is missing or unknown")
    stamp = content.get("timestamp")
    if _moment(stamp, "timestamp") > datetime.now(UTC) + CLOCK_AHEAD:
        raise Refused(400, "timestamp is in the future")
    submitted_at = (content.get("submission") or {}).get("submittedAt", "")
    if submitted_at:
        _moment(submitted_at, "submission.submittedAt")
    given, maximum = _points(content)
    # Only what is fully graded enters the gradebook.
    counts = content["gradingProgress"] == "FullyGraded"
    return {
        "subject": subject,
        "given": given if counts else None,
        "maximum": maximum,
        "comment": str(content.get("comment") or ""),
        "activity": content["activityProgress"],
        "grading": content["gradingProgress"],
        "stamp": stamp,
        "submitted_at": submitted_at,
        "received_at": datetime.now(UTC).isoformat(),
    }


def _points(content: Mapping[str, Any]) -> tuple[float | None, float | None]:
    given, maximum = content.get("scoreGiven"), content.get("scoreMaximum")
    if given is None:
        return None, None
    points, most = _number(given), _number(maximum)
    if points is None or points < 0:
        raise Refused(400, "scoreGiven must be a number of 0 or more")
    if most is None or most <= 0:
        raise Refused(400, "scoreMaximum must be a number above 0")
    return points, most


def _number(value: Any) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and math.isfinite(value) else None


def _moment(text: Any, name: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError) as error:
        raise Refused(400, f"{name} is no ISO 8601 time") from error
    if moment.tzinfo is None:
        raise Refused(400, f"{name} has no time zone")
    return moment
