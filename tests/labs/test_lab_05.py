"""Volume I, lab 5: clear keys, safe starts, the published values, tables that are measured."""

import numpy as np
import pytest

from labs.contract import TRACKS
from labs.explore.vol1.lab_05_nn_compute.ladder import LADDER
from labs.explore.vol1.lab_05_nn_compute.measured import BITS, HELD_OUT, MEASURED, SEEDS
from labs.explore.vol1.lab_05_nn_compute.reader import BRIEFS
from labs.loader import load_lab
from tests.labs import measure_digits
from tests.labs.trying import Trying

LAB = load_lab("v1-05-transistor-tax")
TRYING = Trying(LAB)
PARTS, combinations, one, at = TRYING.parts, TRYING.combinations, TRYING.one, TRYING.at


@pytest.mark.parametrize("track", TRACKS)
def test_in_part_c_either_answer_is_as_likely_and_lies_inside_its_band(track):
    keys = []
    for p in combinations("c", track):
        (question,) = PARTS["c"].model.questions(p)
        growth = PARTS["c"].model.facts(p)["growth"]
        low, high = {"double": (1.7, 2.3), "fourfold": (3.5, 4.5)}[question.key]
        assert low < growth < high
    for seed in range(400):
        (question,) = PARTS["c"].model.questions(
            PARTS["c"].model.draw(np.random.default_rng(seed), track)
        )
        keys.append(question.key)
    assert 0.4 < keys.count("double") / len(keys) < 0.6


@pytest.mark.parametrize(
    ("track", "function", "place", "expected"),
    [("edge", "sigmoid", "far", 1.05), ("edge", "gelu", "far", 1.07), ("edge", "silu", "far", 1.06),
     ("mobile", "sigmoid", "near", 7.8), ("mobile", "gelu", "near", 9.6),
     ("tiny", "silu", "near", 8.3), ("tiny", "sigmoid", "fused", 690),
     ("cloud", "gelu", "fused", 874), ("tiny", "silu", "fused", 736),
     ("cloud", "sigmoid", "far", 1.275),
     ("mobile", "sigmoid", "far", 1.215)],
)  # fmt: skip
def test_part_a_gives_the_ratio_of_each_place(track, function, place, expected):
    facts = PARTS["a"].model.facts(one("a", track, function=function, place=place))

    assert facts["ratio"] == pytest.approx(expected, rel=0.006)


@pytest.mark.parametrize("track", TRACKS)
def test_the_share_of_the_function_vanishes_with_the_inputs_and_behind_memory(track):
    p = combinations("a", track)[0]
    naked = [at("a", p, function="sigmoid", place="fused", fan_in=n) for n in (9, 27, 512)]

    assert [outputs["dominates"] for outputs in naked] == [True, False, False]
    assert naked[2]["share"] == pytest.approx(69 / (69 + 512 * 4.6))
    last = PARTS["a"].model.knobs(p)[1].steps[-1]
    behind = at("a", p, function="sigmoid", place=last, fan_in=9)
    assert behind["share"] < naked[0]["share"]
    assert behind["step_ratio"] < 2


def test_a_table_in_sram_is_dearer_than_a_compare_and_cheaper_than_a_polynomial():
    p = combinations("a", "tiny")[0]
    table = at("a", p, function="sigmoid", place="fused", precision="int8")
    exact = at("a", p, function="sigmoid", place="fused", precision="fp32")

    assert table["function_energy"] == pytest.approx(10e-12)
    assert exact["function_energy"] == pytest.approx(69e-12)
    assert at("a", p, function="relu", precision="int8")["function_energy"] == pytest.approx(3e-14)


@pytest.mark.parametrize(
    ("track", "level", "growth", "expected"),
    [("edge", 0, 2, 10), ("edge", 1, 2, 26), ("edge", 1, 4, 52), ("cloud", 1, 4, 10.05),
     ("cloud", 1, 8, 20.1), ("cloud", 1, 3, 7.54), ("mobile", 0, 2, 20),
     ("mobile", 1, 2, 6.4), ("tiny", 0, 3, 6), ("tiny", 1, 3, 15)],
)  # fmt: skip
def test_part_b_gives_the_step_between_two_levels(track, level, growth, expected):
    facts = PARTS["b"].model.facts(one("b", track, level=level, growth=growth))

    assert facts["factor"] == pytest.approx(expected, rel=1e-3)
    assert facts["after_energy"] / facts["before_energy"] == pytest.approx(expected, rel=1e-3)


def test_part_b_spills_at_batch_8_of_width_1024_and_half_the_bits_move_the_edge():
    p = combinations("b", "cloud")[0]
    spilled = at("b", p, batch=8, width=1024)

    assert spilled["working_set"] == 65_536
    assert spilled["spills"]
    assert spilled["level"] == LADDER["cloud"][1].name
    assert not at("b", p, batch=8, width=512)["spills"]
    assert at("b", p, batch=8, width=512)["twice"] == pytest.approx(10)
    assert not at("b", p, batch=8, width=1024, precision="fp16")["spills"]


@pytest.mark.parametrize("track", TRACKS)
def test_the_staircase_drawn_passes_through_every_setting(track):
    p = combinations("b", track)[0]
    model = PARTS["b"].model
    curves = model.curves(p, {knob.id: np.asarray(knob.steps[:1]) for knob in model.knobs(p)})
    sizes, prices = curves["sizes"][0], curves["staircase"][0] / curves["sizes"][0]

    for batch in (1, 16, 256, 4096):
        outputs = at("b", p, batch=batch, width=256)
        left = np.searchsorted(sizes, outputs["working_set"]) - 1
        assert outputs["energy"] == pytest.approx(outputs["working_set"] * prices[left])


@pytest.mark.parametrize(
    ("track", "inputs", "width", "growth"),
    [("mobile", 784, 32, 2.08), ("mobile", 784, 64, 2.15), ("tiny", 490, 64, 2.23),
     ("edge", 640, 128, 2.18), ("cloud", 96, 1024, 3.82), ("tiny", 16, 256, 3.86)],
)  # fmt: skip
def test_part_c_gives_the_growth_worked_out_by_hand(track, inputs, width, growth):
    facts = PARTS["c"].model.facts(one("c", track, inputs=inputs, width=width))

    assert facts["growth"] == pytest.approx(growth, abs=0.006)


def test_part_c_fills_the_flash_of_a_small_board():
    p = one("c", "tiny", inputs=16, width=512)

    assert not at("c", p, width=512)["too_large"]
    assert at("c", p, width=1024)["too_large"]
    assert at("c", p)["capacity"] == 2**20


def test_part_d_gives_the_bytes_worked_out_by_hand():
    p = one("d", "cloud", layers=20, width=512, batch=4096)
    facts = PARTS["d"].model.facts(p)

    assert facts["inference"] == pytest.approx(37.7e6, rel=2e-3)
    assert facts["training"] == pytest.approx(260e6, rel=1e-3)
    assert facts["ratio"] == pytest.approx(6.889, abs=1e-3)
    assert at("d", p, batch=4096)["out_of_memory"]
    assert at("d", p, batch=4096, recompute=True)["kept"] < at("d", p, batch=4096)["kept"] / 2
    before = PARTS["d"].model.facts({**p, "past_precision": "int8"})
    assert (facts["kept_narrow"], before["kept_narrow"]) == (facts["kept"] / 2, facts["kept"] / 4)


@pytest.mark.parametrize("track", TRACKS)
def test_in_part_d_inference_always_fits_and_training_never_at_first(track):
    for p in combinations("d", track):
        asked = at("d", p, batch=p["batch"])
        assert asked["inference"] <= asked["memory_there"] / 2
        assert asked["out_of_memory"]


@pytest.mark.parametrize(
    ("track", "floor", "best", "energy"),
    [("cloud", 0.972, ("relu", 1, 32, 8, 64), 7.771e-9),
     ("cloud", 0.975, ("relu", 1, 64, 8, 32), 15.58e-9),
     ("edge", 0.970, ("relu", 1, 16, 8, 32), 4.745e-9),
     ("edge", 0.973, ("relu", 1, 32, 8, 32), 10.43e-9),
     ("mobile", 0.966, ("relu", 1, 16, 4, 32), 4.473e-9),
     ("mobile", 0.970, ("relu", 1, 16, 8, 32), 5.213e-9),
     ("tiny", 0.955, ("relu", 1, 8, 8, 32), 3.037e-9),
     ("tiny", 0.964, ("relu", 1, 16, 4, 8), 7.015e-9)],
)  # fmt: skip
def test_the_best_reader_of_each_track_is_found_by_search(track, floor, best, energy):
    p = one("d", track, floor=floor)
    challenge = PARTS["d"].model.challenge

    design, least = challenge.optimum(p)

    assert tuple(design.values()) == best
    assert least == pytest.approx(energy, rel=1e-3)
    dearer = {**design, "activation": "logistic"}
    found = challenge.assess(p, {name: np.asarray([value]) for name, value in dearer.items()})
    assert found["inference_energy"][0] > 0
    assert 0 < found["function_share"][0] < 0.3


@pytest.mark.parametrize("track", TRACKS)
def test_every_constraint_of_the_reader_binds_somewhere(track):
    challenge, p = PARTS["d"].model.challenge, combinations("d", track)[0]
    knobs = challenge.variables(p)
    grid = np.meshgrid(*[np.arange(len(knob.steps)) for knob in knobs], indexing="ij")
    k = {knob.id: np.asarray(knob.steps)[i.ravel()] for knob, i in zip(knobs, grid, strict=True)}

    outputs = challenge.assess(p, k)

    for name in ("inaccurate", "too_large", "cannot_train"):
        assert 0 < outputs[name].mean() < 1, name
    assert 5 <= outputs["feasible"].sum() <= 200
    assert BRIEFS[track].room < BRIEFS[track].training_room


@pytest.mark.parametrize(("activation", "layers", "width"), [("relu", 1, 16), ("logistic", 1, 8)])
def test_the_accuracies_are_what_training_gives(activation, layers, width):
    found = measure_digits.measure(activation, layers, width)

    # Sums of floats differ by machine; half a point is more than ten seeds have moved.
    assert found[:-1] == pytest.approx(MEASURED[activation, layers, width][:-1], abs=0.01)


def test_the_table_says_how_it_was_measured():
    assert (32, *measure_digits.BITS) == BITS
    assert measure_digits.SEEDS == SEEDS
    x, _ = measure_digits.splits()
    assert x.shape[1] - round(measure_digits.TRAINED * x.shape[1]) == HELD_OUT
    assert len(MEASURED) == 3 * len(measure_digits.SHAPES)
    assert all(0.5 < value <= 1 for row in MEASURED.values() for value in row[:-1])
