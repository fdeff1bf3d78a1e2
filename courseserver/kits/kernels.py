"""What a board's micro-kernel makes of the operands that a seed draws, worked out in arrays.

Written from `firmware_specs.serial.operands`, apart from the agent's own reference.
"""

import zlib
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from firmware_specs.serial import operands
from firmware_specs.wire import Scalar

Given = Mapping[str, Scalar]


def wrong_with(kernel: str, asked: Given, facts: Given) -> str:
    """Return what contradicts the arithmetic, or an empty string.

    Raises
    ------
    KeyError, ValueError
        If result or check are not told, or are no hex.
    """
    size, seed = int(asked["size"]), int(asked["nonce"])
    told, check = (int(str(facts[name]), 16) for name in ("kernel_result", "kernel_check"))
    if told != result(kernel, size, seed):
        return "its result is not that of the operands that we drew"
    if check != operands.sealed(seed, size, told):
        return "its result is not sealed with the nonce that we drew"
    return ""


def result(kernel: str, size: int, seed: int) -> int:
    """Return the 32 bits of a kernel's result."""
    if kernel == "copy":
        return zlib.crc32(drawn(seed, size).tobytes())
    a, b = np.split(drawn(seed, 2 * size), 2)
    if kernel == "mac8":
        return int(a.astype(np.int64) @ b.astype(np.int64)) % (1 << 32)
    # A product of two bytes is exact; the sums are rounded one after the other, as boards add.
    products = a.astype(np.float32) / 64 * (b.astype(np.float32) / 64)
    sums = np.add.accumulate(np.append(np.float32(0), products), dtype=np.float32)
    return int(sums[-1:].view(np.uint32)[0])


def drawn(seed: int, count: int) -> NDArray[np.int8]:
    """Return the first numbers of a seed's generator, its steps taken all at once."""
    powers = np.cumprod(np.full(count, operands.MULTIPLIER, np.uint32), dtype=np.uint32)
    steps = np.cumsum(np.append(np.uint32(1), powers[:-1]), dtype=np.uint32)
    states = powers * np.uint32(seed) + steps * np.uint32(operands.INCREMENT)
    return (states >> 24).astype(np.uint8).view(np.int8)
