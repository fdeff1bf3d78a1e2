"""The constraint tax: one class per part, named after its TOML."""

from .late import A
from .rollout import D
from .tool import C
from .trying import B

__all__ = ["A", "B", "C", "D"]
