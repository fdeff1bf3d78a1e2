"""The framework tax: one class per part, named after its TOML."""

from .arriving import D
from .calls import A
from .passes import B
from .repaid import C

__all__ = ["A", "B", "C", "D"]
