"""The architecture tax: one class per part, named after its TOML."""

from .busy import D
from .context import B
from .picture import A
from .shape import C

__all__ = ["A", "B", "C", "D"]
