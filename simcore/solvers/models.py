"""What the inputs of a model mean for its arithmetic, its traffic and its cache."""

import numpy as np

from simcore.equations.experts import touched_parameters
from simcore.solvers.question import Array, Input, Values

ACTIVE = Input("active_parameters", "1", "that work on one token; 0 for all of them", default=0.0)
SPARSE = (
    ACTIVE,
    Input("experts", "1", "of a layer; 1 for a dense model", default=1.0, low=1.0, is_whole=True),
    Input("experts_per_token", "1", "experts that a token visits", default=1.0, low=1.0,
          is_whole=True),
)  # fmt: skip
CACHED = (
    Input("kv_heads", "1", "key-value heads", default=0.0, is_whole=True),
    Input("head_width", "1", "width of a head", default=0.0, is_whole=True),
    Input("kv_width", "1", "numbers a token keeps in a layer, where keys are compressed; else 0",
          default=0.0),
)  # fmt: skip


def active(x: Values) -> Array:
    """Return the parameters that work on one token."""
    given = np.minimum(x["active_parameters"], x["parameters"])
    return np.asarray(np.where(given > 0, given, x["parameters"]))


def touched(x: Values, tokens: Array) -> Array:
    """Return the parameters that a step of some tokens reads."""
    return touched_parameters(
        x["parameters"],
        active(x),
        experts=x["experts"],
        experts_per_token=x["experts_per_token"],
        tokens=tokens,
    )


def token_cache(x: Values) -> Array:
    """Return the keys and values of one token in all layers. [byte]

    Raises
    ------
    ValueError
        If neither heads nor a compressed width are given.
    """
    width = np.where(x["kv_width"] > 0, x["kv_width"], 2.0 * x["kv_heads"] * x["head_width"])
    if np.any(width <= 0):
        raise ValueError(
            f"kv_heads and head_width must be 1 or more, or kv_width above 0, got "
            f"{float(np.min(x['kv_heads'])):g}, {float(np.min(x['head_width'])):g} and 0"
        )
    return np.asarray(x["layers"] * width * x["cache_element"])
