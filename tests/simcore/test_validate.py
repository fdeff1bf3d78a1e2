"""Predictions of published measurements: how near, and that no row is learned from itself."""

import copy
import dataclasses
import json
from pathlib import Path

import pytest

from simcore import catalog
from simcore.__main__ import main
from simcore.validation import datacentre, edge, tiny, tiny_rows
from simcore.validation.datacentre import expected_throughput, fitted_efficiency, machine_of
from simcore.validation.language import REQUESTS, activation_traffic, passes
from simcore.validation.report import NEEDED, MeasurementError, validate
from simcore.validation.rows import Row, families

SAMPLE = Path(__file__).parent / "data" / "published_sample.json"
CORE = "core class only"
EDGE = {"board": "Pi", "model": "VGG16", "precision": "int8", "latency_ms": 9}
CALIBRATED = "calibrated on the system's other benchmarks"


@pytest.fixture(scope="module")
def published():
    return json.loads(SAMPLE.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def answer(published):
    return validate(published)


@pytest.fixture(autouse=True)
def few_results(monkeypatch):
    """Learn from a part of the catalogue, which is quicker; `answer` has learned from all of it."""
    few = tiny_rows.catalogued()[::4]
    monkeypatch.setattr(tiny_rows, "catalogued", lambda: few)


def family(answer, name, knowledge):
    return next(f for f in answer["families"] if (f["family"], f["knowledge"]) == (name, knowledge))


@pytest.mark.parametrize(
    ("name", "knowledge", "median", "p90"),
    [
        ("mcu int8", CORE, 0.40, 1.10),
        ("mcu int8", CALIBRATED, 0.10, 0.25),
        ("mcu int8", "energy given latency", 0.03, 0.10),
        ("llama2-70b Offline", "one fitted efficiency per model and scenario", 0.15, 0.40),
        ("edge", "one other model of the same device", 0.25, 1.30),
    ],
)
def test_a_small_sample_is_predicted_this_well(answer, name, knowledge, median, p90):
    found = family(answer, name, knowledge)

    assert found["median_error"] <= median
    assert found["p90_error"] <= p90


def test_more_knowledge_of_the_system_predicts_better(answer):
    core = family(answer, "mcu int8", CORE)
    calibrated = family(answer, "mcu int8", CALIBRATED)

    assert calibrated["median_error"] < core["median_error"]
    assert calibrated["p90_error"] < core["p90_error"]


@pytest.mark.parametrize(
    ("kind", "key"),
    [("mlperf_tiny", "latency_ms"), ("mlperf_inference", "tokens_per_s"), ("edge", "latency_ms")],
)
def test_a_row_s_own_value_never_moves_its_prediction(published, kind, key):
    changed = copy.deepcopy(published)
    rows = [row for row in changed[kind] if row.get(key)]
    rows[3][key] *= 1.9
    quantity = "throughput" if kind == "mlperf_inference" else "latency"

    before = [r for r in validate(published)["rows"] if r["quantity"] == quantity]
    after = [r for r in validate(changed)["rows"] if r["quantity"] == quantity]

    moved = [(a, b) for a, b in zip(before, after, strict=True) if a["published"] != b["published"]]
    assert moved
    for a, b in moved:
        assert b["predicted"] == pytest.approx(a["predicted"], rel=1e-12)


def test_energy_follows_its_latency_and_other_benchmarks_power_only(published):
    changed = copy.deepcopy(published)
    row = next(r for r in changed["mlperf_tiny"] if r["energy_uJ"])
    row["energy_uJ"] *= 3

    before = [r for r in validate(published)["rows"] if r["quantity"] == "energy"]
    after = [r for r in validate(changed)["rows"] if r["quantity"] == "energy"]

    assert after[0]["published"] == pytest.approx(3 * before[0]["published"])
    assert after[0]["predicted"] == pytest.approx(before[0]["predicted"])


def test_core_class_only_uses_nothing_of_the_board_or_the_submitter(published):
    rows = tiny_rows.read(published["mlperf_tiny"])
    row = rows[0]
    strangers = [r for r in rows if r.board != row.board and r.submitter != row.submitter]

    alone = tiny.predictions([row, *strangers])
    among_all = tiny.predictions(rows)

    def predicted(found):
        return next(r.predicted for r in found if (r.id, r.knowledge) == (row.id, CORE))

    assert predicted(alone) == pytest.approx(predicted(among_all), rel=1e-9)


def test_names_carry_no_knowledge_beyond_saying_who_is_who(published, monkeypatch):
    monkeypatch.setattr(tiny_rows, "catalogued", tuple)
    changed = copy.deepcopy(published)
    for row in changed["mlperf_tiny"]:
        row["submitter"] = f"team {sum(map(ord, row['submitter']))}"
        row["board"] = f"board {sum(map(ord, row['board']))}"

    before, after = ([r["predicted"] for r in validate(found)["rows"]
                      if r["family"] == "mcu int8" and r["predicted"]]
                     for found in (published, changed))  # fmt: skip

    assert after == pytest.approx(before, rel=1e-9)


def test_the_catalogues_results_never_serve_for_themselves():
    held = tiny_rows.catalogued()
    for row in [row for row in held if row.family == "mcu int8"][:40:10]:
        one_more = dataclasses.replace(row, round=row.round + 1, latency=(row.latency or 0) * 50)
        first, second = (
            next(r.predicted for r in tiny.predictions([each]) if r.knowledge == CORE)
            for each in (row, one_more)
        )

        assert second == pytest.approx(first, rel=0.25)


def test_an_interval_of_95_percent_holds_most_published_latencies(answer):
    rows = [r for r in answer["rows"] if r["knowledge"] == CALIBRATED and r["low"]
            and r["family"] == "mcu int8"]  # fmt: skip
    inside = [r["low"] <= r["published"] <= r["high"] for r in rows]

    assert 0.8 <= sum(inside) / len(inside) <= 1


def test_what_cannot_be_predicted_says_why(answer):
    reasons = {r["id"]: r["reason"] for r in answer["rows"] if r["predicted"] is None}

    assert all(reasons.values())
    assert any("no layer counts of TFLM person_detection" in reason for reason in reasons.values())
    assert any("no other system" in reason for reason in reasons.values())


@pytest.mark.parametrize(
    ("text", "runtime", "kind"),
    [
        ("X-CUBE-AI v9.0", "x-cube-ai", "tuned"),
        ("microTVM NUCLEO_NATIVE", "tvm native", "compiled"),
        ("NUCLEO_NATIVE microTVM", "tvm native", "compiled"),
        ("microTVM CMSIS_NN", "tvm with cmsis-nn", "library"),
        ("TensorFlow Lite for Microcontrollers", "tflite micro", "portable"),
        ("TensorFlow Lite for Microcontrollers CMSIS-NN", "tflite micro", "library"),
        ("CMSIS_NN 4.0 with tflite-micro", "tflite micro", "library"),
        ("", None, "tuned"),
    ],
)
def test_a_runtime_is_read_from_what_a_system_says_of_itself(text, runtime, kind):
    assert tiny_rows.runtime_of(text) == (runtime, kind)


@pytest.mark.parametrize(
    ("text", "clock"),
    [("120 MHz", 120e6), ("1.0 GHz", 1e9), ("20M", 20e6), ("650Mhz", 650e6), (None, None)],
)
def test_a_clock_is_read_however_it_is_written(text, clock):
    assert tiny_rows.clock_of(text) == clock


@pytest.mark.parametrize(
    ("system", "machine", "count"),
    [
        ("DGX-H100_H100-SXM-80GBx8_TRT", "h100-sxm", 8),
        ("8xMI300X_2xEPYC_9575F", "mi300x", 8),
        ("HPE_XD670_8x_H100-SXM-80GB", "h100-sxm", 8),
        ("2x NVIDIA L40S", "l40s", 2),
        ("tpu-v5e-4", "tpu-v5e", 4),
        ("DGX-H200", "h200-sxm", 8),
        ("GB200-NVL72_GB200-186GB_aarch64x72_TRT", "gb200", 72),
        ("GH200-GraceHopper-Superchip_GH200-144GB_aarch64x1_TRT", "gh200", 1),
        ("Orin_TRT", "jetson-agx-orin-64gb", 1),
    ],
)
def test_a_system_s_name_says_accelerator_and_count(system, machine, count):
    found = machine_of(system)

    assert found is not None
    assert (found[0].id, found[1]) == (machine, count)


def test_twice_the_accelerators_serve_about_twice_as_much():
    def served(count):
        return expected_throughput({"system": f"{count}xMI300X", "model": "llama2-70b-99"})

    assert served(16) == pytest.approx(2 * served(8))
    assert expected_throughput({"system": "a mainframe", "model": "llama2-70b-99"}) is None


def test_what_is_left_to_one_efficiency_is_near_one(published):
    ratios = [row["tokens_per_s"] / expected_throughput(row)
              for row in published["mlperf_inference"] if row["tokens_per_s"]]  # fmt: skip

    assert len(ratios) == 7
    assert 0.7 < min(ratios) < max(ratios) < 1.15


def test_a_token_of_llama_2_70b_moves_51_megabyte_of_activations():
    # 80 layers, 18 widths of 8192 and 6 of 28672, 2 byte each.
    assert activation_traffic(catalog.model("llama-2-70b")) == pytest.approx(51.1e6, rel=0.01)


@pytest.mark.parametrize("scenario", ["Offline", "Interactive"])
@pytest.mark.parametrize("machine", ["h100-sxm", "mi300x", "b200"])
def test_a_fitted_efficiency_gives_the_rate_back(scenario, machine):
    requests = REQUESTS["llama2-70b"]
    found = passes(catalog.hardware(machine), requests, devices=8)
    gap = requests.gaps.get(scenario)

    rate = found.rate(0.8, gap)

    assert found.efficiency(rate, gap) == pytest.approx(0.8)
    assert found.rate(0.9, gap) > rate


def test_a_limit_on_the_gap_costs_throughput_and_a_wide_one_none():
    found = passes(catalog.hardware("mi300x"), REQUESTS["llama2-70b"], devices=8)

    assert found.rate(0.8, 0.04) < 0.7 * found.rate(0.8)
    assert found.rate(0.8, 1e3) == found.rate(0.8)
    assert found.rate(0.8, 0.001) == 0  # reading the weights alone takes longer


def test_samples_of_a_language_model_are_counted_in_tokens():
    row = {"system": "8xMI300X", "model": "llama2-70b-99", "scenario": "Offline"}

    tokens = expected_throughput(row, 0.8)
    samples = expected_throughput(row, 0.8, unit="1/s")

    assert tokens == pytest.approx(samples * REQUESTS["llama2-70b"].tokens_out)
    assert fitted_efficiency({**row, "samples_per_s": samples}) == pytest.approx(0.8)


def test_a_single_row_is_predicted_from_the_catalogue_and_never_from_itself(published):
    for kind, module in (("mlperf_inference", datacentre), ("edge", edge)):
        row = next(
            r for r in published[kind] if "llama2" in r["model"] or "MobileNet" in r["model"]
        )
        key = "tokens_per_s" if kind == "mlperf_inference" else "latency_ms"

        (found,) = module.predictions([row])
        (again,) = module.predictions([{**row, key: row[key] * 3}])

        assert found.predicted
        assert again.predicted == pytest.approx(found.predicted)


def test_the_network_most_alike_is_chosen_and_a_detector_is_not_like_a_classifier():
    def work(model):
        return edge.work_of({"model": model, "input": None})

    near = edge.unlikeness(work("MobileNet v1"), work("MobileNet v2"))
    assert near < edge.unlikeness(work("MobileNet v1"), work("VGG16"))
    assert edge.unlikeness(work("VGG16"), work("VGG16")) == 0
    assert edge.unlikeness(work("SSD MobileNet v1"), work("MobileNet v1")) > 1


def test_portable_kernels_are_expected_to_be_slower():
    row = next(row for row in tiny_rows.catalogued() if row.core == "M4")

    portable, tuned = (
        next(r for r in tiny.predictions([dataclasses.replace(row, kind=kind, runtime="x")])
             if r.knowledge == CORE).predicted for kind in ("portable", "tuned"))  # fmt: skip

    assert portable > 1.3 * tuned


def test_families_take_the_median_over_rows_with_a_prediction():
    rows = [Row(id=str(p), family="f", knowledge="k", quantity="latency", unit="s", published=1.0,
                predicted=p) for p in (1.1, 0.8, 1.3, None)]  # fmt: skip

    (found,) = families(rows)

    assert (found["n"], found["without_prediction"]) == (3, 1)
    assert found["median_error"] == pytest.approx(0.2)


@pytest.mark.parametrize("kind", ["mlperf_tiny", "mlperf_inference", "edge"])
def test_a_file_with_one_kind_of_rows_or_a_single_row_is_answered(published, kind):
    assert validate({kind: published[kind]})["families"]

    for row in validate({kind: published[kind][:1]})["rows"]:
        assert (row["predicted"] is None) == bool(row["reason"])


@pytest.mark.parametrize("kind", ["mlperf_tiny", "mlperf_inference", "edge"])
def test_nothing_optional_is_needed_and_what_is_unknown_is_said(published, kind):
    rows = [{key: row[key] for key in NEEDED[kind]} | {"latency_ms": row.get("latency_ms")}
            for row in published[kind][:6]]  # fmt: skip
    unknown = [{**row, "board": "?", "system": "?", "model": "?", "submitter": "?", "round": "v9",
                "benchmark": "?"} for row in published[kind][:2]]  # fmt: skip

    for row in validate({kind: [*rows, *unknown]})["rows"]:
        assert (row["predicted"] is None) == bool(row["reason"])


def test_a_system_s_only_benchmark_is_not_called_calibrated(published):
    lone = [r for r in published["mlperf_tiny"]
            if r["system"] != "NUMAKER_M467HJ-zephyr" or r["benchmark"] == "ic"]  # fmt: skip

    found = [r for r in validate({"mlperf_tiny": lone})["rows"]
             if "NUMAKER" in r["id"] and r["knowledge"] == CALIBRATED]  # fmt: skip

    assert [(r["predicted"], r["reason"]) for r in found] == [
        (None, "no other benchmark of the system")
    ]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({}, "the file needs a list under one of mlperf_tiny"),
        ({"edge": [{"board": "Pi"}]}, "edge, row 0: model, precision"),
        ({"edge": {"a": 1}}, "must be a list"),
        ({"edge": ["Pi"]}, "edge, row 0: board"),
        ({"edge": [{**EDGE, "latency_ms": "slow"}]}, "latency_ms must be a number, got 'slow'"),
        ({"edge": [{**EDGE, "latency_ms": -3}]}, "latency_ms must be a number from 0"),
        ({"edge": [{**EDGE, "input": float("nan")}]}, "input must be a number from 0"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_what_is_missing(data, message):
    with pytest.raises(MeasurementError, match=message):
        validate(data)


def test_numbers_as_text_and_names_of_any_type_are_read():
    rows = [{**EDGE, "latency_ms": "9.5", "board": None}, {**EDGE, "latency_ms": 0, "board": 7}]

    first, second = validate({"edge": rows})["rows"]

    assert first["published"] == pytest.approx(9.5e-3)
    assert second["reason"] == "no latency published"


def test_the_command_prints_rows_and_families(capsys):
    assert main(["validate", str(SAMPLE), "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)

    assert set(printed) == {"rows", "families"}
    assert {"family", "knowledge", "n", "median_error", "p90_error"} <= set(printed["families"][0])
    assert {"published", "predicted", "relative_error"} <= set(printed["rows"][0])


def test_the_command_prints_a_table_for_people(capsys):
    assert main(["validate", str(SAMPLE)]) == 0

    assert "calibrated on the system's other benchmarks" in capsys.readouterr().out


def test_the_command_draws_predicted_against_published(tmp_path, capsys):
    plot = tmp_path / "rows.svg"

    assert main(["validate", str(SAMPLE), "--plot", str(plot), "--quantity", "energy"]) == 0

    text = plot.read_text(encoding="utf-8")
    assert "Predicted against published energy" in text
    assert "mcu int8, energy given latency" in text


def test_the_command_refuses_what_is_no_json(tmp_path, capsys):
    path = tmp_path / "rows.json"
    path.write_text("latency: 3")

    assert main(["validate", str(path)]) == 2
    assert "is not JSON" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "core", "family", "clock"),
    [
        ({"processor": "ARM CORTEX M4F"}, "M4", "mcu int8", 120e6),
        ({"processor": "arm cortex-m0plus"}, "M0+", "mcu int8", 120e6),
        ({"processor": "Cortex-M33 and Cortex-M0+"}, "M0+", "mcu int8", 120e6),
        ({"processor": "Cortex-M3"}, "M3", "mcu int8", 120e6),
        ({"processor": "Cortex-M4 @ 80 MHz", "processor_freq": None}, "M4", "mcu int8", 80e6),
        ({"processor_freq": None, "system": "board_40MHz"}, "M4", "mcu int8", 40e6),
        ({"accelerator": "N/A"}, "M4", "mcu int8", 120e6),
        ({"accelerator": "Ethos-U55"}, "ethosu55", "mcu other", 120e6),
        ({"division": None}, "M4", "mcu int8", 120e6),
        ({"division": "open"}, "M4", "mcu other", 120e6),
        ({"system": "x_fp32"}, "M4 fp32", "mcu other", 120e6),
        ({"processor": None}, "unknown", "mcu other", 120e6),
    ],
)
def test_a_row_is_read_however_its_fields_are_written(change, core, family, clock):
    row = {"round": "v1.2", "division": "closed", "submitter": "A", "system": "s", "board": "b",
           "benchmark": "ic", "processor": "Cortex-M4", "processor_freq": "120 MHz"}  # fmt: skip
    (found,) = tiny_rows.read([{**row, **change}])

    assert (found.core, found.family, found.clock) == (core, family, clock)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [("nucleoh7a3zi", "nucleoh7a3ziq", True), ("nucleol4r5zi", "nucleou575ziq", False),
     ("b", "board", False), ("ekra8d1", "ekra8d1", True)],
)  # fmt: skip
def test_boards_are_one_where_one_name_only_says_more(one, other, same):
    row = tiny_rows.catalogued()[0]

    boards = [dataclasses.replace(row, board=name) for name in (one, other)]

    assert tiny.same_board(*boards) == tiny.same_board(*reversed(boards)) == same
