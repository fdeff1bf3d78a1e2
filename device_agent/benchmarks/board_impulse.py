"""Boards with Edge Impulse's firmware: what it prints of its own timing."""

from collections.abc import Callable, Mapping

from device_agent.benchmarks.base import Arguments, DriverError, Measured
from device_agent.boards import bench
from device_agent.boards.dialects.edge_impulse import EdgeImpulseBoard
from firmware_specs.wire import Energy

_EACH_S = 30.0


board_name = bench.board_name


def why_not() -> str:
    return bench.why_not(EdgeImpulseBoard)


def board_impulse(arguments: Arguments) -> Measured:
    """Return the classification times that the board prints, whole milliseconds on most boards."""
    with bench.board_for(EdgeImpulseBoard) as (board, address):
        seen = board.impulses(int(arguments["impulses"]), each_s=_EACH_S)
        times = tuple(timing.classification_s for timing in seen)
        if min(times) <= 0:
            raise DriverError(
                f"{board.name} prints 0 ms: faster than its clock shows; time it with our firmware"
            )
        dsp = sorted(timing.dsp_s for timing in seen)[len(seen) // 2]
        return Measured(
            times_s=times,
            calls=len(times),
            evidence=address.evidence(says_emulated=board.is_emulated),
            energy=Energy(why_not="this firmware drives no sync pin"),
            environment={
                "board": bench.name_of(board, address),
                "dialect": board.dialect,
                "dsp_s": dsp,
            },
        )


TASKS: Mapping[str, Callable[[Arguments], Measured]] = {"impulse": board_impulse}
