"""Products of matrices that a kit worked out, looked at where it could not know.

The kit tells check sums of groups of rows of the product (`firmware_specs.drawn`); some groups,
chosen here after it told, are computed anew. Written from the definition, apart from the agent.
"""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from courseserver.kits import drawing
from firmware_specs import drawn
from firmware_specs.wire import Scalar

_TASKS = ("gemm", "gemv", "onnx_gemm", "int8_gemm")


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """What was asked for: (m×k)·(k×n) in `dtype`."""

    m: int
    n: int
    k: int
    dtype: str
    nonce: int
    # An int8 layer of the edge runtimes: weights n×k, a bias, and bytes for outputs.
    is_layer: bool = False

    @property
    def is_too_large(self) -> bool:
        return self.k * (self.n + -(-self.m // drawn.PARTS)) > drawing.NUMBERS_MOST


def asked_product(task: str, asked: Mapping[str, Scalar]) -> Product | None:
    """Return the product that a task asks for, or None for a task without one."""
    if task not in _TASKS:
        return None
    m = int(asked["m" if task != "gemv" else "n"])
    n, k = (int(asked["n"]), int(asked["k"])) if task != "gemv" else (1, m)
    dtype, nonce = str(asked.get("dtype", "int8")), int(asked["nonce"])
    return Product(m=m, n=n, k=k, dtype=dtype, nonce=nonce, is_layer=task == "int8_gemm")


def wrong_with(product: Product, told: str) -> str:
    """Return what contradicts the arithmetic, or an empty string.

    Raises
    ------
    ValueError
        If `told` are no check sums.
    """
    groups = drawn.parts(product.m)
    sums = drawing.check_sums(told, len(groups))
    right = _right(product)
    for i in drawing.groups_to_look_at(groups, most=_looks(product)):
        if sums[i] != zlib.crc32(_rows(product, groups[i], right).tobytes()):
            return "its product of the matrices that we drew is wrong"
    return ""


def _looks(product: Product) -> int:
    """Return at how many groups to look: fewer of a long vector's."""
    group = product.k * -(-product.m // drawn.PARTS)
    return (drawing.NUMBERS_MOST - product.k * product.n) // group


def _right(product: Product) -> NDArray[np.float64]:
    count = product.k * product.n
    if product.is_layer:
        weights = 2 * drawing.numbers(product.nonce, drawn.RIGHT, slice(0, count))
        return weights.reshape(product.n, product.k).T
    is_int8 = product.dtype == "int8"
    drawn_ = drawing.numbers(product.nonce, drawn.RIGHT, slice(0, count), is_int8=is_int8)
    return drawn_.reshape(product.k, product.n)


def _rows(product: Product, rows: slice, right: NDArray[np.float64]) -> NDArray[np.generic]:
    """Return some rows of the product as the kit tells them.

    The sums are whole, so 64 bits hold them exactly.
    """
    which = slice(rows.start * product.k, rows.stop * product.k)
    if product.is_layer:
        left = 2 * drawing.numbers(product.nonce, drawn.LEFT, which).reshape(-1, product.k)
        sums = (left @ right + drawn.INT8_BIAS) / float(1 << drawn.int8_shift(product.k))
        return np.clip(np.rint(sums), -128, 127).astype(np.int8)
    left = drawing.numbers(product.nonce, drawn.LEFT, which, is_int8=product.dtype == "int8")
    told_in = {"int8": "<i4", "float32": "<f4", "float64": "<f8"}[product.dtype]
    values: NDArray[np.generic] = np.matmul(left.reshape(-1, product.k), right).astype(told_in)
    return values
