"""A gradebook in memory, as strict about time stamps as a real one, with faults on order."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from courseserver.courses.models import Assignment
from courseserver.grading.faults import GradebookFault, Reach
from courseserver.grading.gradebook import Reading
from courseserver.grading.outbox import Parcel

Key = tuple[str, str]


class Killed(BaseException):
    """The sender's process dies here, as by kill -9: no handler may run after it."""


@dataclass
class MemoryGradebook:
    """Columns by (assignment, subject). `faults` are raised one by one, first come first."""

    grades: dict[Key, float] = field(default_factory=dict)
    stamps: dict[Key, datetime] = field(default_factory=dict)
    posts: list[Parcel] = field(default_factory=list)
    reads: int = 0
    faults: list[GradebookFault] = field(default_factory=list)
    read_faults: list[GradebookFault] = field(default_factory=list)
    before_post: Callable[[], None] | None = None
    dies_after_post: bool = False
    loses_reply: bool = False
    can_be_read: bool = True
    # Students whom the whole column leaves out; None: it is not listed whole.
    hides: set[str] | None = field(default_factory=set)
    listings: int = 0
    columns_made: int = 0
    locked: set[Key] = field(default_factory=set)

    def send(self, parcel: Parcel) -> None:
        if self.before_post:
            self.before_post()
        if self.faults:
            raise self.faults.pop(0)
        key = (parcel.assignment.id, parcel.subject)
        if key in self.stamps and parcel.stamp <= self.stamps[key]:
            raise GradebookFault("stale", Reach.STALE, status=409)
        self.posts.append(parcel)
        self.stamps[key] = parcel.stamp
        if key not in self.locked:
            if parcel.points is None:
                self.grades.pop(key, None)
            else:
                self.grades[key] = parcel.points
        if self.dies_after_post:
            self.dies_after_post = False
            raise Killed
        if self.loses_reply:
            self.loses_reply = False
            raise GradebookFault("unreachable", Reach.PASSES)

    def read(self, assignment: Assignment, subject: str, points_max: float) -> Reading | None:
        self.reads += 1
        if self.read_faults:
            raise self.read_faults.pop(0)
        if not self.can_be_read:
            return None
        return Reading(points=self.grades.get((assignment.id, subject)))

    def read_all(self, assignment: Assignment, points_max: float) -> Mapping[str, Reading] | None:
        if self.read_faults:
            raise self.read_faults.pop(0)
        if self.hides is None or not self.can_be_read:
            return None
        self.listings += 1
        return {
            subject: Reading(points=points)
            for (column, subject), points in self.grades.items()
            if column == assignment.id and subject not in self.hides
        }

    def column(self, assignment: Assignment) -> str:
        self.columns_made += 1
        return f"https://lms.test/made/{assignment.pk}"
