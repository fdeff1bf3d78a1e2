import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcore.equations.precision import (
    bitmask_size_ratio,
    pruning_speedup,
    quantization_noise_ratio,
    quantized_size,
    rounding_error,
    sparse_size_ratio,
    symmetric_step,
)


@pytest.mark.parametrize(
    ("bits", "group", "zero", "size"),
    [(4, 128, 4, 0.52), (8, 128, 0, 1.016), (4, 32, 0, 0.5625), (16, 1e9, 0, 2.0)],
)
def test_scales_and_zero_points_cost_their_share(bits, group, zero, size):
    assert quantized_size(bits, group=group, zero_point_bits=zero) == pytest.approx(size, abs=5e-4)


def test_eight_bits_leave_48_decibel():
    assert 10 * math.log10(quantization_noise_ratio(8)) == pytest.approx(48.16, abs=0.01)


def test_the_noise_of_a_real_quantiser_is_what_the_formula_says():
    signal = np.random.default_rng(3).uniform(-1, 1, 200_000)
    step = 2 / 2**6
    rounded = (np.floor(signal / step) + 0.5) * step

    measured = np.mean(signal**2) / np.mean((signal - rounded) ** 2)

    assert measured == pytest.approx(quantization_noise_ratio(6), rel=0.02)


def test_half_of_the_numbers_gone_does_not_pay_with_large_indices():
    assert sparse_size_ratio(0.5, element_size=2, index_size=4) == pytest.approx(1.5)
    assert sparse_size_ratio(0.9, element_size=2, index_size=2) == pytest.approx(0.2)


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_sparser_matrix_is_never_larger(one, other):
    low, high = sorted((one, other))

    sizes = sparse_size_ratio([low, high], element_size=2, index_size=4)

    assert sizes[1] <= sizes[0]


def test_pruning_speeds_up_what_the_kernel_can_see():
    # Cases of the public engine mlsysim 0.3.0.
    assert pruning_speedup(0.9, structure="structured") == pytest.approx(10)
    assert pruning_speedup(0.9, structure="unstructured") == 1
    assert pruning_speedup(0.5, structure="2:4") == 2


def test_arrays_give_what_scalars_give():
    s = np.array([0.0, 0.5, 0.75])

    together = pruning_speedup(s, structure="structured")

    assert together == pytest.approx([float(pruning_speedup(x, structure="structured")) for x in s])


def test_nothing_left_and_patterns_that_do_not_exist_are_refused():
    with pytest.raises(ValueError, match="below 1, got 1"):
        pruning_speedup(1.0, structure="structured")
    with pytest.raises(ValueError, match=r"2:4 means a sparsity of 0.5, got 0.9"):
        pruning_speedup(0.9, structure="2:4")
    with pytest.raises(ValueError, match="use structured, 2:4 or unstructured"):
        pruning_speedup(0.5, structure="random")
    with pytest.raises(ValueError, match="sparsity must lie in 0 to 1"):
        sparse_size_ratio(1.5, element_size=2, index_size=2)


def test_half_the_bits_make_the_error_eighteen_times_as_large():
    assert rounding_error(4) / rounding_error(8) == pytest.approx(127 / 7)
    assert symmetric_step([8, 2]) == pytest.approx([1 / 127, 1])
    with pytest.raises(ValueError, match="bits must be 2 or more"):
        symmetric_step(1)


def test_the_error_of_rounding_even_numbers_is_a_step_over_root_twelve():
    values = np.random.default_rng(1).uniform(-3, 3, 200_000)
    step = 3 * symmetric_step(5)

    found = np.sqrt(np.mean((np.round(values / step) * step - values) ** 2))

    assert found == pytest.approx(rounding_error(5, largest=3), rel=0.01)


def test_a_mask_beats_an_index_until_hardly_anything_is_left():
    assert bitmask_size_ratio(0.5, element_size=0.5) == pytest.approx(0.75)
    masks = bitmask_size_ratio([0.5, 0.9, 0.99], element_size=2)
    indices = sparse_size_ratio([0.5, 0.9, 0.99], element_size=2, index_size=2)
    assert list(masks < indices) == [True, True, False]
