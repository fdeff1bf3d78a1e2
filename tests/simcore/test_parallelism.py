"""Beside the literature: cases of the public engine mlsysim 0.3.0, same formulas."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcore.equations.collectives import all_to_all
from simcore.equations.parallelism import (
    amdahl_speedup,
    expert_dispatch_size,
    pipeline_bubble,
    tensor_parallel_traffic,
)


@pytest.mark.parametrize(
    ("stages", "microbatches", "interleave", "bubble"),
    [(8, 64, 1, 0.09859154929577464), (8, 16, 2, 0.1794871794871795), (1, 4, 1, 0.0),
     (4, 1, 1, 0.75)],
)  # fmt: skip
def test_a_pipeline_waits_as_long_as_the_public_engine_says(
    stages, microbatches, interleave, bubble
):
    found = pipeline_bubble(stages, microbatches, interleave=interleave)

    assert found == pytest.approx(bubble, rel=1e-9)


@given(st.integers(1, 64), st.integers(1, 512), st.integers(1, 8))
def test_more_microbatches_and_more_interleaving_never_wait_longer(p, m, v):
    now = pipeline_bubble(p, m, interleave=v)

    assert pipeline_bubble(p, m + 1, interleave=v) <= now
    assert pipeline_bubble(p, m, interleave=v + 1) <= now


def test_mixtral_sends_its_tokens_in_the_time_the_public_engine_says():
    # 8 sequences of 2,048 tokens, two experts each, imbalance 1.5, eight devices on 12.5 GB/s; the
    # engine counts one way and 50 us of latency for each of seven messages.
    sent = expert_dispatch_size(
        8 * 2048, 4096, experts_per_token=2, devices=8, element_size=2, imbalance=1.5
    )

    assert sent == pytest.approx(402.653184e6 * 7 / 8)
    assert sent == pytest.approx(352.321536e6)
    one_way = all_to_all(402.653184e6, 8, bandwidth=12.5e9, latency=50e-6).time
    assert one_way == pytest.approx(28.53572288e-3, rel=1e-6)


def test_tensor_parallel_layers_send_four_all_reduces_of_their_activations():
    sent = tensor_parallel_traffic(2048, 4096, devices=8, element_size=2)

    assert sent == pytest.approx(4 * (2 * 7 / 8) * 2048 * 4096 * 2)
    assert tensor_parallel_traffic(2048, 4096, devices=1, element_size=2) == 0


@pytest.mark.parametrize(
    ("share", "factor", "speedup"),
    [(0.55, 10, 1.9801980198019802), (0.4, 5, 1.4705882352941178),
     (0.55, np.inf, 2.2222222222222223), (0.4, np.inf, 1.6666666666666667)],
)  # fmt: skip
def test_amdahl_gives_what_the_public_engine_gives(share, factor, speedup):
    assert amdahl_speedup(share, factor) == pytest.approx(speedup, rel=1e-12)


@given(st.floats(0, 1), st.floats(1, 1e6))
def test_no_share_speeds_the_whole_up_more_than_itself_or_beyond_its_bound(share, factor):
    speedup = amdahl_speedup(share, factor)

    assert 1 - 1e-12 <= speedup <= factor * (1 + 1e-12)
    assert speedup <= amdahl_speedup(share, np.inf) * (1 + 1e-12)


def test_counts_below_one_and_shares_above_one_are_refused():
    with pytest.raises(ValueError, match="stages must be 1 or more and finite, got 0"):
        pipeline_bubble(0, 4)
    with pytest.raises(ValueError, match="share must lie in 0 to 1"):
        amdahl_speedup(1.1, 2)
    with pytest.raises(ValueError, match="factor must be positive"):
        amdahl_speedup(0.5, 0)
    with pytest.raises(ValueError, match="imbalance must be positive"):
        expert_dispatch_size(1, 1, experts_per_token=1, devices=2, element_size=2, imbalance=0)
