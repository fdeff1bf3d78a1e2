"""Matrices that a nonce draws, and how a product of them is told so that it can be checked.

Server and kit make the same operands from the nonce, so that nothing has to be sent. Every number
is whole and small enough for each sum of products to be exact in the format it is added up in:
whatever the order of the sums, the product is the same to the bit. The result is told as the check
sums of up to `PARTS` groups of its rows; who has not worked a group out does not know its sum.

This is the definition, a number at a time; agent and server each draw whole matrices with numpy.
"""

PARTS = 64
# Which operand of a product a number belongs to.
LEFT, RIGHT = 0, 1
_WRAP = 1 << 64
_GOLDEN = 0x9E3779B97F4A7C15
_FIRST, _SECOND = 0xBF58476D1CE4E5B9, 0x94D049BB133111EB


def mixed(state: int) -> int:
    """Return 64 bits that look like chance (SplitMix64; Steele, Lea and Flood, OOPSLA 2014)."""
    state = (state ^ state >> 30) * _FIRST % _WRAP
    state = (state ^ state >> 27) * _SECOND % _WRAP
    return state ^ state >> 31


def start(nonce: int, operand: int) -> int:
    """Return the state from which an operand's numbers are drawn."""
    return mixed((2 * nonce + operand) * _GOLDEN % _WRAP)


def number(nonce: int, operand: int, index: int, *, is_int8: bool) -> int:
    """Return one number of an operand, row by row: ±127 in int8, else ±32 but not 0."""
    bits = mixed((start(nonce, operand) + index * _GOLDEN) % _WRAP)
    if is_int8:
        return max(-127, bits % 256 - 128)
    small = bits % 64 - 32
    return small + (small >= 0)


def parts(rows: int) -> list[slice]:
    """Return the groups of rows that are told apart: as many as rows, at most `PARTS`."""
    count = min(PARTS, rows)
    return [slice(rows * i // count, rows * (i + 1) // count) for i in range(count)]
