"""The operands that a nonce draws, as arrays, and which groups of a result to look at."""

import secrets
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from firmware_specs import drawn

# Who leaves half of the groups out is caught seven times of eight; several runs leave no chance.
_LOOKS = 3
# Numbers to draw for a look: 50 MB while it lasts, a twentieth of a second.
NUMBERS_MOST = 1 << 21


def numbers(
    nonce: int, operand: int, which: slice, *, is_int8: bool = False
) -> NDArray[np.float64]:
    """Return some numbers of an operand, `firmware_specs.drawn.number` many at a time."""
    table = np.array(drawn.numbers(is_int8=is_int8), dtype=np.float64)
    index = np.arange(which.start, which.stop, dtype=np.uint64)
    values: NDArray[np.float64] = table[drawn.places(nonce, operand, index, len(table))]
    return values


def streamed(
    nonce: int, operand: int, which: slice, *, count: int, dtype: str
) -> NDArray[np.floating]:
    """Return some numbers of a long operand of `count`, which repeats itself."""
    block = numbers(nonce, operand, slice(0, min(count, drawn.REPEATED)))
    values: NDArray[np.floating] = block[np.arange(which.start, which.stop) % len(block)]
    return values.astype(dtype)


def groups_to_look_at(groups: Sequence[slice], *, most: int = _LOOKS) -> list[int]:
    """Return which groups to look at, drawn after the kit told its result."""
    count = min(max(1, min(_LOOKS, most)), len(groups))
    return secrets.SystemRandom().sample(range(len(groups)), count)


def check_sums(told: str, count: int) -> list[int]:
    """Return the check sums of `count` groups.

    Raises
    ------
    ValueError
        If `told` are none, or of another number.
    """
    sums = [int(told[at : at + 8], 16) for at in range(0, len(told), 8)]
    if len(sums) != count or len(told) % 8:
        raise ValueError(f"{len(sums)} check sums of {count}")
    return sums
