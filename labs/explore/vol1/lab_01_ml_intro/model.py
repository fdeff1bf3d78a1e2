"""The AI triad: one class per part, named after its TOML."""

from .fit import C
from .iron import B
from .patients import A
from .spectrum import D

__all__ = ["A", "B", "C", "D"]
