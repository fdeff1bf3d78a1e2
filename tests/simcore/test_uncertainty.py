"""Uncertainty of answers: against laws that a pencil gives, and over every solver."""

import json

import numpy as np
import pytest

from simcore import solvers
from simcore.__main__ import main
from simcore.errors import NotInCatalogue
from simcore.solvers.asking import ask, complete
from simcore.tools import compare, inverse, pareto, sensitivity, uncertainty
from simcore.tools.constraints import unit_of
from tests.simcore.test_solvers import POINTS

STEP = {"flop": 1e11, "traffic": 25e9, "efficiency": 0.5, "hardware": "h100-sxm"}
ONE = {"bandwidth": 0.2, "efficiency": 0.0}


def varied(name):
    """Return an input that moves a column of a solver's answer, its value, and that column."""
    columns = ("value", *solvers.question(name).terms)
    values = complete(name, POINTS[name]).values
    for entry in solvers.question(name).inputs:
        if entry.choices or entry.is_whole or not 0 < values[entry.name] < 1e15:
            continue
        here = float(values[entry.name])
        ends = here * 0.99, min(here * 1.01, entry.high)
        if ends[0] < entry.low:
            continue
        for column in columns:
            low, high = (at(name, column, {entry.name: end}) for end in ends)
            if np.isfinite([low, high]).all() and abs(high - low) > 1e-4 * abs(high):
                return entry, here, column
    raise AssertionError(f"nothing moves {name}")


def at(name, column, change):
    found = ask(name, {**POINTS[name], **change})
    return float(found.value if column == "value" else found.terms[column])


def test_a_quotient_of_a_log_normal_is_log_normal():
    found = uncertainty("single_node", spreads=ONE, draws=20_000, **STEP)

    half = 1.644854 * np.sqrt(np.log(1.04))
    center = 25e9 / 3.35e12
    assert found.center == pytest.approx(center)
    assert found.median == pytest.approx(center, rel=0.01)
    assert found.low == pytest.approx(center * np.exp(-half), rel=0.02)
    assert found.high == pytest.approx(center * np.exp(half), rel=0.02)
    assert found.shares["bandwidth"].alone == pytest.approx(1, abs=0.03)
    assert found.shares["bandwidth"].total == pytest.approx(1, abs=0.03)


def test_variances_of_a_sum_are_shared_as_they_add():
    given = {"state": 1e12, "read_bandwidth": 1e10, "interval": 1.0, "mtbf": 1e9, "detect": 100.0,
             "reschedule": 100.0, "warm_up": 100.0}  # fmt: skip
    spreads = {"read_bandwidth": 0.0, "mtbf": 0.0, "detect": 0.1, "reschedule": 0.2,
               "warm_up": 0.2}  # fmt: skip
    found = uncertainty("recovery_budget", spreads=spreads, draws=20_000, **given)

    assert found.deviation == pytest.approx(30, rel=0.03)
    assert found.shares["detect"].alone == pytest.approx(1 / 9, abs=0.03)
    assert found.shares["warm_up"].total == pytest.approx(4 / 9, abs=0.03)


def test_constraints_hold_with_a_probability():
    texts = ["value < 7.4626866 ms", "memory < 100 s", "value > 1 s"]
    found = uncertainty("single_node", spreads=ONE, draws=4000, constraints=texts, **STEP)

    assert found.kept[texts[0]] == pytest.approx(0.5, abs=0.03)
    assert (found.kept[texts[1]], found.kept[texts[2]]) == (1, 0)


def test_what_the_solver_leaves_unexplained_widens_the_interval_and_no_share():
    plain = uncertainty("single_node", spreads=ONE, draws=20_000, **STEP)
    wider = uncertainty("single_node", spreads=ONE, draws=20_000, scatter=0.2, **STEP)

    half = np.log(wider.high / wider.low) / 2
    assert half == pytest.approx(1.644854 * np.hypot(np.sqrt(np.log(1.04)), 0.2), rel=0.02)
    assert wider.shares == plain.shares


def test_an_input_stays_within_its_limits():
    spreads = {"efficiency": 0.8, "bandwidth": 0.0}
    step = {**STEP, "flop": 1e15, "efficiency": 0.9}
    found = uncertainty("single_node", spreads=spreads, level=0.9999, **step)

    assert found.low >= 1e15 / 989e12


def test_a_seed_gives_the_same_answer_and_another_nearly_the_same():
    first, again, other = (
        uncertainty("single_node", spreads=ONE, seed=seed, **STEP) for seed in (1, 1, 2)
    )

    assert first == again
    assert first != other
    assert first.low == pytest.approx(other.low, rel=0.05)


def test_a_queue_that_may_overflow_says_how_often():
    found = uncertainty("tail_latency", arrival_rate=180.0, service=5e-3,
                        spreads={"arrival_rate": 0.1, "service": 0.1}, draws=400)  # fmt: skip

    assert 0.5 < found.feasible < 0.95
    assert found.feasible == found.finite
    assert np.isfinite(found.high)


@pytest.mark.parametrize("name", POINTS)
def test_every_solver_has_an_interval_elasticities_an_inverse_and_a_front(name):
    entry, here, column = varied(name)
    found = uncertainty(name, spreads={entry.name: 0.02}, draws=32, column=column, **POINTS[name])

    assert found.low <= found.median <= found.high
    assert entry.name in found.shares
    assert 0 <= found.feasible <= 1

    assert entry.name in sensitivity(name, **POINTS[name])

    given = {k: v for k, v in POINTS[name].items() if k != entry.name}
    target = at(name, column, {})
    back = inverse(name, entry.name, target, column=column, low=here / 1.02,
                   high=min(here * 1.02, entry.high), **given)  # fmt: skip
    assert at(name, column, {entry.name: back}) == pytest.approx(target, rel=1e-6)

    limit = f"{column} >= -1e30 {unit_of(solvers.question(name), column)}"
    both = compare(name, {"now": {}, "less": {entry.name: here * 0.99}}, **POINTS[name])
    assert [each.label for each in both] == ["now", "less"]

    rows = pareto(name, {entry.name: [here * k for k in (0.99, 1.0)]}, minimize=["value"],
                  maximize=[column], constraints=[limit], **given)  # fmt: skip
    assert all(row["feasible"] for row in rows)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"draws": 4}, "draws must be 16 or more"),
        ({"scatter": -0.1}, "scatter must be 0 or more"),
        ({"level": 1.5}, "level within 0 and 1"),
        ({"spreads": {"precision": 0.1}}, "precision is a word"),
        ({"spreads": {"flop": -0.1}}, "spread of flop must be 0 or more"),
        ({"spreads": {"efficiency": 0.0, "bandwidth": 0.0}}, "nothing is uncertain; give a spread"),
        ({"flop": [1e11, 2e11]}, "flop is an array"),
    ],
)
def test_what_has_no_meaning_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        uncertainty("single_node", **{**STEP, **change})


def test_an_unknown_input_or_column_is_refused_with_the_nearest():
    with pytest.raises(NotInCatalogue, match="did you mean 'bandwidth'"):
        uncertainty("single_node", spreads={"bandwith": 0.1}, **STEP)
    with pytest.raises(NotInCatalogue, match="did you mean 'memory'"):
        uncertainty("single_node", column="memry", **STEP)


EVAL = ("eval", "tail_latency", "--set", "arrival_rate=160 1/s", "--set", "service=5 ms")


def test_the_command_tells_interval_probability_and_shares(capsys):
    code = main([*EVAL, "--uncertainty", "64", "--spread", "service=10%", "--sensitivity",
                 "--assert", "value < 1 s", "--json"])  # fmt: skip
    found = json.loads(capsys.readouterr().out)

    assert code == 0
    assert found["uncertainty"]["draws"] == 64
    assert found["uncertainty"]["low"] < found["value"]["value"] < found["uncertainty"]["high"]
    assert set(found["uncertainty"]["shares"]) == {"arrival_rate", "service"}
    assert found["uncertainty"]["probabilities"]["value < 1 s"] > 0.8
    assert found["sensitivity"]["service"] > 1


def test_the_command_reads_well_and_ends_with_3_where_an_assertion_fails(capsys):
    code = main([*EVAL, "--uncertainty", "64", "--assert", "value < 10 ms"])
    out = capsys.readouterr().out

    assert code == 3
    assert "90% of draws" in out
    assert "VIOLATED" in out
    assert "from arrival_rate" in out


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (("eval", "tail_latncy"), "did you mean 'tail_latency'"),
        (("eval", "h100-sxm"), "needs --flop and --traffic"),
        ((*EVAL, "--spread", "service"), "write NAME=10%"),
        ((*EVAL[:4], "--set", "service=5 GB"), "is in byte, but s is needed"),
    ],
)
def test_what_cannot_be_evaluated_is_refused_in_one_sentence(capsys, argv, message):
    code = main(argv)
    written = capsys.readouterr()

    assert (code, written.out) == (2, "")
    assert message in written.err


def test_shares_stay_shares_where_a_few_draws_near_a_pole_carry_the_variance():
    found = uncertainty(
        "tail_latency",
        draws=1024,
        spreads={"arrival_rate": 0.05, "service": 0.05},
        arrival_rate=90.0,
        service=0.01,
    )

    assert 0.9 < sum(share.total for share in found.shares.values()) < 1.6
    assert all(0.0 < share.total <= 1.05 for share in found.shares.values())
