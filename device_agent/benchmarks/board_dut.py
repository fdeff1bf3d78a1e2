"""Devices under test with a compiled-in model: the time of one inference."""

from collections.abc import Callable, Mapping
from functools import partial

from device_agent.benchmarks.base import Arguments, DriverError, Measured
from device_agent.boards import bench, windows
from device_agent.boards.dialects.dut import FIRST_RUN_S, INPUT_BYTES, Dut
from firmware_specs import drawn
from firmware_specs.serial import commands, replies
from firmware_specs.serial.replies import Reply

# The models that a task accepts, as boards name them.
_MODELS: Mapping[str, tuple[str, ...]] = {
    "kws": ("kws01",),
    "vww": ("vww01",),
    "ic": ("ic01", "ic02"),
    "ad": ("ad01",),
    "sww": ("strww01", "sww01"),
}


def task_of(model: str) -> str:
    """Return the task of a model as a board names it, or an empty string."""
    return next((task for task, models in _MODELS.items() if model in models), "")


board_name = bench.board_name


def why_not() -> str:
    return bench.why_not(Dut)


def why_not_of(task: str) -> str:
    """Return why the attached board cannot do a task: it does the one of its model."""
    try:
        with bench.board_for(Dut) as (board, _):
            return _why_not_model(task, board.model())
    except DriverError as error:
        return str(error)


def _why_not_model(task: str, model: str) -> str:
    if model in _MODELS[task]:
        return ""
    return f"the firmware holds {model}, this task wants {' or '.join(_MODELS[task])}: flash that"


def _run(task: str, arguments: Arguments) -> Measured:
    with bench.board_for(Dut) as (board, address):
        model = board.model()
        why = _why_not_model(task, model)
        if why:
            raise DriverError(why)
        board.check_clock()
        shown = drawn.probes(int(arguments["seed"]))
        board.load_input(_input(model, shown[0]))
        taken = windows.windows_of(
            board,
            commands.infer,
            window_s=float(arguments["window_s"]),
            meter=bench.meter_for(address),
        )
        answers = [taken.last, *(_shown(board, model, seed) for seed in shown[1:])]
        told = [",".join(f"{x:g}" for x in replies.results(answer)) for answer in answers]
        facts = {"model": model, "results": told[0], "answers": ";".join(told)}
        return windows.measured(board, address, taken, facts=facts)


def _shown(board: Dut, model: str, seed: int) -> Reply:
    """Return the board's answer to another input: one that answers all alike is told by it."""
    board.load_input(_input(model, seed))
    return board.ask(commands.infer(1, 0), timeout_s=FIRST_RUN_S)


def _input(model: str, seed: int) -> bytes:
    """Return a repeatable input: the time of these networks does not depend on what they see."""
    state, made = seed, bytearray()
    while len(made) < INPUT_BYTES[model]:
        state = (state * 1_664_525 + 1_013_904_223) % (1 << 32)
        # Small floats where they are read as floats: the top byte of an exponent stays below 64.
        made.append(state >> 24 if model != "ad01" or len(made) % 4 < 3 else 60)
    return bytes(made)


TASKS: Mapping[str, Callable[[Arguments], Measured]] = {
    task: partial(_run, task) for task in _MODELS
}
