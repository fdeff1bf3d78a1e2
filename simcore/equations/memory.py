"""What training keeps in memory: weights, gradients, optimiser state, activations; and ZeRO."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcore.checks import require_at_least_one, require_not_negative, require_positive

Array = NDArray[np.float64]

ADAM_MIXED = 12.0
"""Master weight and two moments, 32 bits each, for each parameter. [byte]"""
SGD_MIXED = 4.0
"""Master weight alone. [byte]"""


class StateTerms(NamedTuple):
    """What one device keeps of the model's state, each of shape (n,). [byte]"""

    weights: Array
    gradients: Array
    optimizer: Array

    @property
    def total(self) -> Array:
        """All three together. [byte]"""
        return np.asarray(self.weights + self.gradients + self.optimizer)


def training_state(
    parameters: ArrayLike,
    *,
    weight_size: ArrayLike = 2.0,
    gradient_size: ArrayLike = 2.0,
    optimizer_size: ArrayLike = ADAM_MIXED,
    devices: ArrayLike = 1,
    zero_stage: ArrayLike = 0,
) -> StateTerms:
    """Return the model state that each of `devices` data-parallel devices keeps.

    ZeRO shards the optimiser state (stage 1), the gradients too (2), the weights too (3). Sixteen
    bytes a parameter without it: 2 + 2 + 12 for Adam in mixed precision.

    Parameters
    ----------
    parameters : array_like, shape (n,)
        Number of parameters, after any tensor or pipeline split. [1]
    weight_size, gradient_size : array_like, shape (n,)
        Of one weight and of its gradient. [byte]
    optimizer_size : array_like, shape (n,)
        Of the optimiser's state for one parameter. [byte]
    devices : array_like, shape (n,)
        Data-parallel devices that ZeRO shards over. [1]
    zero_stage : array_like, shape (n,)
        0 to 3; 0 keeps everything everywhere. [1]

    Returns
    -------
    StateTerms
        Weights, gradients and optimiser state of one device. [byte]

    Raises
    ------
    ValueError
        If a count is not positive, or the stage none of 0 to 3.

    References
    ----------
    S. Rajbhandari et al., "ZeRO", SC 2020, sec. 3 and 5. arXiv:1910.02054
    """
    require_positive(parameters=parameters, devices=devices)
    require_not_negative(
        weight_size=weight_size, gradient_size=gradient_size, optimizer_size=optimizer_size
    )
    stage = _stage(zero_stage)
    count, n = np.asarray(parameters, dtype=float), np.asarray(devices, dtype=float)

    def kept(size: ArrayLike, sharded_from: int) -> Array:
        whole = count * np.asarray(size, dtype=float)
        return np.asarray(np.where(stage >= sharded_from, whole / n, whole))

    return StateTerms(kept(weight_size, 3), kept(gradient_size, 2), kept(optimizer_size, 1))


def zero_traffic_ratio(zero_stage: ArrayLike) -> Array:
    """Return the traffic of a ZeRO stage over that of plain data parallelism.

    Stages 1 and 2 send as much as an all-reduce; stage 3 gathers the weights twice more, half as
    much again.

    Parameters
    ----------
    zero_stage : array_like, shape (n,)
        0 to 3. [1]

    Returns
    -------
    ndarray, shape (n,)
        Traffic over that of stage 0. [1]

    Raises
    ------
    ValueError
        If the stage is none of 0 to 3.

    References
    ----------
    S. Rajbhandari et al., "ZeRO", SC 2020, sec. 7. arXiv:1910.02054
    """
    return np.asarray(np.where(_stage(zero_stage) == 3, 1.5, 1.0))


def transformer_activations(
    sequence: ArrayLike,
    batch: ArrayLike,
    hidden: ArrayLike,
    layers: ArrayLike,
    *,
    heads: ArrayLike = 0,
    recompute: str,
    element_size: ArrayLike = 2.0,
) -> Array:
    """Return the activations that a transformer keeps for its backward pass.

    In 16 bits a layer keeps 34 s b h bytes and, unless attention is recomputed (or fused so that
    its scores never exist), 5 a s^2 b more; with full recomputation only its input, 2 s b h. Of
    these, 2 s b h and a s^2 b are dropout masks of one byte each; the rest grows with the element.

    Parameters
    ----------
    sequence, batch, hidden : array_like, shape (n,)
        Tokens of a sequence, sequences in a micro-batch, width of the model. [1]
    layers : array_like, shape (n,)
        Layers on this device. [1]
    heads : array_like, shape (n,)
        Attention heads a; needed only with recompute "none". [1]
    recompute : str
        "none", "selective" (attention alone) or "full".
    element_size : array_like, shape (n,)
        Of one activation. [byte]

    Returns
    -------
    ndarray, shape (n,)
        Activations of one micro-batch. [byte]

    Raises
    ------
    ValueError
        If a size is not positive, or `recompute` is none of the three.

    References
    ----------
    V. Korthikanti et al., "Reducing activation recomputation in large transformer models",
    MLSys 2023, eq. 1 and table 2. arXiv:2205.05198
    """
    require_positive(sequence=sequence, batch=batch, hidden=hidden, layers=layers)
    require_positive(element_size=element_size)
    require_not_negative(heads=heads)
    s, b, h, depth, a, e = (
        np.asarray(x, dtype=float) for x in (sequence, batch, hidden, layers, heads, element_size)
    )
    if recompute == "full":
        return np.asarray(e * s * b * h * depth)
    if recompute == "selective":
        return np.asarray((16 * e + 2) * s * b * h * depth)
    if recompute == "none":
        return np.asarray(((16 * e + 2) * s * b * h + (2 * e + 1) * a * s * s * b) * depth)
    raise ValueError(f"recompute is {recompute!r}; use none, selective or full")


def checkpointed_share(layers: ArrayLike) -> Array:
    """Return the share of its activations that a chain of alike layers keeps with checkpoints.

    The inputs of about sqrt(L) segments, and at any time the outputs inside one of them; the price
    is one more forward pass.

    Parameters
    ----------
    layers : array_like, shape (n,)
        Layers L. [1]

    Returns
    -------
    ndarray, shape (n,)
        Tensors kept over the L + 1 of a chain that recomputes nothing, at most 1. [1]

    Raises
    ------
    ValueError
        If there is no layer.

    References
    ----------
    T. Chen et al., "Training deep nets with sublinear memory cost", 2016. arXiv:1604.06174
    """
    require_at_least_one(layers=layers)
    depth = np.asarray(layers, dtype=float)
    segments = np.ceil(np.sqrt(depth))
    kept = np.minimum(depth + 1, segments + np.ceil(depth / segments))
    return np.asarray(kept / (depth + 1))


def _stage(zero_stage: ArrayLike) -> Array:
    stage = np.asarray(zero_stage, dtype=float)
    if not np.isin(stage, (0, 1, 2, 3)).all():
        raise ValueError(f"zero_stage must be 0, 1, 2 or 3, got {zero_stage!r}")
    return stage
