"""Fully connected networks, counted: arithmetic, and what inference and training keep."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcore.checks import require_not_negative
from simcore.equations.arguments import positive, whole
from simcore.equations.memory import training_state

Array = NDArray[np.float64]


class DenseCount(NamedTuple):
    """What a fully connected network holds."""

    weights: float
    """Entries of its matrices; also its multiply-accumulates for one example. [1]"""
    biases: float
    """One for each neuron behind the input. [1]"""

    @property
    def parameters(self) -> float:
        """Both together. [1]"""
        return self.weights + self.biases

    @property
    def flop(self) -> float:
        """Of one example: two for each multiply-accumulate. [FLOP]"""
        return 2 * self.weights


def dense_count(widths: Sequence[float]) -> DenseCount:
    """Return the weights and biases of a fully connected network.

    Parameters
    ----------
    widths : sequence of int
        Neurons of each layer, input and output included. [1]

    Returns
    -------
    DenseCount
        Weights and biases.

    Raises
    ------
    ValueError
        If there are fewer than two layers, or a width is no whole number from 1 on.

    References
    ----------
    I. Goodfellow, Y. Bengio, A. Courville, Deep Learning, 2016, ch. 6.
    """
    w = whole(list(widths), "widths")
    if w.size < 2:
        raise ValueError(f"widths needs an input and an output layer, got {w.size} layers")
    return DenseCount(float(np.sum(w[:-1] * w[1:])), float(np.sum(w[1:])))


class StackWork(NamedTuple):
    """A stack of dense layers for one example, each of shape (n,)."""

    first: Array
    """Multiply-adds of the layer that sees the inputs. [1]"""
    inner: Array
    """Multiply-adds between hidden layers. [1]"""
    last: Array
    """Multiply-adds of the layer that gives the outputs. [1]"""
    biases: Array
    """One for each unit. [1]"""
    values: Array
    """Inputs and every unit: what training keeps of one example. [1]"""
    widest_pair: Array
    """Most values alive at once while inferring: a layer's inputs and its outputs. [1]"""

    @property
    def macs(self) -> Array:
        """All multiply-adds, which is also the number of weights. [1]"""
        return np.asarray(self.first + self.inner + self.last)

    @property
    def flop(self) -> Array:
        """Arithmetic of a forward pass, biases left out. [FLOP]"""
        return 2.0 * self.macs


def dense_stack(
    inputs: ArrayLike, width: ArrayLike, outputs: ArrayLike, *, hidden_layers: ArrayLike
) -> StackWork:
    """Return the work of a network inputs - width - ... - width - outputs of dense layers.

    The first and last layer grow with the width, those between with its square.

    Parameters
    ----------
    inputs, width, outputs : array_like, shape (n,)
        Values that enter, units of each hidden layer, values that leave; whole. [1]
    hidden_layers : array_like, shape (n,)
        Hidden layers, whole. [1]

    Returns
    -------
    StackWork
        Multiply-adds by layer, biases, values. [1]

    Raises
    ------
    ValueError
        If a size is not a positive whole number.

    References
    ----------
    I. Goodfellow et al., "Deep Learning", MIT Press 2016, sec. 6.
    """
    n, h, m, depth = np.broadcast_arrays(
        whole(inputs, "inputs"),
        whole(width, "width"),
        whole(outputs, "outputs"),
        whole(hidden_layers, "hidden_layers"),
    )
    within = np.where(depth > 1, 2.0 * h, 0.0)
    return StackWork(
        first=np.asarray(n * h),
        inner=np.asarray((depth - 1) * h * h),
        last=np.asarray(h * m),
        biases=np.asarray(depth * h + m),
        values=np.asarray(n + depth * h + m),
        widest_pair=np.maximum(np.maximum(n + h, h + m), within),
    )


class StackMemory(NamedTuple):
    """What a stack of square layers keeps, each of shape (n,). [byte]"""

    weights: Array
    """Of all layers; inference and training alike."""
    two_tensors: Array
    """A layer's input and output, all that inference needs of them."""
    gradients: Array
    """One for each weight."""
    optimizer: Array
    """Its moments."""
    kept: Array
    """Activations kept for the backward pass."""

    @property
    def inference(self) -> Array:
        """Weights and two tensors. [byte]"""
        return np.asarray(self.weights + self.two_tensors)

    @property
    def training(self) -> Array:
        """Weights, gradients, moments, kept activations. [byte]"""
        return np.asarray(self.weights + self.gradients + self.optimizer + self.kept)


def stack_memory(
    layers: ArrayLike,
    width: ArrayLike,
    batch: ArrayLike,
    *,
    moments: ArrayLike,
    recompute: ArrayLike = False,
    element_size: ArrayLike = 4.0,
) -> StackMemory:
    """Return what a stack of square dense layers keeps for inference and for training.

    Training keeps the input and every layer's output. With recomputation it keeps the inputs of
    about sqrt(L) segments, and of one segment at a time its outputs.

    Parameters
    ----------
    layers, width, batch : array_like, shape (n,)
        Layers, units of each, examples at once; whole. [1]
    moments : array_like, shape (n,)
        Numbers the optimiser keeps for each weight: plain descent 0, momentum 1, Adam 2. [1]
    recompute : array_like, shape (n,)
        Whether activations inside a segment are computed again. [1]
    element_size : array_like, shape (n,)
        Of every number kept. [byte]

    Returns
    -------
    StackMemory
        Weights, tensors, gradients, moments, kept activations. [byte]

    Raises
    ------
    ValueError
        If a size is not a positive whole number, or there are fewer than no moments.

    References
    ----------
    T. Chen et al., "Training deep nets with sublinear memory cost", 2016. arXiv:1604.06174; D.
    Kingma, J. Ba, "Adam", ICLR 2015 (two moments). arXiv:1412.6980
    """
    require_not_negative(moments=moments)
    depth, h = whole(layers, "layers"), whole(width, "width")
    size = positive(element_size, "element_size")
    state = training_state(
        depth * h * h,
        weight_size=size,
        gradient_size=size,
        optimizer_size=np.asarray(moments, dtype=float) * size,
    )
    tensor = whole(batch, "batch") * h * size
    segments = np.ceil(np.sqrt(depth))
    sparse = np.minimum(depth + 1, segments + np.ceil(depth / segments))
    tensors = np.where(np.asarray(recompute, dtype=bool), sparse, depth + 1)
    parts = (state.weights, 2 * tensor, state.gradients, state.optimizer, tensors * tensor)
    return StackMemory(*(np.asarray(part, dtype=float) for part in np.broadcast_arrays(*parts)))


def training_example_energy(
    macs: ArrayLike,
    state: ArrayLike,
    batch: ArrayLike,
    *,
    multiply_add_energy: ArrayLike,
    energy_per_byte: ArrayLike,
) -> Array:
    """Return the energy of training on one example: its products, its share of an update.

    Forward, gradients of activations and gradients of weights are one pass of products each; an
    update reads and writes weights, gradients and moments once for the whole batch.

    Parameters
    ----------
    macs : array_like, shape (n,)
        Multiply-adds of one example's forward pass. [1]
    state : array_like, shape (n,)
        Weights, gradients and moments. [byte]
    batch : array_like, shape (n,)
        Examples of one update, whole. [1]
    multiply_add_energy : array_like, shape (n,)
        Of one multiply-add. [J]
    energy_per_byte : array_like, shape (n,)
        Of the memory that the state lives in. [J/byte]

    Returns
    -------
    ndarray, shape (n,)
        Energy of one example. [J]

    Raises
    ------
    ValueError
        If a number is not positive.

    References
    ----------
    J. Kaplan et al., "Scaling laws for neural language models", 2020, sec. 2.1 (backward is twice
    forward). arXiv:2001.08361
    """
    products = 3 * positive(macs, "macs") * positive(multiply_add_energy, "multiply_add_energy")
    moved = 2 * positive(state, "state") / whole(batch, "batch")
    return np.asarray(products + moved * positive(energy_per_byte, "energy_per_byte"))
