"""Boards with our firmware: micro-kernels, checked to the bit before their time counts."""

from collections.abc import Callable, Mapping
from functools import partial

from device_agent.benchmarks.base import Arguments, DriverError, Measured
from device_agent.boards import bench, windows
from device_agent.boards.dialects.lab import LabBoard
from firmware_specs.serial import operands, replies

# The kernel of each task, and the bytes one unit of its size moves where it is a bandwidth.
_KERNELS: Mapping[str, tuple[str, float | None]] = {
    "mac8": ("mac8", None),
    "dotf": ("dotf", None),
    "copy": ("copy", 2.0),
}


def why_not() -> str:
    return bench.why_not(LabBoard)


def _run(task: str, arguments: Arguments) -> Measured:
    kernel, traffic = _KERNELS[task]
    size = int(arguments["size"])
    with bench.board_for(LabBoard) as (board, address):
        taken = windows.windows_of(
            board,
            board.kernel(kernel, size),
            window_s=float(arguments["window_s"]),
            meter=bench.meter_for(address),
        )
        got, wanted = replies.kernel_result(taken.last), operands.expected(kernel, size)
        if got != wanted:
            raise DriverError(f"{board.name} computes {got:08x} instead of {wanted:08x}")
        amount = None if traffic is None else traffic * size
        return windows.measured(board, address, taken, amount=amount)


TASKS: Mapping[str, Callable[[Arguments], Measured]] = {
    task: partial(_run, task) for task in _KERNELS
}
