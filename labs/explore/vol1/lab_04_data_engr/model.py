"""The data gravity trap: one class per part, named after its TOML."""

from .alarms import D
from .moving import B
from .spoiled import C
from .starving import A

__all__ = ["A", "B", "C", "D"]
