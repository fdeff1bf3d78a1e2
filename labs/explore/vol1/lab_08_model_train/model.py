"""The training gauntlet: one class per part, named after its TOML."""

from .cards import D
from .halving import C
from .queues import B
from .state import A

__all__ = ["A", "B", "C", "D"]
