"""What the server says about a measurement: recomputed, plausible, impossible."""

import base64
import struct
import zlib
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from courseserver.kits import drawing
from courseserver.kits.checking import answers, check
from courseserver.kits.states import Verdict
from device_agent import matrices
from device_agent.benchmarks import host
from device_agent.benchmarks.host_digits import host_digits
from device_agent.classifier.quantising import run
from firmware_specs import drawn, tasks
from firmware_specs.serial import operands
from firmware_specs.serial.blob import model_pack, model_unpack
from firmware_specs.wire import Outcome, Result, Scalar
from tests.courseserver.kits.honest import PIXELS, answer, asked, layers

CASES = [("int8", False), ("int8", True), ("int4", False), ("fp32", False)]


@pytest.mark.parametrize(("precision", "sparse"), CASES)
def test_an_honest_boards_outputs_are_recomputed(precision: str, sparse: bool) -> None:
    given = asked(precision=precision, sparsity=0.5 if sparse else 0.0)

    finding = check(answer(given, layers(8, precision, sparse=sparse)), asked=given,
                    board="host-linux")  # fmt: skip

    assert (finding.verdict, finding.reason) == (Verdict.RECOMPUTED, "")


@pytest.mark.parametrize(("precision", "sparse"), CASES)
def test_a_blob_unpacks_to_its_layers_and_the_server_computes_as_the_agent_does(
    precision: str, sparse: bool
) -> None:
    model = layers(9, precision, sparse=sparse)

    unpacked = model_unpack(model_pack(model))

    assert model_pack(unpacked) == model_pack(model)
    assert answers(unpacked, PIXELS).tobytes() == run(model, PIXELS).tobytes()


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"outputs": "00" * 10}, "are not those of its model"),
        ({"outputs_check": "00000000"}, "not sealed with the nonce"),
        ({"outputs_check": "what"}, "cannot be read"),
        ({"accuracy": 0.99}, "another accuracy"),
        ({"accuracy": "much"}, "cannot be read"),
        ({"model_bytes": 1}, "claims a model of 1 bytes"),
        ({"model_0": "AAAA"}, "cannot be read"),
        ({"model_0": base64.b64encode(zlib.compress(b"x" * 400_000)).decode()}, "longer than"),
    ],
)
def test_what_contradicts_the_arithmetic_is_rejected(changes: dict[str, Scalar], why: str) -> None:
    given = asked()

    finding = check(answer(given, layers(), **changes), asked=given, board="host-linux")

    assert finding.verdict == Verdict.REJECTED
    assert why in finding.reason


@pytest.mark.parametrize("changes", [{"width": 9}, {"precision": "int4"}, {"nonce": 1235}])
def test_an_answer_to_something_else_is_rejected(changes: dict[str, Scalar]) -> None:
    honest = answer(asked(), layers())

    finding = check(honest, asked=asked(**changes), board="host-linux")

    assert finding.verdict == Verdict.REJECTED


@pytest.mark.parametrize(
    ("precision", "sparsity"), [("int8", 0.0), ("int8", 0.5), ("int4", 0.0), ("fp32", 0.0)]
)
def test_the_classifier_on_a_kits_own_computer_gives_the_boards_bits(
    precision: str, sparsity: float
) -> None:
    drawn_for = tasks.task("digits_host").check(
        {"nonce": 77, "images": 40, "precision": precision, "sparsity": sparsity}
    )
    prepared = host_digits(drawn_for)
    told = Result(
        msg_id="m", job_id="j", attempt=1, request_id="r", task="digits_host",
        outcome=Outcome.MEASURED, at_utc="now", value=2e-5, low=2e-5, high=2e-5, unit="s", n=15,
        environment=dict(prepared.environment or {}),
    )  # fmt: skip

    found = check(told, asked=drawn_for, board="raspberry-pi-5")

    assert (found.verdict, found.reason) == (Verdict.RECOMPUTED, "")
    prepared.call()
    other = {**drawn_for, "nonce": 78}
    assert check(told, asked=other, board="raspberry-pi-5").verdict == Verdict.REJECTED
    too_fast = replace(told, value=1e-12, low=1e-12, high=1e-12)
    assert check(too_fast, asked=drawn_for, board="raspberry-pi-5").verdict == Verdict.REJECTED


def test_a_model_too_large_to_send_leaves_a_plausible_time() -> None:
    given = asked()
    result = answer(given, layers())
    facts = {k: v for k, v in result.environment.items() if k != "model_0"}

    finding = check(replace(result, environment=facts), asked=given, board="host-linux")

    assert finding.verdict == Verdict.PLAUSIBLE


def kernel(task: str, value: float, **given: Scalar) -> Result:
    filled = tasks.task(task).check(given)
    return Result(
        msg_id="m", job_id="j", attempt=1, request_id="r", task=task, outcome=Outcome.MEASURED,
        at_utc="now", arguments=filled, value=value, low=value, high=value, n=5,
        unit=tasks.task(task).unit,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("task", "board", "honest", "impossible"),
    [
        # 256 products: 20 cycles each as measured in simavr; 12 cycles each.
        ("mac8", "arduino-uno-r3", 256 * 20 / 16e6, 256 * 12 / 16e6),
        ("copy", "arduino-uno-r3", 6e6, 1e9),
        # Published: 75 ms with the CMSIS-NN kernels; the board's peak needs 11 ms.
        ("kws", "nucleo-l4r5zi", 75e-3, 2e-3),
        # 1024 cubed at 100 GFLOP/s, and in a microsecond.
        ("gemm", "host-linux", 0.02, 1e-6),
        ("copy_bandwidth", "raspberry-pi-5", 9e9, 1e13),
    ],
)
def test_faster_than_the_boards_peak_is_rejected_and_its_own_pace_is_not(
    task: str, board: str, honest: float, impossible: float
) -> None:
    given = tasks.task(task).check({})

    findings = [check(kernel(task, v), asked=given, board=board) for v in (honest, impossible)]

    assert [found.verdict for found in findings] == [Verdict.PLAUSIBLE, Verdict.REJECTED]
    assert f"{impossible:.3g}" in findings[1].reason


# --- products of drawn matrices -------------------------------------------------------------------
def product(task: str, **given: Scalar) -> tuple[dict[str, Scalar], Result]:
    """What an honest host reports of a product, with how it was asked for."""
    result = kernel(task, 0.02, nonce=77, **given)
    bench = host.TASKS[task](result.arguments)
    bench.call()
    return dict(result.arguments), replace(result, environment=bench.outcome())


@pytest.mark.parametrize(
    ("task", "given"),
    [
        ("gemm", {"m": 70, "n": 9, "k": 33}),
        ("gemm", {"m": 3, "n": 5, "k": 8192, "dtype": "float64"}),
        ("gemv", {"n": 300}),
    ],
)
def test_an_honest_product_is_recomputed(task: str, given: dict[str, Scalar]) -> None:
    asked, result = product(task, **given)

    assert check(result, asked=asked, board="host-linux").verdict == Verdict.RECOMPUTED


@pytest.mark.parametrize("dtype", ["float32", "float64", "int8"])
def test_agent_and_server_draw_what_the_definition_says(dtype: str) -> None:
    nonce, is_int8 = 2**31 - 2, dtype == "int8"
    for operand in (drawn.LEFT, drawn.RIGHT):
        numbers = matrices.matrix(nonce, operand, (2, 40_000), dtype).ravel()
        assert numbers.dtype == np.dtype(dtype)
        assert np.array_equal(
            drawing.numbers(nonce, operand, slice(0, 80_000), is_int8=is_int8), numbers
        )
        for index in (0, 1, 65_535, 65_536, 79_999):
            assert numbers[index] == drawn.number(nonce, operand, index, is_int8=is_int8)


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ("0" * 64 * 8, "is wrong"),
        ("0" * 8, "1 check sums of 64"),
        ("what's up", "cannot be read"),
    ],
)
def test_a_product_that_was_not_worked_out_is_rejected(told: str, why: str) -> None:
    asked, result = product("gemm", m=70, n=9, k=33)

    finding = check(replace(result, environment={"product": told}), asked=asked, board="host-linux")

    assert finding.verdict == Verdict.REJECTED
    assert why in finding.reason


def test_a_product_of_other_matrices_is_rejected() -> None:
    asked, result = product("gemv", n=64)

    finding = check(result, asked={**asked, "nonce": 78}, board="host-linux")

    assert finding.verdict == Verdict.REJECTED


def test_a_product_that_leaves_half_of_its_rows_out_is_found_out() -> None:
    asked, result = product("gemm", m=64, n=9, k=33)
    told = str(result.environment["product"])
    half = replace(result, environment={"product": told[: 32 * 8] + "0" * 32 * 8})

    found = [check(half, asked=asked, board="host-linux").verdict for _ in range(30)]

    # 30 looks at three groups of 64: all miss once in 10 to the 27.
    assert Verdict.REJECTED in found


@pytest.mark.parametrize(("given", "why"), [
    ({"m": 8192, "n": 8192, "k": 8192}, "too large"), ({"m": 8}, "not sent along"),
])  # fmt: skip
def test_a_product_that_cannot_be_looked_at_is_plausible(
    given: dict[str, Scalar], why: str
) -> None:
    result = kernel("gemm", 60.0, **given)
    facts: dict[str, Scalar] = {"product": ""} if given["m"] != 8 else {}

    finding = check(replace(result, environment=facts), asked=result.arguments, board="host-linux")

    assert finding.verdict == Verdict.PLAUSIBLE
    assert why in finding.reason


# --- readings -------------------------------------------------------------------------------------
def readings(count: int, **changes: Scalar) -> tuple[dict[str, Scalar], Result]:
    result = kernel("sensor", 0.01, readings=count)
    values = operands.synthetic_readings(count)
    told = struct.pack(f"<{len(values)}h", *values)[: operands.TOLD_READINGS_BYTES]
    facts: dict[str, Scalar] = {
        "sensor": "synthetic", "is_synthetic": True,
        "readings_int16le": base64.b64encode(told).decode(), **changes,
    }  # fmt: skip
    return dict(result.arguments), replace(result, environment=facts)


@pytest.mark.parametrize("count", [16, 512])
def test_synthetic_readings_are_those_of_the_firmware(count: int) -> None:
    asked, result = readings(count)

    assert check(result, asked=asked, board="host-linux").verdict == Verdict.RECOMPUTED


@pytest.mark.parametrize("told", ["", "AAAA", base64.b64encode(b"\0" * 96).decode(), "?"])
def test_other_readings_that_say_they_are_synthetic_are_rejected(told: str) -> None:
    asked, result = readings(16, readings_int16le=told)

    assert check(result, asked=asked, board="host-linux").verdict == Verdict.REJECTED


def test_a_real_sensors_readings_are_plausible_and_none_come_faster_than_asked() -> None:
    asked, result = readings(16, sensor="a0", is_synthetic=False)

    verdicts = [
        check(replace(result, value=value), asked=asked, board="host-linux").verdict
        for value in (0.01, 0.004)
    ]

    assert verdicts == [Verdict.PLAUSIBLE, Verdict.REJECTED]


def test_what_nothing_bounds_is_taken_on_the_kits_word() -> None:
    result = kernel("call_overhead", 1e-9)

    assert check(result, asked={}, board="host-linux").verdict == Verdict.UNCHECKED


@pytest.mark.parametrize(
    ("evidence", "verdict"), [("emulated", Verdict.RECOMPUTED), ("measured", Verdict.UNCHECKED)]
)
def test_a_board_no_catalogue_knows_passes_by_its_outputs_in_an_emulator_alone(
    evidence: str, verdict: Verdict
) -> None:
    given = asked()
    told = answer(given, layers(), value=1e-9, board="mps2-an386")

    finding = check(replace(told, evidence=evidence), asked=given, board="host-linux")

    assert finding.verdict == verdict
    assert ("nothing bounds its time" in finding.reason) == (evidence == "measured")


@given(blob=st.binary(max_size=120), at=st.integers(0, 700), by=st.integers(1, 255))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_hostile_models_are_refused_in_words_and_never_crash(blob: bytes, at: int, by: int) -> None:
    packed = bytearray(model_pack(layers(8, "int8", sparse=at % 2 == 0)))
    packed[at % len(packed)] ^= by
    for tried in (blob, b"FSM1" + blob, bytes(packed), bytes(packed[:at])):
        given = asked()
        piece = base64.b64encode(zlib.compress(tried)).decode()
        finding = check(answer(given, layers(), model_0=piece), asked=given, board="host-linux")
        assert finding.verdict == Verdict.REJECTED
