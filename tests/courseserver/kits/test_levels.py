"""Levels of checking: what is recomputed, what is consistent, and how cheats are refused."""

import base64
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from courseserver.kits import agreement, drawing, perceptron, services
from courseserver.kits.checking import check
from courseserver.kits.models import KitJob, Measurement
from courseserver.kits.requests import TaskRequest
from courseserver.kits.states import Verdict
from device_agent.benchmarks import board_dut, host, litert
from device_agent.boards import bench as board_bench
from device_agent.boards.dialects.dut import Dut
from device_agent.boards.port import Address
from firmware_specs import drawn, tasks
from firmware_specs.wire import Outcome, Result, Scalar
from tests.courseserver.kits.conftest import Bench
from tests.doubles.fake_board import DutFirmware, MemoryPort

MIB = 1 << 20
Given = dict[str, Scalar]
WORK = {**host.TASKS, **litert.TASKS}
# Each task whose outputs the server computes itself, at a small and an odd size.
RECOMPUTED: list[tuple[str, Given]] = [
    ("copy_bandwidth", {"bytes": MIB + 4}),
    ("triad", {"bytes": MIB, "dtype": "float64"}),
    ("triad", {"bytes": MIB, "dtype": "float32"}),
    ("fused_chain", {"bytes": MIB, "k": 5, "fused": True}),
    ("fused_chain", {"bytes": MIB + 8, "k": 16, "fused": False, "dtype": "float64"}),
    ("int8_gemm", {"m": 1, "n": 3, "k": 1}),
    ("int8_gemm", {"m": 70, "n": 9, "k": 257}),
    ("int8_gemm", {"m": 2, "n": 2, "k": 4096}),
    ("mlp", {"batch": 3, "width": 64, "layers": 3}),
    ("mlp", {"batch": 70, "width": 9, "layers": 32, "dtype": "float64"}),
]


def said(task: str, given: Given, /, *, value: float = 0.05, **facts: Any) -> Result:
    spec = tasks.task(task)
    value = 1e9 if spec.unit == "B/s" else value
    return Result(
        msg_id="m", job_id="j", attempt=1, request_id="r", task=task, outcome=Outcome.MEASURED,
        at_utc="now", arguments=given, value=value, low=value, high=value, n=5, unit=spec.unit,
        environment=facts,
    )  # fmt: skip


def worked_out(task: str, **given: Scalar) -> tuple[Given, dict[str, Any]]:
    asked = tasks.task(task).check({"nonce": 77, **given})
    bench = WORK[task](asked)
    bench.call()
    return asked, dict(bench.outcome())


@pytest.mark.parametrize(("task", "given"), RECOMPUTED)
def test_an_honest_run_is_recomputed_and_one_for_another_nonce_refused(
    task: str, given: Given
) -> None:
    asked, facts = worked_out(task, **given)

    honest = check(said(task, asked, **facts), asked=asked, board="host-linux")
    other = check(said(task, asked, **facts), asked={**asked, "nonce": 78}, board="host-linux")

    assert (honest.verdict, honest.reason) == (Verdict.RECOMPUTED, "")
    assert other.verdict == Verdict.REJECTED
    assert "we drew" in other.reason


def shifted(told: str) -> str:
    return told[8:] + told[:8]


@pytest.mark.parametrize("cheat", [shifted, lambda told: "0" * len(told), lambda told: told[:8]])
@pytest.mark.parametrize("task", ["copy_bandwidth", "triad", "fused_chain", "int8_gemm"])
def test_check_sums_shifted_constant_or_cut_off_are_refused(
    task: str, cheat: Callable[[str], str]
) -> None:
    size: Given = {"m": 70} if task == "int8_gemm" else {"bytes": MIB}
    asked, facts = worked_out(task, **size)

    told = cheat(str(facts["product"]))

    found = check(said(task, asked, product=told), asked=asked, board="host-linux")
    assert found.verdict == Verdict.REJECTED


@pytest.mark.parametrize("cheat", ["constant", "shifted", "short", "nan", "half precision"])
def test_a_networks_answers_that_are_not_its_own_are_refused(cheat: str) -> None:
    asked, facts = worked_out("mlp", batch=64, width=64, layers=4)
    sums = np.frombuffer(base64.b64decode(str(facts["sums"])), "<f8")
    told = {
        "constant": np.full_like(sums, sums[0]), "shifted": np.roll(sums, 1), "short": sums[:3],
        "nan": np.full_like(sums, np.nan), "half precision": sums * (1 + 2.0**-11),
    }[cheat]  # fmt: skip

    result = said("mlp", asked, sums=base64.b64encode(told.tobytes()).decode())

    assert check(result, asked=asked, board="host-linux").verdict == Verdict.REJECTED


def test_a_network_is_compared_within_a_tolerance_far_above_what_honest_sums_differ_by() -> None:
    asked, facts = worked_out("mlp")
    network = perceptron.asked_perceptron(asked)
    sums = np.frombuffer(base64.b64decode(str(facts["sums"])), "<f8")

    x = drawing.numbers(77, drawn.LEFT, slice(0, 32 * 512)).reshape(32, 512)
    for layer in range(4):
        x = np.maximum(x @ perceptron._weights(network, layer), 0)

    assert 0 < np.abs(sums / x.sum(axis=1) - 1).max() < network.tolerance / 10
    assert network.tolerance < 1e-3


@pytest.mark.parametrize(
    ("task", "given", "why"),
    [
        ("triad", {}, "not sent along"),
        ("mlp", {}, "not sent along"),
        ("kws", {}, "not sent along"),
        ("mlp", {"width": 8192, "sums": ""}, "too large"),
    ],
)
def test_what_cannot_be_looked_at_is_plausible_and_says_why(
    task: str, given: Given, why: str
) -> None:
    facts = {"sums": given.pop("sums")} if "sums" in given else {}
    asked = tasks.task(task).check(given)

    found = check(said(task, asked, value=9.0, **facts), asked=asked, board="host-linux")

    assert found.verdict in (Verdict.PLAUSIBLE, Verdict.UNCHECKED)
    assert why in found.reason


# --- networks of others ---------------------------------------------------------------------------
def board_answers(
    firmware: DutFirmware, monkeypatch: pytest.MonkeyPatch, *, seed: int = 5
) -> dict[str, Any]:
    """What the agent tells of a device under test."""
    dut = Dut(port := MemoryPort(firmware), clock=lambda: port.clock())
    dut.sync()

    class Lent:
        def __enter__(self) -> tuple[Dut, Address]:
            return dut, Address(url="memory")

        def __exit__(self, *details: object) -> None: ...

    monkeypatch.setattr(board_bench, "board_for", lambda kind: Lent())
    task = board_dut.task_of(firmware.model)
    measured = board_dut.TASKS[task]({"seed": seed, "window_s": 0.01})
    return dict(measured.environment)


@pytest.mark.parametrize(("model", "task", "scores"), [("kws01", "kws", 12), ("vww01", "vww", 2)])
def test_a_board_is_shown_drawn_inputs_one_of_them_twice(
    model: str, task: str, scores: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = board_answers(DutFirmware(model=model, scores=scores), monkeypatch)

    rows = str(facts["answers"]).split(";")
    early, late = drawn.repeated(5)
    assert (len(rows), len(set(rows)), rows[early]) == (4, 3, rows[late])
    found = check(said(task, {}, **facts), asked={"seed": 5}, board="nucleo-l4r5zi")
    assert (found.verdict, found.reason) == (Verdict.CONSISTENT, "")


def test_a_board_that_answers_all_alike_gets_no_better_than_plausible(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    facts = board_answers(DutFirmware(results=(0.5, *[0.05] * 10, 0.0)), monkeypatch)

    found = check(said("kws", {}, **facts), asked={"seed": 5}, board="nucleo-l4r5zi")

    assert found.verdict == Verdict.PLAUSIBLE
    assert "answers every input alike" in found.reason


class Moody(DutFirmware):
    """Answers as it pleases: a loose wire, or a state that nobody reset."""

    def _scores(self) -> tuple[float, ...]:
        self.clock_us += 1
        made = np.random.default_rng(self.clock_us).dirichlet(np.ones(12))
        return tuple(float(value) for value in made)


@pytest.mark.parametrize(
    ("model", "task", "verdict"), [("kws01", "kws", "rejected"), ("sww01", "sww", "plausible")]
)
def test_a_board_that_changes_its_mind_is_refused_where_no_stream_explains_it(
    model: str, task: str, verdict: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = board_answers(Moody(model=model), monkeypatch)

    found = check(said(task, {}, **facts), asked={"seed": 5}, board="nucleo-l4r5zi")

    assert found.verdict == verdict
    assert "answered the same input with" in found.reason


def rows_for(seed: int, *, shift: int = 0) -> list[str]:
    """Answers of a made-up keyword spotter to the inputs of a seed."""
    shown = drawn.probes(seed)
    found = []
    for one in shown[shift:] + shown[:shift]:
        values = np.random.default_rng(one).dirichlet(np.ones(12))
        found.append(",".join(f"{value:.3f}" for value in values))
    return found


@pytest.mark.parametrize(
    ("answers", "verdict", "why"),
    [
        (rows_for(5), "consistent", ""),
        (rows_for(5, shift=1), "rejected", "answered the same input with"),
        (rows_for(7), "rejected", "answered the same input with"),
        (rows_for(5)[:3], "rejected", "3 answers of 4"),
        ([row + ",0.0" for row in rows_for(5)], "rejected", "13 scores where kws has 12"),
        ([row.replace("0.", "1.") for row in rows_for(5)], "plausible", "no shares of one"),
        (["nan" + row[5:] for row in rows_for(5)], "rejected", "cannot be read"),
        (["what"] * 4, "rejected", "cannot be read"),
    ],
)
def test_answers_must_agree_with_one_another(answers: list[str], verdict: str, why: str) -> None:
    result = said("kws", {}, answers=";".join(answers))

    found = check(result, asked={"seed": 5}, board="nucleo-l4r5zi")

    assert found.verdict == verdict
    assert why in found.reason


def dut_job(bench: Bench, answers: list[str], *, kit: str, seed: int) -> Measurement:
    """Let a kit answer a job whose seed is known here."""
    able = bench.kit(kit, tasks=("kws",), board="nucleo-l4r5zi")
    job = services.kit_job_request(
        person=bench.bob, course=bench.course, purpose=kit,
        tasks=[TaskRequest(id="k", task="kws", arguments={})],
    )  # fmt: skip
    job.tasks[0]["arguments"]["seed"] = seed
    job.save(update_fields=["tasks"])
    result = replace(
        said("kws", {"seed": 1}, answers=";".join(answers), model="kws01"),
        msg_id=f"{job.id}.1.k", job_id=job.id, request_id="k",
    )  # fmt: skip
    bench.hear(able, result)
    able.health = "draining"
    able.save()
    return Measurement.objects.get(job=job)


def test_a_kept_answer_to_other_inputs_is_refused(bench: Bench) -> None:
    first = dut_job(bench, rows_for(5), kit="one", seed=5)
    # A seed whose inputs repeat at the same places.
    alike = next(s for s in range(6, 99) if drawn.repeated(s) == drawn.repeated(5))

    again = dut_job(bench, rows_for(5), kit="two", seed=alike)

    assert first.verdict == "consistent"
    assert (again.verdict, again.outcome) == ("rejected", "rejected")
    assert "other inputs were given" in again.detail


def test_kits_with_the_same_network_are_held_against_each_other(bench: Bench) -> None:
    dut_job(bench, rows_for(5), kit="one", seed=5)
    made_up = [",".join(["0.6", "0.4", *["0.0"] * 10])] * 4
    made_up[3 if 3 not in drawn.repeated(5) else 0] = ",".join(["0.4", "0.6", *["0.0"] * 10])

    alike = dut_job(bench, rows_for(5), kit="two", seed=5)
    unlike = dut_job(bench, made_up, kit="three", seed=5)

    assert (alike.verdict, alike.verdict_why) == (
        "consistent", "another kit answered the same inputs alike",
    )  # fmt: skip
    assert (unlike.verdict, unlike.outcome) == ("plausible", "measured")
    assert "otherwise" in unlike.verdict_why


def test_seeds_are_asked_again_now_and_then_and_nonces_never(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    dut_job(bench, rows_for(5), kit="one", seed=5)
    monkeypatch.setattr("secrets.randbelow", lambda most: 0)

    assert agreement.seed_asked_before("kws") == 5
    assert agreement.seed_asked_before("vww") is None
    monkeypatch.setattr("secrets.randbelow", lambda most: 1)
    assert agreement.seed_asked_before("kws") is None


def test_a_measurement_keeps_what_was_asked_and_not_what_the_kit_echoes(bench: Bench) -> None:
    kit = bench.kit()
    job = bench.ask(None, 64)

    bench.hear(kit, bench.result(job, "g64", arguments={"m": 8, "n": 8, "k": 8}))

    kept = KitJob.objects.get(pk=job.pk).measurements.get()
    assert (kept.arguments["m"], kept.arguments["nonce"]) == (
        64,
        job.tasks[0]["arguments"]["nonce"],
    )


FACTS = st.sampled_from(
    ["answers", "product", "sums", "model_0", "readings_int16le", "sensor", "is_synthetic", "board"]
)
TOLD = st.one_of(
    st.text(max_size=60), st.booleans(), st.integers(), st.floats(allow_nan=False),
    st.sampled_from(["synthetic", ";;;", "nan;nan;nan;nan", "1e400;1;1;1", "AAAA", "0x" * 32]),
)  # fmt: skip
SMALL: Given = {"m": 2, "n": 2, "k": 2, "batch": 2, "width": 2, "layers": 1, "readings": 16}


@given(task=st.sampled_from(sorted(tasks.all_tasks())), facts=st.dictionaries(FACTS, TOLD))
@settings(max_examples=150, deadline=None, derandomize=True)
def test_whatever_a_kit_tells_gets_a_level_and_never_raises(
    task: str, facts: dict[str, Any]
) -> None:
    known = {name: value for name, value in SMALL.items() if name in tasks.task(task).arguments}
    asked = tasks.task(task).check(known)

    found = check(said(task, asked, value=1e6, **facts), asked=asked, board="host-linux")

    assert found.verdict in Verdict.values
    assert found.verdict != Verdict.REJECTED or found.reason
