"""Fully connected networks, counted. I. Goodfellow, Y. Bengio, A. Courville, 2016, ch. 6."""

from typing import Any

from simcore.crosscheck.case import Case
from simcore.equations.dense import dense_count


def solve(case: Case) -> dict[str, Any]:
    count = dense_count(case.get("widths", "layer_widths"))
    return {
        "parameters": count.parameters,
        "macs_per_example": count.weights,
        "flops_per_example": count.flop,
        "weights": count.weights,
        "biases": count.biases,
    }


SOLVERS = {"DenseNetworkModel": solve}
