"""The hardware roofline: one class per part, named after its TOML."""

from labs.explore.vol1.lab_11_hw_accel.balance import C
from labs.explore.vol1.lab_11_hw_accel.energy import D
from labs.explore.vol1.lab_11_hw_accel.fusion import B
from labs.explore.vol1.lab_11_hw_accel.roofline import A
from labs.explore.vol1.lab_11_hw_accel.tiles import E

__all__ = ["A", "B", "C", "D", "E"]
