"""The child process that runs benchmarks: one JSON job on stdin, one JSON line per run on stdout.

A process of its own keeps numpy out of the agent's memory, lets a cancelled or overdue job be
killed, and pins the libraries to one thread before they start.
"""

import ctypes
import json
import os
import signal
import sys
import time
from collections.abc import Mapping
from typing import Any

from device_agent import benchmarks
from device_agent.benchmarks import DriverError, Measured, Prepared
from device_agent.energy import energy_of
from device_agent.environment import environment
from device_agent.measure import SPREAD_LIMIT, Timing, steady_timing_of, timing_from, timing_of
from firmware_specs import tasks
from firmware_specs.wire import Energy, Outcome, Scalar

_LIBRARIES = ("OMP", "OPENBLAS", "MKL", "BLIS", "NUMEXPR")
ONE_THREAD = {f"{name}_NUM_THREADS": "1" for name in _LIBRARIES}
_PR_SET_PDEATHSIG = 1
# Who started this worker.
PARENT = "DEVICE_AGENT_PARENT"
# DEVICE_AGENT_REHEARSAL=1 shortens every measurement, for trying a bench out; results say so.
_REHEARSAL_SCALE = 0.1
_DISTURBED = "after two tries: other work on this machine, or a governor that changes the clock"
_DISTURBED_BOARD = "between windows: interrupts, a radio or another task on the board"


def main(arguments: list[str]) -> int:
    """Serve one job (or `--list`) and end."""
    _die_with_parent()
    if arguments == ["--list"]:
        print(json.dumps(listing()), flush=True)
        return 0
    for run in json.load(sys.stdin)["runs"]:
        print(json.dumps(run_one(run["task"], run["arguments"]) | {"id": run["id"]}), flush=True)
    return 0


def listing() -> list[dict[str, Any]]:
    """Return every task: its arguments, whether it can run here, why not, and on which board."""
    return [
        {
            "task": task_id,
            "available": not why,
            "detail": why,
            "arguments": list(tasks.task(task_id).arguments),
            "board": "" if why else benchmarks.board_of(driver),
        }
        for _, driver in benchmarks.drivers()
        for at_all in [driver.why_not()]
        for task_id in driver.TASKS
        for why in [at_all or benchmarks.why_not_of(driver, task_id)]
    ]


def run_one(task_id: str, arguments: Mapping[str, Scalar]) -> dict[str, Any]:
    """Return one run's outcome as plain data; a benchmark's failure is an outcome, not a crash."""
    began = time.monotonic()
    try:
        task = tasks.task(task_id)
        checked = task.check(arguments)
        driver = benchmarks.find(task_id)
        why = driver.why_not() or benchmarks.why_not_of(driver, task_id)
        if why:
            return {"outcome": Outcome.UNAVAILABLE.value, "detail": why}
        with_limits = _limited_to_one_thread()
        is_rehearsal = os.environ.get("DEVICE_AGENT_REHEARSAL") == "1"
        prepared = driver.TASKS[task_id](checked)
        if isinstance(prepared, Measured):
            figures = _from_elsewhere(prepared)
        else:
            figures = _timed_here(prepared, with_limits, is_rehearsal)
    except (DriverError, tasks.SpecError, MemoryError) as error:
        detail = str(error) or f"{type(error).__name__}: not enough memory for these arguments"
        return {"outcome": Outcome.FAILED.value, "detail": detail}
    return {
        "outcome": Outcome.MEASURED.value,
        "arguments": checked,
        "unit": task.unit,
        **figures,
        "elapsed_s": time.monotonic() - began,
    }


def _timed_here(prepared: Prepared, threads: int, is_rehearsal: bool) -> dict[str, Any]:
    if is_rehearsal:
        timing = timing_of(prepared.call, scale=_REHEARSAL_SCALE)
    else:
        timing = steady_timing_of(prepared.call)
    found = energy_of(prepared.call, call_s=timing.median_s)
    facts = {"threads": threads, "calls": timing.calls}
    return {
        **_figures(timing, prepared.amount),
        **_doubts(timing, is_rehearsal=is_rehearsal),
        "energy": _plain(found.energy),
        "environment": {
            **environment(),
            **facts,
            **found.facts,
            **(prepared.environment or {}),
            **prepared.outcome(),
        },
    }


def _from_elsewhere(measured: Measured) -> dict[str, Any]:
    """Return what a board measured: its windows are as long as asked for, in a rehearsal too."""
    timing = timing_from(measured.times_s, calls=measured.calls)
    return {
        **_figures(timing, measured.amount),
        **_doubts(timing, cause=_DISTURBED_BOARD),
        "evidence": measured.evidence,
        "energy": _plain(measured.energy),
        "environment": dict(measured.environment) | {"calls": measured.calls},
    }


def _figures(timing: Timing, amount: float | None) -> dict[str, Any]:
    """Return value, low and high (seconds per call, or amount per second) and n."""
    low, value, high = timing.low_s, timing.median_s, timing.high_s
    if amount is not None:
        low, value, high = amount / high, amount / value, amount / low
    return {"value": value, "low": low, "high": high, "n": timing.n}


def _doubts(
    timing: Timing, *, is_rehearsal: bool = False, cause: str = _DISTURBED
) -> dict[str, Any]:
    if is_rehearsal:
        return {"flags": ["rehearsal"], "detail": "a rehearsal: measured for a tenth of the time"}
    if timing.spread <= SPREAD_LIMIT:
        return {"flags": [], "detail": ""}
    detail = f"spread {timing.spread:.0%} exceeds {SPREAD_LIMIT:.0%} {cause}"
    return {"flags": ["unsteady"], "detail": detail}


def _plain(energy: Energy) -> dict[str, Any]:
    return {
        "total_j": energy.total_j,
        "dynamic_j": energy.dynamic_j,
        "meter": energy.meter,
        "why_not": energy.why_not,
    }


def _limited_to_one_thread() -> int:
    """Pin the BLAS that numpy loaded, and return how many threads it now has."""
    try:
        import numpy  # noqa: F401  the library must be loaded before it can be limited
        from threadpoolctl import threadpool_info, threadpool_limits
    except ImportError:
        return int(os.environ.get("OMP_NUM_THREADS", "0"))
    threadpool_limits(1)
    return max((int(pool["num_threads"]) for pool in threadpool_info()), default=1)


def _die_with_parent() -> None:
    """Ask the kernel to kill us with the agent, so that no orphan disturbs the next run."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    # It may have ended before we asked.
    if os.environ.get(PARENT, str(os.getppid())) != str(os.getppid()):
        raise SystemExit("the agent ended before its worker began")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
