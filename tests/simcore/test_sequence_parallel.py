import numpy as np
import pytest

from simcore.equations.memory import transformer_activations
from simcore.equations.sequence_parallel import (
    exchange_traffic,
    ring_block,
    ring_traffic,
    split_activations,
)

GPT3 = {"sequence": 2048, "batch": 1, "hidden": 12288, "layers": 96, "heads": 96}


def test_sequence_parallelism_splits_what_tensor_parallelism_leaves_whole():
    # Korthikanti et al., table 2: 10 + 24 / t against 34 / t.
    plain, split = (
        split_activations(**GPT3, tensor=8, keeps_scores=False, splits_sequence=how)
        for how in (False, True)
    )

    assert plain / split == pytest.approx((10 + 24 / 8) / (34 / 8))


def test_five_times_less_with_both_remedies_of_the_paper():
    # The abstract: "reduces activation memory by 5x"; for GPT-3 5 a s / h is 80.
    before = split_activations(**GPT3, tensor=8, keeps_scores=True, splits_sequence=False)
    after = split_activations(**GPT3, tensor=8, keeps_scores=False, splits_sequence=True)

    assert before / after == pytest.approx((10 + 104 / 8) / (34 / 8))
    assert 5 < before / after < 6


def test_on_one_device_it_is_the_plain_count():
    for how, kept in (("none", True), ("selective", False)):
        one = split_activations(**GPT3, tensor=1, keeps_scores=kept, splits_sequence=False)
        assert one == pytest.approx(float(transformer_activations(**GPT3, recompute=how)))


def test_exchanging_heads_falls_with_devices_and_the_ring_does_not():
    devices = np.asarray([2, 8, 64])
    exchanged = exchange_traffic(65536, 8192, devices=devices, element_size=2)
    passed = ring_traffic(65536, 8192, devices=devices, element_size=2)

    assert exchanged[0] == 4 * 65536 * 8192 * 2 / 2 / 2
    assert np.all(np.diff(exchanged) < 0)
    assert np.all(np.diff(passed) > 0)
    assert exchange_traffic(65536, 8192, devices=1, element_size=2) == 0
    assert ring_traffic(65536, 8192, devices=1, element_size=2) == 0


def test_a_block_hides_its_ring_from_the_ratio_the_paper_gives():
    # Liu et al., section 3: c >= F / B at two bytes; A100: 312 TFLOP/s over 300 GB/s, 1.0 k.
    assert ring_block(flop_rate=312e12, bandwidth=300e9, element_size=2) == pytest.approx(1040)


def test_what_has_no_meaning_is_refused():
    with pytest.raises(ValueError, match="devices must be a whole number"):
        ring_traffic(1024, 128, devices=1.5, element_size=2)
    with pytest.raises(ValueError, match="bandwidth must be positive"):
        ring_block(flop_rate=1e12, bandwidth=0, element_size=2)
