"""Part C: what half of the bits saves of the memory of training."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from labs.arranging import Array, count_text, floats, octaves, rows, same, titled
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
    lookup,
)
from labs.text import quantity
from simcore.equations.memory import StateTerms, training_state

from .machines import (
    NAMES,
    USABLE,
    capacity,
    is_language,
    kept_activations,
    known,
    memory_text,
    network,
)
from .state import ELEMENTS, MASTERS

LEAST, MOST = 0.08, 0.33
"""Shares asked about: clear of nothing, and of a half. [1]"""
HALF, QUARTER_LEFT = 0.5, 0.75
MOMENTS: Mapping[str, float] = {"wide": 8.0, "narrow": 2.0}
"""Adam's two moments of one parameter, in 32 and in 8 bits. [byte]"""
MACHINES: Mapping[str, Sequence[str]] = {
    "cloud": ("a100-sxm-40gb", "h100-sxm", "h200-sxm", "b200"),
    "edge": ("jetson-orin-nano-8gb", "jetson-orin-nx-16gb", "jetson-agx-orin-64gb"),
    "mobile": ("phone-npu",),
    "tiny": ("nucleo-u575zi", "nucleo-h7a3zi", "esp32-s3-psram"),
}
BATCHES: Mapping[str, tuple[int, ...]] = {
    "cloud": octaves(1, 64), "edge": octaves(1, 64), "mobile": octaves(1, 64),
    "tiny": octaves(1, 64),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One training: the network, tokens of a sequence (1 where there is none), examples."""

    model: str
    sequence: int
    batch: int


class C(Part):
    def combinations(self, track: str) -> Sequence[Params]:
        found = [_params(track, work) for work in _works(track)]
        return [p for p in found if LEAST <= _share(p) <= MOST and p["machine"]]

    def questions(self, p: Params) -> tuple[Question, ...]:
        options = (
            Option(id=RIGHT, value=_share(p)),
            Option(id="all_halved", value=HALF),
            Option(id="halved_twice", value=QUARTER_LEFT),
            Option(id="nothing_saved", value=0.0),
        )
        return (Choice(id="share", options=options),)

    def facts(self, p: Params) -> dict[str, Scalar]:
        wide, narrow = _asked(p, "fp32"), _asked(p, "mixed")
        before, after = _total(wide), _total(narrow)
        recomputed = float(
            _kept(p, floats(float(p["batch"])), floats(ELEMENTS["mixed"]), np.asarray(True))
        )
        room = USABLE * capacity(str(p["machine"]))
        return {
            "share": _share(p),
            "before": before,
            "after": after,
            "state": float(narrow[0].total),
            "activations_before": float(wide[1]),
            "activations_after": float(narrow[1]),
            "state_share": float(narrow[0].total) / after,
            "recomputed": recomputed,
            "room": room,
            "most_saved": _limit(p),
            "fits_text": "fits" if after <= room else "still does not fit",
        }

    def knobs(self, p: Params) -> tuple[Knob, ...]:
        steps = BATCHES[str(p["track"])]
        return (
            Knob(id="format", steps=tuple(ELEMENTS), default=1),
            Knob(id="batch", steps=steps),
            Knob(id="recompute", steps=(False, True)),
            Knob(id="moments", steps=tuple(MOMENTS)),
        )

    def evaluate(self, p: Params, k: Knobs) -> Outputs:
        state, kept = _memory(p, k, floats(k["batch"]))
        total = state.total + kept
        wide = {**k, "format": np.full(len(total), "fp32")}
        before_state, before_kept = _memory(p, wide, floats(k["batch"]))
        room = same(USABLE * capacity(str(p["machine"])), total)
        return {
            "total": total,
            "weights": state.weights,
            "gradients": state.gradients,
            "moments_size": state.optimizer,
            "activations": kept,
            "saved": 1 - total / (before_state.total + before_kept),
            "state_share": state.total / total,
            "extra": np.where(k["recompute"], 1 / 3, 0.0),
            "room": room,
            "batch_now": floats(k["batch"]),
            "out_of_memory": total > room,
        }

    def curves(self, p: Params, k: Knobs) -> Curves:
        axis = floats(BATCHES[str(p["track"])])
        count = len(k["batch"])
        lines = {}
        for name in ELEMENTS:
            many = {
                "format": np.full((count, 1), name),
                "moments": np.asarray(k["moments"])[:, np.newaxis],
                "recompute": np.asarray(k["recompute"])[:, np.newaxis],
            }
            state, kept = _memory(p, many, axis[np.newaxis, :])
            lines[f"{name}_line"] = state.total + kept
        return {"batches": rows(axis, count), **lines}


def _works(track: str) -> Iterator[Work]:
    nets: Mapping[str, Sequence[str]] = {
        "cloud": ("gpt-2-xl", "llama-3-2-1b", "gpt-j-6b", "llama-2-7b"),
        "edge": ("gpt-2-small", "bert-large", "llama-3-2-1b", "gpt-2-xl"),
        "mobile": ("bert-base", "gpt-2-small", "smollm-135m"),
        "tiny": ("dscnn-kws", "resnet8-ic", "mobilenet-v1-025-vww"),
    }
    if track == "tiny":
        for name, batch in product(nets[track], (1, 2, 4)):
            yield Work(model=name, sequence=1, batch=batch)
        return
    lengths = (128, 256, 512) if track == "mobile" else (512, 1024, 2048)
    for name, sequence, batch in product(nets[track], lengths, (1, 2, 4)):
        yield Work(model=name, sequence=sequence, batch=batch)


def _params(track: str, work: Work) -> Params:
    p: dict[str, Scalar] = {
        "track": track,
        "model": work.model,
        "model_name": NAMES[work.model],
        "model_title": titled(NAMES[work.model]),
        "parameters": network(work.model, "parameters"),
        "parameters_text": count_text(network(work.model, "parameters")),
        "sequence": work.sequence,
        "batch": work.batch,
        "kept_text": _kept_text(work),
        "shape_text": _shape_text(work),
    }
    machine = _machine(track, p)
    return {
        **p,
        "machine": machine,
        "machine_name": NAMES.get(machine, ""),
        "memory_text": memory_text(machine) if machine else "",
        "capacity_known": known(machine, "usable_capacity", "capacity") if machine else "assumed",
    }


def _kept_text(work: Work) -> str:
    if not is_language(work.model):
        count = quantity(network(work.model, "outputs"), "int")
        each = "one example" if work.batch == 1 else f"each of {work.batch} examples"
        return f"{count} numbers for {each}, what its layers write"
    shape = f"{quantity(network(work.model, 'layers'), 'int')} layers of width " + quantity(
        network(work.model, "hidden"), "int"
    )
    one = "one sequence" if work.batch == 1 else f"{work.batch} sequences"
    return (
        f"{one} of {work.sequence:,} tokens through {shape}; each layer keeps 16 numbers and two "
        "one-byte masks for each token and unit of width"
    )


def _shape_text(work: Work) -> str:
    if not is_language(work.model):
        return f"{quantity(network(work.model, 'outputs'), 'int')} numbers × {work.batch}"
    layers, hidden = (quantity(network(work.model, name), "int") for name in ("layers", "hidden"))
    return f"{layers}, {work.sequence:,}, {work.batch}, {hidden}"


def _machine(track: str, p: Params) -> str:
    """Return the smallest machine of the track that holds one example in 16 bits, or none."""
    state = float(_state(floats(float(p["parameters"])), "mixed", 8.0).total)
    one = float(_kept(p, floats(1.0), floats(ELEMENTS["mixed"]), np.asarray(False)))
    fitting = [m for m in MACHINES[track] if state + one <= USABLE * capacity(m)]
    return fitting[0] if fitting else ""


def _state(parameters: Array, form: str, moments: float) -> StateTerms:
    return training_state(
        parameters,
        weight_size=ELEMENTS[form],
        gradient_size=ELEMENTS[form],
        optimizer_size=MASTERS[form] + moments,
    )


def _kept(p: Params, batch: Array, element: Array, recompute: np.ndarray) -> Array:
    return kept_activations(
        str(p["model"]), batch, element=element, recompute=recompute, sequence=float(p["sequence"])
    )


def _asked(p: Params, form: str) -> tuple[StateTerms, Array]:
    state = _state(floats(float(p["parameters"])), form, MOMENTS["wide"])
    batch = floats(float(p["batch"]))
    return state, _kept(p, batch, floats(ELEMENTS[form]), np.asarray(False))


def _total(memory: tuple[StateTerms, Array]) -> float:
    return float(memory[0].total + memory[1])


def _share(p: Params) -> float:
    return 1 - _total(_asked(p, "mixed")) / _total(_asked(p, "fp32"))


def _limit(p: Params) -> float:
    """Return the share of the activations alone that half of the bits saves. [1]"""
    wide, narrow = (float(_asked(p, form)[1]) for form in ("fp32", "mixed"))
    return 1 - narrow / wide


def _memory(p: Params, k: Knobs, batch: Array) -> tuple[StateTerms, Array]:
    element = lookup(ELEMENTS, k["format"])
    state = training_state(
        float(p["parameters"]),
        weight_size=element,
        gradient_size=element,
        optimizer_size=lookup(MASTERS, k["format"]) + lookup(MOMENTS, k["moments"]),
    )
    return state, _kept(p, batch, element, np.asarray(k["recompute"], dtype=bool))
