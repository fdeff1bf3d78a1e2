import numpy as np
import pytest

from simcore.equations.chunked import free_piece, mixed_step

MODEL = {"parameters": 8e9, "weights": 16e9, "cache": 4e9}
MACHINE = {"flop_rate": 400e12, "bandwidth": 3.35e12}


def test_a_piece_rides_free_until_its_arithmetic_takes_as_long():
    alone = mixed_step(0, 32, **MODEL, **MACHINE)
    free = free_piece(32, **MODEL, **MACHINE)

    # 20 GB at 3.35 TB/s are 5.97 ms; 16 GFLOP a token at 400 TFLOP/s 40 us.
    assert alone.time == pytest.approx(20e9 / 3.35e12)
    assert free == pytest.approx(20e9 / 3.35e12 * 400e12 / 16e9 - 32)
    assert mixed_step(free, 32, **MODEL, **MACHINE).time == pytest.approx(float(alone.time))
    assert mixed_step(2 * free, 32, **MODEL, **MACHINE).time > 1.5 * alone.time


def test_the_whole_prompt_at_once_stalls_the_others_for_long():
    whole, piece = mixed_step(np.asarray([8192, 512]), 32, **MODEL, **MACHINE).time

    assert whole / piece > 10


def test_a_step_bound_by_arithmetic_has_no_room():
    assert free_piece(1000, **MODEL, **MACHINE) == 0


def test_overhead_and_attention_count():
    with_both = mixed_step(512, 0, **MODEL, **MACHINE, overhead=1e-3, attention_flop=4e12)
    assert with_both.time == pytest.approx((512 * 16e9 + 4e12) / 400e12 + 1e-3)
    with pytest.raises(ValueError, match="piece must be 0 or more"):
        mixed_step(-1, 0, **MODEL, **MACHINE)
