"""Carrying grades to platforms: one lane each; looked at, then sent, then read back.

The gradebook comes in as an argument, so that tests and the real LTI services run the same code.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from courseserver.common import clock
from courseserver.courses.models import Assignment
from courseserver.courses.selectors import subjects_of
from courseserver.grading import lanes, outbox, readback
from courseserver.grading.faults import GradebookFault, Reach, Refusal
from courseserver.grading.gradebook import Gradebook, Reading
from courseserver.grading.looks import Looks
from courseserver.grading.models import GradeOutbox

log = structlog.get_logger(__name__)

TRIES_MAX = 10
BUDGET = timedelta(seconds=60)
BACKOFF_CAP_S = 3600.0
READ_BATCH = 500


@dataclass(slots=True)
class _Renewing:
    """A gradebook whose requests renew the lane in time, so that slow ones do not lose it."""

    inner: Gradebook
    lane: lanes.Lane

    def send(self, parcel: outbox.Parcel) -> None:
        self.lane.keep(now=clock.now())
        self.inner.send(parcel)

    def read(self, assignment: Assignment, subject: str, points_max: float) -> Reading | None:
        self.lane.keep(now=clock.now())
        return self.inner.read(assignment, subject, points_max)

    def read_all(self, assignment: Assignment, points_max: float) -> Mapping[str, Reading] | None:
        self.lane.keep(now=clock.now())
        return self.inner.read_all(assignment, points_max)

    def column(self, assignment: Assignment) -> str:
        self.lane.keep(now=clock.now())
        return self.inner.column(assignment)


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
    looks = Looks(renewing)
    handled = 0
    while clock.now() - started < budget and lane.keep(now=clock.now()):
        done = _step(platform_id, renewing, looks, rng)
        if not done:
            break
        handled += done
    lanes.lane_release(lane)
    return handled


def _step(platform_id: str, gradebook: Gradebook, looks: Looks, rng: random.Random) -> int:
    """Send one due grade, or else look at those due in one column; return how many."""
    # Column by column: a listing, many pages in a large class, then serves all of them.
    claim = outbox.row_claim(platform_id, now=clock.now(), beside=looks.beside)
    if claim is not None:
        looks.beside = claim.row.assignment_id
        row_send(claim, gradebook, looks, rng)
        return 1
    return _read_due(platform_id, looks, rng)


def row_send(claim: outbox.Claim, gradebook: Gradebook, looks: Looks, rng: random.Random) -> None:
    """Look what stands in the LMS, and send unless that is someone else's, or higher."""
    row = claim.row
    try:
        _check_can_be_sent(claim, gradebook)
        waiting = outbox.waiting_beside(row, now=clock.now())
        reading = looks.one(row, claim.subject, waiting=waiting)
        if reading is not None and readback.is_foreign(row, reading.points):
            outbox.row_overridden(claim, reading.points, now=clock.now())
        elif readback.is_outranked(row, reading):
            outbox.row_outranked(claim, reading.points if reading else None, now=clock.now())
        elif reading is not None and readback.has_arrived(row, reading.points):
            # A sender died between the LMS's yes and our note of it: nothing to send twice.
            outbox.row_accepted(claim, row.desired_version, now=clock.now())
        else:
            _post(claim, gradebook)
    except GradebookFault as fault:
        _note_fault(claim, fault, rng)
        return
    lanes.lane_healthy(row.platform_id)


def _check_can_be_sent(claim: outbox.Claim, gradebook: Gradebook) -> None:
    assignment = claim.row.assignment
    if claim.obstacle:
        raise GradebookFault(claim.obstacle, Reach.STAYS)
    if not claim.subject:
        raise GradebookFault("no_identity", Reach.STAYS)
    if assignment.line_item_url:
        return
    if not assignment.makes_column:
        raise GradebookFault("no_column", Reach.STAYS)
    url = gradebook.column(assignment)
    outbox.column_found(assignment, url)


def _post(claim: outbox.Claim, gradebook: Gradebook) -> None:
    parcel = outbox.parcel_pack(claim, now=clock.now())
    if parcel is not None:
        gradebook.send(parcel)
        outbox.row_accepted(claim, parcel.version, now=clock.now())


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


def _read_due(platform_id: str, looks: Looks, rng: random.Random) -> int:
    """Look at the grades due in one column of the LMS, and note what stands there."""
    due = outbox.read_due(clock.now()).filter(platform_id=platform_id)
    first = due.order_by("next_read_at", "pk").first()
    if first is None:
        return 0
    beside = due.filter(assignment=first.assignment_id, desired_max=first.desired_max)
    rows = list(beside.select_related("assignment__course__platform").order_by("pk")[:READ_BATCH])
    subjects = subjects_of([row.person_id for row in rows], rows[0].assignment.course.platform)
    asked = [(row, subjects[row.person_id]) for row in rows if row.person_id in subjects]
    for row in rows:
        if row.person_id not in subjects:
            readback.read_impossible(row.pk)
    if asked:
        _read_back(asked, looks, rng)
    return len(rows)


def _read_back(asked: list[tuple[GradeOutbox, str]], looks: Looks, rng: random.Random) -> None:
    try:
        readings = looks.all(asked)
    except GradebookFault as fault:
        for row, _ in asked:
            wait_s = fault.retry_after_s or backoff_s(row.read_attempts, rng)
            readback.read_failed(row.pk, now=clock.now(), delay=timedelta(seconds=wait_s))
        return
    for (row, _), reading in zip(asked, readings, strict=True):
        if reading is None:
            readback.read_impossible(row.pk)
        else:
            readback.read_noted(row.pk, reading.points, now=clock.now())


def platforms_due(now: datetime) -> set[str]:
    """Return the platforms that have something to send or to look at now."""
    sends = outbox.due(now).values_list("platform_id", flat=True)
    reads = outbox.read_due(now).values_list("platform_id", flat=True)
    return {*sends, *reads}
