"""V1-13, how a server meets its promise: load, batches, memory, cold start and the plan."""

from .part_a import A
from .part_b import B
from .part_c import C
from .part_d import D

__all__ = ["A", "B", "C", "D"]
