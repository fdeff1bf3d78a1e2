"""The course's late policy: minutes forgiven, percent per day begun, days until nothing counts.

A bank of late hours is spent by itself, only where it saves points, and never more than it takes.
"""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from courseserver.courses.models import Course

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class LatePolicy:
    grace: timedelta = timedelta(0)
    percent_per_day: float = 0.0
    cut_off: timedelta | None = None
    # Late hours that each student may spend over the term [h].
    bank_h: int = 0

    @property
    def is_on(self) -> bool:
        return self.percent_per_day > 0 or self.cut_off is not None

    @property
    def has_bank(self) -> bool:
        return self.is_on and self.bank_h > 0

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
        if self.bank_h:
            said.append(f"{self.bank_h} late hours over the term are free, spent where they help")
        text = "; ".join(said)
        return f"{text[0].upper()}{text[1:]}."


@dataclass(frozen=True, slots=True, kw_only=True)
class Lateness:
    """How late work was, what that costs [% of its points], and how many late hours it took."""

    late: timedelta
    percent: float
    banked_h: int = 0

    @property
    def words(self) -> str:
        if not self.percent and not self.banked_h:
            return ""
        hours = "1 late hour" if self.banked_h == 1 else f"{self.banked_h} late hours"
        used = f", {hours} used" if self.banked_h else ""
        cost = f"−{self.percent:g} %" if self.percent else "nothing lost"
        return f"Late by {_span(self.late)}{used}: {cost}"


def policy_of(course: Course) -> LatePolicy:
    cut_off = course.late_cut_off_days
    return LatePolicy(
        grace=timedelta(minutes=course.late_grace_min),
        percent_per_day=course.late_percent_per_day,
        cut_off=None if cut_off is None else timedelta(days=cut_off),
        bank_h=course.late_bank_hours,
    )


def bank_of(policy: LatePolicy, multiplier: float) -> int:
    """Return the late hours of a student whose time is stretched by `multiplier` [h]."""
    return math.floor(policy.bank_h * multiplier) if policy.is_on else 0


def lateness(
    policy: LatePolicy,
    *,
    due_at: datetime | None,
    submitted_at: datetime,
    multiplier: float = 1.0,
    bank_h: int = 0,
) -> Lateness:
    """Return how late work is by the policy; work without a due date is never late.

    Within the grace nothing is lost; beyond it, days count from the due date. `multiplier`
    stretches grace, days and cut-off alike. Of the `bank_h` late hours left [h], the fewest are
    spent that save the most.
    """
    late = max(timedelta(0), submitted_at - due_at) if due_at else timedelta(0)
    most = min(bank_h, math.ceil(late / HOUR))
    best = _percent(policy, late - most * HOUR, multiplier)
    low, high = 0, most
    while low < high:
        middle = (low + high) // 2
        if _percent(policy, late - middle * HOUR, multiplier) <= best:
            high = middle
        else:
            low = middle + 1
    return Lateness(late=late, percent=best, banked_h=low)


def _percent(policy: LatePolicy, late: timedelta, multiplier: float) -> float:
    late = max(timedelta(0), late) / multiplier
    if late <= policy.grace:
        return 0.0
    if policy.cut_off is not None and late > max(policy.cut_off, policy.grace):
        return 100.0
    return min(100.0, math.ceil(late / DAY) * policy.percent_per_day)


def _span(length: timedelta) -> str:
    minutes = math.ceil(length.total_seconds() / 60)
    days, rest = divmod(minutes, 1440)
    hours, left = divmod(rest, 60)
    parts = [
        (days, "day" if days == 1 else "days"), (hours, "h"), (left if not days else 0, "min")
    ]  # fmt: skip
    return " ".join(f"{count} {unit}" for count, unit in parts if count) or "0 min"
