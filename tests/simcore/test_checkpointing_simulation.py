"""The Monte Carlo against the closed form, where that holds, and beyond, where it does not."""

import dataclasses

import numpy as np
import pytest

from simcore.stochastic.checkpointing import (
    SHARES,
    Plan,
    block_runs,
    expected_goodput,
    simulate,
    training_simulation,
)

HOUR, DAY = 3600.0, 86400.0
HALL = Plan(
    nodes=2048, node_mttf=6250 * HOUR, horizon=30 * DAY, interval=1109.0, save=60.0,
    restart=300.0, spares=64, repair=12 * HOUR,
)  # fmt: skip
SMALL = dataclasses.replace(HALL, nodes=32, node_mttf=97.65625 * HOUR)  # the same M of 3.05 h


def outcome(plan, runs=300, seed=6):
    useful = simulate(plan, runs, np.random.SeedSequence(seed)).shares["useful"]
    return useful.mean(), useful.std(ddof=1) / np.sqrt(runs)


@pytest.mark.parametrize(
    ("changed", "published"),
    [
        ({"interval": 277.0}, 0.7877),
        ({"interval": 554.0}, 0.8537),
        ({"interval": 1109.0}, 0.8749),
        ({"interval": 2217.0}, 0.8526),
        ({"interval": 4434.0}, 0.7771),
        ({"save": 5.0, "drain": 300.0, "interval": 1200.0}, 0.8922),
        ({"save": 5.0, "drain": 900.0, "interval": 1200.0}, 0.8447),
    ],
)
def test_with_a_constant_rate_the_runs_scatter_around_the_formula(changed, published):
    plan = dataclasses.replace(HALL, **changed)
    mean, error = outcome(plan)

    unfinished = plan.interval / (2 * plan.horizon)  # work in progress at the end does not count
    assert expected_goodput(plan) == pytest.approx(published, abs=1e-4)
    assert abs(mean + unfinished - expected_goodput(plan)) < 4 * error


def test_the_best_design_of_the_hall_reaches_its_promise():
    size = 9.8e12
    plan = dataclasses.replace(
        HALL, horizon=60 * DAY, interval=240.0, save=2 + size / (2048 * 20e9), drain=size / 200e9,
        restart=240 + size / 200e9, slowdown=0.02, spares=11,
    )  # fmt: skip
    mean, error = outcome(plan)

    assert expected_goodput(plan) == pytest.approx(0.9458, abs=5e-5)
    assert abs(mean + 120 / plan.horizon - expected_goodput(plan)) < 4 * error


def test_losing_both_copies_costs_the_older_one():
    size = 9.8e12
    plan = dataclasses.replace(
        HALL, horizon=120 * DAY, interval=420.0, save=2 + size / 2048e9,
        restart=240 + size / 2048e9, both_lost=0.08, older_copy_transfer=size / 25e9,
    )  # fmt: skip
    mean, error = outcome(plan)

    assert expected_goodput(plan) == pytest.approx(0.9261, abs=5e-5)
    assert abs(mean - expected_goodput(plan)) < 4 * error
    assert mean < outcome(dataclasses.replace(plan, both_lost=0.0))[0] - 0.01


def test_few_spares_leave_the_hall_waiting_as_erlang_says():
    plan = dataclasses.replace(SMALL, spares=4, horizon=240 * DAY)
    block = simulate(plan, 300, np.random.SeedSequence(3))

    mean, spread = block.shares["useful"].mean(), block.shares["useful"].std(ddof=1)
    start_with_none_in_repair = 0.001
    assert abs(mean - expected_goodput(plan)) < 4 * spread / np.sqrt(300) + (
        start_with_none_in_repair
    )
    assert block.shares["waiting"].mean() == pytest.approx(0.193, abs=0.01)


@pytest.mark.parametrize(("shape", "expected"), [(0.9, 0.853), (0.8, 0.824), (0.7, 0.785)])
def test_new_nodes_that_fail_when_young_make_the_run_worse_than_the_formula(shape, expected):
    mean, _ = outcome(dataclasses.replace(HALL, shape=shape), runs=200)

    assert mean == pytest.approx(expected, abs=0.003)


def test_aged_nodes_look_memoryless_together():
    plan = dataclasses.replace(HALL, shape=0.7, aged=True)
    mean, error = outcome(plan, runs=200)

    assert abs(mean + 1109 / 2 / plan.horizon - expected_goodput(plan)) < 4 * error


def test_the_shares_of_every_run_add_up_to_its_time():
    plan = dataclasses.replace(SMALL, spares=2, both_lost=0.1, older_copy_transfer=60.0, shape=0.8)
    block = simulate(plan, 50, np.random.SeedSequence(1))

    assert set(block.shares) == set(SHARES)
    assert sum(block.shares.values()) == pytest.approx(np.ones(50))
    assert all(np.all(share >= -1e-12) for share in block.shares.values())


def test_the_story_tells_the_first_run_without_gaps():
    plan = dataclasses.replace(SMALL, spares=1, horizon=3 * DAY)
    story = simulate(plan, 5, np.random.SeedSequence(4)).story

    assert story.start[0] == 0
    assert story.start[1:] == pytest.approx(story.end[:-1])
    assert story.end[-1] == pytest.approx(plan.horizon)
    assert {0, 1, 2} == set(story.phase)


def test_a_seed_decides_everything():
    one = simulate(SMALL, 20, np.random.SeedSequence(7))
    again = simulate(SMALL, 20, np.random.SeedSequence(7))
    other = simulate(SMALL, 20, np.random.SeedSequence(8))

    assert np.array_equal(one.shares["useful"], again.shares["useful"])
    assert not np.array_equal(one.shares["useful"], other.shares["useful"])


@pytest.mark.parametrize(("nodes", "runs"), [(64, 200), (2048, 4000), (4096, 20_000), (64, 3)])
def test_blocks_are_equal_and_hold_all_runs(nodes, runs):
    blocks, each = block_runs(nodes, runs)

    assert runs <= blocks * each < runs + blocks
    assert each * nodes <= 900_000


def test_a_senseless_plan_is_refused_by_name():
    with pytest.raises(ValueError, match="interval"):
        dataclasses.replace(HALL, interval=0.0)
    with pytest.raises(ValueError, match="both_lost"):
        dataclasses.replace(HALL, both_lost=1.5)
    with pytest.raises(ValueError, match="runs"):
        simulate(HALL, 0, np.random.SeedSequence(1))


def test_the_interval_of_the_goodput_holds_the_closed_form():
    plan = dataclasses.replace(SMALL, spares=50, horizon=120 * DAY)
    found = training_simulation(plan, 9, runs=200)

    goodput = found.shares["useful"]
    assert goodput.replications >= 200
    assert goodput.low - goodput.half_width < expected_goodput(plan)
    assert expected_goodput(plan) < goodput.high + goodput.half_width
    assert sum(share.mean for share in found.shares.values()) == pytest.approx(1)
    assert found.stops.mean == pytest.approx(plan.expected_stops, rel=0.05)
    with pytest.raises(ValueError, match="at least 2 replications"):
        training_simulation(plan, 9, runs=1)
