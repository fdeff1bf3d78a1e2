"""The outbox's writes: what should be in the LMS, who may send it now, and how it went.

Every function here is one short transaction; none of them talks to a platform.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from courseserver.audit.services import record
from courseserver.common import clock
from courseserver.common.ids import new_id
from courseserver.courses.models import Assignment, Course, Enrolment, Role
from courseserver.courses.selectors import subject_of
from courseserver.grading import policy
from courseserver.grading.faults import Refusal
from courseserver.grading.models import GradeOutbox, Score, SendState
from courseserver.grading.reasons import note, reason_given
from courseserver.lti.line_items import line_item_forget

STEP = timedelta(seconds=1)
WAITING = (SendState.QUEUED, SendState.RETRYING)
DECIDABLE = (SendState.OVERRIDDEN, SendState.KEPT, SendState.LOWER)
SYSTEM = "system"


def lease_end(now: datetime) -> datetime:
    """Return when a silent sender's claim ends.

    A request that outlives it is harmless: whoever takes over stamps later, and the platform
    refuses the older stamp.
    """
    return now + timedelta(seconds=settings.GRADING_LEASE_S)


def same_points(a: float | None, b: float | None) -> bool:
    """Return whether two grades are equal as gradebooks keep them (some round to 2 decimals)."""
    if a is None or b is None:
        return a is b
    return abs(a - b) < 0.01


def is_held_by(assignment: Assignment, *, is_full: bool) -> bool:
    """Return whether the assignment's mode keeps a new score back until somebody acts."""
    return policy.is_held(
        assignment.send_mode,
        is_full=is_full,
        is_released=assignment.released_at is not None,
        is_on_hold=False,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Desire:
    """A score that the LMS should show, and what goes with it."""

    score: Score
    submitted_at: datetime | None
    comment: str
    is_held: bool


@transaction.atomic
def scores_desire(course: Course, desires: Collection[Desire], *, now: datetime) -> bool:
    """Make these the scores the LMS should show; return whether one of them waits to be sent.

    Call it in the transaction of the change. An older version never replaces a newer one. People
    who teach have no grade in the LMS, so they have no row.
    """
    people = {desire.score.person_id for desire in desires}
    learners = set(
        course.enrolments.filter(person__in=people, role=Role.LEARNER).values_list(
            "person", flat=True
        )
    )
    labs = {desire.score.assignment_id for desire in desires}
    stored = _locked().filter(assignment__in=labs, person__in=learners).order_by("pk")
    rows = {(row.assignment_id, row.person_id): row for row in stored}
    is_to_send = False
    for desire in desires:
        score = desire.score
        if score.person_id not in learners:
            continue
        row = rows.get((score.assignment_id, score.person_id)) or GradeOutbox(
            assignment_id=score.assignment_id,
            person_id=score.person_id,
            platform_id=course.platform_id,
            desired_version=0,
        )
        _replace(row, desire, now)
        is_to_send |= not row.is_held
    return is_to_send


def _replace(row: GradeOutbox, desire: Desire, now: datetime) -> None:
    score = desire.score
    if score.version <= row.desired_version:
        return
    row.desired_points = score.points
    row.desired_max = score.points_max
    row.desired_is_full = score.is_full
    row.desired_version = score.version
    row.comment = desire.comment
    row.submitted_at = desire.submitted_at
    row.is_held = desire.is_held
    _settle(row, now)
    row.save()


def _settle(row: GradeOutbox, now: datetime) -> None:
    """Set the state of a row whose desired score or hold changed; a sender at work goes on."""
    row.attempts = 0
    row.reason_code = ""
    row.detail = ""
    row.next_try_at = (
        max(now, min(row.last_sent_at + STEP, now + STEP)) if row.last_sent_at else now
    )
    if row.state != SendState.SENDING:
        row.state = SendState.HELD if row.is_held else SendState.QUEUED


@transaction.atomic
def rows_release(
    rows: QuerySet[GradeOutbox], *, actor: str, now: datetime, reason: str = ""
) -> int:
    """Let held grades go to the LMS; return how many."""
    count = 0
    held = rows.select_for_update(of=("self",)).filter(is_held=True, hold_reason="")
    for row in held.exclude(state=SendState.VOIDED).select_related("assignment"):
        row.is_held = False
        _settle(row, now)
        row.save()
        _audit(row, actor, "grade.released", version=row.desired_version, reason=note(reason))
        count += 1
    return count


@transaction.atomic
def rows_release_seen(
    rows: QuerySet[GradeOutbox],
    seen: Mapping[int, int],
    *,
    actor: str,
    now: datetime,
    reason: str = "",
) -> int:
    """Let held grades go that are still the versions somebody saw; return how many."""
    same = [
        pk
        for pk, version in rows.filter(pk__in=seen).values_list("pk", "desired_version")
        if seen[pk] == version
    ]
    return rows_release(rows.filter(pk__in=same), actor=actor, now=now, reason=reason)


@transaction.atomic
def score_withdraw(score: Score) -> None:
    """Let nothing of a voided score leave; what the LMS shows stays until a new one is sent."""
    row = _locked().filter(assignment=score.assignment, person=score.person).first()
    if row is not None:
        row.is_held = True
        row.state = SendState.VOIDED
        row.lease_token = ""
        row.lease_until = None
        row.save()


@transaction.atomic
def score_clear(score: Score, *, now: datetime) -> GradeOutbox | None:
    """Let the LMS show no grade where points given by hand were taken back.

    What never left needs no clearing; a grade that somebody keeps back waits as any other.
    """
    row = _locked().filter(assignment=score.assignment, person=score.person).first()
    if row is None or row.tried_version == 0:
        score_withdraw(score)
        return None
    row.desired_points = None
    row.desired_is_full = True
    row.desired_version = score.version
    row.comment = ""
    row.submitted_at = None
    row.is_held = bool(row.hold_reason)
    _settle(row, now)
    row.save()
    return row


@transaction.atomic
def rows_hold(rows: QuerySet[GradeOutbox], *, actor: str, now: datetime, reason: str = "") -> int:
    """Keep waiting grades back again (the assignment's mode changed); return how many."""
    count = 0
    waiting = rows.select_for_update(of=("self",)).filter(is_held=False, state__in=WAITING)
    for row in waiting.select_related("assignment"):
        row.is_held = True
        _settle(row, now)
        row.save()
        _audit(row, actor, "grade.held", version=row.desired_version, reason=note(reason))
        count += 1
    return count


@transaction.atomic
def rows_retry(rows: QuerySet[GradeOutbox], *, actor: str, now: datetime, reason: str = "") -> int:
    """Try refused and waiting grades again at once; return how many."""
    stuck = rows.select_for_update(of=("self",)).filter(
        is_held=False, state__in=(SendState.REFUSED, SendState.RETRYING)
    )
    count = 0
    for row in stuck.select_related("assignment"):
        _settle(row, now)
        row.save()
        _audit(row, actor, "grade.retried", version=row.desired_version, reason=note(reason))
        count += 1
    return count


def rows_of(rows: QuerySet[GradeOutbox], people: Collection[str] | None) -> QuerySet[GradeOutbox]:
    """Return those of these people; None: everybody's."""
    return rows if people is None else rows.filter(person__in=people)


def rows_look(rows: QuerySet[GradeOutbox], *, now: datetime) -> int:
    """Look at these grades in the LMS soon, sent or not; return how many."""
    return rows.exclude(assignment__line_item_url="").update(next_read_at=now, read_attempts=0)


def is_looking(rows: QuerySet[GradeOutbox]) -> bool:
    """Return whether grades are about to be looked at for the first time since a press."""
    return rows.filter(next_read_at__lte=clock.now(), read_attempts=0).exists()


@transaction.atomic
def row_decide(pk: int, *, keep: bool, actor: str, now: datetime, reason: str = "") -> bool:
    """Settle an overridden grade: keep theirs or push ours. False: nothing to settle.

    Raises
    ------
    Unprocessable
        If ours is to be written over theirs and no reason is given.
    """
    why = note(reason) if keep else reason_given(reason)
    row = _locked().filter(pk=pk, state__in=DECIDABLE).select_related("assignment").first()
    if row is None or (keep and row.state == SendState.LOWER):
        return False
    if keep:
        row.state = SendState.KEPT
        row.next_read_at = None
    else:
        row.push_over = True
        row.is_held = False
        _settle(row, now)
    row.save()
    _audit(
        row,
        actor,
        "grade.kept_in_lms" if keep else "grade.pushed_over",
        ours=row.desired_points,
        lms=row.lms_score,
        reason=why,
    )
    return True


@transaction.atomic
def rows_settle(*, now: datetime) -> None:
    """Tidy what no sender will: held rows of dead senders, and columns found meanwhile."""
    orphaned = GradeOutbox.objects.filter(state=SendState.SENDING, lease_until__lt=now)
    orphaned.filter(is_held=True).update(state=SendState.HELD, lease_token="")
    waiting = GradeOutbox.objects.filter(state=SendState.REFUSED, reason_code="no_column")
    found = waiting.exclude(assignment__line_item_url="")
    found.update(state=SendState.QUEUED, attempts=0, reason_code="", next_try_at=now)
    _returned(now).update(state=SendState.QUEUED, attempts=0, reason_code="", next_try_at=now)


def _returned(now: datetime) -> QuerySet[GradeOutbox]:
    """Return grades of people who were away from the course and are students of it again."""
    active = Enrolment.objects.filter(
        person=OuterRef("person"),
        course=OuterRef("assignment__course"),
        role=Role.LEARNER,
        is_active=True,
    )
    away = GradeOutbox.objects.filter(
        state=SendState.REFUSED, reason_code__in=("inactive", "teaches")
    )
    return away.filter(Exists(active))


def column_lost(assignment: Assignment) -> None:
    """Forget a column that the LMS says is gone."""
    line_item_forget(assignment.course.platform, assignment.line_item_url)
    Assignment.objects.filter(pk=assignment.pk).update(line_item_url="")
    assignment.line_item_url = ""


def column_found(assignment: Assignment, url: str) -> None:
    """Remember the column made for an assignment, unless a launch named one meanwhile."""
    nameless = Assignment.objects.filter(pk=assignment.pk, line_item_url="")
    nameless.update(line_item_url=url)
    assignment.refresh_from_db(fields=["line_item_url"])


# --- what senders do --------------------------------------------------------------------------
@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The right to send one row's grade, until the lease ends."""

    pk: int
    token: str
    row: GradeOutbox
    subject: str
    # Why this person can have no grade in the LMS, as a reason code; empty: they can.
    obstacle: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """Exactly what leaves: the newest score at the moment of leaving, with its time stamp."""

    assignment: Assignment
    subject: str
    # None: the grade is cleared.
    points: float | None
    points_max: float
    is_full: bool
    version: int
    comment: str
    # None: nothing is handed in.
    submitted_at: datetime | None
    stamp: datetime
    # Nothing of this person's has left before.
    is_first: bool


def due(now: datetime) -> QuerySet[GradeOutbox]:
    """Return rows that may be sent now, those of dead senders included."""
    waiting = Q(state__in=WAITING, next_try_at__lte=now)
    orphaned = Q(state=SendState.SENDING, lease_until__lt=now)
    return GradeOutbox.objects.filter(waiting | orphaned, is_held=False)


def read_due(now: datetime) -> QuerySet[GradeOutbox]:
    """Return rows whose grade in the LMS should be looked at now."""
    return GradeOutbox.objects.filter(next_read_at__lte=now).exclude(state=SendState.SENDING)


@transaction.atomic
def row_claim(platform_id: str, *, now: datetime, beside: str = "") -> Claim | None:
    """Take the longest-waiting due row of a platform, or None; two senders never get the same.

    Rows of the assignment `beside` come first: what its column shows was just listed.
    """
    mine = due(now).filter(platform_id=platform_id)
    waiting = mine.order_by("next_try_at", "pk").values_list("pk", flat=True)
    pk = waiting.filter(assignment=beside).first() if beside else None
    pk = pk or waiting.first()
    if pk is None:
        return None
    token = new_id("lease")
    taken = mine.filter(pk=pk).update(
        state=SendState.SENDING, lease_token=token, lease_until=lease_end(now)
    )
    if taken != 1:
        return None
    row = GradeOutbox.objects.select_related("assignment__course__platform").get(pk=pk)
    platform = row.assignment.course.platform
    return Claim(
        pk=pk,
        token=token,
        row=row,
        subject=subject_of(row.person_id, platform),
        obstacle=_obstacle(row),
    )


def _obstacle(row: GradeOutbox) -> str:
    mine = Enrolment.objects.filter(person=row.person_id, course=row.assignment.course_id)
    enrolment = mine.first()
    if enrolment is None or not enrolment.is_active:
        return "inactive"
    return "teaches" if enrolment.is_staff else ""


def waiting_beside(row: GradeOutbox, *, now: datetime) -> int:
    """Return how many grades of the row's assignment are to be sent now, this one included."""
    return due(now).filter(assignment=row.assignment_id).count() + 1


@transaction.atomic
def parcel_pack(claim: Claim, *, now: datetime) -> Parcel | None:
    """Store the intent to send and return what to send; None if the claim is no longer ours.

    The stamp is strictly increasing per row and written first: whatever dies after this line, a
    second sender stamps later than the first, and knows these points may be in the LMS.
    """
    row = _ours(claim)
    if row is None:
        return None
    if row.is_held:
        row.state = SendState.HELD
        row.save()
        return None
    # Not "never tried": a first request that got lost must still count as the attempt.
    is_first = row.last_sent_version == 0
    row.last_sent_at = max(now, row.last_sent_at + STEP) if row.last_sent_at else now
    row.tried_version = row.desired_version
    row.our_points = [*row.our_points, row.desired_points][-20:]
    row.lease_until = lease_end(now)
    row.save()
    return Parcel(
        assignment=row.assignment,
        subject=claim.subject,
        points=row.desired_points,
        points_max=row.desired_max,
        is_full=row.desired_is_full,
        version=row.desired_version,
        comment=row.comment,
        submitted_at=row.submitted_at,
        stamp=row.last_sent_at,
        is_first=is_first,
    )


@transaction.atomic
def row_accepted(claim: Claim, version: int, *, now: datetime) -> GradeOutbox | None:
    """Note that the LMS took this version; a newer one that came meanwhile queues again."""
    row = _ours(claim)
    if row is None:
        return None
    row.last_sent_version = max(row.last_sent_version, version)
    row.attempts = 0
    row.http_status = 200
    row.reason_code = ""
    row.detail = ""
    row.lease_token = ""
    row.lease_until = None
    if row.desired_version > version:
        _settle_after_sending(row, now)
    else:
        row.state = SendState.SENT
        row.read_attempts = 0
        row.next_read_at = now
    row.save()
    sent = row.our_points[-1]
    action = "grade.cleared" if sent is None else "grade.sent"
    _audit(row, SYSTEM, action, version=version, points=sent)
    return row


def _settle_after_sending(row: GradeOutbox, now: datetime) -> None:
    row.state = SendState.HELD if row.is_held else SendState.QUEUED
    row.next_try_at = now + STEP


@transaction.atomic
def row_failed(claim: Claim, refusal: Refusal, *, now: datetime, delay: timedelta) -> None:
    """Note a fault: wait `delay` and try again, or stop and ask a person (`refusal.is_final`)."""
    row = _ours(claim)
    if row is None:
        return
    row.lease_token = ""
    row.lease_until = None
    row.http_status = refusal.status
    row.reason_code = refusal.code
    row.detail = refusal.detail[:500]
    row.attempts += 1
    row.next_try_at = now + delay
    if row.is_held:
        row.state = SendState.HELD
    else:
        row.state = SendState.REFUSED if refusal.is_final else SendState.RETRYING
    row.save()
    if refusal.is_final:
        _audit(row, SYSTEM, "grade.refused", reason=refusal.code, status=refusal.status)


@transaction.atomic
def row_put_back(claim: Claim, *, until: datetime) -> None:
    """Undo a claim without counting a try: the whole lane has to wait."""
    row = _ours(claim)
    if row is not None:
        row.lease_token = ""
        row.lease_until = None
        row.next_try_at = until
        row.state = SendState.HELD if row.is_held else SendState.QUEUED
        row.save()


@transaction.atomic
def row_overridden(claim: Claim, lms_score: float | None, *, now: datetime) -> None:
    """Stop before writing over a grade that is not ours, and show it."""
    row = _ours(claim)
    if row is None:
        return
    row.lease_token = ""
    row.lease_until = None
    row.lms_score = lms_score
    row.read_at = now
    row.state = SendState.OVERRIDDEN
    row.save()
    _audit(row, SYSTEM, "grade.overridden", ours=row.desired_points, lms=lms_score)


@transaction.atomic
def row_outranked(claim: Claim, lms_score: float | None, *, now: datetime) -> None:
    """Stop where only higher scores are sent and the LMS shows more."""
    row = _ours(claim)
    if row is None:
        return
    row.lease_token = ""
    row.lease_until = None
    if lms_score is not None:
        row.lms_score = lms_score
        row.read_at = now
    row.state = SendState.LOWER
    row.save()
    _audit(row, SYSTEM, "grade.not_higher", ours=row.desired_points, lms=lms_score)


def _ours(claim: Claim) -> GradeOutbox | None:
    rows = _locked().select_related("assignment__course__platform")
    return rows.filter(pk=claim.pk, lease_token=claim.token, state=SendState.SENDING).first()


def _locked() -> QuerySet[GradeOutbox]:
    return GradeOutbox.objects.select_for_update(of=("self",))


def _audit(row: GradeOutbox, actor: str, action: str, **detail: object) -> None:
    record(
        actor=actor,
        action=action,
        subject=row.person_id,
        course_id=row.assignment.course_id,
        assignment=row.assignment_id,
        **detail,
    )
