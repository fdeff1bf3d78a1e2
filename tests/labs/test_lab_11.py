"""Volume I, lab 11: one right option with a clear margin, no leak, the published values."""

import math
import re
from html import unescape

import numpy as np
import pytest

from labs.contract import RIGHT, TRACKS, Measured
from labs.explore.vol1.lab_11_hw_accel.reality import CALIBRATED, COMPARED, REPEATED
from labs.loader import load_lab
from labs.text import fill
from simcore import catalog

LAB = load_lab("v1-11-hardware-roofline")
PARTS = {part.id: part for part in LAB.parts}
CASES = [(part.id, track) for part in LAB.parts for track in TRACKS]
WORDED = {"c"}
MARGIN = {"a": 2.0, "b": 2.0, "d": 2.48, "e": 1.80}
APART = {"a": 1.19, "b": 1.5, "d": 2.0, "e": 1.80}


def ratio(a, b):
    return max(a / b, b / a)


def combinations(part, track):
    return PARTS[part].model.combinations(track)


def at(part, p, **moved):
    """Return the outputs at the defaults, some knobs moved; each to one of its steps."""
    knobs = PARTS[part].model.knobs(p)
    chosen = {knob.id: moved.get(knob.id, knob.steps[knob.default]) for knob in knobs}
    for knob in knobs:
        assert chosen[knob.id] in knob.steps, (knob.id, chosen[knob.id])
    outputs = PARTS[part].model.evaluate(p, {k: np.asarray([v]) for k, v in chosen.items()})
    return {name: column[0] for name, column in outputs.items()}


@pytest.mark.parametrize(("part", "track"), [case for case in CASES if case[0] not in WORDED])
def test_the_right_number_is_far_from_the_wrong_ones(part, track):
    for p in combinations(part, track):
        (question,) = PARTS[part].model.questions(p)
        values = [float(option.value) for option in question.options]
        wrong = [float(o.value) for o in question.options if o.id != RIGHT]
        pairs = [ratio(a, b) for i, a in enumerate(values) for b in values[i + 1 :]]
        assert min(ratio(float(question.key), value) for value in wrong) >= MARGIN[part] * 0.999
        assert min(pairs) >= APART[part] * 0.999
        printed = [fill(PARTS[part].questions[0].option, {"value": value}) for value in values]
        assert len(set(printed)) == 4


@pytest.mark.parametrize("track", TRACKS)
def test_in_part_c_the_product_lies_half_as_far_again_from_either_ridge(track):
    keys = set()
    for p in combinations("c", track):
        facts = PARTS["c"].model.facts(p)
        ridges = float(facts["x_ridge"]), float(facts["y_ridge"])
        intensity = float(facts["intensity"])
        assert intensity / min(ridges) >= 1.5
        assert max(ridges) / intensity >= 1.5
        (question,) = PARTS["c"].model.questions(p)
        keys.add(question.key)
        assert question.key == ("only_x" if ridges[0] < ridges[1] else "only_y")
    assert keys == {"only_x", "only_y"}


@pytest.mark.parametrize(("part", "track"), CASES)
def test_the_instrument_opens_on_a_safe_setting_and_each_failure_can_be_reached(part, track):
    for p in combinations(part, track):
        start = at(part, p)
        knobs = PARTS[part].model.knobs(p)
        for failure in PARTS[part].failures:
            assert not start[failure.when], (failure.id, p)
            assert failure_reached(part, p, knobs, failure.when), (failure.id, p)


def failure_reached(part, p, knobs, when):
    """Whether some corner of the instrument fails; corners suffice for these failures."""
    ends = [list(dict.fromkeys([knob.steps[0], knob.steps[-1], *(
        knob.steps if isinstance(knob.steps[0], str) else ())])) for knob in knobs]  # fmt: skip
    grid = np.meshgrid(*[np.arange(len(e)) for e in ends], indexing="ij")
    k = {
        knob.id: np.asarray(e)[index.ravel()]
        for knob, e, index in zip(knobs, ends, grid, strict=True)
    }
    return bool(np.asarray(PARTS[part].model.evaluate(p, k)[when]).any())


@pytest.mark.parametrize(("part", "track"), CASES)
def test_an_instrument_on_arrays_says_what_it_says_on_single_settings(part, track):
    p = combinations(part, track)[0]
    model = PARTS[part].model
    knobs = model.knobs(p)
    rng = np.random.default_rng(11)
    k = {knob.id: np.asarray(knob.steps)[rng.integers(len(knob.steps), size=20)] for knob in knobs}

    together = model.evaluate(p, k)

    for i in range(20):
        single = model.evaluate(p, {name: values[i : i + 1] for name, values in k.items()})
        for name, column in together.items():
            if column.dtype.kind in "fi":
                assert column[i] == pytest.approx(single[name][0])
            else:
                assert column[i] == single[name][0]


@pytest.mark.parametrize(("part", "track"), CASES)
def test_what_is_read_off_a_data_sheet_is_called_published_and_what_is_guessed_assumed(part, track):
    for p in combinations(part, track):
        for output in PARTS[part].outputs:
            assert fill(output.evidence, p) in {"simulated", "published", "assumed"}
        for symbol in PARTS[part].symbols:
            assert fill(symbol.evidence, p) in {"simulated", "published", "assumed", ""}
    if part == "a":
        kinds = {p["peak_known"] for p in combinations(part, track)}
        assert kinds == {"published" if track == "cloud" else "assumed"}


NUMERAL = re.compile(r"(?<![\w.])\d[\d,]*(?:\.\d+)?")


def numerals(html):
    text = re.sub(r"<[^>]+>", " ", unescape(html))
    return [float(found.replace(",", "")) for found in NUMERAL.findall(text)]


def telling_numbers(part, p):
    """Return the keys as they could be written: plain and in per cent."""
    keys = [q.key for q in PARTS[part].model.questions(p) if not isinstance(q.key, str)]
    return [scale * float(key) for key in keys for scale in (1.0, 100.0)]


@pytest.mark.parametrize(("part", "track"), CASES)
def test_no_numeral_before_the_lock_lies_within_2_per_cent_of_the_key(part, track):
    loaded = PARTS[part]
    fixed = [loaded.title, loaded.promise, LAB.core_question, LAB.title, *LAB.objectives,
             *LAB.prerequisites, LAB.track(track).machine]  # fmt: skip
    for p in combinations(part, track):
        shown = [fill(loaded.stories[track].html, p), loaded.stories[track].role, *fixed,
                 *(fill(q.prompt_html, p) for q in loaded.questions)]  # fmt: skip
        for key in telling_numbers(part, p):
            near = [x for text in shown for x in numerals(text) if abs(x / key - 1) <= 0.02]
            assert not near, (p, key, near)


def test_part_a_hides_the_point_that_part_c_asks_about_until_c_is_locked():
    a, c = PARTS["a"].model, PARTS["c"].model
    p = next(p for p in combinations("a", "edge") if p["n"] == 96)
    later = next(q for q in combinations("c", "edge") if q["n"] == 192)
    knobs = a.knobs(p)
    sizes = np.asarray(knobs[0].steps)
    k = {knob.id: np.full(len(sizes), knob.steps[knob.default]) for knob in knobs} | {"n": sizes}

    hidden = a.withheld(p, {"c": later}, k)

    assert 192 not in sizes[~hidden]
    assert hidden.sum() == np.isin(sizes, [192]).sum()
    assert not a.withheld(p, {}, k).any()
    back = c.withheld(later, {"a": {**p, "n": 192}}, {
        "n": np.array([192, 256]), "present": np.array([p["machine"]] * 2),
        "candidate": np.array(["jetson-nano"] * 2)})  # fmt: skip
    assert list(back) == [True, False]


def one(part, track, **fixed):
    return next(
        p for p in combinations(part, track) if all(p[key] == value for key, value in fixed.items())
    )


@pytest.mark.parametrize(
    ("track", "machine", "n", "share"),
    [("cloud", "h100-sxm", 192, 0.217), ("cloud", "h100-sxm", 96, 0.108),
     ("cloud", "a100-sxm-80gb", 128, 0.279), ("cloud", "mi300x", 96, 0.130),
     ("edge", "jetson-orin-nx-16gb", 192, 0.262), ("mobile", "phone-npu", 256, 0.250),
     ("tiny", "esp32-s3-psram", 16, 0.222)],
)  # fmt: skip
def test_part_a_gives_the_share_worked_out_by_hand(track, machine, n, share):
    facts = PARTS["a"].model.facts(one("a", track, machine=machine, n=n))

    assert facts["share"] == pytest.approx(share, abs=0.0006)


def test_part_a_stops_rising_at_886_on_an_h100_and_runs_out_of_memory_at_131072():
    p = one("a", "cloud", machine="h100-sxm", n=192)

    assert PARTS["a"].model.facts(p)["n_at_ridge"] == pytest.approx(886, abs=0.5)
    assert at("a", p, n=1024)["share"] == 1.0
    assert at("a", p, n=65536)["needed"] == pytest.approx(25.8e9, abs=0.05e9)
    assert not at("a", p, n=65536)["oom"]
    assert at("a", p, n=131072)["needed"] == pytest.approx(103.1e9, abs=0.05e9)
    assert at("a", p, n=131072)["oom"]


def test_part_b_saves_as_many_times_as_there_are_steps_until_the_tiles_spill():
    for track in TRACKS:
        for p in combinations("b", track):
            assert PARTS["b"].model.facts(p)["factor"] == pytest.approx(p["k"])
    p = one("b", "cloud", k=4)
    spilled = at("b", p, tile=65536, live=4)
    assert spilled["needed"] == 256 * 1024
    assert spilled["spill"]
    assert spilled["fused_traffic"] == spilled["eager_traffic"]
    assert not at("b", p, tile=32768, live=4)["spill"]
    for shown in (spilled, at("b", p), at("b", p, launch=0.0)):
        assert shown["kept"] + shown["memory_saved"] + shown["launch_saved"] == pytest.approx(1)
    assert spilled["memory_saved"] == 0


def test_part_c_finds_the_l4_slower_than_a_v100_at_768():
    p = one("c", "cloud", x_machine="v100-sxm2-32gb", y_machine="l4", n=768)

    outputs = at("c", p, present="v100-sxm2-32gb", candidate="l4")

    assert outputs["present_time"] == pytest.approx(7.25e-6, abs=0.01e-6)
    assert outputs["candidate_time"] == pytest.approx(11.8e-6, abs=0.01e-6)
    assert outputs["speedup"] == pytest.approx(0.61, abs=0.005)
    assert outputs["slower"]
    assert outputs["present_binds"] == "compute"


@pytest.mark.parametrize(
    ("machine", "precision", "ridge"),
    [("a100-sxm-80gb", "fp16", 153.0), ("h100-sxm", "fp16", 295.2), ("mi300x", "fp16", 246.6),
     ("jetson-orin-nx-16gb", "fp16", 244.1), ("phone-npu", "fp16", 341.8),
     ("esp32-s3-psram", "int8", 48.0), ("esp32-s3-sram", "int8", 2.0), ("l4", "fp16", 403.3),
     ("l40s", "fp16", 419.0), ("v100-sxm2-32gb", "fp16", 138.9), ("jetson-nano", "fp16", 18.4),
     ("phone-cpu", "fp16", 9.5)],
)  # fmt: skip
def test_the_ridges_are_those_of_the_data_sheets(machine, precision, ridge):
    assert catalog.hardware(machine).ridge(precision) == pytest.approx(ridge, abs=0.06)


def test_part_d_gives_the_published_energies_and_the_power_cap():
    cloud, edge = one("d", "cloud", i1=10, i2=500), one("d", "edge", i1=10, i2=500)
    shares = [PARTS["d"].model.facts(p)["ratio"] for p in (cloud, edge)]

    assert shares == pytest.approx([4.79, 6.98], abs=0.005)
    steps = PARTS["d"].model.knobs(cloud)[0].steps
    near_300 = min(steps, key=lambda x: abs(x - 300))
    hot = at("d", cloud, intensity=near_300)
    assert hot["over_limit"]
    assert hot["power"] == pytest.approx(847, abs=10)
    assert hot["speed"] < 1
    assert at("d", cloud)["balance"] == pytest.approx(41.9, abs=0.05)


@pytest.mark.parametrize(
    ("track", "sequence", "width", "rows", "factor"),
    [("cloud", 4096, 64, 128, 3.94), ("cloud", 4096, 64, 256, 7.6), ("edge", 4096, 128, 256, 3.9),
     ("mobile", 512, 64, 128, 3.60), ("tiny", 1024, 64, 128, 3.78)],
)  # fmt: skip
def test_part_e_gives_the_traffic_worked_out_by_hand(track, sequence, width, rows, factor):
    p = one("e", track, sequence=sequence, width=width, rows=rows)

    assert PARTS["e"].model.facts(p)["factor"] == pytest.approx(factor, abs=0.06)


def test_part_e_refuses_a_block_of_256_kib_on_an_h100():
    outputs = at("e", one("e", "cloud"), rows=512, columns=256, width=128)

    assert outputs["needed"] == 256 * 1024
    assert outputs["does_not_fit"]


OPTIMA = [
    ("cloud", (4096, 4096, 4096), 317.3, (128, 256, 16, 4)),
    ("cloud", (3072, 4096, 1024), 69.3, (128, 256, 16, 4)),
    ("cloud", (2048, 2048, 8192), 153.9, (128, 256, 16, 4)),
    ("edge", (1024, 1024, 1024), 99.9, (128, 256, 16, 4)),
    ("edge", (768, 768, 3072), 176.4, (128, 128, 32, 4)),
    ("edge", (512, 512, 2048), 56.1, (64, 256, 32, 4)),
    ("mobile", (1024, 1024, 1024), 342.6, (256, 512, 16, 2)),
    ("mobile", (768, 768, 3072), 824.8, (256, 256, 16, 2)),
    ("mobile", (2048, 1024, 1024), 635.1, (256, 512, 16, 2)),
    ("tiny", (96, 96, 256), 654.6, (96, 96, 16, 2)),
    ("tiny", (64, 128, 128), 313.3, (64, 128, 16, 2)),
    ("tiny", (192, 64, 256), 873.2, (96, 64, 16, 2)),
]


@pytest.mark.parametrize(("track", "shape", "micro_s", "design"), OPTIMA)
def test_the_challenge_has_its_optimum_where_exhaustive_search_found_it(
    track, shape, micro_s, design
):
    p = one("e", track, m=shape[0], n=shape[1], k=shape[2])
    challenge = PARTS["e"].model.challenge

    best, time = challenge.optimum(p)

    assert time * 1e6 == pytest.approx(micro_s, abs=0.051)
    assert tuple(best.values()) == design
    assert challenge.score(p, best) == 1.0


@pytest.mark.parametrize(("track", "feasible"), [
    ("cloud", 371), ("edge", 360), ("mobile", 384), ("tiny", 576)])  # fmt: skip
def test_the_challenge_leaves_as_many_designs_as_were_counted(track, feasible):
    challenge, p = PARTS["e"].model.challenge, one("e", track)
    variables = challenge.variables(p)
    grid = np.meshgrid(*[np.asarray(knob.steps) for knob in variables], indexing="ij")
    k = {knob.id: axis.ravel() for knob, axis in zip(variables, grid, strict=True)}

    outputs = challenge.assess(p, k)

    assert np.asarray(outputs["feasible"]).sum() == feasible
    scores = outputs["objective"][outputs["feasible"]].min() / outputs["objective"]
    assert np.median(scores[outputs["feasible"]]) < 0.5


def test_a_design_that_does_not_fit_scores_nothing_and_says_why():
    challenge, p = PARTS["e"].model.challenge, one("e", "cloud")
    design = {"tile_m": 256, "tile_n": 256, "tile_k": 128, "stages": 4}

    outputs = challenge.assess(p, {name: np.asarray([value]) for name, value in design.items()})

    assert outputs["sums_too_large"][0]
    assert outputs["slices_too_large"][0]
    assert challenge.score(p, design) == 0.0


def test_the_default_design_of_every_product_fits_and_can_be_bettered():
    challenge = PARTS["e"].model.challenge
    for track in TRACKS:
        for p in combinations("e", track):
            start = {knob.id: knob.steps[knob.default] for knob in challenge.variables(p)}
            assert 0 < challenge.score(p, start) < 0.5


def measured(value, spread=1.02, n=15):
    return Measured(value=value, low=value / spread, high=value * spread, n=n, evidence="measured")


def a_run(scale=None):
    """Return what a machine of 37.6 GB/s, 107.2 GFLOP/s and 0.77 us would measure."""
    scale = scale or {}
    found = {"copy": measured(37.6e9), "call": measured(0.77e-6)}
    for name, work in {**CALIBRATED, **COMPARED}.items():
        if name not in found:
            busy = max(work.flop / (107.2e9 * work.peak_ratio), work.traffic / 37.6e9)
            found[name] = measured((busy + work.calls * 0.77e-6) * scale.get(name, 1.0))
    for name in REPEATED:
        found[f"{name}_again"] = found[name]
    return found


def test_the_check_asks_for_three_calibrations_and_compares_the_rest():
    tasks = PARTS["b"].model.reality.tasks()

    assert [task.id for task in tasks if task.use == "calibrate"] == [
        "copy", "gemm_1536", "call", "copy_again", "gemm_1536_again"]  # fmt: skip
    assert len(tasks) == len({task.id for task in tasks}) == 20
    assert {row.id for row in PARTS["b"].reality.rows} == set(COMPARED)


def test_the_check_predicts_a_machine_that_obeys_the_model_and_exposes_a_kernel_that_does_not():
    check = PARTS["b"].model.reality

    comparison = check.compare(a_run({"skinny_4": 3.9}))

    assert comparison.calibration["bandwidth"].value == pytest.approx(37.6e9)
    assert comparison.calibration["ridge"].value == pytest.approx(2.85, abs=0.01)
    for row in comparison.rows:
        expected = 3.9 if row.id == "skinny_4" else 1.0
        assert row.ratio == pytest.approx(expected, rel=1e-3)
        is_inside = row.predicted.low < row.measured.value < row.predicted.high
        assert is_inside == (row.id != "skinny_4")
        longest = max(row.terms, key=row.terms.__getitem__)
        assert row.bound == longest
    bounds = {row.id: row.bound for row in comparison.rows}
    assert bounds["gemm_1024"] == "compute"
    assert bounds["gemv_2048"] == "memory"


def test_a_machine_that_slowed_down_during_the_check_widens_every_interval():
    check, steady = PARTS["b"].model.reality, a_run()
    slower = {**steady, "gemm_1536_again": measured(2 * steady["gemm_1536"].value)}

    plain, drifted = (
        {row.id: row.predicted for row in check.compare(run).rows} for run in (steady, slower)
    )

    product = "gemm_1024"
    assert drifted[product].high / drifted[product].low > 2
    assert plain[product].high / plain[product].low < 1.5
    assert drifted[product].low < steady[product].value < drifted[product].high


def test_the_check_shows_what_was_not_measured_and_refuses_what_cannot_calibrate():
    check = PARTS["b"].model.reality
    run = a_run()
    del run["mlp"]

    rows = {row.id: row for row in check.compare(run).rows}

    assert rows["mlp"].measured is None
    assert rows["mlp"].ratio is None
    with pytest.raises(ValueError, match="calibration needs copy"):
        check.compare({name: m for name, m in run.items() if name != "copy"})
    with pytest.raises(ValueError, match="memory binds the product"):
        check.compare({**run, "copy": measured(1e8), "copy_again": measured(1e8)})
    with pytest.raises(ValueError, match=r"call: .* run the check again"):
        check.compare({**run, "call": measured(0.0)})


def test_an_emulated_kit_is_not_called_measured():
    run = {
        name: Measured(value=m.value, low=m.low, high=m.high, n=m.n, evidence="emulated")
        for name, m in a_run().items()
    }

    comparison = PARTS["b"].model.reality.compare(run)

    assert comparison.calibration["bandwidth"].evidence == "emulated"


@pytest.mark.parametrize("track", TRACKS)
def test_without_a_kit_every_row_is_simulated_for_the_processor_of_the_track(track):
    comparison = PARTS["b"].model.reality.simulate(track)

    assert [row.id for row in comparison.rows] == list(COMPARED)
    assert all(row.measured is None and row.predicted.evidence == "simulated"
               for row in comparison.rows)  # fmt: skip
    assert all(math.isfinite(row.predicted.value) for row in comparison.rows)
    assert set(comparison.calibration) == {value.id for value in PARTS["b"].reality.calibration}
