"""Timing, energy and the benchmarks themselves."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from queue import Queue
from typing import Any

import numpy as np
import pytest

from device_agent import benchmarks, energy, measure, worker
from device_agent.benchmarks import DriverError, host, litert
from device_agent.energy_budget import Accuracy
from device_agent.meters import Reading, joules_between, listed, meters
from device_agent.work import JobEnded, RunDone, WorkerProcess, task_listing
from device_agent.worker import PARENT
from firmware_specs import tasks
from firmware_specs.wire import Command, CommandKind, TaskRun
from tests.services import LIMIT_S, wait_for

ROOT = Path(__file__).resolve().parents[2]


class FakeClock:
    """Time moves only inside the call that is timed."""

    def __init__(self, durations: Callable[[int], float]) -> None:
        self.now = 0.0
        self.calls = 0
        self._durations = durations

    def __call__(self) -> float:
        return self.now

    def work(self) -> None:
        self.now += self._durations(self.calls)
        self.calls += 1


# --- timing -------------------------------------------------------------------------------------
def test_a_steady_call_is_timed_exactly() -> None:
    clock = FakeClock(lambda i: 0.002)

    timing = measure.timing_of(clock.work, clock=clock)

    assert timing.median_s == pytest.approx(0.002)
    assert timing.spread == pytest.approx(0.0, abs=1e-9)
    assert timing.n == 15


def test_the_slow_first_calls_are_not_counted() -> None:
    clock = FakeClock(lambda i: 1.0 if i < 2 else 0.02)

    timing = measure.timing_of(clock.work, clock=clock)

    assert timing.high_s == pytest.approx(0.02)


def test_a_very_short_call_is_repeated_until_the_clock_can_see_it() -> None:
    clock = FakeClock(lambda i: 1e-7)

    timing = measure.timing_of(clock.work, clock=clock)

    assert timing.calls_per_repeat * 1e-7 >= 0.009
    assert timing.median_s == pytest.approx(1e-7)


def test_a_long_call_is_repeated_five_times_whatever_the_budget() -> None:
    clock = FakeClock(lambda i: 10.0)

    timing = measure.timing_of(clock.work, budget_s=1.0, clock=clock)

    assert timing.n == 5


def test_one_disturbed_repeat_in_ten_moves_neither_median_nor_low() -> None:
    clock = FakeClock(lambda i: 0.5 if i % 12 == 11 else 0.02)

    timing = measure.timing_of(clock.work, clock=clock)

    assert (timing.median_s, timing.low_s) == (pytest.approx(0.02), pytest.approx(0.02))


def test_an_unsteady_call_is_tried_twice_and_the_steadier_try_kept() -> None:
    # The first try sees a machine that settles; the second a settled one.
    clock = FakeClock(lambda i: 0.02 * (1 + 2 * (i % 2)) if i < 22 else 0.02)

    timing = measure.steady_timing_of(clock.work, clock=clock)

    assert timing.spread < 0.15
    assert timing.n == 30


@pytest.mark.parametrize(
    ("share", "expected"), [(0.0, 1.0), (0.5, 3.0), (1.0, 5.0), (0.1, 1.4), (0.9, 4.6)]
)
def test_percentiles_interpolate(share: float, expected: float) -> None:
    assert measure.percentile([1.0, 2.0, 3.0, 4.0, 5.0], share) == pytest.approx(expected)


def test_percentiles_agree_with_numpy() -> None:
    ordered = sorted(np.random.default_rng(1).random(17).tolist())

    for share in (0.1, 0.5, 0.9):
        assert measure.percentile(ordered, share) == pytest.approx(np.quantile(ordered, share))


# --- energy -------------------------------------------------------------------------------------
@dataclass
class FakeMeter:
    """30 W while the call runs, 10 W otherwise, a counter that wraps at 50 J."""

    NAME: str = "fake"
    MEASURES: str = "cpu"
    WINDOW_S: float = 0.01
    energy_j: float = 45.0
    now: float = field(default=0.0)

    def why_not(self) -> str:
        return ""

    def read(self) -> Reading:
        return Reading(at_s=self.now, energy_j=self.energy_j % 50.0, wrap_j=50.0)

    def accuracy(self) -> Accuracy:
        return Accuracy(gain_share=0.01, offset_w=0.5, lacks=())

    def spend(self, seconds: float, watts: float) -> None:
        self.now += seconds
        self.energy_j += seconds * watts


def test_idle_power_is_subtracted_and_a_wrapped_counter_understood(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    meter = FakeMeter()
    monkeypatch.setattr(energy.time, "sleep", lambda s: meter.spend(s, 10.0))

    found = energy.energy_of(lambda: meter.spend(0.1, 30.0), call_s=0.1, meter=meter)

    assert found.energy.total_j == pytest.approx(3.0)
    assert found.energy.dynamic_j == pytest.approx(2.0)
    assert found.energy.meter == "fake"
    # 1% of 3 J, and half a watt over a tenth of a second.
    assert found.facts["energy_u_gain_j"] == pytest.approx(0.03)
    assert found.facts["energy_u_offset_j"] == pytest.approx(0.05)
    assert found.facts["energy_uncertainty_j"] == pytest.approx((0.03**2 + 0.05**2) ** 0.5)


def test_a_meter_that_fails_within_a_measurement_costs_the_energy_only() -> None:
    class Broken(FakeMeter):
        def read(self) -> Reading:
            raise OSError("the cable fell off")

    found = energy.energy_of(lambda: None, call_s=1.0, meter=Broken())

    assert found.energy.why_not == "fake: the cable fell off"


def test_without_a_meter_the_reason_is_given_instead_of_a_number(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(energy, "best_meter", lambda: None)

    found = energy.energy_of(lambda: None, call_s=1.0)

    assert (found.energy.total_j, found.energy.dynamic_j) == (None, None)
    assert "RAPL" in found.energy.why_not


def test_a_gpu_counter_is_no_meter_of_the_processor() -> None:
    assert {meter.MEASURES for meter in meters()} == {"board", "cpu", "gpu", "attached board"}
    assert "NVML" not in energy.no_meter()


def test_every_meter_says_why_it_cannot_be_read_instead_of_raising() -> None:
    for meter in listed():
        assert isinstance(meter.why_not(), str)


def test_joules_between_two_readings_of_a_counter_that_wrapped() -> None:
    first = Reading(at_s=0.0, energy_j=9.0, wrap_j=10.0)
    last = Reading(at_s=1.0, energy_j=2.0, wrap_j=10.0)

    assert joules_between(first, last) == pytest.approx(3.0)


# --- host benchmarks ----------------------------------------------------------------------------
def prepared(task_id: str, **arguments: Any) -> benchmarks.Prepared:
    return host.TASKS[task_id](tasks.task(task_id).check(arguments))


def cell(call: Callable[[], object], name: str) -> Any:
    """Return a local of the function that made `call`."""
    names = call.__code__.co_freevars
    return call.__closure__[names.index(name)].cell_contents  # type: ignore[attr-defined]


def test_triad_computes_what_it_says_and_counts_three_arrays() -> None:
    bench = prepared("triad", bytes=2**20)
    bench.call()

    a, b, c = (cell(bench.call, name) for name in "abc")
    np.testing.assert_allclose(a, b + 3.0 * c)
    assert bench.amount == 3 * 2**20


def test_copy_counts_bytes_read_and_written() -> None:
    bench = prepared("copy_bandwidth", bytes=2**20)
    bench.call()

    np.testing.assert_array_equal(cell(bench.call, "target"), cell(bench.call, "source"))
    assert bench.amount == 2 * 2**20


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_gemm_multiplies_matrices_of_the_asked_shape_and_precision(dtype: str) -> None:
    bench = prepared("gemm", m=8, n=4, k=16, dtype=dtype)
    bench.call()

    a, b, c = (cell(bench.call, name) for name in "abc")
    assert (a.shape, b.shape, c.shape, c.dtype) == ((8, 16), (16, 4), (8, 4), np.dtype(dtype))
    np.testing.assert_allclose(c, a.astype(float) @ b.astype(float), rtol=1e-5)


def test_a_fused_chain_computes_the_same_as_an_unfused_one() -> None:
    results = []
    for fused in (False, True):
        bench = prepared("fused_chain", k=5, bytes=2**20, fused=fused)
        bench.call()
        results.append(np.array(cell(bench.call, "y")))

    np.testing.assert_array_equal(*results)
    assert not np.array_equal(results[0], np.zeros_like(results[0]))


def test_operands_hold_no_zeros_and_no_denormals() -> None:
    bench = prepared("gemv", n=64)

    for name in ("a", "x"):
        values = cell(bench.call, name)
        assert np.abs(values).min() >= 0.5
        assert np.abs(values).max() <= 32.0


@pytest.mark.parametrize("task_id", sorted(tasks.all_tasks()))
def test_every_task_of_the_specs_has_a_driver(task_id: str) -> None:
    assert task_id in benchmarks.find(task_id).TASKS


def test_a_task_no_driver_knows_is_refused() -> None:
    with pytest.raises(DriverError, match="update the agent"):
        benchmarks.find("mine_bitcoin")


# --- int8 ---------------------------------------------------------------------------------------
@pytest.mark.parametrize(("m", "n", "k"), [(1, 1, 1), (4, 8, 16), (1, 64, 333), (33, 7, 250)])
def test_int8_products_are_right_before_they_are_timed(m: int, n: int, k: int) -> None:
    bench = litert.int8_gemm({"m": m, "n": n, "k": k, "nonce": 5})

    bench.call()

    assert bench.environment is not None
    assert str(bench.environment["runtime"]).startswith("LiteRT ")


def test_without_litert_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(litert, "find_spec", lambda name: None)

    done = worker.run_one("int8_gemm", {"m": 4, "n": 4, "k": 4})

    assert done["outcome"] == "unavailable"
    assert "pip install" in done["detail"]


# --- the worker ---------------------------------------------------------------------------------
def test_a_run_reports_figures_in_the_tasks_unit_with_the_machine_it_ran_on() -> None:
    done = worker.run_one("copy_bandwidth", {"bytes": 2**20})

    assert (done["outcome"], done["unit"]) == ("measured", "B/s")
    assert 0 < done["low"] <= done["value"] <= done["high"]
    assert done["n"] >= 5
    assert done["environment"]["threads"] == 1
    assert done["arguments"] == {"bytes": 2**20, "dtype": "float32", "nonce": 0}


def test_a_spread_above_the_limit_is_flagged_with_words(monkeypatch: pytest.MonkeyPatch) -> None:
    rough = measure.Timing(
        median_s=1.0, low_s=0.9, high_s=1.1, n=15, calls_per_repeat=1, elapsed_s=15.0
    )
    monkeypatch.setattr(worker, "steady_timing_of", lambda call: rough)

    done = worker.run_one("call_overhead", {})

    assert done["flags"] == ["unsteady"]
    assert "spread 20% exceeds 15%" in done["detail"]


def test_a_rehearsal_is_shorter_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    lengths = []

    def timed(call: object, scale: float) -> measure.Timing:
        lengths.append(scale)
        return measure.Timing(
            median_s=1.0, low_s=1.0, high_s=1.0, n=5, calls_per_repeat=1, elapsed_s=5.0
        )

    monkeypatch.setattr(worker, "timing_of", timed)
    monkeypatch.setenv("DEVICE_AGENT_REHEARSAL", "1")

    done = worker.run_one("call_overhead", {})

    assert lengths == [pytest.approx(0.1)]
    assert done["flags"] == ["rehearsal"]
    assert "a tenth of the time" in done["detail"]


@pytest.mark.parametrize(
    ("task_id", "arguments"), [("gemm", {"m": 0}), ("mine_bitcoin", {}), ("gemm", {"x": 1})]
)
def test_a_run_no_spec_allows_fails_with_words(task_id: str, arguments: dict[str, Any]) -> None:
    done = worker.run_one(task_id, arguments)

    assert done["outcome"] == "failed"
    assert done["detail"]


def job(timeout_s: float, *runs: TaskRun) -> Command:
    return Command(
        kind=CommandKind.RUN, job_id="kjb_1", attempt=1, issued_utc="now", runs=runs,
        timeout_s=timeout_s,
    )  # fmt: skip


LONG = TaskRun(request_id="long", task="gemm", arguments={"m": 8192, "n": 8192, "k": 8192})
SHORT = TaskRun(request_id="short", task="call_overhead")


def events(inbox: "Queue[Any]") -> list[Any]:
    found = []
    while not found or not isinstance(found[-1], JobEnded):
        found.append(inbox.get(timeout=LIMIT_S))
    return found


def test_a_child_process_does_the_runs_and_reports_each() -> None:
    inbox: Queue[Any] = Queue()
    command = job(LIMIT_S, SHORT)
    WorkerProcess(command, command.runs, inbox)

    *done, ended = events(inbox)

    assert [(type(e), e.request_id) for e in done] == [(RunDone, "short")]
    assert ended.why == ""


def test_an_overdue_child_is_killed_and_the_limit_named() -> None:
    inbox: Queue[Any] = Queue()
    command = job(1.0, LONG)
    WorkerProcess(command, command.runs, inbox)

    (ended,) = events(inbox)

    assert ended.why == "took longer than 1 s"


def test_a_cancelled_child_ends_with_that_reason() -> None:
    inbox: Queue[Any] = Queue()
    command = job(LIMIT_S, LONG)
    WorkerProcess(command, command.runs, inbox).cancel("cancelled")

    (ended,) = events(inbox)

    assert ended.why == "cancelled"


def test_a_killed_agent_leaves_no_orphan_measuring() -> None:
    code = (
        "import os, signal\n"
        "from device_agent.work import _spawn\n"
        "child = _spawn([])\n"
        "print(child.pid, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    pid = int(done.stdout)

    wait_for(lambda: not _lives(pid), what="the worker to end with its agent")


def test_a_worker_whose_agent_ended_before_it_began_does_not_measure() -> None:
    begun = subprocess.run(
        [sys.executable, "-m", "device_agent.worker", "--list"],
        cwd=ROOT, env={**os.environ, PARENT: "1"}, capture_output=True, text=True,
    )  # fmt: skip

    assert begun.returncode == 1
    assert begun.stderr == "the agent ended before its worker began\n"
    assert begun.stdout == ""


def _lives(pid: int) -> bool:
    status = Path(f"/proc/{pid}/status")
    return status.exists() and "State:\tZ" not in status.read_text()


def test_a_worker_says_what_it_can_measure_without_being_imported() -> None:
    known = {row.task: row.arguments for row in task_listing()}

    assert known == {name: tuple(task.arguments) for name, task in tasks.all_tasks().items()}


def test_noise_between_a_workers_lines_is_ignored() -> None:
    from device_agent.work import _parsed

    assert _parsed("INFO: Created TensorFlow Lite XNNPACK delegate for CPU.") is None
    assert _parsed("[1, 2]") is None
    assert _parsed('{"id": "a", "outcome": "failed"}') is not None
