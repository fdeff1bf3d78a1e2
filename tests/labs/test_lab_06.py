"""Volume I, lab 6: clear keys, even draws, safe starts, the values worked out by hand."""

import itertools
from collections import Counter

import numpy as np
import pytest

from labs.contract import TRACKS
from labs.explore.vol1.lab_06_nn_arch.longest import DESKS
from labs.loader import load_lab
from tests.labs.trying import Trying

LAB = load_lab("v1-06-architecture-tax")
TRYING = Trying(LAB)
PARTS, combinations, one, at = TRYING.parts, TRYING.combinations, TRYING.one, TRYING.at


@pytest.mark.parametrize("track", TRACKS)
def test_each_answer_of_a_part_is_about_as_likely_as_the_others(track):
    layers = Counter(p["layer"] for p in combinations("a", track))
    what = Counter(p["what"] for p in combinations("b", track))
    shapes = Counter(PARTS["c"].model.questions(p)[0].key for p in combinations("c", track))
    busy = Counter(PARTS["d"].model.questions(p)[0].key for p in combinations("d", track))

    assert len(set(layers.values())) == 1
    assert set(what) == {"scores", "cache", "work"}
    assert len(set(what.values())) == 1
    assert what["work"] >= 3
    assert shapes["same"] == shapes["launched"] >= 6
    assert set(busy) == {"convolution", "dense", "transformer"}
    assert len(set(busy.values())) == 1


def test_part_a_gives_the_published_pair_and_only_full_connection_grows_with_the_picture():
    facts = PARTS["a"].model.facts({**one("a", "cloud"), "side": 224, "filters": 3, "kernel": 3})

    assert facts["dense"] == 150_528**2
    assert facts["window"] == 81
    p = one("a", "cloud", layer="dense")
    small, large = (at("a", p, layer="dense", side=side) for side in (64, 128))
    assert large["weights"] / small["weights"] == 16
    assert large["uses"] == 1
    slid = [at("a", p, layer="window", side=side) for side in (64, 128)]
    assert slid[0]["weights"] == slid[1]["weights"]
    assert slid[1]["uses"] == 128**2


@pytest.mark.parametrize("track", TRACKS)
def test_full_connection_never_fits_and_a_window_always_does(track):
    for p in combinations("a", track):
        assert at("a", p, layer="dense")["out_of_memory"]
        assert not at("a", p, layer="separable", side=512, filters=256)["out_of_memory"]


@pytest.mark.parametrize(
    ("track", "what", "tokens", "longer", "expected"),
    [("cloud", "scores", 4096, 20480, 25.0), ("cloud", "cache", 4096, 20480, 5.0),
     ("cloud", "work", 4096, 20480, 7.857), ("tiny", "scores", 98, 686, 49.0)],
)  # fmt: skip
def test_part_b_gives_squares_lengths_and_what_lies_between(track, what, tokens, longer, expected):
    asked = {"tokens": tokens, "longer": longer, "growth": longer / tokens}
    facts = PARTS["b"].model.facts({**one("b", track, what=what), **asked})

    assert facts["right_growth"] == pytest.approx(expected, rel=1e-3)


def test_part_b_fills_a_large_card_with_whole_scores_and_not_with_tiles():
    p = one("b", "cloud", tokens=4096)
    whole, tiled = (at("b", p, tokens_now=131_072, tiled=flag) for flag in (False, True))

    assert whole["scores"] == 32 * 2**35
    assert whole["out_of_memory"]
    assert tiled["scores"] == 32 * 128 * 131_072 * 2
    assert not at("b", p, tokens_now=32_768, tiled=True)["out_of_memory"]
    shared = at("b", p, kv_heads=8)
    assert at("b", p)["cache"] == 4 * shared["cache"]


@pytest.mark.parametrize(
    ("track", "machine", "deep", "narrow", "expected"),
    [("cloud", "h100-sxm", 128, 64, 62.1), ("edge", "jetson-orin-nx-16gb", 128, 64, 42.6),
     ("tiny", "nucleo-l4r5zi", 128, 16, 3.57)],
)  # fmt: skip
def test_part_c_gives_the_ratios_worked_out_by_hand(track, machine, deep, narrow, expected):
    called, once = (
        PARTS["c"].model.facts(one("c", track, machine=machine, deep=deep, narrow=narrow, how=how))
        for how in ("each", "once")
    )

    assert called["ratio"] == pytest.approx(expected, rel=2e-3)
    assert 1 <= once["ratio"] <= 1.12
    assert called["work_ratio"] == once["ratio"]


@pytest.mark.parametrize("track", TRACKS)
def test_in_part_c_calls_are_the_deeper_the_dearer_and_vanish_when_called_once(track):
    p = combinations("c", track)[0]
    few, many = (at("c", p, depth=depth, batch=1, captured=False) for depth in (2, 256))

    assert many["launches"] == pytest.approx(128 * few["launches"])
    assert many["launch_bound"]
    once = at("c", p, depth=256, batch=1, captured=True)
    assert once["launches"] == pytest.approx(few["launches"] / 2)
    assert once["work"] == many["work"]


def test_part_d_gives_the_operations_a_byte_worked_out_by_hand():
    p = one("d", "cloud", picture="resnet-50-v1")
    writing, reading = (at("d", p, kind="transformer", amount=n) for n in (1, 512))

    assert writing["intensity"] == pytest.approx(1.0, rel=0.01)
    assert reading["intensity"] == pytest.approx(433, rel=2e-3)
    assert writing["starved"]
    assert reading["share"] == 0.5
    picture = at("d", p, kind="convolution", amount=1)
    assert picture["share"] == pytest.approx(0.29, abs=0.005)


@pytest.mark.parametrize("track", TRACKS)
def test_what_is_chosen_reads_on_within_a_sentence(track):
    for part in "cd":
        p = combinations(part, track)[0]
        texts = LAB.part(part).questions[0].texts
        assert all(text[0].islower() for text in texts.values()), p


@pytest.mark.parametrize(
    ("track", "allowed", "best"),
    [("cloud", 1, (16, 16, 8, False, 16, 425_984)), ("cloud", 2, (16, 8, 8, False, 16, 851_968)),
     ("edge", 1, (8, 16, 32, False, 32, 14_336)), ("edge", 2, (8, 16, 8, False, 32, 56_320)),
     ("mobile", 1, (16, 16, 8, False, 128, 27_136)), ("mobile", 2, (8, 16, 8, False, 32, 67_072)),
     ("tiny", 1, (8, 16, 1, False, 4, 188)), ("tiny", 2, (8, 8, 1, False, 4, 376))],
)  # fmt: skip
def test_the_longest_context_of_each_track_is_found_by_search(track, allowed, best):
    p = one("d", track, desk_allowed=allowed)
    challenge = PARTS["d"].model.challenge

    design, longest = challenge.optimum(p)

    assert tuple(design.values()) == best
    assert longest == best[-1]
    longer = {**design, "context": design["context"] + DESKS[track].step}
    assert challenge.score(p, longer) == 0


@pytest.mark.parametrize("track", TRACKS)
def test_every_limit_of_the_longest_context_binds_somewhere(track):
    challenge, p = PARTS["d"].model.challenge, combinations("d", track)[0]
    knobs = challenge.variables(p)
    grid = list(itertools.product(*[knob.steps for knob in knobs]))
    k = {knob.id: np.asarray([row[i] for row in grid]) for i, knob in enumerate(knobs)}

    outputs = challenge.assess(p, k)

    for name in ("too_large", "too_slow", "reads_too_long", "too_many_changes"):
        assert 0 < outputs[name].mean() < 1, name
    assert 100 <= outputs["feasible"].sum() <= len(grid) / 3


def test_lab_10_takes_the_context_kept_here_into_its_memory():
    model = {part.id: part for part in load_lab("v1-10-compression-paradox").parts}["c"].model
    p = model.combinations("cloud")[0]
    kept = {"past_layers": 32, "past_kv_heads": 8, "past_head_width": 128, "past_kv_bits": 8,
            "past_context": 851_968}  # fmt: skip

    assert model.facts({**p, **kept})["past_cache"] == 2 * 32 * 8 * 128 * 851_968
    assert model.facts(p)["past_cache"] == 2**30
