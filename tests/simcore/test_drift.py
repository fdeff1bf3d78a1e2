import numpy as np
import pytest

from simcore.equations.drift import (
    retraining_cost,
    retraining_interval,
    stability_index,
    stability_noise,
    stability_of_shift,
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
