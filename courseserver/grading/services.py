"""What changes a score: a submission, a mark. Score, audit row and outbox row go together."""

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from courseserver.audit.services import record
from courseserver.common import clock
from courseserver.common.errors import Conflict, Unprocessable
from courseserver.courses.due import due_dates
from courseserver.courses.models import Assignment, Enrolment, Person
from courseserver.grading import outbox, scoring
from courseserver.grading.late import Lateness, lateness, policy_of
from courseserver.grading.models import CriterionMark, LogMark, Score, Submission
from courseserver.grading.publishing import drain_soon
from labs.schemes import Level, Scheme, load_scheme

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
        _score_update(assignment, person, actor=person.id, now=now)
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
    assignment = submission.assignment
    scheme = load_scheme(assignment.scheme)
    points = _criterion_points(scheme, levels)
    _serialize(assignment, submission.person)
    if Submission.objects.filter(pk=submission.pk, voided_at__isnull=False).exists():
        raise Conflict(
            "This attempt was voided.", remedy="The student's next attempt is marked instead."
        )
    last = submission.log_marks.order_by("-number").first()
    number = last.number if last else 0
    if number != seen_number:
        raise Conflict(
            "Somebody marked this log while you were reading it.",
            remedy="Open it again to see their marks, then decide.",
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
    _score_update(assignment, submission.person, actor=marker.id, now=now)
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
    if newest_submission(assignment, person) is not None:
        _score_update(assignment, person, actor=actor.id, now=now)
        return
    score = Score.objects.get(assignment=assignment, person=person)
    score.is_voided = True
    score.save(update_fields=["is_voided"])
    outbox.score_withdraw(score)


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


def newest_submission(assignment: Assignment, person: Person) -> Submission | None:
    """Return the submission that counts: the one handed in last, however late it reached us."""
    mine = Submission.objects.filter(assignment=assignment, person=person, voided_at__isnull=True)
    return mine.order_by("-submitted_at", "-received_at", "-pk").first()


def scores_recompute(assignment: Assignment, *, actor: str) -> int:
    """Bring all scores in line with due dates and late policy; return how many changed."""
    changed = 0
    people = Person.objects.filter(scores__assignment=assignment, scores__is_voided=False)
    for person in people.order_by("pk"):
        with transaction.atomic():
            _serialize(assignment, person)
            score = _score_update(
                assignment, person, actor=actor, now=clock.now(), only_if_changed=True
            )
            changed += score is not None
    return changed


def _score_update(
    assignment: Assignment,
    person: Person,
    *,
    actor: str,
    now: datetime,
    only_if_changed: bool = False,
) -> Score | None:
    """Bring score, audit log and outbox in line with what is handed in and marked.

    Returns None where there is nothing handed in, or nothing to change.
    """
    submission = newest_submission(assignment, person)
    if submission is None:
        return None
    mark = submission.log_marks.order_by("-number").first()
    total = scoring.total(
        load_scheme(assignment.scheme),
        completion=submission.completion,
        challenge=submission.challenge,
        log_text=submission.log_text,
        log_points=mark.points if mark else None,
        points_max=assignment.points_max,
    )
    late = lateness(
        policy_of(assignment.course),
        due_at=due_dates(assignment).of(person.pk),
        submitted_at=submission.submitted_at,
    )
    points = scoring.after_lateness(total, late.percent)
    score = Score.objects.filter(assignment=assignment, person=person).first()
    is_same = score is not None and (score.points, score.late_percent) == (points, late.percent)
    if only_if_changed and is_same:
        return None
    old = score.points if score else None
    if score is None:
        score = Score(assignment=assignment, person=person, version=0)
    score.submission = submission
    score.is_voided = False
    score.version += 1
    score.points = points
    score.points_max = total.points_max
    score.late_percent = late.percent
    score.is_full = total.is_full
    score.components = total.components()
    score.changed_at = now
    score.save()
    record(
        actor=actor,
        action="score.changed",
        subject=person.id,
        course_id=assignment.course_id,
        assignment=assignment.id,
        old=old,
        new=score.points,
        is_full=score.is_full,
        version=score.version,
        late_percent=late.percent,
    )
    comment = _comment(total, mark, late, submission.attempt_id)
    row = outbox.score_desire(score, comment=comment, now=now)
    if row is not None and not row.is_held:
        transaction.on_commit(lambda: drain_soon(row.platform_id))
    return score


def _comment(total: scoring.Total, mark: LogMark | None, late: Lateness, attempt_id: str) -> str:
    """Return the plain text the LMS shows beside the grade: where the points come from."""
    lines = [
        f"{s.title}: {'waits for its mark' if s.points is None else f'{s.points:g}'}"
        + (f" of {s.points_max:g}" if s.points is not None else "")
        for s in total.sections
    ]
    if not total.is_full:
        lines.insert(0, "Part score; the Decision Log is not marked yet.")
    if late.words:
        lines.append(late.words)
    if mark and mark.comment:
        lines.append(mark.comment)
    lines.append(f"Your work: {settings.PUBLIC_URL}{reverse('lab-synthesis', args=[attempt_id])}")
    return "\n".join(lines)
