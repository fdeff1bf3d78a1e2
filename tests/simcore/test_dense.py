import pytest

from simcore.equations.dense import dense_count


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
