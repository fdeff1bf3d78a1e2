"""The dry run: what sending an assignment's grades would change in the LMS, row by row."""

from collections.abc import Mapping
from dataclasses import dataclass

from courseserver.common.typed import whole
from courseserver.courses.models import SendMode
from courseserver.grading import readback
from courseserver.grading.models import SendState
from courseserver.grading.outbox import same_points
from courseserver.grading.selectors import Board, BoardRow

SENDABLE = "send"


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One student's grade there now, after sending, and why it would stay."""

    row: BoardRow
    there: float | None
    after: float | None
    words: str
    tone: str
    will_send: bool

    @property
    def difference(self) -> float | None:
        if self.after is None or not self.will_send:
            return None
        return self.after - (self.there or 0.0)

    @property
    def mark(self) -> str:
        """What the form sends back: this row as it was seen."""
        outbox = self.row.outbox
        return f"{outbox.pk}:{outbox.desired_version}" if outbox else ""


def plan(board: Board) -> tuple[Planned, ...]:
    """Return what one press would do to each handed-in grade."""
    return tuple(_planned(row, board) for row in board.rows if row.score is not None)


def _planned(row: BoardRow, board: Board) -> Planned:
    outbox = row.outbox
    if outbox is None:
        return _stays(row, row.shown.words)
    there, ours = outbox.lms_score, outbox.desired_points
    if ours is None:
        return _stays(row, row.shown.words)
    if outbox.state in (SendState.OVERRIDDEN, SendState.KEPT):
        return _stays(row, row.shown.words, tone=row.shown.tone)
    if outbox.state == SendState.REFUSED:
        return _stays(row, row.shown.words, tone="fail")
    if same_points(there, ours):
        return _stays(row, "Equal already", tone="good")
    if readback.is_foreign(outbox, there):
        return _stays(row, "Someone set a grade there: it stays", tone="warn")
    higher_there = there is not None and there > ours
    if board.assignment.only_if_higher and higher_there:
        return _stays(row, "Lower than there: it stays")
    if not outbox.is_held:
        return _planned_row(row, "On its way already", will_send=False)
    if not can_send(row, board):
        return _stays(row, row.shown.words)
    words = "New" if there is None else "Lowers" if higher_there else "Raises"
    return _planned_row(row, words, will_send=True)


def can_send(row: BoardRow, board: Board) -> bool:
    """Return whether one press of an instructor sends this grade."""
    is_waiting = board.assignment.send_mode == SendMode.ON_RELEASE
    return SENDABLE in row.shown.actions or (
        is_waiting and row.outbox is not None and row.outbox.state == SendState.HELD
    )


def _planned_row(row: BoardRow, words: str, *, will_send: bool) -> Planned:
    return Planned(
        row=row,
        there=row.lms_points,
        after=row.points,
        words=words,
        tone="warn" if will_send else "wait",
        will_send=will_send,
    )


def _stays(row: BoardRow, words: str, *, tone: str = "wait") -> Planned:
    return Planned(
        row=row,
        there=row.lms_points,
        after=row.lms_points,
        words=words,
        tone=tone,
        will_send=False,
    )


def seen_in(posted: str) -> Mapping[int, int]:
    """Return which rows in which version a form was shown; what is no such mark is left out."""
    pairs = [mark.partition(":") for mark in posted.split()]
    read = [(whole(pk), whole(number)) for pk, _, number in pairs]
    return {pk: number for pk, number in read if pk is not None and number is not None}
