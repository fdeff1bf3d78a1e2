"""What a sender needs of a platform's gradebook; the real one is `gradebooks.LtiGradebook`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from courseserver.courses.models import Assignment
from courseserver.grading.outbox import Parcel


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What the LMS shows for a student, in our points; None: no grade there."""

    points: float | None


class Gradebook(Protocol):
    """A platform's gradebook. All methods raise `GradebookFault`."""

    def send(self, parcel: Parcel) -> None: ...

    def read(self, assignment: Assignment, subject: str, points_max: float) -> Reading | None:
        """Return what stands there; None where the platform does not let us look."""

    def read_all(self, assignment: Assignment, points_max: float) -> Mapping[str, Reading] | None:
        """Return the whole column by subject; None where it is not listed whole."""

    def column(self, assignment: Assignment) -> str:
        """Return the address of the column that is ours to make, found or made."""
