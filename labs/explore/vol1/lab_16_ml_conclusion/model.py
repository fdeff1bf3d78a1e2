"""The architect's audit: one class per part, named after its TOML."""

from .clocks import A
from .month import D
from .record import C
from .unwatched import B
from .wall import E

__all__ = ["A", "B", "C", "D", "E"]
