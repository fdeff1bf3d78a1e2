"""The course's late policy: minutes forgiven, percent per day begun, days until nothing counts."""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from courseserver.courses.models import Course

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class LatePolicy:
    grace: timedelta = timedelta(0)
    percent_per_day: float = 0.0
    cut_off: timedelta | None = None

    @property
    def is_on(self) -> bool:
        return self.percent_per_day > 0 or self.cut_off is not None

    @property
    def words(self) -> str:
        """The policy in one sentence, as staff and students read it."""
        if not self.is_on:
            return "Late work loses nothing."
        said = []
        if self.percent_per_day:
            said.append(f"Late work loses {self.percent_per_day:g} % for each day begun")
        if self.cut_off is not None:
            said.append(f"after {_span(self.cut_off)} it counts nothing")
        if self.grace:
            said.append(f"{_span(self.grace)} are forgiven")
        text = "; ".join(said)
        return f"{text[0].upper()}{text[1:]}."


@dataclass(frozen=True, slots=True, kw_only=True)
class Lateness:
    """How late work was, and what that costs [% of its points]."""

    late: timedelta
    percent: float

    @property
    def words(self) -> str:
        return f"Late by {_span(self.late)}: −{self.percent:g} %" if self.percent else ""


def policy_of(course: Course) -> LatePolicy:
    cut_off = course.late_cut_off_days
    return LatePolicy(
        grace=timedelta(minutes=course.late_grace_min),
        percent_per_day=course.late_percent_per_day,
        cut_off=None if cut_off is None else timedelta(days=cut_off),
    )


def lateness(policy: LatePolicy, *, due_at: datetime | None, submitted_at: datetime) -> Lateness:
    """Return how late work is by the policy; work without a due date is never late.

    Within the grace nothing is lost; beyond it, days count from the due date.
    """
    late = max(timedelta(0), submitted_at - due_at) if due_at else timedelta(0)
    if late <= policy.grace:
        return Lateness(late=late, percent=0.0)
    if policy.cut_off is not None and late > max(policy.cut_off, policy.grace):
        return Lateness(late=late, percent=100.0)
    days = math.ceil(late / DAY)
    return Lateness(late=late, percent=min(100.0, days * policy.percent_per_day))


def _span(length: timedelta) -> str:
    minutes = math.ceil(length.total_seconds() / 60)
    days, rest = divmod(minutes, 1440)
    hours, left = divmod(rest, 60)
    parts = [
        (days, "day" if days == 1 else "days"), (hours, "h"), (left if not days else 0, "min")
    ]  # fmt: skip
    return " ".join(f"{count} {unit}" for count, unit in parts if count) or "0 min"
