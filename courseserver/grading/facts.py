"""From rows to facts: what a person's marks follow from, read in a fixed number of queries."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from courseserver.courses.due import NONE, allowances_of, due_dates_of
from courseserver.courses.models import Assignment, Course, Person
from courseserver.grading.criteria import Rubric, schemes_of
from courseserver.grading.late import bank_of, policy_of
from courseserver.grading.models import (
    CriterionMark,
    GradeOutbox,
    LogMark,
    Override,
    Regrading,
    Submission,
)
from courseserver.grading.policy import Handed, LabFacts, Marking, PersonFacts, Regrade, bank_left
from labs.schemes import Level


def facts_of(
    course: Course,
    people: Collection[str] | None = None,
    *,
    assignments: Collection[Assignment] | None = None,
    rubrics: Mapping[str, Rubric] | None = None,
    supposed: Collection[Assignment] = (),
) -> dict[str, PersonFacts]:
    """Return the facts of everybody who handed something in or has points by hand, by person id.

    Parameters
    ----------
    people
        Whose; None for everybody.
    assignments
        Of which labs; None for all. With a bank of late hours every lab matters to every other.
    rubrics
        Rubrics to suppose in place of an assignment's own, by its id.
    supposed
        Labs to suppose in place of those stored.
    """
    late = policy_of(course)
    stored = course.assignments.all() if assignments is None or late.has_bank else assignments
    others = {lab.pk: lab for lab in supposed}
    labs = [others.get(lab.pk, lab) for lab in stored]
    submissions = Submission.objects.filter(assignment__in=labs)
    if people is not None:
        submissions = submissions.filter(person__in=people)
    rows = list(submissions.defer("evidence"))
    found: dict[str, dict[str, list[Handed]]] = defaultdict(lambda: defaultdict(list))
    markings, regrades = _markings(rows), _regrades(rows)
    for row in rows:
        handed = _handed(row, markings.get(row.pk, ()), regrades.get(row.pk, ()))
        found[row.person_id][row.assignment_id].append(handed)
    set_by_hand = Override.objects.filter(assignment__in=labs)
    if people is not None:
        set_by_hand = set_by_hand.filter(person__in=people)
    overrides = {(row.assignment_id, row.person_id): row.points for row in set_by_hand}
    whom = set(found) | {person_id for _, person_id in overrides}
    dates = due_dates_of(course.pk, labs, whom)
    schemes = schemes_of(labs, rubrics or {})
    on_hold = set(
        GradeOutbox.objects.filter(assignment__in=labs, person__in=whom)
        .exclude(hold_reason="")
        .values_list("assignment_id", "person_id")
    )
    granted = next(iter(dates.values())).allowances if dates else {}
    return {
        person_id: PersonFacts(
            late=late,
            multiplier=granted.get(person_id, NONE).multiplier,
            labs=tuple(
                LabFacts(
                    id=lab.pk,
                    scheme=schemes[lab.pk],
                    points_max=lab.points_max,
                    due_at=dates[lab.pk].of(person_id),
                    mode=lab.send_mode,
                    is_released=lab.released_at is not None,
                    is_on_hold=(lab.pk, person_id) in on_hold,
                    override=overrides.get((lab.pk, person_id)),
                    handed=tuple(found[person_id][lab.pk]),
                )
                for lab in labs
                if lab.pk in found[person_id] or (lab.pk, person_id) in overrides
            ),
        )
        for person_id in sorted(whom)
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class LateHours:
    """A student's bank of late hours: what there was, and what is left [h]."""

    whole: int
    left: int


def late_hours(course: Course, person: Person) -> LateHours:
    """Return a student's late hours over the term."""
    facts = facts_of(course, [person.pk]).get(person.pk)
    if facts is None:
        granted = allowances_of(course.pk, [person.pk]).get(person.pk, NONE)
        whole = bank_of(policy_of(course), granted.multiplier)
        return LateHours(whole=whole, left=whole)
    return LateHours(whole=facts.bank_h, left=bank_left(facts))


def _handed(
    row: Submission, markings: Collection[Marking], regrades: Collection[Regrade]
) -> Handed:
    return Handed(
        id=row.pk,
        attempt_id=row.attempt_id,
        submitted_at=row.submitted_at,
        received_at=row.received_at,
        completion=row.completion,
        challenge=row.challenge,
        log_text=row.log_text,
        is_voided=row.voided_at is not None,
        markings=tuple(markings),
        regrades=tuple(regrades),
    )


def _markings(rows: list[Submission]) -> dict[str, list[Marking]]:
    levels: dict[int, dict[str, Level]] = defaultdict(dict)
    given = LogMark.objects.filter(submission__in=rows)
    for mark_id, criterion, level in CriterionMark.objects.filter(log_mark__in=given).values_list(
        "log_mark_id", "criterion", "level"
    ):
        levels[mark_id][criterion] = Level(level)
    found: dict[str, list[Marking]] = defaultdict(list)
    for mark in given:
        found[mark.submission_id].append(
            Marking(
                number=mark.number,
                levels=levels[mark.pk],
                points=mark.points,
                points_max=mark.points_max,
                comment=mark.comment,
            )
        )
    return found


def _regrades(rows: list[Submission]) -> dict[str, list[Regrade]]:
    found: dict[str, list[Regrade]] = defaultdict(list)
    for row in Regrading.objects.filter(submission__in=rows):
        found[row.submission_id].append(
            Regrade(number=row.number, completion=row.completion, challenge=row.challenge)
        )
    return found
