"""Products of matrices that a kit worked out, looked at where it could not know.

The kit tells check sums of groups of rows of the product (`firmware_specs.drawn`); some groups,
chosen here after it told, are computed anew. Written from the definition, apart from the agent.
"""

import secrets
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from firmware_specs import drawn
from firmware_specs.wire import Scalar

# Who leaves half of the groups out is caught seven times of eight; several runs leave no chance.
_LOOKS = 3
# Numbers to draw for a look: 50 MB while it lasts, a twentieth of a second.
NUMBERS_MOST = 1 << 21


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """What was asked for: (m×k)·(k×n) in `dtype`."""

    m: int
    n: int
    k: int
    dtype: str
    nonce: int

    @property
    def is_too_large(self) -> bool:
        return self.k * (self.n + -(-self.m // drawn.PARTS)) > NUMBERS_MOST


def asked_product(task: str, asked: Mapping[str, Scalar]) -> Product | None:
    """Return the product that a task asks for, or None for a task without one."""
    if task not in ("gemm", "gemv", "onnx_gemm"):
        return None
    m = int(asked["m" if task != "gemv" else "n"])
    n, k = (int(asked["n"]), int(asked["k"])) if task != "gemv" else (1, m)
    return Product(m=m, n=n, k=k, dtype=str(asked["dtype"]), nonce=int(asked["nonce"]))


def wrong_with(product: Product, told: str) -> str:
    """Return what contradicts the arithmetic, or an empty string.

    Raises
    ------
    ValueError
        If `told` are no check sums.
    """
    groups = drawn.parts(product.m)
    sums = [int(told[at : at + 8], 16) for at in range(0, len(told), 8)]
    if len(sums) != len(groups) or len(told) % 8:
        return f"it tells {len(sums)} check sums of {len(groups)}"
    right = _numbers(product, drawn.RIGHT, slice(0, product.k * product.n))
    right = right.reshape(product.k, product.n)
    for i in secrets.SystemRandom().sample(range(len(groups)), min(_looks(product), len(groups))):
        if sums[i] != _check_sum(product, groups[i], right):
            return "its product of the matrices that we drew is wrong"
    return ""


def _looks(product: Product) -> int:
    """Return at how many groups to look: fewer of a long vector's."""
    group = product.k * -(-product.m // drawn.PARTS)
    return max(1, min(_LOOKS, (NUMBERS_MOST - product.k * product.n) // group))


def _check_sum(product: Product, rows: slice, right: NDArray[np.float64]) -> int:
    """Return the check sum of some rows; the sums are whole, so 64 bits hold them exactly."""
    left = _numbers(product, drawn.LEFT, slice(rows.start * product.k, rows.stop * product.k))
    values = left.reshape(-1, product.k) @ right
    told_in = {"int8": "<i4", "float32": "<f4", "float64": "<f8"}[product.dtype]
    return zlib.crc32(values.astype(told_in).tobytes())


def _numbers(product: Product, operand: int, which: slice) -> NDArray[np.float64]:
    """Return some numbers of an operand, `firmware_specs.drawn.number` many at a time."""
    golden, first, second = (
        np.uint64(value) for value in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB)
    )
    state = np.arange(which.start, which.stop, dtype=np.uint64) * golden
    state += np.uint64(drawn.start(product.nonce, operand))
    state = (state ^ (state >> np.uint64(30))) * first
    state = (state ^ (state >> np.uint64(27))) * second
    state ^= state >> np.uint64(31)
    if product.dtype == "int8":
        return np.maximum((state & np.uint64(255)).astype(np.float64) - 128, -127)
    small = (state & np.uint64(63)).astype(np.float64) - 32
    return small + (small >= 0)
