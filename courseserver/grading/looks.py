"""What columns of the LMS show: one listing serves many students, one request a few.

A class of 500 is then looked at in a handful of requests instead of 500, before sending and after.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from courseserver.common import clock
from courseserver.courses.models import Assignment
from courseserver.grading.faults import GradebookFault, Reach
from courseserver.grading.gradebook import Gradebook, Reading
from courseserver.grading.models import GradeOutbox

# From so many students on, the whole column is asked for.
MANY = 4
# How long a listing speaks for the grades that we have not sent since.
FRESH = timedelta(seconds=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Listing:
    at: datetime
    # None: this platform does not list a column, or not now.
    readings: Mapping[str, Reading] | None
    is_refused: bool = False

    def speaks(self, now: datetime) -> bool:
        """Return whether the platform need not be asked again."""
        return self.is_refused or now - self.at < FRESH


@dataclass(slots=True)
class Looks:
    """One drain's looks at one platform."""

    gradebook: Gradebook
    # The assignment looked at last.
    beside: str = ""
    _taken: dict[tuple[str, float], _Listing] = field(default_factory=dict)

    def one(self, row: GradeOutbox, subject: str, *, waiting: int) -> Reading | None:
        """Return what stands there for a student; None where the platform does not let us look.

        `waiting` is how many students of the assignment are about to be looked at.
        """
        listing = self._listing_or_none(row, waiting)
        is_older = row.last_sent_at is not None and listing and row.last_sent_at >= listing.at
        if listing is None or listing.readings is None or is_older:
            return self.gradebook.read(row.assignment, subject, row.desired_max)
        return self._found(listing, row, subject)

    def all(self, rows: list[tuple[GradeOutbox, str]]) -> list[Reading | None]:
        """Return what stands there now for students of one assignment, with a new listing."""
        first = rows[0][0]
        self._taken.pop((first.assignment_id, first.desired_max), None)
        listing = self._listing(first.assignment, first.desired_max, len(rows))
        if listing is None or listing.readings is None:
            return [self.gradebook.read(r.assignment, who, r.desired_max) for r, who in rows]
        return [self._found(listing, row, subject) for row, subject in rows]

    def _listing_or_none(self, row: GradeOutbox, waiting: int) -> _Listing | None:
        """Return the column's listing; one that just failed is not asked for with each student.

        A large class' listing has many pages, so where a platform is in trouble one student is
        seen sooner than all.
        """
        try:
            return self._listing(row.assignment, row.desired_max, waiting)
        except GradebookFault as fault:
            if fault.reach is not Reach.PASSES or fault.retry_after_s is not None:
                raise
            failed = _Listing(at=clock.now(), readings=None)
            self._taken[row.assignment_id, row.desired_max] = failed
            return failed

    def _found(self, listing: _Listing, row: GradeOutbox, subject: str) -> Reading | None:
        reading = (listing.readings or {}).get(subject)
        if reading is not None:
            return reading
        if row.last_sent_version or row.lms_score is not None:
            # A grade that we know of is not in the list: gone, or the list is not complete.
            return self.gradebook.read(row.assignment, subject, row.desired_max)
        return Reading(points=None)

    def _listing(self, assignment: Assignment, points_max: float, waiting: int) -> _Listing | None:
        key = (assignment.pk, points_max)
        listing = self._taken.get(key)
        now = clock.now()
        if listing is not None and listing.speaks(now):
            return listing
        if waiting < MANY:
            return None
        # The moment before asking: what is sent while the answer travels is newer than it.
        readings = self.gradebook.read_all(assignment, points_max)
        taken = _Listing(at=now, readings=readings, is_refused=readings is None)
        self._taken[key] = taken
        return taken
