import numpy as np
import pytest

from simcore.equations.normal import normal_below, normal_quantile
from simcore.equations.robustness import (
    adversarial_training_ratio,
    at_least_one,
    certified_radius,
    unanimous_bound,
)


def test_seven_steps_of_attack_make_training_eight_times_as_long():
    assert adversarial_training_ratio(7) == 8
    assert adversarial_training_ratio(0) == 1


def test_a_radius_by_hand():
    # Theorem 1 with two classes: sigma quantile(p); at p = 0.84134 it is sigma.
    assert certified_radius(0.8413447, noise=0.5) == pytest.approx(0.5, rel=1e-6)
    assert certified_radius(0.4, noise=0.5) == 0


def test_a_hundred_thousand_copies_certify_less_than_four_deviations():
    radius = certified_radius(unanimous_bound(100_000, failure=0.001), noise=1)

    assert radius == pytest.approx(3.8, abs=0.05)
    more = certified_radius(unanimous_bound(np.asarray([100, 10_000]), failure=0.001), noise=1)
    assert np.all(np.diff(more) > 0)


def test_something_rare_among_many():
    assert at_least_one(1e-4, 10_000) == pytest.approx(0.632, abs=1e-3)
    assert at_least_one(1e-15, 1) == pytest.approx(1e-15, rel=1e-6)
    assert at_least_one([0, 1, 0.5], [10, 1, 0]).tolist() == [0, 1, 0]


def test_the_normal_law_and_its_inverse():
    assert normal_below(1.959963984540054) == pytest.approx(0.975, rel=1e-12)
    assert normal_below([-np.inf, 0, np.inf]).tolist() == [0, 0.5, 1]
    p = np.asarray([1e-9, 0.1, 0.5, 0.999])
    assert normal_below(normal_quantile(p)) == pytest.approx(p, rel=1e-9)
    with pytest.raises(ValueError, match="above 0 and below 1, got 1"):
        normal_quantile(1.0)
    with pytest.raises(ValueError, match="got nan"):
        normal_below(np.nan)


def test_what_has_no_meaning_is_refused():
    with pytest.raises(ValueError, match="failure must be above 0"):
        unanimous_bound(10, failure=0)
    with pytest.raises(ValueError, match="probability must lie in 0 to 1"):
        at_least_one(1.5, 10)
