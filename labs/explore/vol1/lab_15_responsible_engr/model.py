"""No free fairness: one class per part, named after its TOML."""

from .account import D
from .equalities import B
from .groups import A
from .reasons import C

__all__ = ["A", "B", "C", "D"]
