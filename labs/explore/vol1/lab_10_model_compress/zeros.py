"""Part B: nine weights in ten are zero; what a machine notices of it depends on the format."""

from collections.abc import Mapping, Sequence
from itertools import product

import numpy as np

from labs.arranging import Array, column, floats, rows
from labs.contract import (
    RIGHT,
    Choice,
    Curves,
    Knob,
    Knobs,
    Option,
    Outputs,
    Params,
    Part,
    Question,
    Scalar,
)
from simcore.equations.precision import (
    bitmask_size_ratio,
    pruning_speedup,
    sparse_size_ratio,
)

from .measured import AS_TRAINED, PRUNED, pruned

SPARSITIES = (0.7, 0.75, 0.8, 0.9, 0.95)
WAYS = ("dense", "index", "units")
"""How the pruned weights are kept: with their zeros, with an index each, or as smaller layers."""
ELEMENT, INDEX = 2.0, 2.0
STEPS = (0.0, 0.5, 0.7, 0.8, 0.9, 0.95)
FORMATS = ("dense", "index", "bitmask", "2:4", "units")
COLLAPSE = 0.05
_TWO_OF_FOUR = 0.5
_PATTERN_BITS = 0.25
"""Two bits for each number that 2:4 keeps. [byte]"""
_WAY_TEXTS: Mapping[str, str] = {
    "dense": "They are stored as before, zeros included, and multiplied by the same dense kernel",
    "index": "What is left is stored with a 16-bit index for each number, and a sparse kernel "
    "reads just that",
    "units": "It was whole units that went, so each layer is a smaller dense matrix now",
}
_WHY: Mapping[str, str] = {
    "dense": "a dense format keeps every zero, so the same bytes move and the same products are "
    "made",
    "index": "each number that is left brings its index along, so half of the saving goes into "
    "finding it",
    "units": "a layer without some of its units is a smaller dense layer, with nothing to skip "
    "and nothing to find",
}


class B(Part):
    def combinations(self, track: str) -> Sequence[Params]:
        return [
            {
                "track": track,
                "sparsity": sparsity,
                "way": way,
                "way_text": _WAY_TEXTS[way],
                "zeros_text": f"{100 * sparsity:.0f}%",
            }
            for sparsity, way in product(SPARSITIES, WAYS)
        ]

    def questions(self, p: Params) -> tuple[Question, ...]:
        speedups, right = _speedups(float(p["sparsity"])), str(p["way"])
        named = {
            "dense": "zeros_still_read",
            "index": "index_for_each",
            "units": "work_follows_zeros",
            "slower": "zeros_cost_extra",
        }
        options = (
            Option(id=RIGHT if way == right else named[way], value=100 / speedup)
            for way, speedup in speedups.items()
        )
        return (Choice(id="time", options=tuple(options)),)

    def facts(self, p: Params) -> dict[str, Scalar]:
        sparsity = float(p["sparsity"])
        speedups = _speedups(sparsity)
        return {
            "speedup": speedups[str(p["way"])],
            "dense_speedup": speedups["dense"],
            "index_speedup": speedups["index"],
            "units_speedup": speedups["units"],
            "mask_speedup": float(1 / bitmask_size_ratio(sparsity, element_size=ELEMENT)),
            "why_text": _WHY[str(p["way"])],
            "index_pays": INDEX / (ELEMENT + INDEX),
            "bytes_before": ELEMENT,
            "bytes_after": ELEMENT / speedups[str(p["way"])],
            "half_again": pruned("scattered", 0.5, True)[0],
            "most_only": pruned("scattered", 0.9, False)[0],
            "most_again": pruned("scattered", 0.9, True)[0],
            "as_trained": AS_TRAINED[0],
            "way_kept": str(p["way"]),
        }

    def knobs(self, p: Params) -> tuple[Knob, ...]:
        return (
            Knob(id="share", steps=STEPS, default=1),
            Knob(id="kept_as", steps=FORMATS),
            Knob(id="again", steps=(False, True), default=1),
            Knob(id="sparse_rate", steps=(0.1, 0.2, 0.3, 0.5, 0.8), default=2),
        )

    def evaluate(self, p: Params, k: Knobs) -> Outputs:
        share = _share(k)
        size = _size_ratio(k["kept_as"], share)
        reached = _accuracies(k, share)
        lost = AS_TRAINED[0] - reached[:, 0]
        return {
            "memory_speedup": 1 / size,
            "compute_speedup": _compute_speedup(k, share),
            "size_ratio": size,
            "accuracy": reached[:, 0],
            "lost": 100 * lost,
            "uncertainty": 100 * reached[:, 1],
            "share_now": share,
            "trained": np.full(share.shape, AS_TRAINED[0]),
            "collapse": lost > COLLAPSE,
        }

    def curves(self, p: Params, k: Knobs) -> Curves:
        axis, many = floats(STEPS), len(k["share"])
        by_rate = column(k["sparse_rate"])
        scattered = by_rate / (1 - axis)
        return {
            "shares": rows(axis, many),
            "again_line": rows(_line("scattered", True), many),
            "only_line": rows(_line("scattered", False), many),
            "units_line": rows(_line("units", True), many),
            "index_time": rows(1 / _size_ratio(np.full(axis.shape, "index"), axis), many),
            "mask_time": rows(1 / _size_ratio(np.full(axis.shape, "bitmask"), axis), many),
            "units_time": rows(1 / (1 - axis), many),
            "sparse_time": np.broadcast_to(scattered, (many, axis.size)),
        }


def _speedups(sparsity: float) -> dict[str, float]:
    """Return before over after by way, where moving bytes binds; and what some expect instead."""
    index = float(sparse_size_ratio(sparsity, element_size=ELEMENT, index_size=INDEX))
    return {
        "dense": float(pruning_speedup(sparsity, structure="unstructured")),
        "index": 1 / index,
        "units": float(pruning_speedup(sparsity, structure="structured")),
        "slower": ELEMENT / (ELEMENT + INDEX),
    }


def _share(k: Knobs) -> Array:
    return np.where(k["kept_as"] == "2:4", _TWO_OF_FOUR, floats(k["share"]))


def _size_ratio(kept_as: np.ndarray, share: Array) -> Array:
    index = sparse_size_ratio(share, element_size=ELEMENT, index_size=INDEX)
    mask = bitmask_size_ratio(share, element_size=ELEMENT)
    pattern = sparse_size_ratio(_TWO_OF_FOUR, element_size=ELEMENT, index_size=_PATTERN_BITS)
    chosen = [kept_as == name for name in ("dense", "index", "bitmask", "2:4")]
    values = [np.ones_like(share), index, mask, np.full_like(share, pattern)]
    return np.asarray(np.select(chosen, values, 1 - share))


def _compute_speedup(k: Knobs, share: Array) -> Array:
    """Return how much faster products are made where they bind."""
    kept_as, rate = k["kept_as"], floats(k["sparse_rate"])
    pattern = np.full_like(share, float(pruning_speedup(_TWO_OF_FOUR, structure="2:4")))
    chosen = [(kept_as == "dense") | (kept_as == "bitmask"), kept_as == "index", kept_as == "2:4"]
    return np.asarray(np.select(chosen, [1.0, rate / (1 - share), pattern], 1 / (1 - share)))


def _accuracies(k: Knobs, share: Array) -> Array:
    """Return accuracy and its standard error of each setting, shape (m, 2)."""
    what = np.where(np.isin(k["kept_as"], ("2:4", "units")), k["kept_as"], "scattered")
    triples = zip(what.tolist(), share.tolist(), k["again"].tolist(), strict=True)
    return floats([pruned(str(w), float(s), bool(a)) for w, s, a in triples])


def _line(what: str, again: bool) -> Array:
    return floats([PRUNED.get((what, share, again), AS_TRAINED)[0] for share in STEPS])
