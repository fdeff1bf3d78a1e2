"""What a benchmark driver offers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from firmware_specs.wire import Energy, Scalar

Arguments = Mapping[str, Scalar]


class DriverError(RuntimeError):
    """A benchmark that cannot run here, in words a bench owner can act on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A benchmark with its operands in memory.

    `call` is what gets timed. Where `amount` is given the result is amount per second (bandwidth),
    else seconds per call. `outcome` is asked once after the timing for what the calls worked out.
    """

    call: Callable[[], object]
    amount: float | None = None
    environment: Mapping[str, Scalar] | None = None
    outcome: Callable[[], Mapping[str, Scalar]] = dict


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A benchmark that another machine ran and timed by its own clock.

    `times_s` is the time of one call, once for each window; `amount` as in `Prepared`.
    """

    times_s: tuple[float, ...]
    calls: int
    evidence: str
    energy: Energy
    amount: float | None = None
    environment: Mapping[str, Scalar] = field(default_factory=dict)


class Driver(Protocol):
    """A module in this folder: `TASKS` by task id, and `why_not` when it cannot run.

    One whose tasks differ in that has `why_not_of`, from a task's id to the reason, as well; one
    that lets an attached board work has `board_name`, which board that is.
    """

    TASKS: Mapping[str, Callable[[Arguments], Prepared | Measured]]

    def why_not(self) -> str:
        """Return an empty string where the driver can run, else why not and the remedy."""
