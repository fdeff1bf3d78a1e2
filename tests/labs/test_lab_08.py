"""Volume I, lab 8: clear keys, safe starts, figures of papers and pencils, plans by search."""

from collections import Counter

import numpy as np
import pytest

from labs.arranging import count_text
from labs.contract import TRACKS
from labs.explore.vol1.lab_08_model_train.machines import memory_text
from labs.explore.vol1.lab_08_model_train.queues import STAGES
from labs.loader import load_lab
from tests.labs.trying import Trying

LAB = load_lab("v1-08-training-gauntlet")
TRYING = Trying(LAB)
PARTS, combinations, one, at = TRYING.parts, TRYING.combinations, TRYING.one, TRYING.at
READS = {"past_activations": 176160768.0, "past_train_ratio": 6.889}


@pytest.mark.parametrize("track", TRACKS)
def test_the_share_asked_for_in_part_c_is_neither_nothing_nor_a_half(track):
    for p in combinations("c", track):
        (question,) = PARTS["c"].model.questions(p)
        assert 0.08 <= question.key <= 0.33


@pytest.mark.parametrize("track", TRACKS)
def test_every_stage_but_the_copy_sets_the_pace_somewhere(track):
    questions = [PARTS["b"].model.questions(p)[0] for p in combinations("b", track)]

    keys = Counter(question.key for question in questions)

    assert set(keys) == set(STAGES) - {"copy"}
    assert max(keys.values()) <= 0.6 * len(questions)
    assert all(PARTS["b"].model.facts(p)["ahead"] >= 1.5 for p in combinations("b", track))


def test_part_a_shares_the_state_as_the_zero_paper_does():
    # Rajbhandari et al., figure 1: 7.5 billion parameters on 64 machines.
    p = combinations("a", "cloud")[0]
    kept = [
        at("a", p, size=7.5e9, optimizer="adam", format="mixed", devices=64, stage=s)["total"]
        for s in range(4)
    ]

    assert np.asarray(kept) / 1e9 == pytest.approx([120, 31.4, 16.6, 1.9], abs=0.05)
    assert at("a", p, size=7.5e9, optimizer="adam")["out_of_memory"]
    assert at("a", p, size=7.5e9, optimizer="adam8", format="mixed")["each"] == 10


def test_part_a_says_what_a_keyword_network_asks_of_a_small_board():
    facts = PARTS["a"].model.facts({**one("a", "tiny", optimizer="adam"), **READS})

    assert facts["state"] == 361_664
    assert facts["over_served"] == 8
    assert facts["largest_text"] == "50,304"


def test_part_b_gives_the_four_times_worked_out_by_hand():
    p = one("b", "cloud", model="resnet-50-v1", noun="images", sample_text="64, 602 kB")
    facts = PARTS["b"].model.facts(p)

    assert facts["data_time"] == pytest.approx(4 * 64 * 602_112 / 0.5e9)
    assert facts["arithmetic_time"] == pytest.approx(64 * 6 * 4.089e9 / 50e12, rel=1e-3)
    assert facts["averaging_time"] == pytest.approx(1.5 * 51.114e6 / 12e9, rel=1e-3)
    assert facts["bottleneck"] == "data"
    assert facts["busy"] == pytest.approx(0.10, abs=0.005)


def test_part_b_a_stage_that_waits_is_made_faster_in_vain():
    p = one("b", "cloud", model="resnet-50-v1", noun="images", sample_text="64, 602 kB")

    assert at("b", p, arithmetic_faster=16.0)["wasted"]
    assert at("b", p, data_faster=2.0)["gain"] == pytest.approx(2)
    assert at("b", p, data_faster=16.0)["binds"] == "arithmetic"
    added = at("b", p, overlap=False)
    assert added["step"] == pytest.approx(PARTS["b"].model.facts(p)["sum"])
    assert not at("b", p, overlap=False, arithmetic_faster=2.0)["wasted"]


@pytest.mark.parametrize("overlap", [True, False])
def test_part_b_draws_a_step_in_each_lane_and_no_lane_twice_at_once(overlap):
    p = combinations("b", "edge")[0]
    k = {knob.id: np.asarray(knob.steps[:1]) for knob in PARTS["b"].model.knobs(p)}
    curves = PARTS["b"].model.curves(p, {**k, "overlap": np.asarray([overlap])})

    starts, ends = curves["bar_start"][0], curves["bar_end"][0]
    for lane in range(4):
        mine = curves["bar_lane"][0] == lane
        assert mine.sum() == 4
        assert np.all(starts[mine][1:] >= ends[mine][:-1] - 1e-12)


@pytest.mark.parametrize(
    ("track", "fixed", "share"),
    [("cloud", {"model": "gpt-2-xl", "sequence": 1024, "batch": 4}, 0.220),
     ("cloud", {"model": "llama-2-7b", "sequence": 2048, "batch": 2}, 0.120),
     ("tiny", {"model": "dscnn-kws", "batch": 1}, 0.222)],
)  # fmt: skip
def test_part_c_gives_the_share_worked_out_by_hand(track, fixed, share):
    p = one("c", track, **fixed)

    assert PARTS["c"].model.questions(p)[0].key == pytest.approx(share, abs=6e-4)


@pytest.mark.parametrize("track", TRACKS)
def test_part_c_only_other_moments_move_the_state(track):
    p = combinations("c", track)[0]
    start = at("c", p, batch=2)
    state = start["total"] - start["activations"]

    for moved in ({"format": "fp32"}, {"recompute": True}, {"batch": 8}):
        other = at("c", p, **{"batch": 2, **moved})
        assert other["total"] - other["activations"] == pytest.approx(state)
    narrow = at("c", p, batch=2, moments="narrow")
    assert state - (narrow["total"] - narrow["activations"]) == pytest.approx(6 * p["parameters"])
    assert at("c", p, batch=2, recompute=True)["activations"] < start["activations"]


def test_part_d_gives_the_speedup_worked_out_by_hand():
    p = one("d", "cloud", machine="v100-sxm2-32gb", model="bert-large", devices=4, examples=2048)
    facts = PARTS["d"].model.facts(p)

    compute, ring = 6 * 335.1e6 * 2048 / 50e12, 1.5 * 670.3e6 / 1.25e9 + 6e-5
    assert facts["speedup"] == pytest.approx(4 * compute / (compute + ring), rel=1e-3)
    assert facts["verdict"] == "slower than one alone"
    assert at("d", p, devices=4)["slower"]
    assert at("d", p, devices=4, link_faster=100.0)["efficiency"] > 0.9
    hidden = at("d", p, devices=4, overlap=1.0)
    assert hidden["exposed"] == pytest.approx(ring - compute * 2 / 3, rel=1e-3)


@pytest.mark.parametrize(
    ("track", "machine", "link", "least", "fewest"),
    [("cloud", "a100-sxm-40gb", 12.5e9, 4.476e9, 32),
     ("cloud", "a100-sxm-80gb", 12.5e9, 4.666e9, 64),
     ("cloud", "a100-sxm-40gb", 3e9, 5.512e9, 16),
     ("edge", "jetson-orin-nx-16gb", 1.25e9, 1.153e6, 4),
     ("edge", "jetson-orin-nx-16gb", 0.125e9, 1.681e6, 2),
     ("edge", "jetson-orin-nano-8gb", 1.25e9, 2.057e6, 4),
     ("mobile", "phone-cpu", 35e6, 2.319e5, 2),
     ("mobile", "phone-cpu", 0.125e9, 2.281e5, 4),
     ("tiny", "nucleo-l4r5zi", 0.1e6, 1513, 2),
     ("tiny", "nucleo-u575zi", 0.5e6, 585.9, 2),
     ("tiny", "nucleo-h7a3zi", 0.1e6, 2132, 2)],
)  # fmt: skip
def test_the_best_plan_is_found_by_search(track, machine, link, least, fewest):
    p = one("d", track, plan_machine=machine, plan_link=link)
    challenge = PARTS["d"].model.challenge

    design, energy = challenge.optimum(p)

    assert energy == pytest.approx(least, rel=1e-3)
    assert (design["format"], design["devices"]) == ("mixed", fewest)
    assert challenge.score(p, design) == pytest.approx(1)


@pytest.mark.parametrize("track", TRACKS)
def test_every_limit_of_the_plan_binds_somewhere(track):
    challenge, p = PARTS["d"].model.challenge, combinations("d", track)[0]
    knobs = challenge.variables(p)
    grid = np.meshgrid(*[np.arange(len(knob.steps)) for knob in knobs], indexing="ij")
    k = {knob.id: np.asarray(knob.steps)[i.ravel()] for knob, i in zip(knobs, grid, strict=True)}

    outputs = challenge.assess(p, k)

    for name in ("too_large", "too_late", "no_whole_batch"):
        assert 0 < outputs[name].mean() < 1, name
    assert 10 <= outputs["feasible"].sum() <= 200


def test_sizes_are_written_as_people_write_them():
    assert memory_text("phone-npu") == "4 GB"
    assert memory_text("nucleo-u575zi") == "786 KiB"
    assert count_text(13.0e9) == "13 billion"
    assert count_text(22604.0) == "22,604"
