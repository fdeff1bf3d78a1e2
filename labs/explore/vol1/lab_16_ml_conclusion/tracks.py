"""What the parts share: language models, the formats of their weights, and past errors in words."""

from collections.abc import Mapping
from types import MappingProxyType

from simcore.catalog import Model
from simcore.equations.kv_cache import kv_bytes_per_token
from simcore.equations.precision import quantized_size

BYTES: Mapping[str, float] = MappingProxyType({
    "fp16": 2.0,
    "fp8": 1.0,
    "int8": float(quantized_size(8, group=1024)),
    "int4": float(quantized_size(4, group=128, zero_point_bits=4)),
})  # fmt: skip
"""Of one weight: 8 bits with an fp16 scale for a thousand, 4 bits in groups of 128. [byte]"""

KV_BYTES = 2.0
"""Of one number of the cache. [byte]"""
DEFAULT_ERROR = 0.35
"""Taken where no record is there: a factor of 2.2, as a power of ten. [1]"""


def cache_per_token(model: Model, value: float = KV_BYTES) -> float:
    """Return what a token adds to the keys and values. [byte]"""
    layers, heads, width = (model.item.value(x) for x in ("layers", "kv_heads", "head_width"))
    return float(kv_bytes_per_token(layers, heads, width, value))


def factor(error: float) -> float:
    """Return an error's factor, either way. [1]"""
    return float(10 ** abs(error))


def is_own(error: float) -> bool:
    """Whether an error comes from the student's record, and is not the default."""
    return error != DEFAULT_ERROR


def remembered(error: float) -> str:
    """Return a past error in words."""
    if not is_own(error):
        return "nothing on record"
    amount = factor(error)
    if amount < 1.05:
        return "right"
    return f"{amount:.3g} times too {'high' if error > 0 else 'low'}"
