"""Volume I, lab 10: clear keys, safe starts, the published values, tables that are measured."""

import numpy as np
import pytest

from labs.contract import TRACKS
from labs.explore.vol1.lab_10_model_compress import measured
from labs.explore.vol1.lab_10_model_compress.fits import FORMATS, SLACK
from labs.loader import load_lab
from tests.labs import measure_compression
from tests.labs.trying import Trying

LAB = load_lab("v1-10-compression-paradox")
TRYING = Trying(LAB)
PARTS, combinations, one, at = TRYING.parts, TRYING.combinations, TRYING.one, TRYING.at


def test_part_a_measures_six_decibels_a_bit_and_a_cliff():
    noise = [measured.ROUNDED[bits, False][2] for bits in (8, 6, 5, 4)]

    assert np.diff(noise) == pytest.approx([-12.3, -6.3, -6.6], abs=0.3)
    p = one("a", "tiny", before=8, after=4)
    assert at("a", p, bits=2)["cliff"]
    assert not at("a", p, bits=3)["cliff"]
    assert PARTS["a"].model.facts(p)["cliff_bits"] == 2


@pytest.mark.parametrize(("way", "percent"), [("dense", 100), ("index", 40), ("units", 20)])
def test_part_b_gives_the_time_each_format_leaves(way, percent):
    p = one("b", "cloud", sparsity=0.8, way=way)

    assert PARTS["b"].model.questions(p)[0].key == pytest.approx(percent)
    assert at("b", p, share=0.5, kept_as="index")["memory_speedup"] == pytest.approx(1)
    assert at("b", p, share=0.9, kept_as="units", again=True)["collapse"]
    assert not at("b", p, share=0.7, kept_as="dense", again=True)["collapse"]


@pytest.mark.parametrize("track", TRACKS)
def test_every_format_of_part_c_keeps_away_from_the_limit(track):
    for p in combinations("c", track):
        facts = PARTS["c"].model.facts(p)
        needs = [facts[f"{form}_need"] / facts["room_bytes"] for form in FORMATS]
        assert all(need <= 1 / SLACK or need >= SLACK for need in needs)
        assert facts["used"] <= 1 / SLACK


def test_part_c_tells_other_labs_the_format_by_its_usual_name():
    cloud = one("c", "cloud", model="llama-3-70b", memory=192e9)
    tiny = one("c", "tiny", model="mobilenet-v1-025-vww", memory=1.5e6)

    assert PARTS["c"].model.facts(cloud)["format_kept"] == "fp16"
    assert PARTS["c"].model.facts(tiny)["format_kept"] == "fp32"
    assert PARTS["c"].model.facts(one("c", "tiny", model="dscnn-kws", memory=64e3))[
        "format_kept"
    ] == "int8"  # fmt: skip


def test_part_d_ends_at_the_bytes_and_at_the_arithmetic():
    p = one("d", "edge", batch=1)
    facts = PARTS["d"].model.facts(p)

    assert facts["factor"] == pytest.approx(4.02, abs=0.01)
    assert facts["many_factor"] == pytest.approx(14.0, abs=0.1)
    assert facts["even_batch"] == pytest.approx(650 / 4.6, rel=1e-6)
    near, far = (at("d", p, form="fp32", reuse=1, near=n)["each_input"] for n in (True, False))
    assert far / near > 20


def test_part_e_a_teacher_fades_with_the_square_of_its_temperature():
    for p in combinations("e", "mobile"):
        facts = PARTS["e"].model.facts(p)
        assert facts["shrinks"] == pytest.approx(facts["expected"], rel=0.025)
    assert at("e", p, temperature_now=20.0)["pull_weighted"] == pytest.approx(
        at("e", p, temperature_now=12.0)["pull_weighted"], rel=0.02
    )
    assert not at("e", p, width=6)["too_small"]
    assert at("e", p, width=6, bits=3)["too_small"]


@pytest.mark.parametrize(
    ("track", "floor", "best", "size"),
    [("cloud", 0.972, (24, 4, 0.5, "bitmask", True), 802),
     ("cloud", 0.974, (48, 4, 0.5, "bitmask", True), 1564),
     ("edge", 0.970, (24, 4, 0.5, "bitmask", True), 802),
     ("mobile", 0.962, (16, 4, 0.5, "bitmask", True), 548),
     ("mobile", 0.965, (16, 5, 0.5, "bitmask", True), 622),
     ("tiny", 0.950, (8, 4, 0.0, "dense", True), 368),
     ("tiny", 0.955, (12, 4, 0.5, "bitmask", True), 421)],
)  # fmt: skip
def test_the_smallest_reader_is_found_by_search(track, floor, best, size):
    design, least = PARTS["e"].model.challenge.optimum(one("e", track, floor=floor))

    assert tuple(design.values()) == best
    assert least == pytest.approx(size, abs=1)


@pytest.mark.parametrize("track", TRACKS)
def test_both_constraints_of_the_reader_bind(track):
    challenge, p = PARTS["e"].model.challenge, combinations("e", track)[0]
    knobs = challenge.variables(p)
    grid = np.meshgrid(*[np.arange(len(knob.steps)) for knob in knobs], indexing="ij")
    k = {knob.id: np.asarray(knob.steps)[i.ravel()] for knob, i in zip(knobs, grid, strict=True)}

    outputs = challenge.assess(p, k)

    for name in ("inaccurate", "too_slow"):
        assert 0.03 < outputs[name].mean() < 0.97, name
    assert 20 <= outputs["feasible"].sum() <= 150


def test_the_accuracies_are_what_rounding_pruning_and_training_again_give():
    rounded = measure_compression.tested(
        measure_compression.weights_rounded(measure_compression.trained(32), 3)
    )
    pruned = measure_compression.tested(measure_compression.pruned(32, 0.8))

    # Sums of floats differ by machine; a point is far less than what is told apart here.
    assert rounded[0] == pytest.approx(measured.ROUNDED[3, False][0], abs=0.01)
    assert pruned[0] == pytest.approx(measured.PRUNED["scattered", 0.8, True][0], abs=0.015)
    assert pruned[0] == pytest.approx(measured.reader_accuracy(32, False, 0.8, 32), abs=0.015)


def test_the_tables_say_how_they_were_measured():
    assert {bits for bits, _ in measured.ROUNDED} == set(measure_compression.ROUNDED)
    assert measure_compression.WIDTHS == measured.WIDTHS
    assert measure_compression.BITS == measured.BITS
    assert measure_compression.SPARSITIES == measured.SPARSITIES
    assert len(measured.READERS) == 2 * len(measured.WIDTHS) * len(measured.SPARSITIES)
    assert measure_compression.SEEDS == measured.SEEDS
    assert (measure_compression.WIDTH, measure_compression.TEACHER) == (
        measured.WIDTH, measured.TEACHER_WIDTH,
    )  # fmt: skip
