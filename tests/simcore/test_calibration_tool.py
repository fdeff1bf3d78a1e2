"""An input fitted to measurements: known truths come back, and what shows nothing is refused."""

import csv
import json

import numpy as np
import pytest

from simcore import solvers
from simcore.__main__ import main
from simcore.catalog import item, names
from simcore.equations.normal import student_quantile
from simcore.errors import NotInCatalogue
from simcore.tools import calibrate, predict
from tests.simcore.test_solvers import POINTS
from tests.simcore.test_uncertainty import at, varied

MACHINE = {"hardware": "h100-sxm", "overhead": 5e-6}
FLOP = np.geomspace(1e12, 1e15, 8)


def measured(efficiency=0.62, scatter=0.0, seed=3, traffic=1e8):
    rng = np.random.default_rng(seed)
    return [
        {"flop": float(flop), "traffic": traffic,
         "measured": solvers.solve("single_node", flop=flop, traffic=traffic,
                                   efficiency=efficiency, **MACHINE).value.value
         * float(np.exp(scatter * rng.standard_normal()))}
        for flop in FLOP
    ]  # fmt: skip


def test_exact_measurements_give_the_input_back():
    found = calibrate("single_node", "efficiency", measured(), **MACHINE)

    assert found.value == pytest.approx(0.62, rel=1e-6)
    assert found.scatter < 1e-6
    assert np.abs(found.left_out).max() < 2e-3


def test_scattered_measurements_give_an_interval_and_predictions_with_one():
    found = calibrate("single_node", "efficiency", measured(scatter=0.05), **MACHINE)
    truth = solvers.solve("single_node", flop=5e14, traffic=1e8, efficiency=0.62, **MACHINE)
    one = predict(found, [{"flop": 5e14, "traffic": 1e8}])[0]

    assert found.low < 0.62 < found.high
    assert found.scatter == pytest.approx(0.05, rel=0.6)
    assert found.error == pytest.approx(found.scatter / np.sqrt(8), rel=0.02)
    assert one.low < truth.value.value < one.high
    assert one.high / one.low > found.high / found.low


def test_the_interval_holds_the_truth_as_often_as_it_says():
    inside = [
        found.low <= 0.62 <= found.high
        for seed in range(40)
        for found in [calibrate("single_node", "efficiency", measured(scatter=0.05, seed=seed),
                                level=0.8, **MACHINE)]
    ]  # fmt: skip

    assert 0.62 <= np.mean(inside) <= 0.97


def test_where_memory_binds_an_efficiency_is_not_seen():
    with pytest.raises(ValueError, match=r"any efficiency from .* explains all 8 measurements"):
        calibrate("single_node", "efficiency", measured(traffic=1e14), **MACHINE)
    found = calibrate("single_node", "bandwidth", measured(traffic=1e14), efficiency=0.5,
                      **MACHINE)  # fmt: skip
    assert found.value == pytest.approx(3.35e12, rel=1e-6)


def test_one_measurement_needs_its_scatter():
    with pytest.raises(ValueError, match="two measurements, or one and its scatter"):
        calibrate("single_node", "efficiency", measured()[-1:], **MACHINE)
    found = calibrate("single_node", "efficiency", measured()[-1:], scatter=0.1, **MACHINE)
    assert found.value == pytest.approx(0.62, rel=1e-6)
    assert found.high / found.value == pytest.approx(np.exp(1.96 * 0.1), rel=1e-3)


@pytest.mark.parametrize("name", POINTS)
def test_any_solver_can_be_calibrated(name):
    entry, here, column = varied(name)
    target = at(name, column, {})
    if target <= 0:
        pytest.fail(f"{column} of {name} is not above 0")
    shared = {k: v for k, v in POINTS[name].items() if k != entry.name}
    found = calibrate(name, entry.name, [{"measured": target}] * 2, column=column,
                      low=here / 1.02, high=min(1.02 * here, entry.high), **shared)  # fmt: skip

    assert at(name, column, {entry.name: found.value}) == pytest.approx(target, rel=1e-5)


def test_cycles_of_a_board_predict_its_other_network():
    # MLPerf Tiny results of one board: fitted on keyword spotting, visual wake words predicted.
    board = next(item("tiny_results", id_) for id_ in names("tiny_results") if id_ == "st-l4r5zi")
    shared = {"first_cycles": 2.0, "depthwise_cycles": 2.0, "convolution_cycles": 2.0,
              "dense_cycles": 2.0, "clock": board.value("clock")}  # fmt: skip
    rows = [{"model": "dscnn-kws", "measured": board.value("latency.kws")}]
    found = calibrate("mcu_inference", "pointwise_cycles", rows, scatter=0.25, **shared)
    other = predict(found, [{"model": "mobilenet-v1-025-vww"}])[0]

    assert 1 < found.value < 3
    assert other.low < board.value("latency.vww") < other.high


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"unknown": "precision"}, "precision is one of fp32"),
        ({"level": 0}, "level must be above 0"),
        ({"measurements": [{"flop": 1.0}]}, "measurement 1 needs 'measured' above 0"),
        ({"measurements": [{"measured": -1.0}] * 2}, "measurement 1 needs 'measured' above 0"),
        ({"low": 0.9, "high": 0.1}, "search needs 0 < low < high"),
    ],
)
def test_what_has_no_meaning_is_refused(change, message):
    given = {"unknown": "efficiency", "measurements": measured(), **MACHINE, **change}
    if len(given["measurements"]) == 1:
        given["scatter"] = 0.1

    with pytest.raises(ValueError, match=message):
        calibrate("single_node", given.pop("unknown"), given.pop("measurements"), **given)


def test_an_unknown_input_is_refused_with_the_nearest():
    with pytest.raises(NotInCatalogue, match="did you mean 'efficiency'"):
        calibrate("single_node", "eficiency", measured(), **MACHINE)


def test_the_command_fits_and_predicts(tmp_path, capsys):
    rows = measured(scatter=0.03)
    for file, part in (("fit.csv", rows[:6]), ("rest.csv", rows[6:])):
        with (tmp_path / file).open("w", newline="", encoding="utf-8") as out:
            writer = csv.writer(out)
            writer.writerow(["flop", "traffic", "measured"])
            writer.writerows([f"{r['flop'] / 1e12!r} TFLOP", r["traffic"],
                              f"{r['measured'] * 1e3!r} ms"] for r in part)  # fmt: skip
    argv = ["calibrate", "single_node", "--fit", "efficiency", "--measured",
            str(tmp_path / "fit.csv"), "--predict", str(tmp_path / "rest.csv"),
            "--set", "hardware=h100-sxm", "--set", "overhead=5 us"]  # fmt: skip

    assert main([*argv, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["fitted"]["value"] == pytest.approx(0.62, rel=0.05)
    assert found["median_error_left_out"] < 0.1
    assert all(abs(p["error"]) < 0.15 for p in found["predictions"])
    main(argv)
    assert "median error, each left out" in capsys.readouterr().out


def test_students_quantiles_are_those_of_the_tables():
    # Two-sided 95%: 12.706, 4.303, 3.182, 2.776, 2.262, 2.042 and, for many, 1.960.
    found = student_quantile(0.975, freedom=np.asarray([1, 2, 3, 4, 9, 30, 1e9]))

    assert found == pytest.approx([12.7062, 4.30265, 3.18245, 2.77645, 2.26216, 2.04227, 1.95996],
                                  rel=2e-5)  # fmt: skip
    assert student_quantile(0.025, freedom=4) == pytest.approx(-2.77645, rel=2e-5)
    assert student_quantile(0.5, freedom=7) == pytest.approx(0, abs=1e-6)
    with pytest.raises(ValueError, match="freedom must be 1 or more"):
        student_quantile(0.9, freedom=0)


# D. Narayanan et al., SC 2021, arXiv:2104.04473, table 1, row by row: billion parameters,
# layers, width, tensor, pipeline, GPUs, batch, TFLOP/s of each GPU; A100 with 300 GB/s in the node
# and 25 GB/s beside it, 2048 tokens.
MEGATRON = [
    (1.7, 24, 2304, 1, 1, 32, 512, 137), (3.6, 30, 3072, 2, 1, 64, 512, 138),
    (7.5, 36, 4096, 4, 1, 128, 512, 142), (18.4, 40, 6144, 8, 1, 256, 1024, 135),
    (39.1, 48, 8192, 8, 2, 512, 1536, 138), (76.1, 60, 10240, 8, 4, 1024, 1792, 140),
    (145.6, 80, 12288, 8, 8, 1536, 2304, 148), (310.1, 96, 16384, 8, 16, 1920, 2160, 155),
    (529.6, 105, 20480, 8, 35, 2520, 2520, 163), (1008.0, 128, 25600, 8, 64, 3072, 3072, 163),
]  # fmt: skip


def megatron_step(layers, hidden, devices, batch, rate):
    """Return the time of a step from the table's rate, by the paper's count of FLOP (eq. 3)."""
    rest = 1 + 2048 / (6 * hidden) + 51200 / (16 * layers * hidden)
    return 96 * batch * 2048 * layers * hidden**2 * rest / (devices * rate * 1e12)


def test_one_efficiency_predicts_models_of_two_to_a_thousand_billion_parameters():
    rows = [
        {"parameters": size * 1e9, "layers": layers, "hidden": hidden, "tensor": tensor,
         "pipeline": pipeline, "devices": devices, "global_batch": batch,
         "measured": megatron_step(layers, hidden, devices, batch, rate)}
        for size, layers, hidden, tensor, pipeline, devices, batch, rate in MEGATRON
    ]  # fmt: skip
    machine = {"hardware": "a100-sxm-80gb", "node_bandwidth": 300e9, "link_bandwidth": 25e9}
    found = calibrate("distributed_step", "efficiency", rows, sequence=2048, **machine)

    # A third of the arithmetic is done again there, which the efficiency of useful FLOP pays for.
    assert 0.35 < found.value < 0.45
    assert np.median(np.abs(found.left_out)) < 0.1
    assert np.max(np.abs(found.left_out)) < 0.17
