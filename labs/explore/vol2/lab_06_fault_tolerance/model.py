"""The parts of this lab, each in the module of its topic."""

from labs.explore.vol2.lab_06_fault_tolerance.design import E
from labs.explore.vol2.lab_06_fault_tolerance.interval import B
from labs.explore.vol2.lab_06_fault_tolerance.replicas import D
from labs.explore.vol2.lab_06_fault_tolerance.storage import C
from labs.explore.vol2.lab_06_fault_tolerance.survival import A

__all__ = ["A", "B", "C", "D", "E"]
