"""Grades as files for the import of Canvas' and Moodle's gradebooks."""

import csv
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from courseserver.courses.models import Assignment
from courseserver.grading.selectors import Board, BoardRow

# A cell that begins so is a formula to a spreadsheet.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


def safe_cell(text: str) -> str:
    """Return the text so that no spreadsheet runs it; a leading apostrophe makes it plain."""
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA_STARTS) else text


def write(file: Any, board: Board, product: str) -> None:
    """Write the board's full grades as the product's gradebook imports them."""
    writer = csv.writer(file)
    for row in FORMATS[product](board):
        writer.writerow([safe_cell(cell) for cell in row])


def _canvas(board: Board) -> Iterator[list[str]]:
    # Canvas matches students by its own id or the SIS login; the LTI subject is neither, so the
    # name and the e-mail as login are what we can offer.
    assignment = board.assignment
    yield ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", _title(assignment)]
    yield ["    Points Possible", "", "", "", "", f"{assignment.points_max:g}"]
    for row in _graded(board):
        yield [row.name, "", "", row.email, "", f"{row.points:g}"]


def _moodle(board: Board) -> Iterator[list[str]]:
    yield ["ID number", "Full name", "Email address", _title(board.assignment), "Feedback"]
    for row in _graded(board):
        comment = row.outbox.comment if row.outbox else ""
        yield [
            row.subject, row.name, row.email, f"{row.points:g}",
            comment.replace("\n", "; "),
        ]  # fmt: skip


FORMATS: Mapping[str, Callable[[Board], Iterator[list[str]]]] = {
    "canvas": _canvas,
    "moodle": _moodle,
}


def _graded(board: Board) -> Iterator[BoardRow]:
    """Yield students whose score is complete; a part score in a file would look final."""
    for row in board.rows:
        if row.score and row.score.is_full and row.outbox:
            yield row


def _title(assignment: Assignment) -> str:
    return assignment.title.replace("(", "[").replace(")", "]")
