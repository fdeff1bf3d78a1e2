"""The operands of a product as a nonce draws them, and how its result is told.

`firmware_specs.drawn` defines both; here they are for whole matrices.
"""

import zlib
from typing import TYPE_CHECKING, Any

from firmware_specs import drawn
from firmware_specs.wire import Scalar

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEFT, RIGHT = drawn.LEFT, drawn.RIGHT
# Numbers drawn at a time, so that what they are mixed from stays in a cache.
_AT_ONCE = 1 << 16
_GOLDEN, _FIRST, _SECOND = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB


def matrix(nonce: int, operand: int, shape: tuple[int, ...], dtype: str) -> "NDArray[Any]":
    """Return an operand, row by row; `dtype` int8, float32 or float64."""
    import numpy as np

    count = int(np.prod(shape))
    values = np.empty(count, dtype=dtype)
    first = np.uint64(drawn.start(nonce, operand))
    for at in range(0, count, _AT_ONCE):
        end = min(count, at + _AT_ONCE)
        bits = first + np.arange(at, end, dtype=np.uint64) * np.uint64(_GOLDEN)
        bits = (bits ^ bits >> np.uint64(30)) * np.uint64(_FIRST)
        bits = (bits ^ bits >> np.uint64(27)) * np.uint64(_SECOND)
        bits ^= bits >> np.uint64(31)
        values[at:end] = _small(bits, is_int8=dtype == "int8")
    return values.reshape(shape)


def told(product: "NDArray[Any]") -> dict[str, Scalar]:
    """Return a product's check sums, eight hexadecimal digits for each group of rows."""
    little = product.astype(product.dtype.newbyteorder("<"), copy=False)
    sums = [zlib.crc32(little[rows].tobytes()) for rows in drawn.parts(len(product))]
    return {"product": "".join(f"{value:08x}" for value in sums)}


def _small(bits: "NDArray[Any]", *, is_int8: bool) -> "NDArray[Any]":
    import numpy as np

    if is_int8:
        return np.maximum((bits % np.uint64(256)).astype(np.int16) - 128, -127)
    small = (bits % np.uint64(64)).astype(np.int16) - 32
    return small + (small >= 0)
