"""The operands of the micro-kernels and the results that a board must get from them.

Both sides make the operands from the same generator, so that a result is checked to the bit and
nothing has to be sent. A seed is the generator's first state; any is good, for its period is all of
2^32. Floats are rounded to 32 bits after each product and each sum.
"""

import struct
import zlib
from collections.abc import Iterator
from itertools import islice

SYNTHETIC_AXES = 3
# Of a window of readings so much is told on the wire: what one of its texts holds in base 64.
TOLD_READINGS_BYTES = 3072
MULTIPLIER, INCREMENT, _WRAP = 1_664_525, 1_013_904_223, 1 << 32
# Where no seed is told, and for firmware that knows none.
STATE_WITHOUT_SEED = 1


def whole(seed: int = STATE_WITHOUT_SEED) -> Iterator[int]:
    """Yield -128 to 127 without end (Numerical Recipes' generator, its upper byte)."""
    state = seed
    while True:
        state = (state * MULTIPLIER + INCREMENT) % _WRAP
        upper = state >> 24
        yield upper - 256 if upper > 127 else upper


def expected(kernel: str, size: int, seed: int = STATE_WITHOUT_SEED) -> int:
    """Return the 32 bits that a micro-kernel must report for a size and a seed."""
    if kernel == "copy":
        return zlib.crc32(bytes(value & 255 for value in islice(whole(seed), size)))
    values = list(islice(whole(seed), 2 * size))
    pairs = zip(values[:size], values[size:], strict=True)
    if kernel == "mac8":
        return sum(a * b for a, b in pairs) % _WRAP
    if kernel == "dotf":
        total = 0.0
        for a, b in pairs:
            total = _rounded(total + _rounded(a / 64 * (b / 64)))
        return int.from_bytes(struct.pack("<f", total), "little")
    raise ValueError(f"no kernel {kernel!r}")


def sealed(seed: int, size: int, result: int) -> int:
    """Return the check that ties a result to its seed and size: another's fits neither."""
    return zlib.crc32(struct.pack("<3I", seed, size, result))


def synthetic_readings(count: int) -> list[int]:
    """Return what the sensor that is none gives: three axes a reading, triangles with noise."""
    noise, values = whole(), []
    for i in range(count):
        for axis in range(1, SYNTHETIC_AXES + 1):
            phase = i * axis % 256
            wave = phase if phase < 128 else 255 - phase
            values.append((wave - 64) * 128 + next(noise))
    return values


def _rounded(value: float) -> float:
    """Return the nearest 32-bit float; from a sum or product in 64 bits that rounds but once."""
    nearest: float = struct.unpack("<f", struct.pack("<f", value))[0]
    return nearest
