"""Volume I, lab 7: clear keys, even draws, safe starts, the values worked out by hand."""

import itertools
from collections import Counter

import numpy as np
import pytest

from labs.contract import TRACKS
from labs.explore.vol1.lab_07_ml_frameworks.friday import FRIDAYS
from labs.loader import load_lab
from tests.labs.trying import Trying

LAB = load_lab("v1-07-framework-tax")
TRYING = Trying(LAB)
PARTS, combinations, one, at = TRYING.parts, TRYING.combinations, TRYING.one, TRYING.at


@pytest.mark.parametrize("track", TRACKS)
def test_each_answer_of_a_part_is_as_likely_as_the_other(track):
    steps = Counter(PARTS["a"].model.questions(p)[0].key for p in combinations("a", track))
    chains = Counter(p["kind"] for p in combinations("b", track))
    starts = Counter(p["state"] for p in combinations("d", track))

    assert steps["same"] == steps["slower"] >= 9
    assert chains["alone"] == chains["tail"] >= 9
    assert starts["fresh"] == starts["there"] >= 5
    assert set(FRIDAYS[track].briefs) == {
        brief
        for brief in FRIDAYS[track].briefs
        for p in combinations("d", track)
        if p["friday_requests"] == brief.requests
    }


def test_part_a_gives_the_steps_worked_out_by_hand():
    facts = PARTS["a"].model.facts(one("a", "cloud", call=5e-6, many=1000, is_hidden=False))
    device = facts["device"]

    assert facts["fine_time"] == pytest.approx(1000 * 5e-6 + device / 1000)
    assert facts["coarse_time"] == pytest.approx(5e-6 + device)
    hidden = PARTS["a"].model.facts(one("a", "cloud", call=5e-6, many=1000, is_hidden=True))
    assert hidden["fine_time"] == pytest.approx(5e-6 + hidden["device"])
    assert 1 < hidden["ratio"] * hidden["busy"] <= 1.001 or hidden["ratio"] < 1.001


@pytest.mark.parametrize("track", TRACKS)
def test_in_part_a_the_device_waits_where_kernels_are_shorter_than_calls(track):
    p = combinations("a", track)[0]
    short = at("a", p, kernel_time=1e-7)
    long = at("a", p, kernel_time=1e-2)

    assert short["host_bound"]
    assert short["time"] == pytest.approx(short["host"], rel=0.02)
    assert long["busy"] > 0.99
    waiting = at("a", p, kernel_time=1e-2, mode="waits")
    assert waiting["time"] == pytest.approx(waiting["host"] + waiting["device"])
    assert at("a", p, kernel_time=1e-7, mode="replayed")["time"] < short["time"] / 4


@pytest.mark.parametrize(
    ("steps", "extra", "expected"), [(4, 2, 2.5), (6, 2, 3.5), (8, 3, 3.8), (10, 2, 5.5)]
)
def test_part_b_gives_the_passes_worked_out_by_hand(steps, extra, expected):
    facts = PARTS["b"].model.facts(one("b", "cloud", kind="alone", steps=steps, extra=extra))

    assert facts["right_gain"] == pytest.approx(expected)
    assert facts["passes_apart"] == 2 * steps + extra
    assert facts["passes_fused"] == 2 + extra


@pytest.mark.parametrize("track", TRACKS)
def test_behind_a_product_a_chain_gains_less_than_alone(track):
    for p in combinations("b", track):
        facts = PARTS["b"].model.facts(p)
        assert 1 < facts["product_gain"] < facts["chain_gain"] + 1e-9
        if p["kind"] == "tail":
            assert facts["fused_time"] > facts["product_time"]


def test_in_part_b_calls_decide_below_a_size_and_passes_above():
    p = one("b", "cloud", kind="alone")
    sizes = next(k for k in PARTS["b"].model.knobs(p) if k.id == "size").steps
    small, large = (at("b", p, chain=6, seconds=2, size=size) for size in (sizes[0], sizes[-1]))

    assert small["gain"] > 4.5
    assert large["gain"] == pytest.approx(3.5, rel=0.01)
    kept = at("b", p, chain=12, size=sizes[-1], kept=True)
    assert kept["held"] == 13 * sizes[-1]
    assert kept["out_of_memory"]


@pytest.mark.parametrize("track", TRACKS)
def test_part_c_is_level_where_both_ways_have_taken_as_long(track):
    for p in combinations("c", track)[::9]:
        facts = PARTS["c"].model.facts(p)
        plain = facts["breakeven"] * p["each"]
        assert plain == pytest.approx(facts["all_once"] + facts["breakeven"] * facts["prepared"])
        assert facts["floor"] < facts["more_gain"] < facts["breakeven"]
        assert facts["volume_over"] > 1


def test_part_c_multiplies_with_the_shapes_and_is_never_paid_by_few():
    p = combinations("c", "cloud")[0]

    assert at("c", p, shapes_now=8)["repaid"] == pytest.approx(8 * at("c", p)["repaid"])
    assert at("c", p, hourly=1.0)["not_repaid"]


def test_part_d_gives_the_waits_worked_out_by_hand():
    fresh = one("d", "cloud", runtime="pytorch-cuda", model="resnet-50-v1", line_rate=1e9,
                state="fresh")  # fmt: skip
    facts = PARTS["d"].model.facts(fresh)

    assert facts["wait"] == pytest.approx(8 * (2451.2e6 + 4 * 25_557_032) / 1e9 + 0.5)
    assert facts["model_wait"] == pytest.approx(8 * 4 * 25_557_032 / 1e9 + 0.5)
    assert facts["fits_text"] == "would not fit"
    tiny = PARTS["d"].model.facts(one("d", "tiny", model="dscnn-kws", state="there"))
    assert tiny["sent"] == 53_936


@pytest.mark.parametrize("track", TRACKS)
def test_the_largest_runtime_of_a_track_leaves_no_room_and_the_smallest_does(track):
    p = combinations("d", track)[0]
    runtimes = next(k for k in PARTS["d"].model.knobs(p) if k.id == "runtime_now").steps

    found = {name: at("d", p, runtime_now=name)["too_large"] for name in runtimes}

    assert found[runtimes[0]]
    assert not all(found.values())


@pytest.mark.parametrize(
    ("track", "requests", "best", "seconds"),
    [("cloud", 2e4, ("eager", 2, 16), 57.49), ("cloud", 2e5, ("compiled", 2, 1), 445.3),
     ("cloud", 5e6, ("compiled", 4, 4), 6352), ("edge", 5e3, ("eager", 4, 16), 18.6),
     ("edge", 3e5, ("compiled", 4, 1), 1039), ("edge", 2e6, ("compiled", 4, 4), 4595),
     ("mobile", 2e3, ("eager", 4, 16), 3.484), ("mobile", 6e4, ("compiled", 4, 1), 98.57),
     ("mobile", 4e5, ("compiled", 4, 4), 438.5), ("tiny", 400, ("graph", 1, 4), 1.125),
     ("tiny", 5e3, ("graph", 2, 16), 9.191), ("tiny", 1e5, ("compiled", 2, 4), 126.1)],
)  # fmt: skip
def test_the_best_way_to_run_is_found_by_search(track, requests, best, seconds):
    design, least = PARTS["d"].model.challenge.optimum(one("d", track, friday_requests=requests))

    assert tuple(design.values()) == best
    assert least == pytest.approx(seconds, rel=1e-3)


@pytest.mark.parametrize("track", TRACKS)
def test_every_limit_of_the_release_binds_somewhere(track):
    challenge, p = PARTS["d"].model.challenge, combinations("d", track)[0]
    knobs = challenge.variables(p)
    grid = list(itertools.product(*[knob.steps for knob in knobs]))
    k = {knob.id: np.asarray([row[i] for row in grid]) for i, knob in enumerate(knobs)}

    outputs = challenge.assess(p, k)

    for name in ("too_slow", "falls_behind", "starts_too_late"):
        assert 0 < outputs[name].mean() < 1, name
    assert 10 <= outputs["feasible"].sum() <= 45
