import numpy as np
import pytest

from simcore.equations.drift import (
    retraining_cost,
    retraining_interval,
    retraining_spent,
    stability_index,
    stability_noise,
    stability_of_deciles,
    stability_of_shift,
    turned_error,
)
from simcore.equations.normal import normal_below

DAY = 86400.0


def shares(shift, bins=2000):
    """Shares of bins from -8 to 8 standard deviations."""
    edges = np.linspace(-8, 8, bins + 1)
    return np.diff(normal_below(edges - shift))


def test_the_index_by_hand():
    # (0.4 - 0.5) ln 0.8 + (0.6 - 0.5) ln 1.2
    found = stability_index([50, 50], [40, 60])

    assert found == pytest.approx(-0.1 * np.log(0.8) + 0.1 * np.log(1.2))
    assert stability_index([1, 2, 3], [10, 20, 30]) == pytest.approx(0)
    assert stability_index([40, 60], [50, 50]) == pytest.approx(float(found))


def test_fine_bins_approach_the_square_of_the_shift():
    for shift in (0.1, 0.5):
        found = stability_index(shares(0), shares(shift), least=1e-12)
        assert found == pytest.approx(float(stability_of_shift(shift)), rel=0.01)


def test_chance_alone_gives_the_noise_that_is_predicted():
    rng = np.random.default_rng(7)
    reference = rng.multinomial(1000, np.full(10, 0.1), size=4000)
    current = rng.multinomial(500, np.full(10, 0.1), size=4000)

    found = stability_index(reference, current).mean()
    expected = stability_noise(10, reference_samples=1000, current_samples=500)
    assert found == pytest.approx(float(expected), rel=0.03)


def test_training_again_every_six_days():
    # 10,000 dollars a training, 500 dollars a day more lost each day: sqrt(40) days.
    decay = 500 / DAY**2
    best = retraining_interval(10e3, decay=decay)

    assert best / DAY == pytest.approx(6.32, abs=0.01)
    terms = retraining_cost(np.asarray([0.8, 1.0, 1.25]) * best, cost=10e3, decay=decay)
    assert terms.training[1] == pytest.approx(terms.staleness[1])
    assert np.argmin(terms.total) == 1
    assert retraining_interval(1e6, decay=decay) / best == pytest.approx(10)


def test_what_has_no_meaning_is_refused():
    with pytest.raises(ValueError, match="at least one sample"):
        stability_index([0, 0], [1, 1])
    with pytest.raises(ValueError, match="the same bins, got 2 and 3"):
        stability_index([1, 1], [1, 1, 1])
    with pytest.raises(ValueError, match="decay must be positive"):
        retraining_interval(1, decay=0)


def test_ten_bins_see_a_little_less_than_fine_ones():
    # By hand from the normal law: 0.2 at 0.459 standard deviations, 0.926 at one.
    found = stability_of_deciles([0.0, 0.4585, 0.5, 1.0])

    assert found == pytest.approx([0.0, 0.2, 0.238, 0.926], abs=1e-3)
    assert stability_of_deciles(0.5) < stability_of_shift(0.5)


def test_a_boundary_that_turns_is_wrong_in_two_wedges():
    # 26 degrees with one label in twenty wrong: 18.0%; a million points agree.
    assert turned_error(np.radians(26), noise=0.05) == pytest.approx(0.18)
    assert turned_error([0.0, np.pi], noise=0.03) == pytest.approx([0.03, 0.97])
    rng = np.random.default_rng(3)
    x, theta = rng.standard_normal((2, 1_000_000)), np.radians(26)
    truth = np.cos(theta) * x[0] + np.sin(theta) * x[1] > 0
    flipped = truth ^ (rng.random(1_000_000) < 0.05)
    assert np.mean(flipped != (x[0] > 0)) == pytest.approx(0.18, abs=2e-3)
    with pytest.raises(ValueError, match="turn must be pi or less"):
        turned_error(4.0, noise=0.05)


def test_what_was_spent_is_trainings_and_triangles():
    given = {"cost": 10e3, "decay": 500 / DAY**2}

    # Two trainings, one triangle of 500 * 36 / 2 and one of 500 * 9 / 2.
    assert retraining_spent(9 * DAY, interval=6 * DAY, **given) == pytest.approx(31_250)
    # At the end of an interval, just before the next training: its mean rate times its length.
    end = retraining_spent(np.nextafter(18 * DAY, 0), interval=6 * DAY, **given)
    assert end == pytest.approx(18 * DAY * float(retraining_cost(6 * DAY, **given).total))
    with pytest.raises(ValueError, match="interval must be positive"):
        retraining_spent(DAY, interval=0, **given)
