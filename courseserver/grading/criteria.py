"""An assignment's rubric: its scheme's criteria in the lab's words, or as instructors edited it.

Edits are numbered and kept whole; the highest number counts, 0 is the rubric as it came. A mark
says under which number it was given, so that it goes on meaning what it meant then.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any

from courseserver.courses.models import Assignment
from courseserver.grading.models import RubricVersion
from courseserver.grading.teaching import criteria_of
from labs.schemes import Criterion, Level, Scheme, load_scheme, with_criteria

Rubric = tuple[Criterion, ...]


def scheme_of(assignment: Assignment, edited: Rubric | None = None) -> Scheme:
    """Return an assignment's scheme with its rubric as it is, or as `edited` proposes."""
    rubric = rubric_of(assignment) if edited is None else edited
    return with_criteria(load_scheme(assignment.scheme), rubric)


def schemes_of(
    assignments: Collection[Assignment], edited: Mapping[str, Rubric]
) -> dict[str, Scheme]:
    """Return the scheme of each assignment, `edited` in place of its own rubric; one query."""
    newest: dict[str, RubricVersion] = {}
    for version in RubricVersion.objects.filter(assignment__in=assignments).order_by("number"):
        newest[version.assignment_id] = version
    return {
        lab.pk: scheme_of(lab, edited[lab.pk] if lab.pk in edited else _read(lab, newest))
        for lab in assignments
    }


def _read(assignment: Assignment, newest: Mapping[str, RubricVersion]) -> Rubric:
    own = came_with(assignment.scheme, assignment.lab)
    version = newest.get(assignment.pk)
    return criteria_in(version.criteria, own) if version else own


def rubric_of(assignment: Assignment, number: int | None = None) -> Rubric:
    """Return the rubric of a number, the newest if none is given."""
    versions = RubricVersion.objects.filter(assignment=assignment).order_by("-number")
    version = versions.first() if number is None else versions.filter(number=number).first()
    scheme = assignment.scheme if number is None else _scheme_at(assignment, number)
    own = came_with(scheme, assignment.lab)
    return criteria_in(version.criteria, own) if version else own


def _scheme_at(assignment: Assignment, number: int) -> str:
    """Return the scheme that counted together with the rubric of a number."""
    later = RubricVersion.objects.filter(assignment=assignment, number__gt=number)
    return (
        later.order_by("number").values_list("scheme_before", flat=True).first()
        or assignment.scheme
    )


def rubric_under(assignment: Assignment, scheme: str) -> Rubric:
    """Return the rubric that an assignment has under a scheme.

    Where the scheme asks for the same criteria as the present one, edits of the rubric stay.
    """
    own, other = (came_with(name, assignment.lab) for name in (assignment.scheme, scheme))
    return rubric_of(assignment) if own == other else other


def number_of(assignment: Assignment) -> int:
    """Return the number of the rubric that counts; 0 where nobody edited it."""
    numbers = RubricVersion.objects.filter(assignment=assignment).order_by("-number")
    return numbers.values_list("number", flat=True).first() or 0


def came_with(scheme: str, lab: str) -> Rubric:
    """Return the criteria of a scheme in a lab's own words, where it has any."""
    words = {text.id: text for text in criteria_of(lab)}
    return tuple(
        replace(
            criterion,
            title=text.title,
            texts={Level.FULL: text.full, Level.PART: text.part, Level.NONE: text.none},
        )
        if (text := words.get(criterion.id))
        else criterion
        for criterion in load_scheme(scheme).criteria
    )


def criteria_in(rows: Iterable[Mapping[str, Any]], own: Rubric) -> Rubric:
    """Return the criteria that rows describe; words that they leave out are those it came with."""
    known = {criterion.id: criterion for criterion in own}
    return tuple(_criterion(row, known.get(row["id"])) for row in rows)


def _criterion(row: Mapping[str, Any], own: Criterion | None) -> Criterion:
    texts = row.get("texts", {})
    return Criterion(
        id=row["id"],
        title=row.get("title") or (own.title if own else row["id"]),
        points={level: float(row["points"][level.value]) for level in Level},
        texts={
            level: texts.get(level.value) or (own.texts[level] if own else "") for level in Level
        },
        signals=own.signals if own else None,
    )


def rows_of(rubric: Rubric, own: Rubric) -> list[dict[str, Any]]:
    """Return a rubric as it is stored: points whole, words where they differ from `own`."""
    known = {criterion.id: criterion for criterion in own}
    return [_row(criterion, known.get(criterion.id)) for criterion in rubric]


def _row(criterion: Criterion, own: Criterion | None) -> dict[str, Any]:
    return {
        "id": criterion.id,
        "title": "" if own and own.title == criterion.title else criterion.title,
        "points": {level.value: criterion.points[level] for level in Level},
        "texts": {
            level.value: criterion.texts[level]
            for level in Level
            if own is None or own.texts[level] != criterion.texts[level]
        },
    }
