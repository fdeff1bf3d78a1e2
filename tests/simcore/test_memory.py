"""Beside the literature: cases of the public engine mlsysim 0.3.0, same formulas."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcore.equations.memory import (
    training_state,
    transformer_activations,
    zero_traffic_ratio,
)


def test_adam_in_mixed_precision_keeps_16_bytes_a_parameter():
    terms = training_state(175e9)

    assert terms.weights == terms.gradients == pytest.approx(350e9)
    assert terms.optimizer == pytest.approx(2100e9)
    assert terms.total == pytest.approx(16 * 175e9)


def test_zero_shards_what_its_paper_shards():
    totals = training_state(175e9, devices=64, zero_stage=[0, 1, 2, 3]).total

    assert totals / 1e9 == pytest.approx([2800.0, 732.8125, 388.28125, 43.75])
    assert zero_traffic_ratio([0, 1, 2, 3]) == pytest.approx([1, 1, 1, 1.5])


def test_the_zero_paper_fits_its_7_5_billion_parameters_into_what_it_says():
    # Rajbhandari et al., figure 1: 120, 31.4, 16.6 and 1.9 GB on 64 devices.
    totals = training_state(7.5e9, devices=64, zero_stage=[0, 1, 2, 3]).total

    assert totals / 1e9 == pytest.approx([120, 31.4, 16.6, 1.9], abs=0.05)


@pytest.mark.parametrize(
    ("batch", "hidden", "layers", "activations"),
    [(8, 4096, 32, 73.014444032e9)],
)
def test_selective_recomputation_keeps_34_bytes_an_element(batch, hidden, layers, activations):
    kept = transformer_activations(2048, batch, hidden, layers, recompute="selective")

    assert kept == pytest.approx(activations, rel=1e-9)


def test_gpt3_without_recomputation_keeps_as_much_again_for_attention_scores():
    # Korthikanti et al., section 4: for GPT-3 the scores' term 5 a s / h is 80, beside 34.
    gpt3 = {"sequence": 2048, "batch": 1, "hidden": 12288, "layers": 96, "heads": 96}

    none, selective, full = (
        transformer_activations(**gpt3, recompute=how) for how in ("none", "selective", "full")
    )

    assert none / selective == pytest.approx((34 + 80) / 34)
    assert full / selective == pytest.approx(2 / 34)


@given(st.integers(1, 4096), st.integers(0, 2))
def test_a_higher_stage_never_keeps_more(devices, stage):
    now = training_state(1e9, devices=devices, zero_stage=stage).total

    assert training_state(1e9, devices=devices, zero_stage=stage + 1).total <= now


def test_arrays_give_what_scalars_give():
    n = np.array([1, 8, 64])

    together = training_state(1e9, devices=n, zero_stage=3).total

    assert together == pytest.approx(
        [float(training_state(1e9, devices=x, zero_stage=3).total) for x in n]
    )


def test_stages_and_recomputation_that_do_not_exist_are_refused():
    with pytest.raises(ValueError, match="zero_stage must be 0, 1, 2 or 3, got 4"):
        training_state(1e9, zero_stage=4)
    with pytest.raises(ValueError, match="use none, selective or full"):
        transformer_activations(1, 1, 1, 1, recompute="some")
