"""The operands of a product as a nonce draws them, and how its result is told.

`firmware_specs.drawn` defines both; here they are for whole matrices.
"""

import base64
import zlib
from typing import TYPE_CHECKING, Any

from firmware_specs import drawn
from firmware_specs.wire import Scalar

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEFT, RIGHT = drawn.LEFT, drawn.RIGHT
# Numbers drawn at a time, so that what they are mixed from stays in a cache.
_AT_ONCE = 1 << 16


def matrix(nonce: int, operand: int, shape: tuple[int, ...], dtype: str) -> "NDArray[Any]":
    """Return an operand, row by row; `dtype` int8, float32 or float64."""
    import numpy as np

    count = int(np.prod(shape))
    values = np.empty(count, dtype=dtype)
    table = np.array(drawn.numbers(is_int8=dtype == "int8"), dtype=dtype)
    for at in range(0, count, _AT_ONCE):
        end = min(count, at + _AT_ONCE)
        index = np.arange(at, end, dtype=np.uint64)
        values[at:end] = table[drawn.places(nonce, operand, index, len(table))]
    return values.reshape(shape)


def small_bytes(nonce: int, operand: int, shape: tuple[int, ...]) -> "NDArray[Any]":
    """Return an operand of an int8 layer whose sums every way of rounding treats alike."""
    import numpy as np

    return (2 * matrix(nonce, operand, shape, "float32")).astype(np.int8)


def stream(nonce: int, operand: int, count: int, dtype: str) -> "NDArray[Any]":
    """Return a long operand: `drawn.REPEATED` numbers, over and over."""
    import numpy as np

    return np.resize(matrix(nonce, operand, (min(count, drawn.REPEATED),), dtype), count)


def told(product: "NDArray[Any]") -> dict[str, Scalar]:
    """Return a product's check sums, eight hexadecimal digits for each group of rows."""
    little = product.astype(product.dtype.newbyteorder("<"), copy=False)
    sums = [zlib.crc32(little[rows].tobytes()) for rows in drawn.parts(len(product))]
    return {"product": "".join(f"{value:08x}" for value in sums)}


def told_sums(product: "NDArray[Any]") -> dict[str, Scalar]:
    """Return the sum of each group of rows, which no order of adding up leaves the same bits."""
    import numpy as np

    groups = drawn.parts(len(product))
    sums = np.array([product[rows].sum(dtype=np.float64) for rows in groups], dtype="<f8")
    return {"sums": base64.b64encode(sums.tobytes()).decode()}
