import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcore.equations.selection import (
    breakeven_projects,
    discardable_share,
    learning_curve,
    measured_exponent,
    selection_cost,
)


def test_one_point_of_five_lets_almost_half_of_the_images_go():
    # 1 - 1.2^(-1 / 0.309), by hand.
    assert discardable_share(0.05, rise=0.01, exponent=0.309) == pytest.approx(0.446, abs=5e-4)
    assert discardable_share(0.05, rise=0.0, exponent=0.309) == 0
    # Half of the error takes 2^(1 / beta) times the examples.
    assert learning_curve(0.05, kept=2 ** (1 / 0.3), exponent=0.3) == pytest.approx(0.025)


@given(error=st.floats(0.01, 0.5), rise=st.floats(0.0, 0.5), exponent=st.floats(0.07, 1.0))
def test_what_may_go_raises_the_error_by_what_was_allowed(error, rise, exponent):
    kept = 1 - discardable_share(error, rise=rise, exponent=exponent)

    if kept > 1e-9:
        found = learning_curve(error, kept=kept, exponent=exponent)
        assert found == pytest.approx(error + rise, rel=1e-6)


def test_two_points_give_the_steepness_back():
    part = learning_curve(0.03, kept=0.1, exponent=[0.07, 0.6])

    assert measured_exponent(0.03, part_error=part, kept=0.1) == pytest.approx([0.07, 0.6])
    with pytest.raises(ValueError, match="kept must be below 1"):
        measured_exponent(0.03, part_error=0.05, kept=1.0)


def test_copies_are_as_good_as_nothing():
    alone = learning_curve(0.1, kept=0.7, exponent=0.3)

    assert learning_curve(0.1, kept=1.0, exponent=0.3, repeated=0.3) == pytest.approx(float(alone))


def test_ten_warm_ups_of_ten_epochs_eat_what_the_part_saves():
    # By hand: 100 / 160 + 10 / 480 + 0.4.
    terms = selection_cost(0.4, warm_ups=10, warm_epochs=10, epochs=160)

    assert terms.total == pytest.approx(1.0458, abs=1e-4)
    shared = selection_cost(0.4, warm_ups=10, warm_epochs=10, epochs=160, projects=[1, 10])
    assert shared.scores == pytest.approx([0.645833, 0.0645833], rel=1e-4)
    proxy = selection_cost(0.4, warm_ups=10, warm_epochs=10, epochs=160, scorer=0.1)
    assert proxy.scores == pytest.approx(0.0645833, rel=1e-4)


def test_scores_pay_from_the_project_on_that_shares_them_enough():
    scores = selection_cost(0.7, warm_ups=10, warm_epochs=20, epochs=90).scores

    assert breakeven_projects(scores, kept=0.7) == pytest.approx(7.53, abs=0.01)
    at = selection_cost(0.7, warm_ups=10, warm_epochs=20, epochs=90, projects=float(scores) / 0.3)
    assert at.total == pytest.approx(1)


def test_senseless_selections_are_refused():
    with pytest.raises(ValueError, match="kept must be positive"):
        learning_curve(0.1, kept=0, exponent=0.3)
    with pytest.raises(ValueError, match="repeated"):
        learning_curve(0.1, kept=1, exponent=0.3, repeated=np.asarray([0.5, 1.0]))
    with pytest.raises(ValueError, match="rise"):
        discardable_share(0.1, rise=-0.1, exponent=0.3)
    with pytest.raises(ValueError, match="epochs must be positive"):
        selection_cost(0.5, warm_ups=1, warm_epochs=1, epochs=0)
    with pytest.raises(ValueError, match="kept"):
        breakeven_projects(0.5, kept=1.0)
