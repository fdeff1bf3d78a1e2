import numpy as np
import pytest

from simcore.equations.judgement import factor_holding, share_within


def test_half_of_the_predictions_stay_within_the_median_factor():
    errors = np.log10([2, 0.5, 1, 10, 4])

    assert factor_holding(errors, share=0.5) == pytest.approx(2)
    assert share_within(errors, factor=2) == pytest.approx(0.6)


def test_a_wider_range_holds_more_and_a_perfect_record_needs_none():
    found = share_within(np.log10([1.1, 3, 30]), factor=[1, 1.2, 5, 100])

    assert found == pytest.approx([0, 1 / 3, 2 / 3, 1])
    assert share_within([0.0, 0.0], factor=1) == 1
    assert factor_holding([0.0], share=0.9) == 1


def test_too_high_counts_as_too_low():
    assert factor_holding([0.4, -0.4], share=0.5) == factor_holding([-0.4, -0.4], share=0.5)


def test_what_has_no_meaning_is_refused():
    with pytest.raises(ValueError, match="at least one"):
        factor_holding([], share=0.5)
    with pytest.raises(ValueError, match="factor must be 1 or more"):
        share_within([0.1], factor=0.5)
