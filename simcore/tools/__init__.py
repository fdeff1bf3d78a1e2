"""What one does with any solver: sweep, Pareto front, sensitivity, inverse, comparison."""

from simcore.tools.compare import compare
from simcore.tools.constraints import Constraint
from simcore.tools.inverse import inverse
from simcore.tools.pareto import front, pareto
from simcore.tools.sensitivity import sensitivity
from simcore.tools.sweep import Block, blocks, size, sweep

__all__ = [
    "Block",
    "Constraint",
    "blocks",
    "compare",
    "front",
    "inverse",
    "pareto",
    "sensitivity",
    "size",
    "sweep",
]
