import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcore.equations import operators as op
from simcore.equations.precision import element_size
from simcore.errors import NotInCatalogue

sizes = st.integers(1, 100_000)


def test_a_square_product_does_a_third_of_its_size_flop_per_byte_in_fp16():
    assert op.gemm_intensity(192, 192, 192, element_size=2) == pytest.approx(64)
    assert op.gemm_intensity(512, 512, 512, element_size=2) == pytest.approx(512 / 3)


def test_keeping_the_output_on_chip_leaves_two_matrices():
    kept = op.gemm_traffic(64, 64, 64, element_size=2, output_stays=[True, False])

    assert kept == pytest.approx([2 * 64 * 64 * 2, 3 * 64 * 64 * 2])


def test_a_product_with_a_vector_does_two_flop_for_each_weight():
    flop, traffic = op.gemm_flop(2048, 1, 2048), op.gemm_traffic(2048, 1, 2048, element_size=4)

    assert flop / traffic == pytest.approx(0.5, rel=2e-3)


@given(sizes, sizes, sizes)
def test_swapping_rows_and_columns_changes_nothing(m, n, k):
    one = op.gemm_intensity(m, n, k, element_size=2)

    assert op.gemm_intensity(n, m, k, element_size=2) == pytest.approx(one)


@given(st.integers(1, 64), st.floats(1, 1e12))
def test_fusing_k_steps_moves_k_times_less(k, size):
    ratio = op.chain_traffic_eager(k, size) / op.chain_traffic_fused(size)

    assert ratio == pytest.approx(k)


@pytest.mark.parametrize(
    ("sequence", "width", "rows", "factor"),
    [(4096, 64, 128, 3.94), (4096, 64, 256, 7.65), (4096, 128, 256, 3.88),
     (512, 64, 128, 3.60), (1024, 64, 128, 3.78)],
)  # fmt: skip
def test_tiling_attention_saves_what_was_worked_out_by_hand(sequence, width, rows, factor):
    standard = op.attention_traffic_standard(sequence, width, element_size=2)
    tiled = op.attention_traffic_tiled(sequence, width, rows=rows, element_size=2)

    assert standard / tiled == pytest.approx(factor, abs=0.005)


def test_the_saving_of_tiled_attention_tends_to_twice_the_rows_over_the_width():
    standard = op.attention_traffic_standard(1e7, 64, element_size=2)
    tiled = op.attention_traffic_tiled(1e7, 64, rows=128, element_size=2)

    assert standard / tiled == pytest.approx(2 * 128 / 64, rel=1e-3)


@given(st.integers(64, 65536), st.integers(16, 256), st.integers(16, 256))
def test_larger_blocks_never_move_more(sequence, width, rows):
    small = op.attention_traffic_tiled(sequence, width, rows=rows, element_size=2)

    assert op.attention_traffic_tiled(sequence, width, rows=2 * rows, element_size=2) <= small


def test_an_attention_block_of_512_rows_and_256_columns_takes_256_kib():
    assert op.attention_block_size(512, 256, 128, element_size=2) == 256 * 1024


def test_arrays_give_what_scalars_give():
    n = np.array([64, 512, 4096])
    for function in (
        lambda x: op.gemm_flop(x, x, x),
        lambda x: op.attention_flop(x, 64),
        lambda x: op.attention_traffic_standard(x, 64, element_size=2),
        lambda x: op.attention_traffic_tiled(x, 64, rows=128, element_size=2),
    ):
        assert function(n) == pytest.approx([float(function(x)) for x in n])


@pytest.mark.parametrize("call", [
    lambda: op.gemm_flop(0, 1, 1),
    lambda: op.gemm_traffic(1, 1, 1, element_size=-2),
    lambda: op.chain_traffic_fused(float("nan")),
    lambda: op.attention_traffic_tiled(64, 64, rows=0, element_size=2),
])  # fmt: skip
def test_sizes_that_are_not_positive_are_refused(call):
    with pytest.raises(ValueError, match="must be positive"):
        call()


def test_an_unknown_number_format_is_answered_with_the_nearest():
    assert element_size("int8") == 1

    with pytest.raises(NotInCatalogue, match="did you mean 'fp16'"):
        element_size("fp17")
