import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcore.equations.tiling import TileMachine, tiled_gemm_times

H100 = TileMachine(
    peak_flop_rate=989e12, bandwidth=3.35e12, operand_bandwidth=5.5e12, latency=0.7e-6, cores=132,
    core_memory=227 * 1024, accumulators=128 * 1024, overhead=5e-6,
)  # fmt: skip
tiles = st.sampled_from([16, 32, 64, 128, 256])


def one(m, n, k, bm, bn, bk, stages, machine=H100, element=2):
    return tiled_gemm_times(
        m, n, k, tile_m=bm, tile_n=bn, tile_k=bk, stages=stages, element_size=element,
        machine=machine,
    )  # fmt: skip


def test_a_tile_is_worked_through_by_hand():
    # 4096^3 in tiles of 128 x 256: 512 tiles, 4 waves of 132. A tile reads (128 + 256) rows of 4096
    # fp16 and writes 128 x 256: 3.211 MB, times 132 cores over 5.5 TB/s = 77.07 us; arithmetic
    # takes 35.83 us; 0.7 us and one slice of 0.295 us come first.
    account = one(4096, 4096, 4096, 128, 256, 16, 4)

    assert account.waves == 4
    assert account.tile_compute == pytest.approx(35.83e-6, rel=1e-3)
    assert account.tile_memory == pytest.approx(77.07e-6, rel=1e-3)
    assert account.fill == pytest.approx(0.995e-6, rel=1e-3)
    assert account.time == pytest.approx(317.26e-6, rel=1e-4)


def test_with_one_stage_nothing_overlaps():
    account = one(512, 512, 512, 64, 64, 32, 1)

    expected = account.tile_compute + account.tile_memory + 16 * 0.7e-6
    assert account.time == pytest.approx(account.waves * expected + 5e-6)


def test_two_stages_of_small_slices_are_capped_by_the_bytes_in_flight():
    # One slice of (16 + 16) x 16 fp16 in flight: 1 KiB over 0.7 us = 1.46 GB/s for each core.
    account = one(4096, 4096, 4096, 16, 16, 16, 2)

    moved = 2 * 16 * 4096 * 2 + 16 * 16 * 2
    assert account.tile_memory == pytest.approx(moved / (1024 / 0.7e-6))


def test_a_tile_larger_than_the_matrix_computes_padding():
    account = one(96, 96, 256, 128, 128, 16, 2)

    assert account.padding == pytest.approx(128 * 128 / 96 / 96)


def test_no_product_is_faster_than_its_compulsory_traffic_or_its_arithmetic():
    for bm, bn, bk, stages in itertools.product([32, 128], [64, 256], [16, 64], [1, 2, 4]):
        account = one(2048, 2048, 512, bm, bn, bk, stages)
        assert account.time > account.compulsory
        assert account.time > 2 * 2048 * 2048 * 512 / 989e12


@given(tiles, tiles, st.sampled_from([16, 32, 64]), st.integers(2, 4), st.floats(1, 8))
def test_a_faster_machine_is_never_slower(bm, bn, bk, stages, more):
    faster = TileMachine(
        peak_flop_rate=989e12 * more, bandwidth=3.35e12 * more, operand_bandwidth=5.5e12 * more,
        latency=0.7e-6 / more, cores=132, core_memory=227 * 1024, accumulators=128 * 1024,
        overhead=5e-6,
    )  # fmt: skip

    now = one(1024, 1024, 1024, bm, bn, bk, stages).time
    assert one(1024, 1024, 1024, bm, bn, bk, stages, machine=faster).time <= now


@given(tiles, tiles, st.sampled_from([16, 32, 64]), st.integers(2, 3))
def test_another_stage_never_slows_a_product(bm, bn, bk, stages):
    fewer = one(1024, 2048, 512, bm, bn, bk, stages).time

    assert one(1024, 2048, 512, bm, bn, bk, stages + 1).time <= fewer


def test_arrays_give_what_scalars_give():
    bm = np.array([32, 64, 128])

    together = one(1024, 1024, 1024, bm, 64, 32, np.array([1, 2, 4]))

    for i, stages in enumerate([1, 2, 4]):
        single = one(1024, 1024, 1024, bm[i], 64, 32, stages)
        for name in together._fields:
            assert getattr(together, name)[i] == pytest.approx(float(getattr(single, name)))


def test_a_tile_of_nothing_and_a_machine_without_cores_are_refused():
    with pytest.raises(ValueError, match="tile_m must be positive"):
        one(64, 64, 64, 0, 16, 16, 2)
    with pytest.raises(ValueError, match="cores must be positive"):
        TileMachine(
            peak_flop_rate=1, bandwidth=1, operand_bandwidth=1, latency=1, cores=0, core_memory=1,
            accumulators=1, overhead=0,
        )  # fmt: skip
