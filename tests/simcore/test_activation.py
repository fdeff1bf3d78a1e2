import numpy as np
import pytest

from simcore import catalog
from simcore.equations.activation import (
    activation_multiply_adds,
    function_cost_ratio,
    neuron_energy,
)
from simcore.errors import NotInCatalogue

ROUGH = catalog.item("technologies", "rough-45nm")
MULTIPLY_ADD = ROUGH.value("multiply.fp32") + ROUGH.value("add.fp32")
COMPARE = ROUGH.value("add.int32")


class Counter:
    """Multiply-adds in 32-bit floats, counted as they are done."""

    def __init__(self):
        self.count = 0

    def fma(self, a, b, c):
        self.count += 1
        return (np.float32(a) * b + np.float32(c)).astype(np.float32)

    def exponential(self, x):
        turns = np.rint(self.fma(np.float32(1 / np.log(2)), x, 0))
        rest = self.fma(-np.float32(0.693359375), turns, x)
        rest = self.fma(np.float32(2.12194440e-4), turns, rest)
        value = np.full_like(rest, 1 / 720)
        for factor in (1 / 120, 1 / 24, 1 / 6, 1 / 2, 1.0, 1.0):
            value = self.fma(value, rest, np.float32(factor))
        return np.ldexp(value, turns.astype(int))

    def reciprocal(self, x):
        mantissa, exponent = np.frexp(x)
        guess = self.fma(np.float32(-32 / 17), mantissa, np.float32(48 / 17))
        for _ in range(2):
            error = self.fma(-mantissa, guess, np.float32(1))
            guess = self.fma(guess, error, guess)
        return np.ldexp(guess, -exponent)

    def sigmoid(self, x):
        return self.reciprocal(self.fma(np.float32(1), self.exponential(-x), np.float32(1)))


def test_a_sigmoid_of_the_operations_counted_is_right_to_five_digits():
    counter, x = Counter(), np.linspace(-8, 8, 1001, dtype=np.float32)

    found = counter.sigmoid(x)

    assert counter.count == activation_multiply_adds("sigmoid") == 15
    assert found == pytest.approx(1 / (1 + np.exp(-x.astype(float))), rel=2e-5)


def test_the_other_functions_are_a_sigmoid_and_what_their_formula_adds():
    x, counter = np.linspace(-4, 4, 101, dtype=np.float32), Counter()

    inner = counter.fma(counter.fma(np.float32(0.0713548), counter.fma(x, x, 0), 1.5957691), x, 0)
    gelu = counter.fma(x, counter.sigmoid(inner), 0)

    exact = 0.5 * x * (1 + np.tanh(0.7978846 * (x + 0.044715 * x**3)))
    assert gelu == pytest.approx(exact, abs=2e-4)
    assert counter.count == activation_multiply_adds("gelu") == 19
    assert activation_multiply_adds("tanh") == activation_multiply_adds("silu") == 16


def test_an_unknown_function_is_refused_with_those_there_are():
    with pytest.raises(NotInCatalogue, match="sigmoid"):
        activation_multiply_adds("sigmoidal")


@pytest.mark.parametrize(
    ("function", "traffic", "ratio"),
    [("sigmoid", 1300e-12, 1.053), ("sigmoid", 10e-12, 7.82), ("sigmoid", 0, 690),
     ("gelu", 1300e-12, 1.067), ("gelu", 10e-12, 9.64), ("gelu", 0, 874),
     ("silu", 1300e-12, 1.057), ("silu", 10e-12, 8.28), ("silu", 0, 736)],
)  # fmt: skip
def test_memory_hides_the_function_and_fusing_shows_it(function, traffic, ratio):
    energy = activation_multiply_adds(function) * MULTIPLY_ADD

    found = function_cost_ratio(energy, COMPARE, traffic_energy=traffic)

    assert found == pytest.approx(ratio, rel=1e-3)


def test_a_depthwise_filter_spends_less_than_its_sigmoid_and_a_dense_layer_more():
    terms = neuron_energy(
        [9, 512],
        multiply_add_energy=MULTIPLY_ADD,
        function_energy=15 * MULTIPLY_ADD,
        traffic_energy=0.0,
    )

    assert terms.products == pytest.approx([41.4e-12, 2355.2e-12])
    assert terms.function == pytest.approx([69e-12, 69e-12])
    assert (terms.function > terms.products).tolist() == [True, False]
    assert terms.total == pytest.approx(terms.products + terms.function)


def test_energies_below_zero_and_functions_for_nothing_are_refused():
    with pytest.raises(ValueError, match="plain_energy"):
        function_cost_ratio(1e-12, 0, traffic_energy=0)
    with pytest.raises(ValueError, match="traffic_energy"):
        neuron_energy(9, multiply_add_energy=1, function_energy=1, traffic_energy=-1)
