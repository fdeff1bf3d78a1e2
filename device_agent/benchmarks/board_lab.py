"""Boards with our firmware: micro-kernels, checked to the bit before their time counts."""

from collections.abc import Callable, Mapping
from functools import partial

from device_agent.benchmarks.base import Arguments, DriverError, Measured
from device_agent.boards import bench, windows
from device_agent.boards.dialects.lab import LabBoard
from firmware_specs.serial import operands, replies
from firmware_specs.serial.replies import Reply
from firmware_specs.wire import Scalar

# The kernel of each task, and the bytes one unit of its size moves where it is a bandwidth.
_KERNELS: Mapping[str, tuple[str, float | None]] = {
    "mac8": ("mac8", None),
    "dotf": ("dotf", None),
    "copy": ("copy", 2.0),
}


board_name = bench.board_name


def why_not() -> str:
    return bench.why_not(LabBoard)


def _run(task: str, arguments: Arguments) -> Measured:
    kernel, traffic = _KERNELS[task]
    size = int(arguments["size"])
    with bench.board_for(LabBoard) as (board, address):
        seed = int(arguments["nonce"]) if board.takes_seed else None
        taken = windows.windows_of(
            board,
            board.kernel(kernel, size, seed),
            window_s=float(arguments["window_s"]),
            meter=bench.meter_for(address),
        )
        facts = _checked(board.name, taken.last, kernel, size, seed)
        amount = None if traffic is None else traffic * size
        return windows.measured(board, address, taken, amount=amount, facts=facts)


def _checked(
    board: str, reply: Reply, kernel: str, size: int, seed: int | None
) -> dict[str, Scalar]:
    """Return the board's result, sealed where it took the seed. A wrong one is a fault of it."""
    state = operands.STATE_WITHOUT_SEED if seed is None else seed
    got, wanted = replies.kernel_result(reply), operands.expected(kernel, size, state)
    if got != wanted:
        raise DriverError(f"{board} computes {got:08x} instead of {wanted:08x}")
    if seed is None:
        return {"takes_seed": False}
    check = replies.kernel_check(reply)
    if check != operands.sealed(seed, size, got):
        raise DriverError(f"{board} seals {got:08x} by {check:08x}: not with seed {seed}")
    return {"takes_seed": True, "kernel_result": f"{got:08x}", "kernel_check": f"{check:08x}"}


TASKS: Mapping[str, Callable[[Arguments], Measured]] = {
    task: partial(_run, task) for task in _KERNELS
}
