"""The data selection paradox: one class per part, named after its TOML."""

from .bill import B
from .budget import D
from .feeding import C
from .worth import A

__all__ = ["A", "B", "C", "D"]
