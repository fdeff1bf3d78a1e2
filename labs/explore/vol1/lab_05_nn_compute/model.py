"""The transistor tax: one class per part, named after its TOML."""

from labs.explore.vol1.lab_05_nn_compute.function import A
from labs.explore.vol1.lab_05_nn_compute.spill import B
from labs.explore.vol1.lab_05_nn_compute.training import D
from labs.explore.vol1.lab_05_nn_compute.width import C

__all__ = ["A", "B", "C", "D"]
