"""The agent and emulated boards: every task from its arguments to a result, as on hardware."""

import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from courseserver.kits import kernels
from device_agent import worker
from device_agent.__main__ import main
from device_agent.boards import find
from device_agent.classifier import quantising, training
from firmware_specs.datasets import digits
from firmware_specs.serial import operands
from firmware_specs.serial.blob import model_pack
from firmware_specs.serial.replies import Outputs
from tests.emulators import machines
from tests.emulators.machines import MACHINES, Machine

pytestmark = pytest.mark.processes


@pytest.fixture(scope="module", params=MACHINES)
def emulator(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Machine]:
    folder = tmp_path_factory.mktemp("machine")
    with machines.machine(request.param, machines.images(), folder) as running:
        yield running
        find.detach()


@pytest.fixture(scope="module")
def uno(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    with machines.machine("uno", machines.images(), tmp_path_factory.mktemp("uno")) as running:
        find.detach()
        yield running
        find.detach()


def run_on(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, task: str, **arguments: Any
) -> dict[str, Any]:
    monkeypatch.setenv(find.PORTS, machine.url)
    return worker.run_one(task, {"window_s": 0.01, **arguments})


@pytest.mark.parametrize("task", ["mac8", "dotf", "copy"])
def test_a_micro_kernel_is_measured_on_the_boards_own_clock(
    emulator: Machine, monkeypatch: pytest.MonkeyPatch, task: str
) -> None:
    outcome = run_on(emulator, monkeypatch, task, size=64)

    assert (outcome["outcome"], outcome["evidence"], outcome["n"]) == ("measured", "emulated", 5)
    # An emulator repeats itself but for the phase of its interrupts.
    assert outcome["high"] / outcome["low"] < 1.02
    environment = outcome["environment"]
    counted_s = environment["counter_ticks"] / environment["counter_hz"]
    time_s = outcome["value"] if outcome["unit"] == "s" else 2 * 64 / outcome["value"]
    assert counted_s == pytest.approx(time_s, rel=0.01)


@pytest.mark.parametrize("task", ["mac8", "dotf", "copy"])
@pytest.mark.parametrize(("size", "nonce"), [(64, 0), (64, 1234), (31, 2**31 - 2), (1, 901)])
def test_a_micro_kernel_works_on_what_the_jobs_nonce_draws(
    emulator: Machine, monkeypatch: pytest.MonkeyPatch, task: str, size: int, nonce: int
) -> None:
    environment = run_on(emulator, monkeypatch, task, size=size, nonce=nonce)["environment"]

    result = kernels.result(task, size, nonce)
    assert environment["kernel_result"] == f"{result:08x}"
    assert environment["kernel_check"] == f"{operands.sealed(nonce, size, result):08x}"


def test_the_outputs_sent_back_are_sealed_by_the_nonce(
    uno: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen, held_out = digits()
    network = training.network_train(seen, width=8)
    pixels = training.pixels_of(seen)
    layers = quantising.layers_of(network, pixels, precision="int8", is_sparse=False)
    crc = zlib.crc32(model_pack(layers))

    environment = run_on(uno, monkeypatch, "digits", images=1, nonce=1234)["environment"]

    image = held_out.pixels[1234 % 500]
    expected = quantising.run(layers, np.array([list(image)], dtype=np.int8)).tobytes()
    told = Outputs(
        data=bytes.fromhex(environment["outputs"]), check=int(environment["outputs_check"], 16)
    )
    assert told.data == expected
    assert told.is_of("1234", crc, image)
    assert not told.is_of("1235", crc, image)


def test_a_larger_classifier_scores_the_same_on_every_kind_of_board(
    emulator: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome = run_on(emulator, monkeypatch, "digits", images=4, width=12)

    assert outcome["environment"]["accuracy"] == _right("int8", False, width=12, images=4) / 4


@pytest.mark.parametrize(
    ("arguments", "precision", "is_sparse"),
    [
        ({"width": 20, "precision": "int4"}, "int4", False),
        ({"width": 24, "sparsity": 0.8}, "int8", True),
        ({"width": 3, "precision": "fp32"}, "fp32", False),
    ],
    ids=["int4", "sparse", "fp32"],
)
def test_a_chosen_classifier_scores_on_the_board_what_numpy_scores(
    uno: Machine,
    monkeypatch: pytest.MonkeyPatch,
    arguments: dict[str, Any],
    precision: str,
    is_sparse: bool,
) -> None:
    outcome = run_on(uno, monkeypatch, "digits", images=10, **arguments)

    assert outcome["outcome"] == "measured", outcome["detail"]
    environment = outcome["environment"]
    shape = {key: value for key, value in arguments.items() if key != "precision"}
    right = _right(precision, is_sparse, **shape)
    assert environment["accuracy"] == right / 10
    assert right >= 5
    assert environment["model_bytes"] <= 1024


def _right(precision: str, is_sparse: bool, *, images: int = 10, **shape: Any) -> int:
    """Return how many of the first held-out images the same model gets right in numpy."""
    seen, held_out = digits()
    network = training.network_train(seen, **shape)
    layers = quantising.layers_of(
        network, training.pixels_of(seen), precision=precision, is_sparse=is_sparse
    )
    x = training.pixels_of(held_out)[:images].astype(np.int8)
    answers = quantising.run(layers, x).argmax(axis=1)
    return int((answers == np.array(held_out.labels[:images])).sum())


def test_a_model_the_board_has_no_room_for_is_refused_in_words(
    uno: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome = run_on(uno, monkeypatch, "digits", width=64)

    assert outcome["outcome"] == "failed"
    assert "5072 bytes" in outcome["detail"]
    assert "fewer units" in outcome["detail"]
    assert run_on(uno, monkeypatch, "mac8")["outcome"] == "measured"


def test_energy_is_that_of_the_replayed_trace_between_the_pins_edges(
    uno: Machine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    active = 0.25 + 0.05 * np.sin(np.arange(50) / 50 * 2 * np.pi)
    rows = "".join(f"{i * 2e-5:.6f},0.15,{power:.9f}\n" for i, power in enumerate(active))
    (tmp_path / "trace.csv").write_text("time_s,idle_w,active_w\n" + rows)
    find.detach()
    monkeypatch.setenv(find.PORTS, f"{uno.url};edges={uno.edges};trace={tmp_path / 'trace.csv'}")

    outcome = worker.run_one("mac8", {"size": 256, "window_s": 0.05})

    assert uno.edges is not None
    windows = machines.windows_cycles(uno.edges)[-5:]
    run_s = sorted(windows)[2] / 16e6 / outcome["environment"]["runs_per_window"]
    energy = outcome["energy"]
    assert energy["meter"] == "replayed trace"
    # Whole periods of the sine average out; what is left of one is below 1%.
    assert energy["total_j"] == pytest.approx(0.25 * run_s, rel=0.01)
    assert energy["dynamic_j"] == pytest.approx(0.10 * run_s, rel=0.02)
    assert 0 < outcome["environment"]["energy_uncertainty_j"] < 0.01 * energy["total_j"]


def test_doctor_and_bench_find_the_board(
    uno: Machine,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    find.detach()
    monkeypatch.setenv(find.PORTS, uno.url)
    written = tmp_path / "bench.json"

    main(["doctor", "--config", str(tmp_path / "none.toml")])
    code = main(["bench", "--suite", "board", "--quick", "--json", str(written)])

    assert "arduino-uno-r3 at" in capsys.readouterr().out
    assert code == 0
    (row,) = json.loads(written.read_text())["results"]
    assert (row["outcome"], row["evidence"]) == ("measured", "emulated")


# --- sensor data --------------------------------------------------------------------------------
@pytest.mark.parametrize(("sensor", "axes"), [("any", 1), ("synthetic", 3)])
def test_windows_of_a_sensor_come_at_a_steady_rate(
    uno: Machine, monkeypatch: pytest.MonkeyPatch, sensor: str, axes: int
) -> None:
    monkeypatch.setenv(find.PORTS, uno.url)
    outcome = worker.run_one("sensor", {"sensor": sensor, "hz": 500, "readings": 32})

    assert outcome["outcome"] == "measured", outcome["detail"]
    assert outcome["value"] == pytest.approx(1 / 500, rel=1e-3)
    environment = outcome["environment"]
    assert (environment["axes"], environment["late_readings"]) == (axes, 0)
    # The Uno's own is its analogue input, which the emulator leaves open.
    assert environment["is_synthetic"] is (sensor == "synthetic")
