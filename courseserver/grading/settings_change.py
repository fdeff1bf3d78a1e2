"""Changing switches of an assignment or a course, with what that means for scores and grades."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from courseserver.audit.services import record
from courseserver.common import clock
from courseserver.courses.models import Assignment, Course, Person, SendMode
from courseserver.grading import foreseen, outbox, services
from courseserver.grading.criteria import number_of, rubric_of, rubric_under
from courseserver.grading.models import GradeOutbox, Score, Submission
from courseserver.grading.publishing import drain_soon
from courseserver.grading.reasons import note, reason_given
from courseserver.grading.rubric import version_add

_LATE_FIELDS = frozenset(
    {"late_grace_min", "late_percent_per_day", "late_cut_off_days", "late_bank_hours"}
)
# What a lab's scores follow from.
_SCORE_FIELDS = frozenset({"scheme", "due_at"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """What a change did: grades released or held back, scores that came out differently."""

    released: int = 0
    held: int = 0
    rescored: int = 0

    @property
    def words(self) -> str:
        said = ["Settings saved."]
        if self.rescored:
            said.append(f"{_count(self.rescored, 'score')} changed.")
        if self.released:
            said.append(f"{_count(self.released, 'grade')} on the way to the LMS.")
        if self.held:
            said.append(f"{_count(self.held, 'grade')} held back.")
        return " ".join(said)


def _count(count: int, noun: str) -> str:
    return f"1 {noun}" if count == 1 else f"{count} {noun}s"


@transaction.atomic
def settings_change(
    *,
    assignment: Assignment,
    actor: Person,
    reason: str = "",
    seen: str | None = None,
    **wanted: Any,
) -> Moved:
    """Store an assignment's switches; what waits and what was late follows.

    Takes any of `scheme`, `send_mode`, `send_as`, `only_if_higher`, `shared_parameters`,
    `optional_parts`, `shows_leaders`, `due_at`. Work handed in before keeps its completion, until
    computed anew. `seen`: the fingerprint of the differences that were shown; None: nobody looked.

    Raises
    ------
    Conflict
        If other scores would change than those seen.
    Unprocessable
        If scores stand on what is changed, and no reason is given.
    """
    services.turns_take(assignment.course_id)
    assignment = Assignment.objects.select_for_update().get(pk=assignment.pk)
    if changed_in(assignment, wanted).keys() & _SCORE_FIELDS:
        _refuse_unsaid(Score.objects.filter(assignment=assignment), reason)
        if seen is not None:
            foreseen.of_lab(assignment, wanted).refuse_unseen(seen)
    _rubric_follow(assignment, wanted.get("scheme", assignment.scheme), reason, actor)
    if "due_at" in changed_in(assignment, wanted):
        wanted["due_from_lms"] = False
    if wanted.get("send_mode") == SendMode.ON_RELEASE != assignment.send_mode:
        wanted["released_at"] = None
    changed = _store(assignment, wanted)
    if not changed:
        return Moved()
    course_id = assignment.course_id
    _recorded(actor, "assignment.settings_changed", assignment, course_id, changed, reason)
    moved = _apply_mode(assignment, actor.id, reason) if "send_mode" in changed else Moved()
    rescored = 0
    if changed.keys() & _SCORE_FIELDS:
        rescored = services.scores_recompute(assignment, actor=actor.id)
    if moved.released:
        _drain_after_commit(assignment)
    return Moved(released=moved.released, held=moved.held, rescored=rescored)


def stands_on_scheme(assignment: Assignment) -> bool:
    """Return whether work or an edited rubric stands on the present scheme."""
    handed_in = Submission.objects.filter(assignment=assignment)
    return handed_in.exists() or number_of(assignment) > 0


def _rubric_follow(assignment: Assignment, scheme: str, reason: str, actor: Person) -> None:
    """Begin with the criteria of another scheme; those before stay in the rubric's history."""
    if scheme == assignment.scheme or not stands_on_scheme(assignment):
        return
    rubric = rubric_under(assignment, scheme)
    if rubric != rubric_of(assignment):
        version_add(assignment=assignment, rubric=rubric, reason=reason, actor=actor, scheme=scheme)


def _refuse_unsaid(scores: QuerySet[Score], reason: str) -> None:
    if scores.exists():
        reason_given(reason)


@transaction.atomic
def course_change(
    *, course: Course, actor: Person, reason: str = "", seen: str | None = None, **wanted: Any
) -> Moved:
    """Store a course's clock and late policy; scores of late work follow.

    Takes any of `time_zone`, `late_grace_min`, `late_percent_per_day`, `late_cut_off_days`,
    `late_bank_hours`, `sections_apart`, `marks_anonymously`, `keep_days`. `seen`: the fingerprint
    of the differences that were shown; None: nobody looked.

    Raises
    ------
    Conflict
        If other scores would change than those seen.
    Unprocessable
        If scores stand under the late policy that is changed, and no reason is given.
    """
    services.turns_take(course.pk)
    course = Course.objects.select_for_update().get(pk=course.pk)
    if changed_in(course, wanted).keys() & _LATE_FIELDS:
        _refuse_unsaid(Score.objects.filter(assignment__course=course), reason)
        if seen is not None:
            foreseen.of_course(course, wanted).refuse_unseen(seen)
    changed = _store(course, wanted)
    if not changed:
        return Moved()
    _recorded(actor, "course.settings_changed", course, course.pk, changed, reason)
    rescored = 0
    if changed.keys() & _LATE_FIELDS:
        rescored = services.course_recompute(course, actor=actor.id)
    return Moved(rescored=rescored)


@transaction.atomic
def grades_release(*, assignment: Assignment, actor: Person, reason: str = "") -> int:
    """Release an assignment's grades, from now on at once; return how many left the hold."""
    services.turns_take(assignment.course_id)
    assignment = Assignment.objects.select_for_update().get(pk=assignment.pk)
    if assignment.send_mode != SendMode.ON_RELEASE or assignment.released_at is not None:
        return 0
    now = clock.now()
    assignment.released_at = now
    assignment.save(update_fields=["released_at"])
    record(
        actor=actor.id,
        action="grades.released",
        subject=assignment.id,
        course_id=assignment.course_id,
        reason=note(reason),
    )
    rows = GradeOutbox.objects.filter(assignment=assignment)
    count = outbox.rows_release(rows, actor=actor.id, now=now, reason=reason)
    _drain_after_commit(assignment)
    return count


@transaction.atomic
def column_wanted(*, assignment: Assignment, actor: Person) -> int:
    """Let the LMS make a column for an assignment whose link has none, or lost it."""
    services.turns_take(assignment.course_id)
    assignment = Assignment.objects.select_for_update().get(pk=assignment.pk)
    assignment.makes_column = True
    gone = GradeOutbox.objects.filter(assignment=assignment, reason_code="column_gone")
    if gone.exists():
        outbox.column_lost(assignment)
    assignment.save(update_fields=["makes_column"])
    record(
        actor=actor.id,
        action="assignment.column_wanted",
        subject=assignment.id,
        course_id=assignment.course_id,
    )
    rows = GradeOutbox.objects.filter(
        assignment=assignment, reason_code__in=("no_column", "column_gone")
    )
    count = outbox.rows_retry(rows, actor=actor.id, now=clock.now())
    _drain_after_commit(assignment)
    return count


def changed_in(thing: Assignment | Course, wanted: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Return each field that differs from what is wanted: its old and new value."""
    return {
        name: (getattr(thing, name), value)
        for name, value in wanted.items()
        if getattr(thing, name) != value
    }


def _store(thing: Assignment | Course, wanted: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Save what differs; return each changed field's old and new value."""
    changed = changed_in(thing, wanted)
    for name, (_, value) in changed.items():
        setattr(thing, name, value)
    if changed:
        thing.save(update_fields=list(changed))
    return changed


def _recorded(
    actor: Person,
    action: str,
    thing: Assignment | Course,
    course_id: str,
    changed: dict[str, tuple[Any, Any]],
    reason: str,
) -> None:
    record(
        actor=actor.id,
        action=action,
        subject=thing.pk,
        course_id=course_id,
        old={name: _plain(old) for name, (old, _) in changed.items()},
        new={name: _plain(new) for name, (_, new) in changed.items()},
        reason=note(reason),
    )


def _apply_mode(assignment: Assignment, actor: str, reason: str) -> Moved:
    now = clock.now()
    rows = GradeOutbox.objects.filter(assignment=assignment)
    full, part = rows.filter(desired_is_full=True), rows.filter(desired_is_full=False)
    is_held = {
        True: outbox.is_held_by(assignment, is_full=True),
        False: outbox.is_held_by(assignment, is_full=False),
    }
    released = held = 0
    for chosen, is_full in ((full, True), (part, False)):
        if is_held[is_full]:
            held += outbox.rows_hold(chosen, actor=actor, now=now, reason=reason)
        else:
            released += outbox.rows_release(chosen, actor=actor, now=now, reason=reason)
    return Moved(released=released, held=held)


def _drain_after_commit(assignment: Assignment) -> None:
    platform_id = assignment.course.platform_id
    transaction.on_commit(lambda: drain_soon(platform_id))


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value
