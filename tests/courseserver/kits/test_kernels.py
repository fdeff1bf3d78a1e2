"""Micro-kernels on operands that the server drew: what a board's answer proves, and what not."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from courseserver.kits import kernels, queue, services
from courseserver.kits.bridge import command_of
from courseserver.kits.checking import check
from courseserver.kits.models import Kit, KitJob, Measurement
from courseserver.kits.requests import TaskRequest
from courseserver.kits.states import Finding, Verdict
from device_agent.benchmarks import DriverError, board_lab
from device_agent.boards import bench as board_bench
from device_agent.boards.dialects.lab import LabBoard
from device_agent.boards.errors import BoardError
from device_agent.boards.port import Address
from firmware_specs import tasks
from firmware_specs.serial import operands
from firmware_specs.serial.commands import KERNELS
from firmware_specs.serial.replies import ReplyError
from firmware_specs.wire import Outcome, Result, Scalar
from tests.courseserver.kits.conftest import Bench
from tests.doubles.fake_board import KernelFirmware, MemoryPort

Facts = dict[str, Any]
UNO = "arduino-uno-r3"


@pytest.fixture
def run_on(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Facts]:
    """Return what the agent tells of a kernel on a board with some firmware."""

    def run(firmware: KernelFirmware, task: str = "mac8", **given: Scalar) -> Facts:
        @contextmanager
        def board_for(kind: type[object]) -> Iterator[tuple[LabBoard, Address]]:
            port = MemoryPort(firmware)
            try:
                yield LabBoard(port, clock=port.clock), Address(url="memory")
            except (BoardError, ReplyError) as error:
                raise DriverError(str(error)) from error

        monkeypatch.setattr(board_bench, "board_for", board_for)
        arguments = tasks.task(task).check({"size": 64, "window_s": 0.05, **given})
        return dict(board_lab.TASKS[task](arguments).environment)

    return run


def found(task: str, facts: Facts, **asked: Scalar) -> Finding:
    given = tasks.task(task).check({"size": 64, "window_s": 0.05, **asked})
    value = 1e5 if task == "copy" else 5.0
    result = Result(
        msg_id="m", job_id="j", attempt=1, request_id="r", task=task, outcome=Outcome.MEASURED,
        at_utc="now", value=value, low=value, high=value, n=5, unit=tasks.task(task).unit,
        environment=facts,
    )  # fmt: skip
    return check(result, asked=given, board=UNO)


# --- arithmetic ---------------------------------------------------------------------------------
@given(kernel=st.sampled_from(KERNELS), size=st.integers(1, 400), seed=st.integers(0, 2**32 - 1))
def test_arrays_give_what_one_number_after_the_other_gives(
    kernel: str, size: int, seed: int
) -> None:
    assert kernels.result(kernel, size, seed) == operands.expected(kernel, size, seed)


@pytest.mark.parametrize("kernel", KERNELS)
def test_the_largest_size_and_a_sum_of_minus_zero_are_right_too(kernel: str) -> None:
    assert kernels.result(kernel, 32_000, 7) == operands.expected(kernel, 32_000, 7)
    # 901 draws -0 as the only product: a sum that begins at 0 stays +0.
    assert kernels.result("dotf", 1, 901) == operands.expected("dotf", 1, 901) == 0
    assert 0 in kernels.drawn(901, 2)
    assert np.array_equal(kernels.drawn(0, 1), [60])


# --- boards -------------------------------------------------------------------------------------
@pytest.mark.parametrize("task", KERNELS)
@pytest.mark.parametrize(("size", "nonce"), [(64, 0), (64, 1), (31, 77), (1, 2**31 - 2)])
def test_a_boards_answer_to_our_nonce_is_recomputed(
    run_on: Callable[..., Facts], task: str, size: int, nonce: int
) -> None:
    facts = run_on(KernelFirmware(), task, size=size, nonce=nonce)

    finding = found(task, facts, size=size, nonce=nonce)

    assert (finding.verdict, finding.reason) == (Verdict.RECOMPUTED, "")


def test_older_firmware_is_sent_no_seed_and_its_result_says_why_it_proves_nothing(
    run_on: Callable[..., Facts],
) -> None:
    firmware = KernelFirmware()
    firmware.takes_seed = False

    facts = run_on(firmware, nonce=77)

    assert len(firmware.asked) == len(["kernel", "mac8", "64", "N", "W"])
    finding = found("mac8", facts, nonce=77)
    assert finding.verdict == Verdict.PLAUSIBLE
    assert "firmware takes no seed" in finding.reason
    assert "flash" in finding.reason


class Cheat(KernelFirmware):
    """Says that it takes a seed, and answers something else."""

    def __init__(self, instead: Callable[[str, int, int], list[str]]) -> None:
        super().__init__()
        self.instead = instead

    def answer(self, name: str, size: int, seed: int | None = None) -> list[str]:
        return self.instead(name, size, seed or 0)


HONEST = KernelFirmware()


@pytest.mark.parametrize(
    ("instead", "why"),
    [
        (lambda name, size, seed: HONEST.answer(name, size), "computes"),
        (lambda name, size, seed: HONEST.answer(name, size, seed + 1), "computes"),
        (lambda name, size, seed: HONEST.answer(name, size // 2, seed), "computes"),
        (lambda name, size, seed: HONEST.answer(name, size, seed)[:1], "no m-kernel-check"),
        (
            lambda name, size, seed: [*HONEST.answer(name, size, seed), "m-kernel-check-0"],
            "not with seed 77",
        ),
    ],
    ids=["state 1", "another seed", "another size", "no seal", "another seal"],
)
@pytest.mark.parametrize("task", KERNELS)
def test_the_agent_fails_a_board_that_answers_something_else(
    run_on: Callable[..., Facts], task: str, instead: Any, why: str
) -> None:
    with pytest.raises(DriverError, match=why):
        run_on(Cheat(instead), task, nonce=77)


# --- agents -------------------------------------------------------------------------------------
def told(task: str, size: int, seed: int) -> Facts:
    result = kernels.result(task, size, seed)
    return {"takes_seed": True, "kernel_result": f"{result:08x}",
            "kernel_check": f"{operands.sealed(seed, size, result):08x}"}  # fmt: skip


@pytest.mark.parametrize("task", KERNELS)
@pytest.mark.parametrize(("size", "seed"), [(64, 76), (64, 1), (64, 0), (63, 77), (128, 77)])
def test_a_replayed_answer_state_1_or_another_size_is_refused(
    task: str, size: int, seed: int
) -> None:
    finding = found(task, told(task, size, seed), size=64, nonce=77)

    assert finding.verdict == Verdict.REJECTED
    assert "of the operands that we drew" in finding.reason


def test_a_right_guess_of_a_small_result_lacks_its_seal() -> None:
    # Bytes drawn from 0 and from 1 begin alike, so one of a copy is no proof.
    assert kernels.result("copy", 1, 0) == kernels.result("copy", 1, 1)

    finding = found("copy", told("copy", 1, 0), size=1, nonce=1)

    assert finding.verdict == Verdict.REJECTED
    assert "not sealed with the nonce" in finding.reason


@pytest.mark.parametrize(
    "facts",
    [
        {"kernel_check": "zz"},
        {"kernel_result": ""},
        {"kernel_check": True},
        {"kernel_result": "-1"},
    ],
)
def test_what_is_no_answer_is_refused_in_words(facts: Facts) -> None:
    finding = found("mac8", {**told("mac8", 64, 77), **facts}, nonce=77)

    assert finding.verdict == Verdict.REJECTED
    assert finding.reason


def test_an_answer_that_was_not_sent_is_plausible_and_says_why() -> None:
    finding = found("dotf", {}, nonce=77)

    assert finding.verdict == Verdict.PLAUSIBLE
    assert "not sent along" in finding.reason


def test_a_copy_on_a_board_of_a_made_up_name_is_unchecked() -> None:
    given = tasks.task("copy").check({"size": 64, "nonce": 77})
    result = Result(
        msg_id="m", job_id="j", attempt=1, request_id="r", task="copy", outcome=Outcome.MEASURED,
        at_utc="now", value=1e15, low=1e15, high=1e15, n=5, unit="B/s",
        environment=told("copy", 64, 77) | {"board": "no such board"},
    )  # fmt: skip

    verdicts = {
        evidence: check(replace(result, evidence=evidence), asked=given, board="host-linux").verdict
        for evidence in ("measured", "emulated")
    }

    assert verdicts == {"measured": Verdict.UNCHECKED, "emulated": Verdict.RECOMPUTED}


# --- jobs ---------------------------------------------------------------------------------------
def job_of(bench: Bench, *asked: TaskRequest) -> KitJob:
    return services.kit_job_request(
        person=bench.bob, course=bench.course, tasks=list(asked), purpose="kernels"
    )


def answer(bench: Bench, kit: Kit, job: KitJob, facts: Callable[[str, Any], Facts]) -> None:
    for run in command_of(bench.now(job)).runs:
        result = Result(
            msg_id=f"{job.id}.1.{run.request_id}", job_id=job.id, attempt=job.attempt,
            request_id=run.request_id, task=run.task, outcome=Outcome.MEASURED, at_utc="now",
            value=1e-2, low=1e-2, high=1e-2, n=5, unit="s",
            environment=facts(run.task, run.arguments),
        )  # fmt: skip
        bench.hear(kit, result)


THRICE = [
    TaskRequest(id=f"r{i}", task="mac8", arguments={"size": size})
    for i, size in enumerate((64, 64, 31))
]


def test_every_run_of_a_job_has_a_nonce_of_its_own_and_each_is_recomputed(bench: Bench) -> None:
    kit = bench.kit(tasks=("mac8",), board=UNO)
    job = job_of(bench, *THRICE)

    answer(bench, kit, job, lambda task, given: told(task, given["size"], given["nonce"]))

    rows = Measurement.objects.filter(job=job)
    assert [row.verdict for row in rows] == ["recomputed"] * 3
    assert len({row.arguments["nonce"] for row in rows}) == 3


def test_the_first_runs_answer_given_again_is_refused(bench: Bench) -> None:
    kit = bench.kit(tasks=("mac8",), board=UNO)
    job = job_of(bench, *THRICE)
    nonce = job.tasks[0]["arguments"]["nonce"]

    answer(bench, kit, job, lambda task, given: told(task, 64, nonce))

    rows = Measurement.objects.filter(job=job).order_by("request_id")
    assert [row.verdict for row in rows] == ["recomputed", "rejected", "rejected"]
    assert [row.outcome for row in rows] == ["measured", "rejected", "rejected"]


# --- older agents -------------------------------------------------------------------------------
@pytest.mark.parametrize("takes", [(), ("size", "window_s")])
def test_an_older_agent_is_not_sent_what_it_would_refuse_and_the_level_says_so(
    bench: Bench, takes: tuple[str, ...]
) -> None:
    kit = bench.kit(tasks=("mac8",), board=UNO)
    bench.hear(kit, bench.birth(("mac8",), takes=takes))
    job = job_of(bench, THRICE[0])

    (run,) = command_of(bench.now(job)).runs
    answer(bench, kit, job, lambda task, given: {})

    assert run.arguments == {"size": 64, "window_s": 2.0}
    row = Measurement.objects.get()
    assert (row.verdict, row.outcome) == ("plausible", "measured")
    assert "sent no nonce of ours" in row.verdict_why
    assert "nonce" not in row.arguments


def test_what_stands_at_its_default_is_left_out_too_and_what_was_chosen_is_not(
    bench: Bench,
) -> None:
    kit = bench.kit(tasks=("mac8",), board=UNO)
    bench.hear(kit, bench.birth(("mac8",), takes=("other",)))
    chosen = TaskRequest(id="c", task="mac8", arguments={"window_s": 0.5})
    job = job_of(bench, THRICE[0], chosen)

    default, other = command_of(bench.now(job)).runs

    assert default.arguments == {"size": 64}
    # The agent refuses it in words that name the argument.
    assert other.arguments == {"window_s": 0.5}
    answer(bench, kit, job, lambda task, given: {})
    row = Measurement.objects.get(request_id=THRICE[0].id)
    assert row.arguments == {"size": 64, "window_s": 2.0}


def test_an_answer_to_a_nonce_that_was_never_sent_proves_nothing(bench: Bench) -> None:
    kit = bench.kit(tasks=("mac8",), board=UNO)
    bench.hear(kit, bench.birth(("mac8",), takes=()))
    job = job_of(bench, THRICE[0])

    answer(bench, kit, job, lambda task, given: told(task, 64, 0))

    assert Measurement.objects.get().verdict == "plausible"


def test_a_job_that_moves_to_a_kit_of_today_is_sent_its_nonce_there(bench: Bench) -> None:
    old = bench.kit("old", tasks=("mac8",), board=UNO)
    bench.hear(old, bench.birth(("mac8",), takes=()))
    job = job_of(bench, THRICE[0])
    drawn = job.tasks[0]["arguments"]["nonce"]
    bench.kit("new", tasks=("mac8",), board=UNO)

    queue.job_requeue(job=bench.now(job), why="lost", elsewhere=True)
    queue.jobs_assign()

    (run,) = command_of(bench.now(job)).runs
    assert bench.now(job).kit.name == "new"
    assert run.arguments["nonce"] == drawn
