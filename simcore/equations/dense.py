"""Fully connected networks, counted."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from simcore.equations.arguments import whole


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
