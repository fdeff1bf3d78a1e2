import numpy as np
import pytest

from simcore.equations.dense import (
    dense_count,
    dense_stack,
    stack_memory,
    training_example_energy,
)


def test_a_small_digit_classifier():
    count = dense_count([784, 128, 128, 10])

    assert (count.parameters, count.weights, count.biases) == (118282, 118016, 266)
    assert count.flop == 236032


def test_twice_the_width_is_less_than_four_times_the_weights_while_the_input_stays():
    ratio = dense_count([784, 256, 256, 10]).weights / dense_count([784, 128, 128, 10]).weights

    assert ratio == pytest.approx(2.2777, abs=1e-4)


@pytest.mark.parametrize("widths", [[784], [784, 0, 10], [784, 2.5, 10]])
def test_impossible_widths_are_refused(widths):
    with pytest.raises(ValueError, match="widths"):
        dense_count(widths)


def growth(inputs, width, outputs):
    before, after = (dense_stack(inputs, h, outputs, hidden_layers=2) for h in (width, 2 * width))
    return float(after.flop / before.flop)


def test_a_network_of_two_hidden_layers_by_hand():
    work = dense_stack(784, 128, 10, hidden_layers=2)

    assert (work.first, work.inner, work.last) == (784 * 128, 128**2, 1280)
    assert work.flop == 236_032
    assert work.biases == 266
    assert work.values == 784 + 256 + 10
    assert work.widest_pair == 784 + 128
    count = dense_count([784, 128, 128, 10])
    assert (work.macs, work.biases) == (count.weights, count.biases)


@pytest.mark.parametrize(
    ("inputs", "width", "outputs", "expected"),
    [(784, 128, 10, 2.28), (784, 1024, 10, 3.13), (64, 512, 10, 3.75), (64, 1024, 10, 3.87),
     (490, 64, 12, 2.23), (3072, 32, 10, 2.02)],
)  # fmt: skip
def test_twice_the_width_costs_two_to_four_times(inputs, width, outputs, expected):
    assert growth(inputs, width, outputs) == pytest.approx(expected, abs=0.006)


def test_one_hidden_layer_has_nothing_between_and_widths_broadcast():
    work = dense_stack(64, [8, 16], 10, hidden_layers=[1, 3])

    assert work.inner.tolist() == [0, 512]
    assert work.widest_pair.tolist() == [72, 80]
    assert work.macs.tolist() == [592, 64 * 16 + 512 + 160]


def test_training_against_inference_by_hand():
    memory = stack_memory(20, 512, 4096, moments=2)

    assert memory.weights == 4 * 20 * 512**2
    assert memory.inference == pytest.approx(37.7e6, rel=2e-3)
    assert memory.training == pytest.approx(260e6, rel=1e-3)
    assert memory.training / memory.inference == pytest.approx(6.889, abs=1e-3)


def test_the_ratio_runs_from_four_to_half_the_tensors():
    few, many = (stack_memory(20, 512, batch, moments=2) for batch in (1, 2**30))

    assert few.training / few.inference == pytest.approx(4, rel=0.02)
    assert many.training / many.inference == pytest.approx(21 / 2, rel=1e-3)


def test_recomputation_keeps_about_twice_the_root_of_the_layers():
    kept = [float(stack_memory(layers, 8, 1, moments=0, recompute=True).kept) / 32
            for layers in (3, 16, 20, 50)]  # fmt: skip

    assert kept == [4, 8, 9, 15]
    flags = stack_memory(16, 8, 1, moments=0, recompute=[False, True]).kept / 32
    assert flags.tolist() == [17, 8]


def test_moments_and_sizes_of_nothing_are_refused():
    with pytest.raises(ValueError, match="moments"):
        stack_memory(3, 8, 1, moments=-1)
    with pytest.raises(ValueError, match="whole"):
        dense_stack(64, 1.5, 10, hidden_layers=1)


def test_a_larger_batch_shares_the_update_among_more_examples():
    energy = training_example_energy(
        2368, 38_560, [1, 8, 32], multiply_add_energy=4.6e-12, energy_per_byte=12.5e-12
    )

    assert energy == pytest.approx([996.7e-9, 153.2e-9, 62.8e-9], rel=1e-3)
    assert np.all(energy > 3 * 2368 * 4.6e-12)
