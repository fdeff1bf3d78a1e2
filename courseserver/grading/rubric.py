"""Editing a rubric: seen first, then applied to every mark, given and to come.

Criteria may be worded anew, worth other points, added and removed. Marks keep the levels that
markers chose and the words these had then; what they are worth follows the newest rubric
(`policy.log_points`).
"""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from django.db import transaction

from courseserver.audit.services import record
from courseserver.common import clock
from courseserver.common.errors import Conflict, Unprocessable
from courseserver.courses.models import Assignment, Person
from courseserver.grading import services
from courseserver.grading.changes import Diff, diff
from courseserver.grading.criteria import (
    Rubric,
    came_with,
    number_of,
    rows_of,
    rubric_of,
    scheme_of,
)
from courseserver.grading.models import CriterionMark, LogMark, RubricVersion
from courseserver.grading.reasons import note, reason_given
from labs.schemes import Criterion, Level, SchemeError

POINTS_MAX = 1000.0
TITLE_MAX, TEXT_MAX, CRITERIA_MAX = 80, 600, 8
NEW = "new"


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """One thing that differs between two rubrics, in words; empty where there is nothing."""

    what: str
    before: str
    after: str


def edits_between(before: Rubric, after: Rubric) -> list[Edit]:
    """Return what was edited, criterion by criterion."""
    return list(_edits(before, after))


def _edits(before: Rubric, after: Rubric) -> Iterator[Edit]:
    old, new = ({c.id: c for c in rubric} for rubric in (before, after))
    for criterion in before:
        if criterion.id not in new:
            yield Edit(what=f"{criterion.title}: removed", before=_points(criterion), after="")
    for criterion in after:
        if (was := old.get(criterion.id)) is None:
            yield Edit(what=f"{criterion.title}: added", before="", after=_points(criterion))
            continue
        if was.title != criterion.title:
            yield Edit(what=f"{was.title}: title", before=was.title, after=criterion.title)
        if was.points != criterion.points:
            what = f"{criterion.title}: points"
            yield Edit(what=what, before=_points(was), after=_points(criterion))
        for level in Level:
            if was.texts[level] != criterion.texts[level]:
                what = f"{criterion.title}: words of “{level}”"
                yield Edit(what=what, before=was.texts[level], after=criterion.texts[level])


def _points(criterion: Criterion) -> str:
    return " / ".join(f"{criterion.points[level]:g}" for level in Level)


def rubric_read(assignment: Assignment, posted: Mapping[str, str]) -> Rubric:
    """Return the rubric typed: the newest one with what the form's fields say in its place.

    Fields are `<criterion>-title`, `<criterion>-<level>` (points), `<criterion>-<level>-text` and
    `<criterion>-remove`; those of the criterion `new` describe one to be added.

    Raises
    ------
    Unprocessable
        If a number is none or out of range, a text is missing or too long, a criterion's levels
        are not in order, or nothing is left.
    """
    found = [
        _typed(criterion, posted)
        for criterion in rubric_of(assignment)
        if not posted.get(f"{criterion.id}-remove")
    ]
    if any(posted.get(f"{NEW}-{name}", "").strip() for name in ("title", *_text_fields())):
        blank = Criterion(
            id=_free_id(assignment),
            title="",
            points=dict.fromkeys(Level, 0.0),
            texts=dict.fromkeys(Level, ""),
            signals=None,
        )
        found.append(_typed(blank, posted, name=NEW))
    if len(found) > CRITERIA_MAX:
        raise Unprocessable(
            f"{len(found)} criteria are too many.", remedy=f"A rubric has {CRITERIA_MAX} at most."
        )
    try:
        changed = scheme_of(assignment, tuple(found))
    except SchemeError as error:
        raise Unprocessable(str(error), remedy="Full must be worth most, none least.") from error
    if changed.log_points <= 0:
        raise Unprocessable("The log would be worth nothing.", remedy="Give some level points.")
    return tuple(found)


def _text_fields() -> tuple[str, ...]:
    return tuple(f"{level.value}-text" for level in Level)


def _typed(criterion: Criterion, posted: Mapping[str, str], name: str = "") -> Criterion:
    key = name or criterion.id
    title = _text(posted.get(f"{key}-title", criterion.title), "The title", TITLE_MAX)
    return replace(
        criterion,
        title=title,
        points={
            level: _number(title, posted.get(f"{key}-{level}", f"{criterion.points[level]:g}"))
            for level in Level
        },
        texts={
            level: _text(
                posted.get(f"{key}-{level}-text", criterion.texts[level]),
                f"{title}, {level}",
                TEXT_MAX,
            )
            for level in Level
        },
    )


def _text(text: str, what: str, most: int) -> str:
    said = " ".join(text.replace("\0", "").split())
    if not said:
        raise Unprocessable(f"{what} is empty.", remedy="Write what a marker should look for.")
    if len(said) > most:
        raise Unprocessable(f"{what} has {len(said)} characters, {most} fit.", remedy="Shorten it.")
    return said


def _number(title: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= POINTS_MAX:
        raise Unprocessable(
            f"{title}: “{text[:20]}” is not a number of points.",
            remedy=f"Give 0 to {POINTS_MAX:g}.",
        )
    return value


def _free_id(assignment: Assignment) -> str:
    """Return an id that no criterion of this assignment ever had."""
    return f"own{number_of(assignment) + 1}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Removed:
    """A criterion that would go, and how many logs have each level in it."""

    title: str
    counts: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What an edited rubric would change: its words, its points, and every score."""

    rubric: Rubric
    edits: tuple[Edit, ...]
    removed: tuple[Removed, ...]
    diff: Diff

    @property
    def fingerprint(self) -> str:
        """Return what the form sends back, so that exactly what was seen is done."""
        told = (self.diff.fingerprint, self.edits)
        return hashlib.sha256(repr(told).encode()).hexdigest()[:16]


def proposal(assignment: Assignment, wanted: Rubric) -> Proposal:
    """Return what every score would become, and what markers said in criteria that would go."""
    before = rubric_of(assignment)
    kept = {criterion.id for criterion in wanted}
    gone = {criterion.id: criterion.title for criterion in before if criterion.id not in kept}
    marks = _newest_marks(assignment, gone)
    counts = {key: Counter(levels.get(key, "") for levels in marks.values()) for key in gone}
    notes = {
        person: "; ".join(f"{gone[key]}: {level}" for key, level in levels.items())
        for person, levels in marks.items()
    }
    return Proposal(
        rubric=wanted,
        edits=tuple(edits_between(before, wanted)),
        removed=tuple(
            Removed(
                title=title,
                counts=tuple((level.value, counts[key][level.value]) for level in Level),
            )
            for key, title in gone.items()
        ),
        diff=diff(assignment, rubrics={assignment.pk: wanted}, notes=notes),
    )


def _newest_marks(assignment: Assignment, criteria: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Return the levels of these criteria in everybody's newest marking, by person."""
    if not criteria:
        return {}
    newest: dict[str, int] = {}
    whose: dict[int, str] = {}
    marks = LogMark.objects.filter(
        submission__assignment=assignment, submission__voided_at__isnull=True
    )
    for pk, person in marks.order_by("number").values_list("pk", "submission__person"):
        newest[person] = pk
        whose[pk] = person
    found: dict[str, dict[str, str]] = {}
    levels = CriterionMark.objects.filter(log_mark__in=newest.values(), criterion__in=criteria)
    for pk, criterion, level in levels.values_list("log_mark", "criterion", "level"):
        found.setdefault(whose[pk], {})[criterion] = level
    return found


@transaction.atomic
def rubric_change(
    *, assignment: Assignment, wanted: Rubric, seen: str, reason: str, actor: Person
) -> int:
    """Let this be the rubric, for marks given and to come; return how many scores changed.

    Raises
    ------
    Conflict
        If `seen` is not the fingerprint of what would change.
    Unprocessable
        If no reason is given, or nothing is edited.
    """
    services.turns_take(assignment.course_id)
    Assignment.objects.select_for_update().get(pk=assignment.pk)
    proposed = proposal(assignment, wanted)
    if seen != proposed.fingerprint:
        raise Conflict(
            "Scores or the rubric changed since you looked.", remedy="Look at the difference again."
        )
    if not proposed.edits:
        raise Unprocessable("Nothing is edited.", remedy="Change something, then look again.")
    reason_given(reason)
    version_add(assignment=assignment, rubric=wanted, reason=reason, actor=actor)
    return services.scores_recompute(assignment, actor=actor.id)


def version_add(
    *,
    assignment: Assignment,
    rubric: Rubric,
    reason: str,
    actor: Person | None,
    scheme: str = "",
) -> RubricVersion:
    """Store a rubric as the newest; scores are not touched. Without an actor the server did it.

    `scheme`: the one that counts from now on, where it is another.
    """
    before = rubric_of(assignment)
    version = RubricVersion.objects.create(
        assignment=assignment,
        number=number_of(assignment) + 1,
        criteria=rows_of(rubric, came_with(scheme or assignment.scheme, assignment.lab)),
        changed_by=actor,
        changed_at=clock.now(),
        reason=note(reason),
        scheme_before=assignment.scheme,
    )
    edits = edits_between(before, rubric)
    record(
        actor=actor.id if actor else "system",
        action="rubric.changed",
        subject=assignment.id,
        course_id=assignment.course_id,
        number=version.number,
        reason=version.reason,
        old={edit.what: edit.before[:200] for edit in edits},
        new={edit.what: edit.after[:200] for edit in edits},
    )
    return version


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """One version of a rubric with what it edited."""

    version: RubricVersion
    rubric: Rubric
    edits: tuple[Edit, ...]


def history(assignment: Assignment) -> list[Edition]:
    """Return every edit of a rubric, the newest first."""
    versions = RubricVersion.objects.filter(assignment=assignment).order_by("number")
    found, before = [], rubric_of(assignment, 0)
    for version in versions:
        after = rubric_of(assignment, version.number)
        edits = tuple(edits_between(before, after))
        found.append(Edition(version=version, rubric=after, edits=edits))
        before = after
    return found[::-1]


def unjudged(assignment: Assignment) -> list[str]:
    """Return submissions whose mark lacks a criterion that was added since."""
    wanted = {criterion.id for criterion in rubric_of(assignment)}
    marks = LogMark.objects.filter(
        submission__assignment=assignment, submission__voided_at__isnull=True
    )
    newest = dict(marks.order_by("number").values_list("submission", "pk"))
    had: dict[int, set[str]] = {}
    rows = CriterionMark.objects.filter(log_mark__in=newest.values())
    for pk, criterion in rows.values_list("log_mark", "criterion"):
        had.setdefault(pk, set()).add(criterion)
    return sorted(key for key, pk in newest.items() if not wanted <= had.get(pk, set()))
