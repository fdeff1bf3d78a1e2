"""Silent degradation: one class per part, named after its TOML."""

from .cadence import B
from .fleet import C
from .freeze import D
from .green import A

__all__ = ["A", "B", "C", "D"]
