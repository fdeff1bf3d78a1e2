"""Looking at what the LMS shows: ours, not there yet, or someone else's."""

from datetime import datetime, timedelta

from django.db import transaction

from courseserver.audit.services import record
from courseserver.grading.gradebook import Reading
from courseserver.grading.models import GradeOutbox, SendState
from courseserver.grading.outbox import SYSTEM, same_points

# Some gradebooks show a score only after a while: look again before calling it overridden.
LOOKS_S = (5.0, 30.0, 120.0, 600.0)
LOOKS_AT_FOREIGN = 2
# Teachers change grades in the LMS: look once a day while a grade is young.
LOOK_EVERY = timedelta(days=1)
YOUNG = timedelta(days=14)
SETTLED = (SendState.IN_LMS, SendState.OVERRIDDEN, SendState.KEPT)


def is_foreign(row: GradeOutbox, lms: float | None) -> bool:
    """Return whether the LMS shows a grade somebody else put there (or took away)."""
    if row.push_over or same_points(lms, row.desired_points):
        return False
    if lms is None:
        return row.lms_score is not None and _is_ours(row, row.lms_score)
    return not _is_ours(row, lms)


def is_outranked(row: GradeOutbox, reading: Reading | None) -> bool:
    """Return whether only higher scores are sent, and the LMS already shows more than ours.

    Where it does not let us look, what we sent last stands for it.
    """
    if not row.assignment.only_if_higher or row.push_over or row.desired_points is None:
        return False
    if reading is not None:
        shown = reading.points
    else:
        shown = row.our_points[-1] if row.last_sent_version else None
    if shown is None or same_points(shown, row.desired_points):
        return False
    return shown > row.desired_points


def has_arrived(row: GradeOutbox, lms: float | None) -> bool:
    """Return whether the newest score, sent by a sender that died, stands in the LMS."""
    return row.tried_version == row.desired_version and same_points(lms, row.desired_points)


def _is_ours(row: GradeOutbox, lms: float) -> bool:
    return any(same_points(lms, points) for points in row.our_points)


@transaction.atomic
def read_noted(pk: int, lms: float | None, *, now: datetime) -> None:
    """Store what the LMS shows and what that means for the row's state."""
    row = _locked(pk)
    row.lms_score = lms
    row.read_at = now
    row.next_read_at = None
    sent = row.our_points[-1] if row.our_points else None
    is_cleared = row.desired_points is None and row.state == SendState.IN_LMS
    if is_cleared:
        # Nothing of ours stands there any more: whatever does is theirs.
        pass
    elif row.state == SendState.SENT:
        _judge_sent(row, sent, now)
    elif row.state in SETTLED and not _is_row_equal(row, sent):
        if row.state == SendState.IN_LMS:
            _override(row)
    elif row.state in SETTLED:
        row.state = SendState.IN_LMS
    is_followed = row.state == SendState.IN_LMS and row.desired_points is not None
    if is_followed and row.last_sent_at and now - row.last_sent_at < YOUNG:
        row.next_read_at = now + LOOK_EVERY
    row.save()


def _judge_sent(row: GradeOutbox, sent: float | None, now: datetime) -> None:
    if _is_row_equal(row, sent):
        row.state = SendState.IN_LMS
        row.our_points = [sent]
        row.push_over = False
        row.read_attempts = 0
        _audit(row, "grade.read_back", lms=row.lms_score)
        return
    looks = row.read_attempts + 1
    foreign = row.lms_score is not None and not _is_ours(row, row.lms_score)
    if foreign and looks >= LOOKS_AT_FOREIGN:
        _override(row)
    elif looks <= len(LOOKS_S):
        row.read_attempts = looks
        row.next_read_at = now + timedelta(seconds=LOOKS_S[looks - 1])


def _is_row_equal(row: GradeOutbox, sent: float | None) -> bool:
    return bool(row.our_points) and same_points(row.lms_score, sent)


def _override(row: GradeOutbox) -> None:
    row.state = SendState.OVERRIDDEN
    row.push_over = False
    _audit(row, "grade.overridden", ours=row.desired_points, lms=row.lms_score)


@transaction.atomic
def read_failed(pk: int, *, now: datetime, delay: timedelta) -> None:
    """Look again later, as long as the grade is young: a fault says nothing about the grade."""
    row = _locked(pk)
    row.read_attempts += 1
    is_young = row.last_sent_at is None or now - row.last_sent_at < YOUNG
    row.next_read_at = now + delay if is_young else None
    row.save()


@transaction.atomic
def read_impossible(pk: int) -> None:
    """The platform does not let us look: stop trying."""
    row = _locked(pk)
    row.next_read_at = None
    row.save()


def _locked(pk: int) -> GradeOutbox:
    rows = GradeOutbox.objects.select_for_update(of=("self",)).select_related("assignment")
    return rows.get(pk=pk)


def _audit(row: GradeOutbox, action: str, **detail: object) -> None:
    record(
        actor=SYSTEM,
        action=action,
        subject=row.person_id,
        course_id=row.assignment.course_id,
        assignment=row.assignment_id,
        version=row.last_sent_version,
        **detail,
    )
