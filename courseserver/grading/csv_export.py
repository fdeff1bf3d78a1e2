"""Grades as files for the import of Canvas' and Moodle's gradebooks.

Canvas finds a student by its own id, else the school's number, else the log-in, else the name; a
column by its title. Moodle lets the teacher say which column names the user: its own user id
(which is what its launches call a person), the user name, the ID number or the e-mail address.
"""

import csv
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from courseserver.courses.models import Assignment
from courseserver.grading.gradebooks import written
from courseserver.grading.selectors import Board, BoardRow

# A cell that begins so is a formula to a spreadsheet.
_FORMULA_STARTS = tuple("=+-@\t\r\n＝＋－＠")  # some read the wide ones, too


def safe_cell(text: str) -> str:
    """Return the text so that no spreadsheet runs it; a leading apostrophe makes it plain."""
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA_STARTS) else text


def write(file: Any, board: Board, product: str) -> None:
    """Write the board's full grades as the product's gradebook imports them."""
    writer = csv.writer(file)
    for row in FORMATS[product](board):
        writer.writerow([safe_cell(cell) for cell in row])


def unmatched(board: Board) -> Mapping[str, int]:
    """Return how many rows of each file the gradebook can find by name only, or not at all."""
    rows = list(_graded(board))
    return {
        "canvas": sum(not (r.lms_user_id or r.sis_id or r.login or r.email) for r in rows),
        "moodle": sum(not (_moodle_id(r) or r.login or r.email) for r in rows),
    }


def _canvas(board: Board) -> Iterator[list[str]]:
    assignment = board.assignment
    maximum = written(assignment, 0.0, assignment.points_max)[1]
    yield ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", _canvas_title(assignment)]
    yield ["    Points Possible", "", "", "", "", f"{maximum:g}"]
    for row in _graded(board):
        login = row.login or row.email
        section = " and ".join(row.sections)
        points = _points(assignment, row)
        yield [row.name, row.lms_user_id, row.sis_id, login, section, points]


def _moodle(board: Board) -> Iterator[list[str]]:
    title = board.assignment.title
    yield [
        "User ID", "Username", "ID number", "Email address", "Full name",
        title, f"{title} (feedback)",
    ]  # fmt: skip
    for row in _graded(board):
        comment = row.outbox.comment if row.outbox else ""
        yield [
            _moodle_id(row), row.login, row.sis_id, row.email, row.name,
            _points(board.assignment, row), comment.replace("\n", "; "),
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


def _points(assignment: Assignment, row: BoardRow) -> str:
    return f"{written(assignment, row.points or 0.0, assignment.points_max)[0]:g}"


def _moodle_id(row: BoardRow) -> str:
    """Return Moodle's own number of a user: what its launches call them."""
    return row.subject if row.subject.isdigit() else ""


def _canvas_title(assignment: Assignment) -> str:
    # A number in brackets at the end is the id of another assignment to Canvas.
    return re.sub(r"\((\d+)\)$", r"[\1]", assignment.title)
