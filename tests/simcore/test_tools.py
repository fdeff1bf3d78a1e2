"""Sweeps, fronts, sensitivities, inverses and comparisons over the solvers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcore import solvers
from simcore.errors import NotInCatalogue, UnitError
from simcore.solvers.asking import ask
from simcore.tools import blocks, compare, front, inverse, pareto, sensitivity, size, sweep
from simcore.tools.constraints import Constraint
from simcore.tools.sweep import BLOCK
from tests.simcore.test_solvers import POINTS

STEP = {"flop": 2e12, "traffic": 25e9, "efficiency": 0.5}
SERVE = {"model": "llama-3-8b", "prompt": 2048, "answer": 256, "efficiency": 0.5}
AXES = {"hardware": ["h100-sxm", "l4"], "precision": ["fp16", "fp8"], "flop": [1e12, 4e12, 9e12]}
FIXED = {"traffic": 25e9, "efficiency": 0.5}


def test_a_sweep_is_its_points_in_any_mixture_of_machines_words_and_numbers():
    found = sweep("single_node", AXES, **FIXED)

    assert found.value.size == size(AXES) == 12
    for row in found.rows():
        point = {name: row[name] for name in AXES}
        one = solvers.solve("single_node", **point, **FIXED)
        assert row["value"] == pytest.approx(one.value.value, rel=1e-12)
        assert row["bound"] == one.bound


def test_blocks_are_the_same_sweep_however_small():
    whole = sweep("single_node", AXES, **FIXED)
    parts = list(blocks("single_node", AXES, block=2, **FIXED))

    assert max(part.value.size for part in parts) == 2
    assert np.concatenate([part.value for part in parts]).tolist() == whole.value.tolist()


def test_a_large_grid_comes_in_blocks_of_bounded_size():
    axes = {"flop": np.geomspace(1e9, 1e15, 1000), "traffic": np.geomspace(1e6, 1e12, 300)}
    sizes = [p.value.size for p in blocks("single_node", axes, hardware="l4", efficiency=0.5)]

    assert sum(sizes) == 300_000
    assert max(sizes) == BLOCK // 300 * 300


def test_inputs_that_move_together_are_one_axis():
    pairs = [(1e12, 10e9), (2e12, 20e9), (4e12, 30e9)]
    axes = {"hardware": ["h100-sxm", "l4"], ("flop", "traffic"): pairs}
    found = sweep("single_node", axes, efficiency=0.5)

    assert found.value.size == size(axes) == 6
    points = [(row["flop"], row["traffic"]) for row in found.rows()]
    assert points == [*pairs, *pairs]
    last = solvers.solve("single_node", hardware="l4", flop=4e12, traffic=30e9, efficiency=0.5)
    assert found.value[-1] == pytest.approx(last.value.value)


@pytest.mark.parametrize("name", POINTS)
def test_every_solver_answers_a_grid_as_its_points(name):
    described = solvers.question(name)
    entries = [e for e in described.inputs if not e.choices and e.name in POINTS[name]
               and 2 * POINTS[name][e.name] <= e.high][:2]  # fmt: skip
    axes = {e.name: [POINTS[name][e.name] * k for k in (1, 2)] for e in entries}

    for part in blocks(name, axes, block=3, **POINTS[name]):
        for row in part.rows():
            at = {axis: row[axis] for axis in axes}
            one = ask(name, {**POINTS[name], **at})
            if np.isfinite(one.value):
                assert row["value"] == pytest.approx(float(one.value), rel=1e-12)
            assert (row["bound"], row["feasible"]) == (str(one.bound), bool(one.feasible))


def test_an_empty_axis_and_an_unknown_one_are_refused():
    with pytest.raises(ValueError, match="axis flop is empty"):
        sweep("single_node", {"flop": []}, hardware="l4")
    with pytest.raises(NotInCatalogue, match="did you mean 'flop'"):
        sweep("single_node", {"flops": [1.0]}, hardware="l4", **STEP)


@given(st.lists(st.lists(st.integers(0, 5), min_size=3, max_size=3), min_size=1, max_size=25),
       st.integers(1, 3))  # fmt: skip
def test_the_front_is_what_nothing_beats(costs, width):
    table = np.asarray(costs, dtype=float)[:, :width]
    kept = set(front(table).tolist())

    for i, row in enumerate(table):
        beaten = ((table <= row).all(axis=1) & (table < row).any(axis=1)).any()
        assert (i in kept) == (not beaten)


def test_a_front_of_gap_and_rate_keeps_its_constraint():
    axes = {"batch": [1, 4, 16, 64], "devices": [1, 2, 4]}
    options = {"minimize": ["token_gap"], "maximize": ["tokens_per_second"]}
    rows = pareto("serving", axes, constraints=["first_token < 500 ms"], hardware="h100-sxm",
                  **options, **SERVE)  # fmt: skip
    small = pareto("serving", axes, constraints=["first_token < 500 ms"], hardware="h100-sxm",
                   block=5, **options, **SERVE)  # fmt: skip

    assert rows
    assert all(row["first_token"] < 0.5 and row["feasible"] for row in rows)
    gaps = [row["token_gap"] for row in rows]
    rates = [row["tokens_per_second"] for row in rows]
    assert gaps == sorted(gaps)
    assert rates == sorted(rates)
    assert small == rows


def test_a_front_without_objective_or_with_an_unknown_one_is_refused():
    with pytest.raises(ValueError, match="at least one objective"):
        pareto("serving", {"batch": [1]}, hardware="l4", **SERVE)
    with pytest.raises(NotInCatalogue, match="did you mean 'token_gap'"):
        pareto("serving", {"batch": [1]}, minimize=["tokengap"], hardware="l4", **SERVE)


def test_constraints_carry_units():
    asked = solvers.question("serving")

    assert Constraint.parse("token_gap <= 20 ms", asked).limit == pytest.approx(0.02)
    with pytest.raises(UnitError, match="is in byte, but s is needed"):
        Constraint.parse("token_gap < 20 GB", asked)
    with pytest.raises(ValueError, match="is no constraint"):
        Constraint.parse("token_gap", asked)


def test_a_memory_bound_step_follows_its_bandwidth_alone():
    found = sensitivity("single_node", hardware="h100-sxm", **{**STEP, "flop": 1e11})

    assert found["bandwidth"] == pytest.approx(-1)
    assert found["traffic"] == pytest.approx(1)
    assert found["efficiency"] == found["peak_flop_rate"] == 0
    assert abs(next(iter(found.values()))) == pytest.approx(1)


@pytest.mark.parametrize("machine", [{"hardware": "h100-sxm"},
                                     {"peak_flop_rate": 989e12, "capacity": 80e9}])  # fmt: skip
def test_the_bandwidth_that_meets_a_deadline(machine):
    found = inverse("single_node", "bandwidth", 5e-3, **machine, **STEP)

    assert found == pytest.approx(25e9 / 5e-3, rel=1e-9)


def test_what_no_input_reaches_says_what_it_reaches():
    with pytest.raises(ValueError, match=r"no bandwidth from .* reaches 0.001; it reaches 0.004"):
        inverse("single_node", "bandwidth", 1e-3, hardware="h100-sxm", **STEP)


def test_a_comparison_marks_the_best_that_is_feasible():
    found = compare("serving", {name: {"hardware": name} for name in ("l4", "h100-sxm")},
                    batch=16, **SERVE)  # fmt: skip

    assert [entry.is_best for entry in found] == [False, True]
    assert found[0].ratio == 1
    assert found[1].ratio < 1
    with pytest.raises(ValueError, match="at least one candidate"):
        compare("serving", {})
