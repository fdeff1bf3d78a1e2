"""What one does with any solver: sweeps, fronts, sensitivity, inverse, uncertainty, calibration."""

from simcore.tools.calibration import Calibrated, Predicted, calibrate, predict
from simcore.tools.compare import compare
from simcore.tools.constraints import Constraint
from simcore.tools.inverse import inverse
from simcore.tools.pareto import front, pareto
from simcore.tools.sensitivity import sensitivity
from simcore.tools.sweep import Block, blocks, size, sweep
from simcore.tools.uncertainty import Uncertainty, uncertainty

__all__ = [
    "Block",
    "Calibrated",
    "Constraint",
    "Predicted",
    "Uncertainty",
    "blocks",
    "calibrate",
    "compare",
    "front",
    "inverse",
    "pareto",
    "predict",
    "sensitivity",
    "size",
    "sweep",
    "uncertainty",
]
