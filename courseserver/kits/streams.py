"""Long arrays that a kit copied, added up or multiplied, looked at in places it could not know.

One operation after the other on each number, rounded after each: the same bits everywhere.
"""

import zlib
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from courseserver.kits import drawing
from firmware_specs import drawn
from firmware_specs.wire import Scalar

Asked = Mapping[str, Scalar]
Array = NDArray[np.floating]
# What the task's chain multiplies by and adds, in turn.
_FACTOR = 1.0000001


def wrong_with(task: str, asked: Asked, told: str) -> str:
    """Return what contradicts the arithmetic, or an empty string.

    Raises
    ------
    ValueError
        If `told` are no check sums.
    """
    dtype = np.dtype(str(asked["dtype"]))
    count = int(asked["bytes"]) // dtype.itemsize
    groups = drawn.parts(count)
    sums = drawing.check_sums(told, len(groups))
    for i in drawing.groups_to_look_at(groups):

        def operand(which: int, group: slice = groups[i]) -> Array:
            nonce = int(asked["nonce"])
            return drawing.streamed(nonce, which, group, count=count, dtype=dtype.name)

        expected = _WORKED_OUT[task](operand, asked).astype(dtype.newbyteorder("<"))
        if sums[i] != zlib.crc32(expected.tobytes()):
            return "its array worked out of the numbers that we drew is wrong"
    return ""


def _triad(operand: Callable[[int], Array], asked: Asked) -> Array:
    c = operand(drawn.RIGHT)
    return c * c.dtype.type(3.0) + operand(drawn.LEFT)


def _chain(operand: Callable[[int], Array], asked: Asked) -> Array:
    x = operand(drawn.LEFT)
    factor = x.dtype.type(_FACTOR)
    for step in range(int(asked["k"])):
        x = x + factor if step % 2 else x * factor
    return x


_WORKED_OUT: Mapping[str, Callable[[Callable[[int], Array], Asked], Array]] = {
    "copy_bandwidth": lambda operand, asked: operand(drawn.LEFT),
    "triad": _triad,
    "fused_chain": _chain,
}
TASKS = frozenset(_WORKED_OUT)
