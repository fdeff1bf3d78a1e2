"""V1-12: keys against a second derivation, margins, and the search behind the challenge."""

import itertools
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from labs.content import LabPart
from labs.contract import RIGHT, TRACKS, Choice, Params, Part
from labs.draws import draw_params
from labs.explore.vol1.lab_12_perf_bench.bench import LEAST_REPEATS, Bench
from labs.explore.vol1.lab_12_perf_bench.part_c import CANDIDATES, LOSSES, candidate, ships
from labs.loader import load_lab

LAB = load_lab("v1-12-benchmarking-trap")
MARGINS = {"a": 1.666, "b": 1.625, "d": 1.685}
"""Ratio of the key to the nearest wrong number."""
PAIRS = {"a": 1.31, "b": 1.6, "d": 1.68}
"""Ratio of any two options."""

every_track = pytest.mark.parametrize("track", TRACKS)


def part(name: str) -> LabPart:
    return next(one for one in LAB.parts if one.id == name)


def cases(name: str, track: str) -> Iterator[tuple[Part, Params]]:
    model = part(name).model
    for p in model.combinations(track):
        yield model, {**p, **{read.name: read.default for read in LAB.reads}}


def values(model: Part, p: Params) -> dict[str, float]:
    question = model.questions(p)[0]
    assert isinstance(question, Choice)
    return {option.id: float(option.value) for option in question.options}


def at(model: Part, p: Params, **moved: Any) -> dict[str, Any]:
    """The outputs with these knobs moved, the others where they begin."""
    k = {knob.id: np.asarray([moved.get(knob.id, knob.steps[knob.default])])
         for knob in model.knobs(p)}  # fmt: skip
    return {name: column[0] for name, column in model.evaluate(p, k).items()}


def ratio(x: float, y: float) -> float:
    return math.inf if x * y == 0 else max(x / y, y / x)


# ---------------------------------------------------------------------------------- questions


@every_track
@pytest.mark.parametrize("name", sorted(MARGINS))
def test_wrong_options_are_clear_of_the_key_and_of_each_other(name: str, track: str) -> None:
    for model, p in cases(name, track):
        found = values(model, p)
        assert len(found) == 4
        right = found.pop(RIGHT)
        assert min(ratio(right, x) for x in found.values()) >= MARGINS[name], p
        pairs = itertools.combinations([right, *found.values()], 2)
        assert min(ratio(x, y) for x, y in pairs) >= PAIRS[name], p


@every_track
def test_part_a_is_total_time_over_total_time(track: str) -> None:
    for model, p in cases("a", track):
        rest, faster, total = float(p["rest"]), float(p["faster"]), float(p["total"])
        after = rest * total + (1 - rest) * total / faster
        assert values(model, p)[RIGHT] == pytest.approx(total / after)
        assert at(model, p, faster=faster)["latency"] == pytest.approx(after)


@every_track
def test_part_b_balances_heat_in_and_heat_out(track: str) -> None:
    for model, p in cases("b", track):
        held = values(model, p)[RIGHT]
        heat_in = float(p["idle"]) + held * float(p["dynamic"])
        heat_out = float(p["conductance"]) * (float(p["limit"]) - float(p["ambient"]))
        assert heat_in == pytest.approx(heat_out), p
        assert 0.08 < held <= 0.301
        assert 13 <= float(model.facts(p)["onset"]) <= 81


@every_track
def test_part_b_integrated_in_small_steps_ends_where_the_key_says(track: str) -> None:
    model, p = next(cases("b", track))
    held, limit, air = values(model, p)[RIGHT], float(p["limit"]), float(p["ambient"])
    conductance, constant = float(p["conductance"]), float(p["constant"])
    step, temperature, met = constant / 2000, air, 0.0
    for i in range(8000):
        power = float(p["idle"]) + float(p["dynamic"]) * (1.0 if temperature < limit else held)
        lost = conductance * (temperature - air)
        temperature += step * (power - lost) / (conductance * constant)
        if not met and temperature >= limit:
            met = step * (i + 1)

    assert met == pytest.approx(float(model.facts(p)["onset"]), rel=5e-3)
    assert temperature == pytest.approx(limit, abs=0.1)


@every_track
def test_the_instrument_of_part_b_never_knows_less_than_its_reveal(track: str) -> None:
    for model, p in cases("b", track):
        shown = at(model, p, cap=1.0)
        assert shown["held"] == pytest.approx(values(model, p)[RIGHT])
        assert shown["throttles"]
        assert not shown["shut_down"]
        assert at(model, p, cap=1.0, cooling=0.5)["shut_down"], p
        assert at(model, p, cap=0.5)["held"] == pytest.approx(min(0.5, shown["held"]))


def worst_miss(p: Params, name: str) -> float:
    """How far this candidate is beyond the gate that it misses by the most."""
    run = candidate(p, name)
    return max(
        float(run.time) * float(p["tail"]) / float(p["p99_gate"]),
        float(p["rate_gate"]) / float(run.throughput),
        LOSSES[CANDIDATES[name][0]] / float(p["loss_gate"]),
    )


@every_track
def test_one_candidate_ships_and_every_gate_is_kept_or_missed_clearly(track: str) -> None:
    shipped = set()
    for model, p in cases("c", track):
        right = ships(p)
        shipped.add(right)
        assert right == p["ships"]
        asked = model.questions(p)[0]
        assert isinstance(asked, Choice)
        assert asked.key == right
        facts = model.facts(p)
        assert float(p["p99_gate"]) / float(facts["ships_p99"]) >= 1.7
        assert float(facts["ships_rate"]) / float(p["rate_gate"]) >= 1.8
        assert ratio(float(facts["half_large_p99"]), float(p["p99_gate"])) >= 1.6
        if right == "half_middle":
            assert float(p["rate_gate"]) / float(facts["full_single_rate"]) >= 1.8
        assert all(worst_miss(p, name) >= 1.8 for name in CANDIDATES if name != right), p
    assert shipped == {"half_middle", "full_single"}


@every_track
def test_the_largest_batch_has_the_highest_throughput_that_part_c_asks_after(track: str) -> None:
    for model, p in cases("c", track):
        rates = {name: float(candidate(p, name).throughput) for name in CANDIDATES}
        assert max(rates, key=lambda name: rates[name]) == "half_large"
        assert model.questions(p)[1].key == pytest.approx(model.facts(p)["half_large_p99"])


@every_track
def test_the_window_of_batches_passes_and_its_neighbours_do_not(track: str) -> None:
    for model, p in cases("c", track):
        facts = model.facts(p)
        precision = {"int8": "half", "fp32": "full"}[str(facts["ships_precision"])]
        low, high = int(facts["batch_low"]), int(facts["batch_high"])
        inside = [at(model, p, precision=precision, batch=b)["blocked"] for b in (low, high)]
        outside = [at(model, p, precision=precision, batch=b)["blocked"]
                   for b in (low - 1, high + 1) if b]  # fmt: skip
        assert not any(inside)
        assert all(outside)


@every_track
def test_part_d_is_the_percentile_of_drawn_times(track: str) -> None:
    model, p = next((m, p) for m, p in cases("d", track) if p["deviation"] == 0.8)
    rng = np.random.default_rng(12)
    times = np.exp(rng.normal(0.0, 0.8, 400_000))
    times *= float(p["mean"]) / math.exp(0.32)

    assert values(model, p)[RIGHT] == pytest.approx(np.quantile(times, 0.99), rel=0.02)
    assert values(model, p)[RIGHT] / float(p["mean"]) == pytest.approx(4.669, abs=0.001)


def test_a_hundred_servers_turn_one_per_cent_into_sixty_three() -> None:
    model, p = next((m, p) for m, p in cases("d", "cloud") if p["servers"] == 100)

    assert model.questions(p)[1].key == pytest.approx(1 - 0.99**100)


# ----------------------------------------------------------------------------------- challenge


PROTOCOLS = {
    ("cloud", 0.03): (30, 30, 3, 0), ("cloud", 0.05): (30, 10, 3, 0),
    ("edge", 0.03): (60, 60, 3, 0), ("edge", 0.05): (60, 30, 3, 0),
    ("mobile", 0.05): (60, 60, 3, 0),
    ("tiny", 0.03): (60, 5, 3, 0), ("tiny", 0.05): (90, 5, 3, 0),
}  # fmt: skip


@pytest.mark.parametrize(("where", "best"), PROTOCOLS.items())
def test_the_cheapest_protocol_is_found_by_search(
    where: tuple[str, float], best: tuple[int, ...]
) -> None:
    track, target = where
    design, time = Bench().optimum({"place": track, "target": target})

    assert tuple(design.values()) == best
    warm, window, repeats, pause = best
    assert time == repeats * (warm + window) + (repeats - 1) * pause


def test_a_strict_target_on_a_noisy_phone_wants_many_runs() -> None:
    design, time = Bench().optimum({"place": "mobile", "target": 0.03})

    assert design["repeats"] == 15
    assert time == 900


@every_track
def test_cooling_pauses_never_make_a_protocol_better(track: str) -> None:
    bench = Bench()
    p: Params = {"place": track, "target": 0.05}
    grid = list(itertools.product((0, 15, 30, 60), (10, 60), (3, 8), (0, 30, 300)))
    columns = np.asarray(grid).T
    names = ("warm_up", "window", "repeats", "pause")
    error = bench.assess(p, dict(zip(names, columns, strict=True)))["error"].reshape(-1, 3)

    assert np.all(np.diff(error, axis=1) >= -1e-12)


def test_two_runs_are_too_few_and_a_cold_start_is_too_fast() -> None:
    p: Params = {"place": "edge", "target": 0.05}
    k = {
        "warm_up": [60, 0],
        "window": [600, 60],
        "repeats": [LEAST_REPEATS - 1, 3],
        "pause": [0, 0],
    }
    found = Bench().assess(p, {name: np.asarray(x) for name, x in k.items()})

    assert found["few"].tolist() == [True, False]
    assert found["imprecise"].tolist() == [False, True]
    assert not found["feasible"].any()
    assert found["bias"][1] > 0.9


# --------------------------------------------------------------------------------------- words


def test_an_attempt_begun_before_a_read_existed_goes_on_with_its_default() -> None:
    drawn = draw_params(LAB, part("c"), "cloud", {}, np.random.default_rng(1))

    assert drawn["past_precision"] == "fp16"


def test_the_lab_fits_an_hour_and_reads_what_labs_two_and_ten_write() -> None:
    assert 50 <= LAB.minutes <= 60
    reads = {read.key: read.default for read in LAB.reads}
    assert reads == {"deployment.thermal_time_s": 0.0, "compression.precision": "fp16"}
    written = {write.key for one in LAB.parts for write in one.writes}
    assert {"amdahl.log10_error", "amdahl.f", "thermal.phi", "thermal.t1", "tail.factor_error",
            "gates.precision", "protocol.warm_up", "protocol.window", "protocol.repeats",
            "protocol.pause"} <= written  # fmt: skip
