"""What an activation function costs in energy, beside the layer and the memory around it."""

from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcore.checks import require_not_negative, require_positive
from simcore.errors import NotInCatalogue, unknown

Array = NDArray[np.float64]

_EXPONENTIAL = 3 + 6
"""Range reduction (two-part ln 2), then a polynomial of degree 6. [1]"""
_RECIPROCAL = 1 + 2 * 2
"""A linear first guess, then two Newton steps. [1]"""
_SIGMOID = _EXPONENTIAL + 1 + _RECIPROCAL

_MULTIPLY_ADDS = MappingProxyType(
    {"sigmoid": _SIGMOID, "tanh": _SIGMOID + 1, "silu": _SIGMOID + 1, "gelu": _SIGMOID + 4}
)


def activation_multiply_adds(function: str) -> float:
    """Return the multiply-adds of one value of an activation function in 32-bit floating point.

    Counted: an exponential is 9 (range reduction 3, polynomial of degree 6), a reciprocal 5 (first
    guess, two Newton steps), so 1 / (1 + exp(-x)) takes 15. tanh is 2 sigmoid(2x) - 1, SiLU is
    x sigmoid(x), GELU in its tanh form is x sigmoid(x (a + b x^2)). Moving the exponent's bits and
    choosing the first guess cost integer operations that are left out.

    Parameters
    ----------
    function : str
        sigmoid, tanh, silu or gelu.

    Returns
    -------
    float
        Multiply-adds. [1]

    Raises
    ------
    NotInCatalogue
        If the function is unknown, naming the nearest.

    References
    ----------
    J.-M. Muller, "Elementary Functions: Algorithms and Implementation", 3rd ed., Birkhäuser 2016,
    ch. 3, 4 and 11; D. Hendrycks, K. Gimpel, "Gaussian error linear units", 2016. arXiv:1606.08415
    """
    if function not in _MULTIPLY_ADDS:
        raise NotInCatalogue(unknown("activation function", function, _MULTIPLY_ADDS))
    return float(_MULTIPLY_ADDS[function])


def function_cost_ratio(
    function_energy: ArrayLike, plain_energy: ArrayLike, *, traffic_energy: ArrayLike
) -> Array:
    """Return the energy of one element-wise step over that of a plainer function in its place.

    Both read and write the same element, so far memory hides the difference and none shows it.

    Parameters
    ----------
    function_energy, plain_energy : array_like, shape (n,)
        Of one value of either function, memory left out. [J]
    traffic_energy : array_like, shape (n,)
        Of reading and writing the element; 0 where the function is fused into the loop that made
        its argument. [J]

    Returns
    -------
    ndarray, shape (n,)
        Energy over energy. [1]

    Raises
    ------
    ValueError
        If the plainer function costs nothing, or an energy is negative.

    References
    ----------
    M. Horowitz, "Computing's energy problem", ISSCC 2014. doi:10.1109/ISSCC.2014.6757323
    """
    require_positive(plain_energy=plain_energy)
    require_not_negative(function_energy=function_energy, traffic_energy=traffic_energy)
    moved = np.asarray(traffic_energy, dtype=float)
    dear = moved + np.asarray(function_energy, dtype=float)
    return np.asarray(dear / (moved + np.asarray(plain_energy, dtype=float)))


class NeuronTerms(NamedTuple):
    """Where the energy of one output element goes, each of shape (n,). [J]"""

    products: Array
    """Its multiply-adds."""
    function: Array
    """Its activation function."""
    traffic: Array
    """Writing and reading the element between layer and function."""

    @property
    def total(self) -> Array:
        """All three together. [J]"""
        return np.asarray(self.products + self.function + self.traffic)


def neuron_energy(
    fan_in: ArrayLike,
    *,
    multiply_add_energy: ArrayLike,
    function_energy: ArrayLike,
    traffic_energy: ArrayLike,
) -> NeuronTerms:
    """Return the energy of one output element: its products, its function, its way in between.

    Fetching weights and inputs is left out, as if each were used many times from registers.

    Parameters
    ----------
    fan_in : array_like, shape (n,)
        Multiply-adds of one element: inputs of a dense layer, k^2 C of a convolution. [1]
    multiply_add_energy : array_like, shape (n,)
        Of one multiply-add. [J]
    function_energy : array_like, shape (n,)
        Of one value of the activation function. [J]
    traffic_energy : array_like, shape (n,)
        Of reading and writing the element between layer and function; 0 where fused. [J]

    Returns
    -------
    NeuronTerms
        Products, function and traffic. [J]

    Raises
    ------
    ValueError
        If the fan-in is not positive, or an energy negative.

    References
    ----------
    V. Sze et al., "Efficient processing of deep neural networks", Proc. IEEE 105(12), 2017, sec. 5.
    doi:10.1109/JPROC.2017.2761740
    """
    require_positive(fan_in=fan_in)
    require_not_negative(
        multiply_add_energy=multiply_add_energy,
        function_energy=function_energy,
        traffic_energy=traffic_energy,
    )
    products, function, traffic = np.broadcast_arrays(
        np.asarray(fan_in, dtype=float) * np.asarray(multiply_add_energy, dtype=float),
        np.asarray(function_energy, dtype=float),
        np.asarray(traffic_energy, dtype=float),
    )
    return NeuronTerms(products, function, traffic)
