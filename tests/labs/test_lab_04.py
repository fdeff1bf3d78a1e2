"""Volume I, lab 4: clear keys, safe starts, figures by hand, a pipeline found by search."""

import re
from collections import Counter

import numpy as np
import pytest

from labs.contract import TRACKS
from labs.explore.vol1.lab_04_data_engr.samples import PLACES, training_flop
from labs.loader import load_lab
from labs.text import fill
from tests.labs.trying import Trying

LAB = load_lab("v1-04-data-gravity")
TRYING = Trying(LAB)
PARTS, combinations, one, at = TRYING.parts, TRYING.combinations, TRYING.one, TRYING.at


@pytest.mark.parametrize("track", TRACKS)
def test_in_part_a_storage_and_arithmetic_set_the_pace_equally_often(track):
    stages = Counter(PARTS["a"].model.facts(p)["binding_stage"] for p in combinations("a", track))

    assert set(stages) == {"storage", "arithmetic"}
    assert len(set(stages.values())) == 1


@pytest.mark.parametrize("track", TRACKS)
def test_part_a_is_fed_by_the_rate_it_asks_for(track):
    for p in combinations("a", track):
        through, demand = PARTS["a"].model.questions(p)
        facts = PARTS["a"].model.facts(p)
        assert through.key == pytest.approx(min(facts["read_rate"], facts["compute_rate"]))
        assert demand.key == pytest.approx(p["rate"] / training_flop(p["model"]) * p["sample"])
        assert (facts["busy"] < 1) == (p["storage"] < demand.key)


def test_part_a_the_queue_moves_on_to_the_cores_with_smaller_pictures():
    p = one("a", "cloud", machine="a100-sxm-80gb", model="resnet-50-v1", form="floats")
    slow = at("a", p, form="floats", storage_now=p["storage"], cores=96, accelerators=8)
    small = at("a", p, form="JPEG", storage_now=50e9, cores=8)

    assert slow["waits_for"] == "storage"
    assert slow["starving"]
    assert small["waits_for"] == "the cores"
    assert small["through"] == pytest.approx(8 / 6e-3)
    assert PLACES["cloud"].layouts["floats"].size == 602_112


def test_part_b_fifty_terabytes_over_ten_gigabit_take_eleven_hours():
    p = one("b", "cloud", size=50e12, rate=10e9)

    assert PARTS["b"].model.questions(p)[0].key == pytest.approx(40_000)
    late = at("b", p, moved=50e12, link_now=1e9)
    assert late["too_late"]
    assert late["move_cost"] == pytest.approx(50e3 * 0.09)


@pytest.mark.parametrize("track", TRACKS)
def test_part_b_at_the_break_even_both_cost_the_same(track):
    sides = set()
    for p in combinations("b", track):
        facts = PARTS["b"].model.facts(p)
        assert facts["even"] * p["price"] == pytest.approx(p["saving"] * p["jobs"])
        sides.add(facts["choice"])
    assert sides == {"move the data", "move the job"}


def test_part_c_two_in_a_hundred_spoil_most_windows_of_sixty():
    p = one("c", "edge", error=0.02, records=60)

    assert PARTS["c"].model.questions(p)[0].key == pytest.approx(0.7024, abs=1e-4)
    assert at("c", p, window=60)["mostly_spoiled"]
    together = at("c", p, window=60, run=60)
    assert together["spoiled_now"] < 0.05
    assert together["alone"] == pytest.approx(0.7024, abs=1e-4)
    assert not together["mostly_spoiled"]


@pytest.mark.parametrize("track", TRACKS)
def test_in_part_d_the_right_number_is_neither_the_rarest_nor_the_commonest(track):
    for p in combinations("d", track):
        question = PARTS["d"].model.questions(p)[0]
        offered = sorted(float(option.value) for option in question.options)
        assert offered[0] < question.key < offered[-1]


@pytest.mark.parametrize("track", TRACKS)
def test_the_task_of_part_d_is_read_in_little_more_than_a_minute(track):
    html = fill(PARTS["d"].challenge.brief_html, one("d", track))

    assert len(re.sub(r"<[^>]+>", " ", html).split()) <= 190


def test_part_d_a_month_of_seconds_is_two_and_a_half_million_decisions():
    p = one("d", "tiny", hop=1.0, hours=24, period_days=30.0)
    spacing, silence = PARTS["d"].model.questions(p)

    assert spacing.key == pytest.approx(2_592_000)
    assert silence.key / 86_400 == pytest.approx(89.9, abs=0.1)
    assert PARTS["d"].model.facts(p)["right_share_text"] == "99.999961%"
    storm = at("d", p, wrong_in=10)
    assert storm["storm"]
    assert storm["a_day"] == pytest.approx(8640)
    assert at("d", p, wrong_in=10, hits=4)["a_day"] == pytest.approx(8.64)
    assert at("d", p, wrong_in=10, hits=4, alone=False)["a_day"] == storm["a_day"]


@pytest.mark.parametrize("track", TRACKS)
def test_each_limit_of_the_pipeline_binds_somewhere_and_designs_differ(track):
    challenge = PARTS["d"].model.challenge
    tasks = {(p["task_link"], p["task_supply"]): p for p in combinations("d", track)}
    binds: dict[str, list[float]] = {}
    best, spread = set(), []

    for p in tasks.values():
        knobs = challenge.variables(p)
        grid = np.meshgrid(*[np.arange(len(knob.steps)) for knob in knobs], indexing="ij")
        k = {n.id: np.asarray(n.steps)[i.ravel()] for n, i in zip(knobs, grid, strict=True)}
        outputs = challenge.assess(p, k)
        for name in ("too_large", "too_much_memory", "too_late", "over_power"):
            binds.setdefault(name, []).append(float(outputs[name].mean()))
        feasible = outputs["objective"][outputs["feasible"]]
        assert 10 <= feasible.size <= 250
        spread.append(feasible.max() / feasible.min())
        best.add(tuple(challenge.optimum(p)[0].values()))

    assert len(tasks) == len(best) == 3
    assert all(max(shares) > 0 for shares in binds.values())
    assert max(spread) > 4


def test_the_pipeline_pays_for_waiting_cores_and_copies_but_not_for_arithmetic():
    p = one("d", "edge", task_link=125e6)
    challenge = PARTS["d"].model.challenge
    design = {"store": "SSD", "layout": "pixels", "workers": 1, "kept": 0.0, "units": 1}

    found = challenge.assess(p, {name: np.asarray([value]) for name, value in design.items()})

    copied = 100e3 * 224 * 224 * 3 / 125e6
    learning = 2e6 * training_flop("resnet-50-v1") / (0.4 * 25e12)
    assert found["utilisation"] == pytest.approx(1)
    assert found["time"] == pytest.approx(copied + learning)
    # The link and the rest while it copies; store, core and the rest while it learns.
    assert found["objective"] == pytest.approx(copied * 9 + learning * 12.5)


def test_the_ledger_hands_the_upload_of_lab_3_here_and_this_pipeline_to_lab_8():
    before, after = load_lab("v1-03-constraint-tax"), load_lab("v1-08-training-gauntlet")
    written = {write.key for part in before.parts for write in part.writes}
    here = {write.key for part in LAB.parts for write in part.writes}
    taken = {read.key: read.default for read in after.reads}

    assert {read.key for read in LAB.reads} <= written
    assert {"pipeline.format", "pipeline.storage"} <= here
    assert (taken["pipeline.format"], taken["pipeline.storage"]) == ("pixels", "NVMe")
