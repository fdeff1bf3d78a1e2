"""Physics of deployment: one class per part, named after its TOML."""

from .heat import C
from .light import B
from .sending import D
from .upgrade import A

__all__ = ["A", "B", "C", "D"]
