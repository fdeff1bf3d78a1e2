"""The benchmarking trap: one class per part, named after its TOML."""

from .part_a import A
from .part_b import B
from .part_c import C
from .part_d import D

__all__ = ["A", "B", "C", "D"]
