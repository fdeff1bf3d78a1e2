"""Volume II lab 06: every student's numbers, not one example."""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from labs.contract import RIGHT, TRACKS, Choice, Knobs, Numeric, Params, Scalar
from labs.explore.vol2.lab_06_fault_tolerance import design, hall, storage
from labs.explore.vol2.lab_06_fault_tolerance.common import span
from labs.explore.vol2.lab_06_fault_tolerance.long_run import LongRun, plan_of
from labs.explore.vol2.lab_06_fault_tolerance.model import A, B, C, D, E
from labs.loader import load_lab
from labs.text import fill, quantity
from simcore.equations.reliability import expected_renewals

HOUR = 3600.0
PARTS = {"a": A(), "b": B(), "c": C(), "d": D(), "e": E()}
LAB = load_lab("v2-06-fault-tolerance")
READS = {read.name: read.default for read in LAB.reads}


EVERYWHERE = [(part, track) for part in PARTS for track in TRACKS]


def one(p: Mapping[str, Scalar], model: Any, **changed: Scalar) -> Knobs:
    """Return the default setting of an instrument with some knobs moved."""
    at = {knob.id: knob.steps[knob.default] for knob in model.knobs(p)}
    return {name: np.asarray([value]) for name, value in {**at, **changed}.items()}


def choice(model: Any, p: Params, which: int = 0) -> Choice:
    question = model.questions(p)[which]
    assert isinstance(question, Choice)
    return question


def values(question: Choice) -> dict[str, float]:
    return {option.id: float(option.value) for option in question.options}


@pytest.mark.parametrize("track", TRACKS)
def test_a_options_lie_ten_points_apart(track: str) -> None:
    for p in PARTS["a"].combinations(track):
        found = sorted(values(choice(PARTS["a"], p)).values())
        assert min(np.diff(found)) > 0.098
        assert 0.13 < choice(PARTS["a"], p).key < 0.62


@pytest.mark.parametrize("track", TRACKS)
def test_b_options_lie_a_factor_of_three_and_nine_points_of_goodput_apart(track: str) -> None:
    for p in PARTS["b"].combinations(track):
        found = values(choice(PARTS["b"], p))
        facts = PARTS["b"].facts(p)
        key = found.pop(RIGHT)
        rivals = [float(facts[f"goodput_{name}"]) for name in found]
        assert min(max(key / x, x / key) for x in found.values()) > 3.2
        assert float(facts["best_goodput"]) - max(rivals) > 0.09


def test_c_options_lie_four_points_apart_and_staggering_always_fits() -> None:
    for p in PARTS["c"].combinations("cloud"):
        found = values(choice(PARTS["c"], p))
        assert min(np.diff(sorted(found.values()))) > 0.0434
        calm = PARTS["c"].evaluate(p, one(p, PARTS["c"], runs=p["runs"], stagger=True))
        assert not calm["refused"][0]
        assert calm["goodput"][0] == pytest.approx(found["same_bytes_same_cost"])


@pytest.mark.parametrize("track", TRACKS)
def test_d_options_lie_a_factor_of_four_apart(track: str) -> None:
    for p in PARTS["d"].combinations(track):
        found = values(choice(PARTS["d"], p))
        key = found.pop(RIGHT)
        assert min(max(key / x, x / key) for x in found.values() if x > 0) > 4.6


def test_d_replica_counts_are_clear_of_the_limit_on_both_sides() -> None:
    for p in PARTS["d"].combinations("cloud"):
        facts = PARTS["d"].facts(p)
        limit = (1 - float(p["goal"])) * 30 * 86_400
        assert 7 <= float(facts["owned"]) <= 16
        assert float(facts["short_owned"]) * 1.83 <= limit <= float(facts["short_one_less"]) / 1.83


def test_e_best_single_change_leads_by_five_points_in_every_hall() -> None:
    seen = set()
    for p in PARTS["e"].combinations("cloud"):
        facts = PARTS["e"].facts(p)
        gains = sorted(float(facts[f"gain_{x}"]) for x in ("interval", "spares", "flash", "async"))
        assert gains[-1] - gains[-2] > 0.054
        key = choice(PARTS["e"], p).key
        assert key == ("spares" if p["repair"] == 24 * HOUR else "interval")
        assert facts["largest_loss"] == (
            "waiting for a node" if key == "spares" else "repeated work"
        )
        seen.add(choice(PARTS["e"], p, 1).key)
    assert seen == {"worse", "same"}


def test_the_worked_examples_of_every_part() -> None:
    a = {"track": "cloud", "n": 16_384, "life": 50_000 * HOUR, "duration": 3 * HOUR}
    found = values(choice(PARTS["a"], a))
    assert found[RIGHT] == pytest.approx(0.374, abs=5e-4)
    assert found["countdown"] == pytest.approx(0.017, abs=5e-4)
    assert found["half_life"] == pytest.approx(0.506, abs=5e-4)

    b = {"track": "cloud", "save": 60.0, "mtbf": 3 * HOUR, "restart": 300.0}
    facts = PARTS["b"].facts(b)
    assert facts["best"] == pytest.approx(1098.8, abs=0.05)
    assert facts["best_goodput"] == pytest.approx(0.8737, abs=5e-5)
    assert facts["goodput_always_safer"] == pytest.approx(0.721, abs=5e-4)
    assert facts["goodput_halfway"] == pytest.approx(0.739, abs=5e-4)
    assert facts["blind_once"] == pytest.approx(0.967, abs=5e-4)
    assert facts["half_as_long"] == pytest.approx(1.215, abs=2e-3)
    assert facts["twice_as_long"] == pytest.approx(1.226, abs=2e-3)
    assert facts["four_times"] == pytest.approx(1.995, abs=2e-3)

    c = next(
        p
        for p in PARTS["c"].combinations("cloud")
        if (p["parameters"], p["runs"], p["mtbf"]) == (405e9, 8, 3 * HOUR)
    )
    found = values(choice(PARTS["c"], c))
    assert found[RIGHT] == pytest.approx(0.809, abs=5e-4)
    assert found["same_bytes_same_cost"] == pytest.approx(0.929, abs=5e-4)
    assert found["linear"] == pytest.approx(0.434, abs=1e-3)
    assert found["no_retune"] == pytest.approx(0.736, abs=5e-4)

    d = next(
        p
        for p in PARTS["d"].combinations("cloud")
        if (p["prompt"], p["sent"], p["token_time"]) == (8192, 600, 0.030)
    )
    found = values(choice(PARTS["d"], d))
    assert found[RIGHT] == pytest.approx(0.337, abs=5e-4)
    assert found["cache_follows"] == pytest.approx(0.058, abs=5e-4)
    assert found["say_it_again"] == pytest.approx(18.3, abs=0.05)
    assert PARTS["d"].facts(d)["load"] == 14


HALL: Params = {
    "track": "cloud", "parameters": 700e9, "size": 9.8e12, "node_life": 6250 * HOUR,
    "repair": 12 * HOUR, "budget": 600.0, "start": "new",
}  # fmt: skip
MINUTE = 60.0


def test_e_single_changes_of_the_default_hall() -> None:
    facts = PARTS["e"].facts(HALL)

    found = [facts[x] for x in ("present", "gain_interval", "gain_spares", "gain_flash")]
    assert found == pytest.approx([0.7010, 0.8308, 0.7450, 0.7090], abs=5e-4)
    assert facts["gain_async"] == pytest.approx(0.706, abs=5e-4)


@pytest.mark.parametrize(
    ("tier", "mode", "minutes", "spares", "goodput", "score"),
    [
        ("disk", "async", 4, 11, 0.9458, 1.0),
        ("neighbour", "async", 4, 9, 0.9350, 0.989),
        ("disk", "async", 4, 8, 0.9347, 0.988),
        ("neighbour", "sync", 7, 20, 0.9261, 0.979),
        ("disk", "async", 4, 5, 0.8401, 0.888),
        ("disk", "sync", 20, 20, 0.8821, 0.933),
        ("bucket", "async", 15, 12, 0.8642, 0.914),
        ("disk", "async", 60, 11, 0.8182, 0.865),
        ("flash", "sync", 10, 4, 0.7491, 0.792),
        ("disk", "async", 4, 0, 0.1919, 0.203),
        ("disk", "async", 1, 11, 0.9164, 0.0),
    ],
)
def test_designs_of_the_default_hall(
    tier: str, mode: str, minutes: int, spares: int, goodput: float, score: float
) -> None:
    chosen: dict[str, Scalar] = {
        "tier": tier, "mode": mode, "interval": minutes * MINUTE, "spares": float(spares),
    }  # fmt: skip
    found = PARTS["e"].challenge.assess(HALL, {k: np.asarray([v]) for k, v in chosen.items()})

    assert found["objective"][0] == pytest.approx(goodput, abs=6e-5)
    assert PARTS["e"].challenge.score(HALL, chosen) == pytest.approx(score, abs=1e-3)


def test_the_optimum_of_the_default_hall_is_found_among_4200_designs() -> None:
    best, goodput = PARTS["e"].challenge.optimum(HALL)
    found = PARTS["e"].challenge.assess(HALL, design.all_designs())

    assert len(design.all_designs()["tier"]) == 4200
    assert best == {"tier": "disk", "mode": "async", "interval": 240.0, "spares": 11.0}
    assert goodput == pytest.approx(0.9458, abs=5e-5)
    assert int(found["feasible"].sum()) == 2113


def test_every_hall_has_a_hard_but_open_challenge() -> None:
    winners: dict[tuple[str, str], int] = {}
    for p in PARTS["e"].combinations("cloud")[::2]:  # the start of the nodes moves nothing here
        best, goodput = PARTS["e"].challenge.optimum(p)
        found = PARTS["e"].challenge.assess(p, design.all_designs())
        scores = np.where(found["feasible"], found["objective"], 0) / goodput
        name = (str(best["tier"]), str(best["mode"]))
        winners[name] = winners.get(name, 0) + 1
        assert 0.83 < goodput < 0.961
        assert 1100 < found["feasible"].sum() < 3000
        assert np.mean(scores[found["feasible"]] >= 0.98) < 0.11
        start = {x.id: x.steps[x.default] for x in PARTS["e"].challenge.variables(p)}
        assert PARTS["e"].challenge.score(p, start) < 0.3
    assert sum(winners.values()) == 81
    assert winners == {("disk", "async"): 48, ("neighbour", "sync"): 32, ("disk", "sync"): 1}


@pytest.mark.parametrize("track", TRACKS)
@pytest.mark.parametrize(
    ("part", "failure", "wrong", "right"),
    [
        ("a", "wont_finish", {"n": 131_072.0, "shape": 0.7}, {"n": 64.0}),
        ("c", "half", {"billions": 2000.0, "bandwidth": 7.94e9, "runs": 1.0}, {}),
        ("c", "impossible", {"billions": 2000.0, "bandwidth": 0.5e9}, {}),
        ("c", "refused", {"bandwidth": 1.99e9, "runs": 12.0, "stagger": True}, {"stagger": True}),
        ("d", "cascade", {"n": 4.0, "load": 0.8}, {"n": 8.0, "load": 0.7}),
        ("d", "not_enough", {"n": 1.0, "k": 5.0}, {"n": 8.0, "k": 5.0}),
        ("e", "over_budget", {"tier": "flash", "mode": "async", "spares": 24.0}, {}),
        ("e", "store_saturated", {"tier": "bucket", "interval": 60.0}, {}),
        ("e", "short_of_spares", {"spares": 0.0}, {"spares": 24.0}),
    ],
)
def test_failure_states_come_and_go(
    part: str, failure: str, wrong: dict[str, Scalar], right: dict[str, Scalar], track: str
) -> None:
    model = PARTS[part]
    for p in model.combinations(track):
        assert bool(model.evaluate(p, one(p, model, **wrong))[failure][0])
        assert not bool(model.evaluate(p, one(p, model, **right))[failure][0])


@pytest.mark.parametrize("track", TRACKS)
def test_b_fails_at_both_ends_of_its_interval(track: str) -> None:
    for p in PARTS["b"].combinations(track):
        steps = PARTS["b"].knobs(p)[0].steps
        rarely = PARTS["b"].evaluate(p, one(p, PARTS["b"], interval=steps[-1]))
        often = PARTS["b"].evaluate(p, one(p, PARTS["b"], interval=steps[0]))
        own = PARTS["b"].evaluate(p, one(p, PARTS["b"]))
        assert rarely["half_lost"][0]
        assert often["saves_longer"][0]
        assert not own["half_lost"][0]
        assert not own["saves_longer"][0]


def test_failures_of_the_worked_examples() -> None:
    c = PARTS["c"].combinations("cloud")[0]
    slow = {"mtbf": 3 * HOUR, "runs": 1.0}
    half = PARTS["c"].evaluate(c, one(c, PARTS["c"], billions=175.0, bandwidth=1e9, **slow))
    worse = PARTS["c"].evaluate(c, one(c, PARTS["c"], billions=1000.0, bandwidth=1e9, **slow))

    assert (half["half"][0], half["impossible"][0]) == (True, False)
    assert half["goodput"][0] == pytest.approx(0.468, abs=5e-4)
    assert worse["impossible"][0]
    assert worse["best"][0] == pytest.approx(9584, abs=1)


def test_a_dashboard_without_rework_pushes_the_bottom_to_the_edge() -> None:
    p = PARTS["b"].combinations("cloud")[0]
    off = PARTS["b"].evaluate(p, one(p, PARTS["b"], rework=False))

    assert off["bottom"][0] == pytest.approx(2 * float(p["mtbf"]))
    assert off["repeated"][0] == 0
    line = PARTS["b"].curves(p, one(p, PARTS["b"], rework=False))["loss_line"][0]
    assert np.all(np.diff(line) <= 0)


@pytest.mark.parametrize("track", TRACKS)
def test_b_hides_what_c_and_e_still_ask_and_never_the_students_own_point(track: str) -> None:
    b = PARTS["b"]
    for mine in b.combinations(track):
        for theirs in PARTS["c"].combinations(track):
            locked = {"c": theirs}
            assert not b.withheld(mine, locked, one(mine, b))[0]
            asked = storage.storm_share(theirs) * float(mine["mtbf"])
            assert b.withheld(mine, locked, one(mine, b, save=asked))[0]
            asked = storage.target_share() * float(mine["mtbf"])
            assert b.withheld(mine, locked, one(mine, b, save=asked))[0]
    for mine in b.combinations(track)[::5]:
        for hall_now in PARTS["e"].combinations(track)[::9]:
            asked = {"save": hall.present_save(hall_now), "mtbf": hall.mtbf(hall_now)}
            assert b.withheld(mine, {"e": hall_now}, one(mine, b, **asked))[0]
            assert not b.withheld(mine, {"e": hall_now}, one(mine, b))[0]
            assert not b.withheld(mine, {}, one(mine, b, **asked))[0]


def spoken(part: str, track: str, p: Params) -> str:
    """Return all words of a part that a student reads before the lock closes."""
    text = LAB.part(part)
    prompts = " ".join(fill(q.prompt_html, p) for q in text.questions)
    story = fill(text.stories[track].html, p)
    return f"{text.title} {text.promise} {story} {prompts}"


def briefing() -> str:
    machines = " ".join(track.machine for track in LAB.tracks)
    return " ".join((LAB.title, LAB.core_question, *LAB.objectives, machines))


def numerals(text: str) -> set[float]:
    plain = re.sub(r"<[^>]+>", " ", text).replace(",", "")
    return {float(x) for x in re.findall(r"\d+(?:\.\d+)?", plain)}


def ways_to_say(question: Choice | Numeric, unit: str) -> list[float]:
    """Return the key as it may stand in a text: in percent, in any usual unit of time or rate."""
    key = question.key
    if isinstance(key, str):
        return []
    scales = {
        "s": (1, 1e3, 1 / 60, 1 / HOUR), "GB/s": (1e-9, 1e-12, 1e-6), "": (1, 100)
    }[unit]  # fmt: skip
    return [key * scale for scale in scales]


@pytest.mark.parametrize(("part", "track"), EVERYWHERE)
def test_no_numeral_before_the_lock_comes_near_a_key(part: str, track: str) -> None:
    model = PARTS[part]
    for drawn in model.combinations(track):
        p = {**drawn, **READS}
        said = numerals(spoken(part, track, p) + briefing())
        for question, text in zip(model.questions(p), LAB.part(part).questions, strict=True):
            for key in ways_to_say(question, text.unit):
                near = [x for x in said if abs(x - key) <= 0.02 * key]
                assert not near, f"{near} is near the key {key:g} of {part}.{question.id}: {p}"


@pytest.mark.parametrize(("part", "track"), EVERYWHERE)
def test_a_thousand_draws_are_all_listed(part: str, track: str) -> None:
    model = PARTS[part]
    listed = [dict(p) for p in model.combinations(track)]
    drawn = [model.draw(np.random.default_rng(seed), track) for seed in range(1000)]

    assert all(p in listed for p in drawn)
    assert len({tuple(p.items()) for p in drawn}) > 0.9 * min(len(listed), 300)
    assert model.draw(np.random.default_rng(5), track) == drawn[5]


def small_run(**changed: Scalar) -> dict[str, Scalar]:
    inputs = {knob.id: knob.steps[knob.default] for knob in LongRun().inputs(HALL)}
    return {
        **inputs, "runs": 200.0, "nodes": 128.0, "node_life_h": 1000.0, "shape": 1.0,
        "horizon": 14 * 86_400.0, **changed,
    }  # fmt: skip


def run(inputs: Params, order: int = 1) -> Any:
    job = LongRun()
    seeds = np.random.SeedSequence(6).spawn(job.units(inputs))
    made = {i: job.run_unit(inputs, seeds[i]) for i in range(len(seeds))[::order]}
    return job.combine(inputs, [made[i] for i in range(len(seeds))])


def test_the_long_run_gives_the_same_result_in_any_order_of_its_units() -> None:
    assert run(small_run()) == run(small_run(), order=-1)


def test_the_long_run_agrees_with_its_formula_where_that_holds() -> None:
    found = run(small_run()).values

    assert abs(found["standard_errors"].value) < 4
    assert found["goodput"].low < found["goodput"].value < found["goodput"].high
    total = sum(found[x].value for x in ("goodput", "saving", "repeated", "restart", "waiting"))
    assert total == pytest.approx(1.0, abs=1e-6)


def test_new_nodes_run_worse_and_a_mixed_lot_as_the_formula_says() -> None:
    new = run(small_run(shape=0.7, start="new")).values
    aged = run(small_run(shape=0.7, start="aged")).values

    young = expected_renewals(14 * 86_400.0, 1000 * HOUR, shape=0.7) * 1000 * HOUR / (14 * 86_400.0)
    assert new["stops"].value / new["stops_expected"].value == pytest.approx(young, rel=0.02)
    assert new["standard_errors"].value < -10
    assert abs(aged["standard_errors"].value) < 4


def test_the_runs_of_a_job_fill_its_histogram_and_tell_a_story() -> None:
    curves = run(small_run()).curves

    assert sum(curves["histogram_y"][::2]) == pytest.approx(1.0)
    assert len(curves["story_start"]) == len(curves["story_end"]) == len(curves["story_lane"])
    job = LAB.part("e").job
    for plot in job.plots:
        names = [series[axis] for series in plot.get("series", ()) for axis in ("x", "y")]
        assert set(names) <= set(curves)
    assert {value.id for value in job.values} <= set(run(small_run()).values)


def test_the_inputs_of_the_long_run_are_all_named() -> None:
    assert [knob.id for knob in LongRun().inputs(HALL)] == [x.id for x in LAB.part("e").job.inputs]


def test_a_run_that_would_take_too_long_is_refused_with_the_way_out() -> None:
    job = LongRun()
    for p in PARTS["e"].combinations("cloud"):
        job.check({knob.id: knob.steps[knob.default] for knob in job.inputs(p)})

    with pytest.raises(ValueError, match=r"stops per run are more than 5,000"):
        job.check(small_run(nodes=4096.0, node_life_h=1000.0, horizon=90 * 86_400.0))
    with pytest.raises(ValueError, match="choose 4,000 runs at most"):
        job.check(small_run(nodes=4096.0, node_life_h=5000.0, horizon=90 * 86_400.0, runs=20_000.0))


def test_the_simulated_plan_is_the_design_of_the_hall() -> None:
    inputs = {
        **small_run(), "nodes": 2048.0, "billions": 700.0, "tier": "neighbour", "mode": "sync",
    }  # fmt: skip
    plan = plan_of(inputs)

    assert plan.save == pytest.approx(2 + 9.8e12 / 2048e9)
    assert plan.both_lost == 0.08
    assert plan.older_copy_transfer == pytest.approx(392.0)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(10_800, "3 h"), (2700, "45 min"), (450, "7.5 min"), (60, "60 s"), (0.8, "800 ms")],
)
def test_spans_are_said_as_people_do(seconds: float, said: str) -> None:
    assert span(seconds) == said


def test_published_facts_stay_out_of_what_is_read_before_the_lock() -> None:
    told = {"Llama", "RSC", "Young", "Daly", "Erlang", "square root"}
    for part, track in EVERYWHERE:
        for p in PARTS[part].combinations(track)[:3]:
            words = spoken(part, track, {**p, **READS}) + LAB.title + LAB.core_question
            assert not [x for x in told if x in words]


def test_the_rate_is_typed_in_gigabytes_and_kept_in_bytes() -> None:
    question = LAB.part("c").question("rate")

    assert question.accept[question.unit] == 1e9
    assert quantity(197.6e9, question.value_format) == "198 GB/s"
