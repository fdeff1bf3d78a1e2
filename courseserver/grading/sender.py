"""Carrying grades to platforms: one lane each, newest grade first read, then sent, then read back.

The gradebook comes in as an argument, so that tests and the real LTI services run the same code.
"""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from courseserver.common import clock
from courseserver.courses.models import Assignment
from courseserver.courses.selectors import subject_of
from courseserver.grading import lanes, outbox, readback
from courseserver.grading.faults import GradebookFault, Reach, Refusal
from courseserver.grading.models import GradeOutbox

log = structlog.get_logger(__name__)

TRIES_MAX = 10
BUDGET = timedelta(seconds=60)
BACKOFF_CAP_S = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What the LMS shows for a student, in our points; None: no grade there."""

    points: float | None


class Gradebook(Protocol):
    """A platform's gradebook. Both methods raise `GradebookFault`."""

    def send(self, parcel: outbox.Parcel) -> None: ...

    def read(self, assignment: Assignment, subject: str, points_max: float) -> Reading | None:
        """Return what stands there; None where the platform does not let us look."""


@dataclass(frozen=True, slots=True)
class _Renewing:
    """A gradebook whose every request first renews the lane, so that slow ones do not lose it."""

    inner: Gradebook
    lane: lanes.Lane

    def send(self, parcel: outbox.Parcel) -> None:
        lanes.lane_renew(self.lane, now=clock.now())
        self.inner.send(parcel)

    def read(self, assignment: Assignment, subject: str, points_max: float) -> Reading | None:
        lanes.lane_renew(self.lane, now=clock.now())
        return self.inner.read(assignment, subject, points_max)


def backoff_s(attempts: int, rng: random.Random) -> float:
    """Return the wait before the next try [s]: tripling from 2 s to an hour, spread by a fifth."""
    return float(min(BACKOFF_CAP_S, 2.0 * 3.0**attempts)) * rng.uniform(0.8, 1.2)


def lane_drain(
    platform_id: str, gradebook: Gradebook, *, rng: random.Random, budget: timedelta = BUDGET
) -> int:
    """Send and read back what is due on one platform; return how many grades were handled.

    Does nothing while another sender works on this platform, or while the platform is paused.
    """
    started = clock.now()
    lane = lanes.lane_claim(platform_id, now=started)
    if lane is None:
        return 0
    renewing = _Renewing(gradebook, lane)
    handled = 0
    while clock.now() - started < budget and lanes.lane_renew(lane, now=clock.now()):
        if not _step(platform_id, renewing, rng):
            break
        handled += 1
    lanes.lane_release(lane)
    return handled


def _step(platform_id: str, gradebook: Gradebook, rng: random.Random) -> bool:
    """Handle one due row; False when nothing is due."""
    claim = outbox.row_claim(platform_id, now=clock.now())
    if claim is not None:
        row_send(claim, gradebook, rng)
        return True
    row = outbox.read_due(clock.now()).filter(platform_id=platform_id).order_by("pk").first()
    if row is None:
        return False
    row_read(row, gradebook, rng)
    return True


def row_send(claim: outbox.Claim, gradebook: Gradebook, rng: random.Random) -> None:
    """Look what stands in the LMS, send unless that is someone else's, and look again."""
    try:
        _check_can_be_sent(claim)
        reading = gradebook.read(claim.row.assignment, claim.subject, claim.row.desired_max)
        if reading is not None and readback.is_foreign(claim.row, reading.points):
            outbox.row_overridden(claim, reading.points, now=clock.now())
            return
        if reading is not None and readback.has_arrived(claim.row, reading.points):
            # A sender died between the LMS's yes and our note of it: nothing to send twice.
            accepted = outbox.row_accepted(claim, claim.row.desired_version, now=clock.now())
        else:
            accepted = _post(claim, gradebook)
    except GradebookFault as fault:
        _note_fault(claim, fault, rng)
        return
    lanes.lane_healthy(claim.row.platform_id)
    if accepted is not None and accepted.next_read_at is not None:
        row_read(accepted, gradebook, rng)


def _check_can_be_sent(claim: outbox.Claim) -> None:
    if not claim.subject:
        raise GradebookFault("no_identity", Reach.STAYS)
    if not claim.row.assignment.line_item_url:
        raise GradebookFault("no_column", Reach.STAYS)


def _post(claim: outbox.Claim, gradebook: Gradebook) -> GradeOutbox | None:
    parcel = outbox.parcel_pack(claim, now=clock.now())
    if parcel is None:
        return None
    gradebook.send(parcel)
    return outbox.row_accepted(claim, parcel.version, now=clock.now())


def _note_fault(claim: outbox.Claim, fault: GradebookFault, rng: random.Random) -> None:
    now = clock.now()
    log.warning(
        "grade not sent", outbox=claim.pk, code=fault.code, status=fault.status, reach=fault.reach
    )
    if fault.reach is Reach.WHOLE_PLATFORM:
        until = lanes.lane_pause(claim.row.platform_id, fault, now=now)
        outbox.row_put_back(claim, until=until)
        return
    attempts = claim.row.attempts
    delay = timedelta(seconds=_delay_s(fault, attempts, rng))
    if fault.reach is Reach.PASSES:
        lanes.lane_faulty(claim.row.platform_id, fault, now=now)
    is_final = fault.reach is Reach.STAYS or attempts + 1 >= TRIES_MAX
    refusal = Refusal(code=fault.code, status=fault.status, detail=fault.detail, is_final=is_final)
    outbox.row_failed(claim, refusal, now=now, delay=delay)


def _delay_s(fault: GradebookFault, attempts: int, rng: random.Random) -> float:
    if fault.retry_after_s is not None:
        return min(BACKOFF_CAP_S, max(1.0, fault.retry_after_s))
    if fault.reach is Reach.STALE and attempts == 0:
        return 1.0
    return backoff_s(attempts, rng)


def row_read(row: GradeOutbox, gradebook: Gradebook, rng: random.Random) -> None:
    """Look at a grade in the LMS and note what stands there."""
    subject = subject_of(row.person_id, row.platform)
    try:
        reading = gradebook.read(row.assignment, subject, row.desired_max) if subject else None
    except GradebookFault as fault:
        wait_s = fault.retry_after_s or backoff_s(row.read_attempts, rng)
        readback.read_failed(row.pk, now=clock.now(), delay=timedelta(seconds=wait_s))
        return
    if reading is None:
        readback.read_impossible(row.pk)
    else:
        readback.read_noted(row.pk, reading.points, now=clock.now())


def platforms_due(now: datetime) -> set[str]:
    """Return the platforms that have something to send or to look at now."""
    sends = outbox.due(now).values_list("platform_id", flat=True)
    reads = outbox.read_due(now).values_list("platform_id", flat=True)
    return {*sends, *reads}
