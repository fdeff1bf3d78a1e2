import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcore.equations.evidence import (
    false_positive_rate,
    labels_to_notice,
    noticeable_rise,
    one_sample_size,
    private_training_ratio,
    representation_data_ratio,
    time_to_notice,
    trials_to_see,
    two_sample_size,
)


def test_two_points_more_at_95_per_cent_take_1862_subjects_an_arm():
    assert two_sample_size(0.95, 0.02, z_alpha=1.96, z_beta=0.84) == pytest.approx(1862)


def test_half_the_effect_takes_four_times_the_subjects():
    small, large = two_sample_size(0.5, np.asarray([0.01, 0.02]), z_alpha=1.96, z_beta=0.84)

    assert small == pytest.approx(4 * large)


@given(st.integers(1, 400), st.integers(0, 400), st.integers(1, 400), st.integers(0, 400))
def test_false_positives_of_any_confusion_matrix(hit, missed, right, wrong):
    people = hit + missed + right + wrong
    found = false_positive_rate((hit + missed) / people, precision=hit / (hit + wrong),
                                miss_rate=missed / (hit + missed))  # fmt: skip

    assert found == pytest.approx(wrong / (wrong + right), abs=1e-9)


def test_a_drop_of_five_points_of_sensitivity_takes_252_sick_people():
    z = {"z_alpha": 1.6449, "z_beta": 0.8416}

    assert one_sample_size(0.90, 0.05, **z) == pytest.approx(252.2, abs=0.1)
    assert one_sample_size(0.90, 0.10, **z) < one_sample_size(0.90, 0.05, **z) / 3


def test_a_setting_in_twenty_is_found_in_59_tries_and_silence_proves_by_the_rule_of_three():
    tries = trials_to_see(np.asarray([0.01, 0.02, 0.05, 0.1]), confidence=0.95)

    assert np.ceil(tries).tolist() == [299, 149, 59, 29]
    assert trials_to_see(1e-6, confidence=0.95) * 1e-6 == pytest.approx(-np.log(0.05), rel=1e-5)


def test_privacy_and_rare_groups():
    assert private_training_ratio(1) == 3
    assert private_training_ratio(np.asarray([1.0, np.inf])[:1]).tolist() == [3]
    assert representation_data_ratio(0.05) == pytest.approx(20)


def test_what_has_no_meaning_is_refused():
    with pytest.raises(ValueError, match="probability must be"):
        trials_to_see(0.0, confidence=0.95)
    with pytest.raises(ValueError, match="rate - drop must lie in 0 to 1"):
        one_sample_size(0.04, 0.05, z_alpha=1.6, z_beta=0.8)
    with pytest.raises(ValueError, match="epsilon must be positive"):
        private_training_ratio(0)
    with pytest.raises(ValueError, match="base_rate must be below 1"):
        false_positive_rate(1, precision=0.5, miss_rate=0)


def test_two_points_more_of_a_five_per_cent_error_take_734_labels():
    found = labels_to_notice(0.05, np.asarray([0.01, 0.02, 0.05]), z_alpha=1.645, z_beta=0.8416)

    assert found == pytest.approx([2937, 734, 117], abs=1)
    assert noticeable_rise(0.05, found, z_alpha=1.645, z_beta=0.8416) == pytest.approx(
        [0.01, 0.02, 0.05]
    )
    with pytest.raises(ValueError, match="labels must be positive"):
        noticeable_rise(0.05, 0, z_alpha=1.645, z_beta=0.8416)


@pytest.mark.parametrize("error", [0.03, 0.04, 0.05])
def test_three_rises_in_four_are_noticed_with_the_variance_behind_the_rise(error):
    labels = labels_to_notice(error, 0.02, z_alpha=1.645, z_beta=0.8416)
    rng = np.random.default_rng(3)
    limit = error + 1.645 * np.sqrt(error * (1 - error) / labels)

    noticed = rng.binomial(int(labels), error + 0.02, size=200_000) / int(labels) > limit

    assert 0.72 < noticed.mean() < 0.79


def test_a_rise_is_noticed_when_as_many_labels_are_there_as_it_then_needs():
    z = {"z_alpha": 1.645, "z_beta": 0.842}
    time = time_to_notice(0.05, growth=0.004, label_rate=100, **z)
    needed = labels_to_notice(0.05, 0.004 * time, **z)

    assert 100 * time == pytest.approx(needed)
    assert time_to_notice(0.05, growth=0.004, label_rate=800, **z) == pytest.approx(time / 2)
    assert np.isinf(time_to_notice(0.05, growth=[0.0, 0.1], label_rate=[10, 0], **z)).all()
