"""A course's scores as a file, out and in: one row per student, one column per lab.

A file that comes in changes nothing by itself: its cells that differ are shown beside what stands
here, and what was seen is then set as scores by hand.
"""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from courseserver.audit.services import record
from courseserver.common.errors import NotFound, Unprocessable
from courseserver.courses.models import Assignment, Course, Enrolment, Person, Role
from courseserver.grading import decisions
from courseserver.grading.csv_export import safe_cell
from courseserver.grading.matrix import Line, Matrix
from courseserver.grading.models import Override, Score
from courseserver.grading.reasons import reason_given
from courseserver.grading.services import turns_take

BYTES_MAX, ROWS_MAX = 2_000_000, 5000
# What a cell says to let the computed score count again.
COMPUTED = "computed"
_FIRST = re.compile(r'"?id"?([,;\t])')
# 77,5; not 1,234.
_DECIMAL_COMMA = re.compile(r"^(\d+),(\d{1,2})$")
_COLUMN = re.compile(r"\[(asg_\w+)\]\s*$")


def write(file: Any, matrix: Matrix) -> None:
    """Write everybody's scores; an empty cell: no score."""
    writer = csv.writer(file)
    labs = [f"{lab.title} [{lab.pk}]" for lab in matrix.assignments]
    writer.writerow(["id", "name", "sections", *(safe_cell(lab) for lab in labs)])
    for line in matrix.lines:
        writer.writerow([line.person_id, safe_cell(line.name), _sections(line), *_points(line)])


def _sections(line: Line) -> str:
    return safe_cell(" and ".join(line.sections))


def _points(line: Line) -> Iterator[str]:
    for cell in line.cells:
        yield "" if cell is None or cell.points is None else f"{cell.points:g}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A cell that differs: which score, from what, to what (None: as computed)."""

    assignment: Assignment
    person_id: str
    name: str
    # None: no score yet.
    before: float | None
    after: float | None

    @property
    def mark(self) -> str:
        """What the form sends back: this cell as it was seen."""
        after = COMPUTED if self.after is None else f"{self.after:g}"
        return f"{self.assignment.pk}:{self.person_id}:{_said(self.before)}:{after}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    cells: tuple[Cell, ...]
    same: int
    # Cells that cannot be taken, in words.
    refused: tuple[str, ...]

    @property
    def marks(self) -> str:
        """What the form sends back, as one field: a term of a class has thousands of cells."""
        return " ".join(cell.mark for cell in self.cells)


def read(course: Course, content: bytes, names: dict[str, str]) -> Sheet:
    """Return what a file would change; `names` holds the people who may be changed, by id.

    Raises
    ------
    Unprocessable
        If it is no such file.
    """
    rows = _rows(content)
    header = rows[0]
    met: dict[str, int] = {}
    if not header or header[0].strip().lstrip("\ufeff") != "id":
        raise Unprocessable(
            "The first column is not “id”.", remedy="Start from the file downloaded here."
        )
    labs = {lab.pk: lab for lab in course.assignments.all()}
    columns = _columns(header, labs)
    scores = {
        (s.assignment_id, s.person_id): s
        for s in Score.objects.filter(assignment__course=course, is_voided=False)
    }
    cells: list[Cell] = []
    refused: list[str] = []
    same = 0
    for number, row in enumerate(rows[1:], start=2):
        if not any(cell.strip() for cell in row):
            continue
        person_id = row[0].strip()
        if person_id not in names:
            refused.append(f"Row {number}: “{person_id[:40]}” is no student of this course.")
            continue
        if person_id in met:
            first = met[person_id]
            refused.append(f"Row {number}: {names[person_id]} stands in row {first} already.")
            continue
        met[person_id] = number
        for index, lab in columns:
            text = row[index].strip() if index < len(row) else ""
            if not text:
                continue
            place = f"Row {number}, {lab.title}"
            score = scores.get((lab.pk, person_id))
            before = score.points if score else None
            is_set = score is not None and score.is_overridden
            wanted = _wanted(text, lab)
            if wanted is False:
                refused.append(f"{place}: “{text[:20]}” is not 0 to {lab.points_max:g} points.")
            elif (wanted is None and not is_set) or (
                wanted is not None and _said(before) == f"{wanted:g}"
            ):
                same += 1
            else:
                cells.append(
                    Cell(
                        assignment=lab,
                        person_id=person_id,
                        name=names[person_id],
                        before=before,
                        after=wanted,
                    )
                )
    return Sheet(cells=tuple(cells), same=same, refused=tuple(refused))


def _said(points: float | None) -> str:
    return "" if points is None else f"{points:g}"


def _rows(content: bytes) -> list[list[str]]:
    try:
        text = content.decode("utf-8-sig")
        rows = list(csv.reader(io.StringIO(text), strict=True, delimiter=_delimiter(text)))
    except (UnicodeDecodeError, csv.Error) as error:
        raise Unprocessable(
            "This is no CSV file in UTF-8.", remedy="Save it as “CSV UTF-8”, with commas."
        ) from error
    if not rows or len(rows) > ROWS_MAX:
        raise Unprocessable(
            f"The file has {len(rows)} rows; 2 to {ROWS_MAX} fit.",
            remedy="Start from the file downloaded here.",
        )
    return rows


def _delimiter(text: str) -> str:
    """Return what stands between columns: spreadsheets of many countries write semicolons."""
    match = _FIRST.match(text)
    return match[1] if match else ","


def _columns(header: Sequence[str], labs: dict[str, Assignment]) -> list[tuple[int, Assignment]]:
    found = [
        (index, labs[match[1]])
        for index, title in enumerate(header)
        if (match := _COLUMN.search(title)) and match[1] in labs
    ]
    if not found:
        raise Unprocessable(
            "No column names a lab of this course.",
            remedy="Keep the titles of the columns as in the file downloaded here.",
        )
    return found


def _wanted(text: str, lab: Assignment) -> float | bool | None:
    """Return the points, None for the computed ones, False for neither."""
    if text.lower() == COMPUTED:
        return None
    try:
        points = float(_DECIMAL_COMMA.sub(r"\1.\2", text))
    except ValueError:
        return False
    return points if 0 <= points <= lab.points_max else False


@transaction.atomic
def apply(*, course: Course, marks: Sequence[str], reason: str, actor: Person) -> tuple[int, int]:
    """Set the scores that were seen; return how many, and how many changed meanwhile and stay.

    Raises
    ------
    Unprocessable
        If no reason is given.
    """
    why = reason_given(reason)
    turns_take(course.pk)
    labs = {lab.pk: lab for lab in course.assignments.select_related("course")}
    people = {member.person_id: member.person for member in _students(course)}
    done = 0
    for mark in marks:
        lab_id, person_id, before, after = [*mark.split(":"), "", "", ""][:4]
        lab, person = labs.get(lab_id), people.get(person_id)
        if lab is None or person is None:
            continue
        score = Score.objects.filter(assignment=lab, person=person, is_voided=False).first()
        if _said(score.points if score else None) != before:
            continue
        done += _set(lab, person, after, why, actor)
    record(
        actor=actor.id,
        action="scores.uploaded",
        subject=course.id,
        course_id=course.id,
        reason=why,
        count=done,
    )
    return done, len(marks) - done


def _students(course: Course) -> QuerySet[Enrolment]:
    return course.enrolments.filter(role=Role.LEARNER).select_related("person")


def _set(lab: Assignment, person: Person, after: str, reason: str, actor: Person) -> bool:
    wanted = _wanted(after, lab)
    if wanted is None:
        if not Override.objects.filter(assignment=lab, person=person).exists():
            return False
        decisions.override_take(assignment=lab, person=person, reason=reason, actor=actor)
        return True
    if wanted is False:
        raise NotFound("This change is not as it was shown.", remedy="Upload the file again.")
    decisions.override_set(
        assignment=lab, person=person, points=float(wanted), reason=reason, actor=actor
    )
    return True
