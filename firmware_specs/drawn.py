"""Operands and inputs that a nonce draws, and how what was worked out of them is told.

Server and kit make the same operands from the nonce, so that nothing has to be sent. Every number
is whole and small enough for each sum of products to be exact in the format it is added up in:
whatever the order of the sums, the product is the same to the bit. The result is told as the check
sums of up to `PARTS` groups of its rows; who has not worked a group out does not know its sum.

The arithmetic is written once for whole numbers and for arrays of them (64 bits, unsigned, of
whichever library the caller has): nothing here imports one.
"""

from math import log2
from typing import Any

PARTS = 64
# Which operand of a product a number belongs to.
LEFT, RIGHT = 0, 1
# Numbers of an operand of a task that streams memory, over and over; prime, so that blocks that
# are worked on apart never hold the same. Drawing all of a gigabyte would take longer than the run.
REPEATED = 65_521
# Inputs that a whole network is shown: three, one of them twice.
PROBES = 4
_ALL = (1 << 64) - 1
_GOLDEN = 0x9E3779B97F4A7C15
_FIRST, _SECOND = 0xBF58476D1CE4E5B9, 0x94D049BB133111EB
# The numbers that bits choose from: whole, symmetrical; but for int8 none is 0.
BYTES = (-127, *range(-127, 128))
SMALL = (*range(-32, 0), *range(1, 33))
# Root of the mean square of SMALL.
_SMALL_RMS = 18.9
# Scale of an int8 layer's output before it is rounded: of 1 424 √k, its spread, about 40 remain.
_INT8_SPREAD = 35.0


def mixed(state: Any) -> Any:
    """Return 64 bits that look like chance (SplitMix64; Steele, Lea and Flood, OOPSLA 2014)."""
    state = (state ^ state >> 30) * _FIRST & _ALL
    state = (state ^ state >> 27) * _SECOND & _ALL
    return state ^ state >> 31


def start(nonce: int, operand: int) -> int:
    """Return the state from which an operand's numbers are drawn."""
    return int(mixed((2 * nonce + operand) * _GOLDEN & _ALL))


def places(nonce: int, operand: int, index: Any, choices: int) -> Any:
    """Return which of `choices` numbers (a power of two) each index draws."""
    return mixed(start(nonce, operand) + index * _GOLDEN & _ALL) & choices - 1


def numbers(*, is_int8: bool) -> tuple[int, ...]:
    """Return what an operand's numbers are drawn from."""
    return BYTES if is_int8 else SMALL


def number(nonce: int, operand: int, index: int, *, is_int8: bool) -> int:
    """Return one number of an operand, row by row: ±127 in int8, else ±32 but not 0."""
    table = numbers(is_int8=is_int8)
    place: int = places(nonce, operand, index, len(table))
    return table[place]


def parts(rows: int) -> list[slice]:
    """Return the groups of rows that are told apart: as many as rows, at most `PARTS`."""
    count = min(PARTS, rows)
    return [slice(rows * i // count, rows * (i + 1) // count) for i in range(count)]


# --- networks -----------------------------------------------------------------------------------
def layer_scale(width: int) -> float:
    """Return what a layer's drawn weights are multiplied by, so that signals keep their size.

    A power of two, hence exact: the nearest to He's initialisation (ICCV 2015).
    """
    return float(2.0 ** -round(log2(_SMALL_RMS * (width / 2) ** 0.5)))


def int8_shift(k: int) -> int:
    """Return by how many bits the sums of k products of an int8 layer are rounded away.

    Inputs and weights are twice a small number and the bias is 2, so that no sum is nearer than 2
    to where roundings differ: every way of rounding gives the same byte.
    """
    return round(log2(_INT8_SPREAD * k**0.5))


INT8_BIAS = 2


def probes(seed: int) -> tuple[int, ...]:
    """Return the seeds of the inputs a network is shown, in order; the first is the timed one.

    Two places, which the seed chooses, hold the same input: its answer must not change.
    """
    state = start(seed, LEFT)
    early, late = _PAIRS[state % len(_PAIRS)]
    different = [int(mixed(state + i & _ALL)) >> 33 for i in range(1, PROBES)]
    different.insert(late, different[early])
    return tuple(different)


def repeated(seed: int) -> tuple[int, int]:
    """Return the two places of `probes` that hold the same input."""
    return _PAIRS[start(seed, LEFT) % len(_PAIRS)]


_PAIRS = tuple((early, late) for late in range(1, PROBES) for early in range(late))
