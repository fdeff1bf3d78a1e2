import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcore.equations.evidence import false_positive_rate
from simcore.equations.fairness import (
    CRITERIA,
    best_common_rate,
    best_threshold,
    common_rate,
    confusion_rates,
    disparate_impact,
    threshold_for_selection,
    threshold_rates,
)


def test_a_confusion_matrix_by_hand():
    found = confusion_rates(40, 10, 20, 30)

    assert [float(x) for x in found] == pytest.approx([0.5, 40 / 60, 10 / 40, 0.8, 0.7])


def test_a_threshold_midway_is_right_as_often_for_both():
    found = threshold_rates(0, base_rate=0.3, separation=2)

    assert found.true_positive == pytest.approx(0.841345, rel=1e-6)
    assert found.false_positive == pytest.approx(1 - 0.841345, rel=1e-5)
    assert found.accuracy == pytest.approx(0.841345, rel=1e-6)


def test_the_best_threshold_is_stricter_for_the_rarer_group():
    strict, half = best_threshold(base_rate=np.asarray([0.1, 0.5]), separation=2)
    around = threshold_rates(
        strict + np.asarray([-0.1, 0, 0.1]), base_rate=0.1, separation=2
    ).accuracy

    assert half == 0
    assert strict == pytest.approx(np.log(9) / 2)
    assert np.argmax(around) == 1


@given(st.floats(0.02, 0.98), st.floats(0.02, 0.98), st.floats(0, 4))
def test_a_share_to_decide_for_has_its_threshold(selected, base_rate, separation):
    threshold = threshold_for_selection(selected, base_rate=base_rate, separation=separation)
    rates = threshold_rates(threshold, base_rate=base_rate, separation=separation)

    assert rates.selected == pytest.approx(selected, abs=1e-9)


def test_equal_shares_cost_accuracy_where_base_rates_differ():
    base = np.asarray([0.3, 0.1])
    free = threshold_rates(
        best_threshold(base_rate=base, separation=2), base_rate=base, separation=2
    )
    equal = threshold_rates(
        threshold_for_selection(free.selected.mean(), base_rate=base, separation=2),
        base_rate=base,
        separation=2,
    )

    assert disparate_impact(free.selected[1], free.selected[0]) < 0.8
    assert equal.selected[0] == pytest.approx(equal.selected[1])
    assert equal.accuracy.sum() < free.accuracy.sum()


def test_equal_precision_and_misses_force_unequal_false_positives():
    # Chouldechova's identity holds in any group of any model.
    found = threshold_rates(0.4, base_rate=np.asarray([0.3, 0.1]), separation=1.5)
    implied = false_positive_rate(
        np.asarray([0.3, 0.1]), precision=found.precision, miss_rate=1 - found.true_positive
    )

    assert implied == pytest.approx(found.false_positive)


def test_what_has_no_meaning_is_refused():
    with pytest.raises(ValueError, match="at least one person"):
        confusion_rates(0, 0, 0, 0)
    with pytest.raises(ValueError, match="reference must be above 0"):
        disparate_impact(0.2, 0)
    with pytest.raises(ValueError, match="base_rate must be above 0 and below 1"):
        best_threshold(base_rate=0, separation=1)
    with pytest.raises(ValueError, match="selected must be above 0"):
        threshold_for_selection(1.0, base_rate=0.5, separation=1)


def test_published_groups_have_the_false_alarms_that_their_odds_imply():
    # Larson et al. 2016, two-year recidivism in Broward County: both tables, counted.
    groups = confusion_rates([1369, 505], [805, 349], [532, 461], [990, 1139])
    base = np.asarray([1901 / 3696, 966 / 2454])
    implied = false_positive_rate(
        base, precision=groups.precision, miss_rate=1 - groups.true_positive
    )

    assert groups.false_positive == pytest.approx([0.4485, 0.2345], abs=5e-5)
    assert implied == pytest.approx(groups.false_positive)


SIGHTED = {"base_rates": (0.5, 0.2), "separations": (2.0, 2.0), "first_share": 0.7}


def test_where_a_score_means_the_same_equal_hits_and_equal_alarms_are_one_threshold():
    hits = best_common_rate("true_positive", **SIGHTED)
    alarms = best_common_rate("false_positive", **SIGHTED)
    selected = best_common_rate("selected", **SIGHTED)

    assert hits.thresholds[0] == pytest.approx(hits.thresholds[1], abs=1e-3)
    assert hits.accuracy == pytest.approx(alarms.accuracy, abs=1e-6)
    assert selected.accuracy < hits.accuracy


def test_the_best_common_rate_is_what_a_fine_grid_finds():
    for criterion in CRITERIA:
        grid = common_rate(criterion, np.linspace(0.01, 0.99, 981), **SIGHTED)
        best = best_common_rate(criterion, **SIGHTED)

        assert best.accuracy >= grid.accuracy.max()
        assert best.accuracy == pytest.approx(grid.accuracy.max(), abs=1e-6)


@pytest.mark.parametrize("criterion", CRITERIA)
def test_a_common_rate_is_common(criterion):
    found = common_rate(
        criterion, 0.3, base_rates=(0.6, 0.2), separations=(2.5, 1.2), first_share=0.5
    )
    rates = [
        getattr(threshold_rates(t, base_rate=p, separation=d), criterion)
        for t, p, d in zip(found.thresholds, (0.6, 0.2), (2.5, 1.2), strict=True)
    ]

    assert rates == pytest.approx([0.3, 0.3])


def test_an_unknown_criterion_is_named():
    with pytest.raises(ValueError, match="criterion must be one of selected"):
        common_rate("luck", 0.5, **SIGHTED)
