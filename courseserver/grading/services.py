"""What changes a score: a submission, a mark. Score, audit row and outbox row go together."""

import math
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from courseserver.audit.models import AuditEntry
from courseserver.audit.services import entry, record, record_all
from courseserver.common import clock
from courseserver.common.errors import Conflict, Unprocessable
from courseserver.courses.models import Assignment, Course, Enrolment, Identity, Person
from courseserver.grading import outbox, policy, scoring
from courseserver.grading.criteria import number_of, scheme_of
from courseserver.grading.facts import facts_of
from courseserver.grading.models import CriterionMark, LogMark, Regrading, Score, Submission
from courseserver.grading.publishing import drain_soon
from labs.schemes import Level, Scheme

COMMENT_MAX = 2000


@transaction.atomic
def submission_receive(
    *,
    assignment: Assignment,
    person: Person,
    attempt_id: str,
    lab_slug: str,
    lab_version: str,
    completion: float,
    challenge: float | None,
    log_text: str,
    evidence: dict[str, Any],
    submitted_at: datetime,
) -> Submission:
    """Store what a student handed in, score what needs no marker, and queue the grade.

    The same attempt again returns what is stored. The shape of `evidence` is described in
    `grading.evidence`.

    Parameters
    ----------
    completion : float
        Share of the completion points earned, 0 to 1 (`labs.schemes.completion_share`).
    challenge : float or None
        Ratio to the optimum, 0 to 1; 0 for a challenge not attempted; None if the lab has none.

    Raises
    ------
    ValueError
        If a share is outside 0 to 1.
    """
    _check_share("completion", completion)
    if challenge is not None:
        _check_share("challenge", challenge)
    now = clock.now()
    _serialize(assignment, person)
    submission, created = Submission.objects.get_or_create(
        attempt_id=attempt_id,
        defaults={
            "assignment": assignment,
            "person": person,
            "lab_slug": lab_slug,
            "lab_version": lab_version,
            "completion": completion,
            "challenge": challenge,
            "log_text": log_text,
            "evidence": evidence,
            "submitted_at": submitted_at,
            "received_at": now,
        },
    )
    if created:
        record(
            actor=person.id,
            action="submission.received",
            subject=person.id,
            course_id=assignment.course_id,
            assignment=assignment.id,
            submission=submission.id,
            attempt=attempt_id,
        )
        _settle(assignment, person, actor=person.id, now=now)
    return submission


@transaction.atomic
def log_mark(
    *,
    submission: Submission,
    marker: Person,
    levels: Mapping[str, Level],
    comment: str,
    seen_number: int,
) -> LogMark:
    """Mark a Decision Log; earlier marks stay as history, the newest counts.

    Parameters
    ----------
    seen_number : int
        The number of the marking the marker was looking at (0 for none).

    Raises
    ------
    Conflict
        If somebody else marked it meanwhile, or the attempt was voided.
    Unprocessable
        If a criterion has no level, or the comment is too long.
    """
    if len(comment) > COMMENT_MAX:
        raise Unprocessable(
            f"The comment has {len(comment)} characters, {COMMENT_MAX} fit.",
            remedy="Shorten it and save again.",
        )
    _serialize(submission.assignment, submission.person)
    # As it is now: its scheme may have changed while this waited for its turn.
    assignment = Assignment.objects.get(pk=submission.assignment_id)
    scheme = scheme_of(assignment)
    points = _criterion_points(scheme, levels)
    if Submission.objects.filter(pk=submission.pk, voided_at__isnull=False).exists():
        raise Conflict(
            "This attempt was voided.", remedy="The student's next attempt is marked instead."
        )
    last = submission.log_marks.order_by("-number").first()
    number = last.number if last else 0
    if number != seen_number:
        raise Conflict(
            "Somebody marked this log while you were reading it.",
            remedy="Their marks stand below: compare, then save yours if it shall count.",
        )
    now = clock.now()
    mark = LogMark.objects.create(
        submission=submission,
        number=number + 1,
        marker=marker,
        marked_at=now,
        comment=comment.strip(),
        points=sum(points.values()),
        points_max=scheme.log_points,
        rubric=number_of(assignment),
    )
    CriterionMark.objects.bulk_create(
        CriterionMark(log_mark=mark, criterion=key, level=levels[key].value, points=value)
        for key, value in points.items()
    )
    record(
        actor=marker.id,
        action="log.marked",
        subject=submission.person_id,
        course_id=assignment.course_id,
        assignment=assignment.id,
        submission=submission.id,
        number=mark.number,
        points=mark.points,
    )
    _settle(assignment, submission.person, actor=marker.id, now=now)
    return mark


@transaction.atomic
def submission_void(*, attempt_id: str, actor: Person) -> None:
    """Take a voided attempt out of marking and scores; nothing to do if it was not handed in.

    The grade in the LMS stays as it is until the student's next attempt is sent.
    """
    submission = Submission.objects.filter(attempt_id=attempt_id, voided_at__isnull=True).first()
    if submission is None:
        return
    assignment, person, now = submission.assignment, submission.person, clock.now()
    _serialize(assignment, person)
    submission.voided_at = now
    submission.save(update_fields=["voided_at"])
    record(
        actor=actor.id,
        action="submission.voided",
        subject=person.id,
        course_id=assignment.course_id,
        assignment=assignment.id,
        submission=submission.id,
    )
    _settle(assignment, person, actor=actor.id, now=now)


@transaction.atomic
def regrade_store(
    *,
    submission: Submission,
    completion: float,
    challenge: float | None,
    lab_version: str,
    reason: str,
    actor: Person,
) -> int:
    """Store what a submission's work is worth, computed anew; return how many scores changed.

    Raises
    ------
    ValueError
        If a share is outside 0 to 1.
    """
    _check_share("completion", completion)
    if challenge is not None:
        _check_share("challenge", challenge)
    assignment, person, now = submission.assignment, submission.person, clock.now()
    _serialize(assignment, person)
    last = submission.regradings.order_by("-number").first()
    Regrading.objects.create(
        submission=submission,
        number=last.number + 1 if last else 1,
        lab_version=lab_version,
        completion=completion,
        challenge=challenge,
        reason=reason,
        made_by=actor,
        made_at=now,
    )
    record(
        actor=actor.id,
        action="submission.regraded",
        subject=person.id,
        course_id=assignment.course_id,
        assignment=assignment.id,
        submission=submission.id,
        completion=completion,
        challenge=challenge,
        reason=reason,
    )
    return _settle(assignment, person, actor=actor.id, now=now, forced=False)


def _criterion_points(scheme: Scheme, levels: Mapping[str, Level]) -> dict[str, float]:
    try:
        return scoring.log_points(scheme, levels)
    except ValueError as error:
        raise Unprocessable(
            f"The marks are not complete: {error}.", remedy="Choose a level for each criterion."
        ) from error


def _check_share(name: str, share: float) -> None:
    if not (math.isfinite(share) and 0.0 <= share <= 1.0):
        raise ValueError(f"{name} is {share}; give a share from 0 to 1")


def _serialize(assignment: Assignment, person: Person) -> None:
    """Let one transaction at a time change this person's score in this course."""
    enrolments = Enrolment.objects.select_for_update()
    enrolments.filter(person=person, course=assignment.course_id).first()


def turns_take(course_id: str) -> None:
    """Let nobody else change a score of the course before this transaction ends.

    Whoever changes what many scores follow from calls it before anything else. Work that is being
    handed in is then either stored, and scored anew here, or waits and is scored by the new rule.
    Taken first, and in one order, no two transactions wait for each other.
    """
    enrolments = Enrolment.objects.select_for_update().filter(course=course_id)
    list(enrolments.order_by("pk").values_list("pk"))


def newest_submission(assignment: Assignment, person: Person) -> Submission | None:
    """Return the submission that counts: the one handed in last, however late it reached us."""
    mine = Submission.objects.filter(assignment=assignment, person=person, voided_at__isnull=True)
    return mine.order_by("-submitted_at", "-received_at", "-pk").first()


@transaction.atomic
def scores_recompute(assignment: Assignment, *, actor: str) -> int:
    """Bring all scores in line with all that was decided; return how many changed.

    With a bank of late hours, scores of other labs may change with this one's: those count too.
    """
    turns_take(assignment.course_id)
    return _recompute(_as_it_is_now([assignment.pk]), actor)


@transaction.atomic
def course_recompute(course: Course, *, actor: str) -> int:
    """Bring all scores of all labs in line with all that was decided; return how many changed."""
    turns_take(course.pk)
    return _recompute(_as_it_is_now(course.assignments.values_list("pk", flat=True)), actor)


@transaction.atomic
def person_recompute(assignment: Assignment, person: Person, *, actor: str) -> int:
    """Bring one person's scores in line with all that was decided; return how many changed."""
    _serialize(assignment, person)
    return _settle(assignment, person, actor=actor, now=clock.now(), forced=False)


def _as_it_is_now(labs: Iterable[str]) -> list[Assignment]:
    """Return labs with their course, whose settings may have changed while this waited."""
    return list(Assignment.objects.select_related("course").filter(pk__in=labs))


def _recompute(labs: Collection[Assignment], actor: str) -> int:
    """Settle everybody of these labs; whoever was erased keeps their scores, whose texts are gone.

    All labs are of one course.
    """
    people = Score.objects.filter(assignment__in=labs).values("person")
    known = Identity.objects.filter(person__in=people).order_by("person")
    whom = list(known.values_list("person", flat=True))
    if not whom:
        return 0
    course = next(iter(labs)).course
    return _bring_in_line(course, whom, labs, actor=actor, now=clock.now())


def _settle(
    assignment: Assignment, person: Person, *, actor: str, now: datetime, forced: bool = True
) -> int:
    """Bring one person's scores in line with the facts; return how many changed.

    `forced`: something new stands behind the assignment's score, equal points or not.
    """
    (lab,) = _as_it_is_now([assignment.pk])
    return _bring_in_line(lab.course, [person.pk], [lab], actor=actor, now=now, forced=forced)


def _bring_in_line(
    course: Course,
    people: Collection[str],
    labs: Collection[Assignment],
    *,
    actor: str,
    now: datetime,
    forced: bool = False,
) -> int:
    """Bring scores, audit log and outbox in line with the facts; return how many scores changed.

    Facts are read for all at once, and only what differs is written: a whole course takes as long
    as what changes in it. Marks of other labs come along where late hours tie them together.
    """
    facts = facts_of(course, people, assignments=labs)
    marks = {pk: policy.marks(facts[pk]) if pk in facts else {} for pk in people}
    wanted = {lab.pk for lab in labs}
    keys = wanted.union(*marks.values())
    places = {lab.pk: lab for lab in course.assignments.filter(pk__in=keys)}
    scores = {
        (score.person_id, score.assignment_id): score
        for score in Score.objects.filter(assignment__in=keys, person__in=people)
    }
    changed, is_to_send = 0, False
    entries: list[AuditEntry] = []
    desires: list[outbox.Desire] = []
    for person_id, found in marks.items():
        for key, mark in found.items():
            score = scores.get((person_id, key))
            score = score or Score(assignment=places[key], person_id=person_id, version=0)
            if _is_stored(score, mark) and not (forced and key in wanted):
                continue
            # Late hours may move while the points stay.
            changed += not score.version or score.is_voided or score.points != mark.points
            old = score.points if score.version else None
            _store(score, mark, now)
            entries.append(_entry(score, mark, old=old, course=course, actor=actor))
            desires.append(_desire(score, mark))
        for key in wanted - found.keys():
            gone = scores.get((person_id, key))
            if gone is not None and not gone.is_voided:
                is_to_send |= _void(gone, now)
                changed += 1
    record_all(entries)
    if desires:
        is_to_send |= outbox.scores_desire(course, desires, now=now)
    if is_to_send:
        transaction.on_commit(lambda: drain_soon(course.platform_id))
    return changed


def _void(score: Score, now: datetime) -> bool:
    """Let a score count for nothing: of a voided attempt the LMS keeps what it shows.

    Return whether something waits to be sent.
    """
    score.is_voided = True
    if score.submission_id is not None:
        score.save(update_fields=["is_voided"])
        outbox.score_withdraw(score)
        return False
    score.version += 1
    score.save(update_fields=["is_voided", "version"])
    row = outbox.score_clear(score, now=now)
    return row is not None and not row.is_held


def _fields(mark: policy.Mark) -> dict[str, Any]:
    return {
        "submission_id": mark.handed.id if mark.handed else None,
        "is_voided": False,
        "points": mark.points,
        "points_max": mark.total.points_max,
        "late_percent": mark.late.percent,
        "banked_h": mark.late.banked_h,
        "is_overridden": mark.is_overridden,
        "is_full": mark.is_full,
        "components": mark.total.components(),
    }


def _is_stored(score: Score, mark: policy.Mark) -> bool:
    return all(getattr(score, name) == value for name, value in _fields(mark).items())


def _store(score: Score, mark: policy.Mark, now: datetime) -> None:
    """Write a mark down as the newest score."""
    for name, value in _fields(mark).items():
        setattr(score, name, value)
    score.version += 1
    score.changed_at = now
    score.save()


def _entry(
    score: Score, mark: policy.Mark, *, old: float | None, course: Course, actor: str
) -> AuditEntry:
    return entry(
        actor=actor,
        action="score.changed",
        subject=score.person_id,
        course_id=course.pk,
        assignment=score.assignment_id,
        old=old,
        new=score.points,
        is_full=score.is_full,
        version=score.version,
        late_percent=mark.late.percent,
        late_hours=mark.late.banked_h,
        is_overridden=mark.is_overridden,
    )


def _desire(score: Score, mark: policy.Mark) -> outbox.Desire:
    return outbox.Desire(
        score=score,
        submitted_at=mark.handed.submitted_at if mark.handed else None,
        comment=_comment(mark),
        is_held=mark.is_held,
    )


def _comment(mark: policy.Mark) -> str:
    """Return the plain text the LMS shows beside the grade: where the points come from."""
    lines = [
        f"{s.title}: {'waits for its mark' if s.points is None else f'{s.points:g}'}"
        + (f" of {s.points_max:g}" if s.points is not None else "")
        for s in mark.total.sections
    ]
    if not mark.total.is_full:
        lines.insert(0, "Part score; the Decision Log is not marked yet.")
    if mark.late.words:
        lines.append(mark.late.words)
    if mark.is_overridden:
        lines.append(f"Set to {mark.points:g} by your instructor.")
    if mark.comment:
        lines.append(mark.comment)
    if mark.handed is not None:
        address = reverse("lab-synthesis", args=[mark.handed.attempt_id])
        lines.append(f"Your work: {settings.PUBLIC_URL}{address}")
    return "\n".join(lines)
