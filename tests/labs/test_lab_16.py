"""V1-16: keys against a second derivation, ledgers of all kinds, and the search of the design."""

import itertools
import math
from typing import Any

import numpy as np
import pytest

from labs.contract import RIGHT, TRACKS, Choice
from labs.draws import defaults_of
from labs.explore.vol1.lab_16_ml_conclusion.final import SCENARIOS, Final, decay, headroom
from labs.explore.vol1.lab_16_ml_conclusion.month import STAGES, order, savings
from labs.explore.vol1.lab_16_ml_conclusion.record import IDEAS, blind_spot
from labs.loader import all_labs, load_lab
from tests.labs.trying import Trying

LAB = load_lab("v1-16-architects-audit")
TRY = Trying(LAB)
READS = defaults_of(LAB)

every_track = pytest.mark.parametrize("track", TRACKS)


def cases(part: str, track: str) -> list[Any]:
    return [{**p, **READS} for p in TRY.combinations(part, track)]


def key(part: str, p: Any, which: int = 0) -> Any:
    return TRY.parts[part].model.questions(p)[which].key


# ---------------------------------------------------------------------------------- questions


@every_track
def test_reading_and_computing_are_bytes_and_operations_over_their_rates(track: str) -> None:
    for p in cases("a", track):
        reading = p["parameters"] * p["bytes"] / p["bandwidth"]
        computing = 2 * p["parameters"] * p["batch"] / (0.5 * p["peak"])
        assert key("a", p) == pytest.approx(reading / computing)
        assert key("a", p) > 1
        shown = TRY.at("a", p)
        assert shown["computing"] == pytest.approx(computing)
        assert not shown["out_of_memory"], p


def test_a_published_weight_does_not_fit_one_card_in_16_bits() -> None:
    p = next(p for p in cases("a", "cloud") if p["machine"] == "h100-sxm")

    assert TRY.at("a", p, format="fp16")["out_of_memory"]
    assert key("a", {**p, "batch": 1}) == pytest.approx(147.7, abs=0.1)


@every_track
def test_drift_costs_the_wedges_of_a_turned_line(track: str) -> None:
    for p in cases("b", track):
        drifted = 0.9 * p["turn"] * p["weeks"] / 180
        assert key("b", p) == pytest.approx(drifted / (p["before"] - p["after"]))
        shown = TRY.at("b", p, weeks_now=p["weeks"])
        assert shown["lost"] == pytest.approx(drifted)
        assert shown["inputs"] == 0


def test_a_turned_line_thrown_at_random_points_agrees() -> None:
    rng = np.random.default_rng(16)
    x, flipped = rng.standard_normal((400_000, 2)), rng.random(400_000) < 0.05
    angle = math.radians(0.75 * 26)
    truth = (x[:, 0] * math.cos(angle) + x[:, 1] * math.sin(angle) > 0) ^ flipped

    wrong = ((x[:, 0] > 0) != truth).mean()

    assert wrong - 0.05 == pytest.approx(0.0975, abs=0.002)


def test_labels_notice_the_rise_and_more_of_them_earlier() -> None:
    p = cases("b", "cloud")[0]
    few, many = (TRY.at("b", p, turn_now=0.75, labels=n, weeks_now=52) for n in (10, 1000))

    assert 0 < many["noticed"] < few["noticed"] < 52
    assert few["noticed"] / many["noticed"] == pytest.approx(100 ** (1 / 3))
    assert many["worst"] < 0.03


@every_track
def test_one_proposal_saves_much_more_than_the_next(track: str) -> None:
    right = set()
    for p in cases("d", track):
        total = 1.0
        by_hand = {
            s: total - (total - p[f"{s}_share"] + p[f"{s}_share"] / p[f"{s}_faster"])
            for s in STAGES
        }
        best, second = sorted(by_hand.values())[:-3:-1]
        assert savings(p) == pytest.approx(by_hand)
        assert best / second >= 1.7
        assert key("d", p) == order(p)[0]
        assert sum(p[f"{s}_share"] for s in STAGES) == pytest.approx(1)
        right.add(key("d", p))
    assert right == {"pre", "model", "net"}


def test_the_same_proposal_works_once() -> None:
    p = cases("d", "cloud")[0]
    once = TRY.at("d", p, first_month="model")
    twice = TRY.at("d", p, first_month="model", second_month="model")

    assert twice["latency"] == once["latency"]
    assert twice["wasted"]
    assert not once["wasted"]


@every_track
def test_the_largest_item_is_clear_and_not_the_same_for_everybody(track: str) -> None:
    found = set()
    for p in cases("e", track):
        ratio = key("e", p, 1)
        assert max(ratio, 1 / ratio) >= 2
        assert key("e", p) == ("cache" if ratio > 1 else "weights")
        shown = TRY.at("e", p, requests_now=p["requests"])
        assert shown["ratio_now"] == pytest.approx(ratio)
        facts = TRY.parts["e"].model.facts(p)
        assert ("not to 3-bit" in facts["next_text"]) == (ratio > 1)
        assert facts["larger_name"].startswith("now") == (ratio > 1)
        found.add(key("e", p))
    assert found == {"cache", "weights"}


# ------------------------------------------------------------------------------------- ledger


def test_every_error_has_a_lane_and_what_is_missing_is_called_so() -> None:
    p = cases("c", "cloud")[0]
    errors = next(plot for plot in TRY.parts["c"].plots if plot["id"] == "errors")

    assert len(errors["labels"]) == TRY.parts["c"].model.facts(p)["of"] == 17
    assert "None" in TRY.parts["c"].model.facts(p)["record_text"]
    assert "No idea" in TRY.parts["c"].model.facts(p)["ideas_text"]
    found = TRY.parts["d"].model.facts(cases("d", "cloud")[0])
    assert found["past_busy_text"] == found["past_tool"] == "nothing on record"


def test_without_a_record_nothing_stands_out() -> None:
    p = cases("c", "cloud")[0]
    facts = TRY.parts["c"].model.facts(p)

    assert key("c", p) == "even"
    assert facts["own"] == 0
    assert key("c", p, 1) == pytest.approx(10**0.35)


@pytest.mark.parametrize("idea", IDEAS)
def test_the_idea_with_the_widest_errors_is_found_and_every_wrong_one_has_words(idea: str) -> None:
    p = {**cases("c", "edge")[0], **dict.fromkeys(IDEAS[idea], -0.9)}
    asked = TRY.parts["c"].model.questions(p)[0]
    words = TRY.parts["c"].question("spot")

    assert isinstance(asked, Choice)
    assert words is not None
    assert blind_spot(p) == idea == asked.key
    wrong = [option.id for option in asked.options if option.id != RIGHT]
    assert len(wrong) == 5
    assert all(words.misconceptions[name] for name in wrong)


def test_a_perfect_record_has_no_blind_spot_and_a_factor_of_one() -> None:
    p = {**cases("c", "tiny")[0], **{name: 0.0 for names in IDEAS.values() for name in names}}

    assert key("c", p) == "even"
    assert key("c", p, 1) == 1
    assert TRY.at("c", p)["inside"] == 1


def test_what_is_on_record_counts_and_defaults_beside_it_do_not() -> None:
    p = {**cases("c", "cloud")[0], "tail_error": 0.05, "amdahl_error": 0.1}
    facts = TRY.parts["c"].model.facts(p)

    assert facts["own"] == 2
    assert "nearest queues and tails, 1.12 times" in facts["ideas_text"]


def test_every_read_is_written_by_another_lab_under_that_name() -> None:
    written = {w.key for lab in all_labs() for part in lab.parts for w in part.writes}

    assert {read.key for read in LAB.reads} <= written


# ----------------------------------------------------------------------------------- challenge

BEST = {
    ("cloud", False): ("h100-sxm", "fp16", 64, 2, 21),
    ("cloud", True): ("h100-sxm", "fp16", 32, 2, 21),
    ("edge", False): ("jetson-orin-nano-super", "fp16", 2, 7, 21),
    ("edge", True): ("jetson-orin-nano-super", "int8", 2, 4, 7),
    ("mobile", False): ("pixel-8", "int8", 1, 4, 60),
    ("tiny", False): ("esp32-s3-sram", "int8", 1, 1, 60),
}


@pytest.mark.parametrize(("where", "best"), BEST.items())
def test_the_cheapest_design_is_found_by_search(
    where: tuple[str, bool], best: tuple[Any, ...]
) -> None:
    p = next(p for p in cases("e", where[0]) if p["harder"] == where[1])

    design, cost = Final().optimum(p)

    assert tuple(design.values()) == best
    assert cost > 0


@every_track
def test_whatever_the_ledger_brings_some_design_is_feasible(track: str) -> None:
    for turn, tail, grid in itertools.product((0.0, 5.0), (0.0, -3.0), ("france", "atlantis")):
        for p in (p for p in cases("e", track)[:2]):
            own = {**p, "past_turn": turn, "tail_error": tail, "past_grid": grid}
            design, cost = Final().optimum(own)
            assert math.isfinite(cost)
            assert Final().score(own, design) == pytest.approx(1)


def test_a_wide_error_on_tails_buys_headroom_and_drift_trains_oftener() -> None:
    p = cases("e", "cloud")[0]

    assert headroom({**p, "tail_error": -0.2}) == pytest.approx(1.2)
    assert headroom({**p, "tail_error": 2.0}) == 1.5
    assert decay({**p, "past_turn": 1.0}) == pytest.approx(0.9 / 180 / 7)
    slow, fast = (Final().optimum({**p, "past_turn": x})[0]["interval"] for x in (0.25, 1.5))
    assert slow > fast


def test_a_machine_too_small_is_no_design() -> None:
    p = next(p for p in cases("e", "tiny"))
    k = {"machine": ["stm32f407"], "precision": ["fp16"], "batch": [1], "replicas": [1],
         "interval": [30]}  # fmt: skip
    found = Final().assess(p, {name: np.asarray(x) for name, x in k.items()})

    assert found["too_large"][0]
    assert not found["feasible"][0]
    assert set(SCENARIOS) == set(TRACKS)


# --------------------------------------------------------------------------------------- words


def test_the_capstone_fits_an_hour_and_offers_the_portfolio() -> None:
    assert 50 <= LAB.minutes <= 60
    assert LAB.has_portfolio
    assert len(LAB.ledgers) >= 5
    written = {write.key for one in LAB.parts for write in one.writes}
    assert {"audit.A_log10_error", "audit.B_log10_error", "audit.blind_spot", "audit.D_choice",
            "capstone.machine", "capstone.cost", "capstone.score"} <= written  # fmt: skip
