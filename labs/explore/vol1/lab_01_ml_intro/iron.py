"""Part B: the three terms of one request, and which of them a faster part would shorten."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from labs.arranging import Array, column, floats, octaves, round_above, rows, same
from labs.contract import (
    RIGHT,
    Choice,
    Curves,
    Knob,
    Knobs,
    Numeric,
    Option,
    Outputs,
    Params,
    Part,
    Question,
    Scalar,
)
from labs.text import quantity
from simcore import catalog
from simcore.equations.precision import quantized_size
from simcore.equations.roofline import Terms, step_terms
from simcore.equations.utilisation import flop_utilisation

from .machines import HALF_PEAK, NAMES, known, rates

MARGIN = 1.5
"""A term counts as the largest if it is this many times the next."""
BATCHES = octaves(1, 4096)
LAUNCHES_LEFT = (1.0, 0.5, 0.25, 0.1, 0.05)
FASTER = (1.0, 2.0, 4.0, 8.0)
TERMS = ("compute", "memory", "overhead")
OPERATORS: Mapping[str, int] = {
    "dscnn-kws": 12, "mobilenet-v1-025-vww": 30, "resnet8-ic": 15, "fc-autoencoder-ad": 10,
}  # fmt: skip
"""Operators of the reference networks of MLPerf Tiny, each called once. [1]"""
_KINDS: Mapping[str, str] = {
    "dscnn-kws": "pointwise", "mobilenet-v1-025-vww": "pointwise", "resnet8-ic": "convolution",
    "fc-autoencoder-ad": "dense",
}  # fmt: skip
"""The kind of product that most of their work is."""
_KERNELS_A_LAYER: Mapping[str, int] = {"edge": 10, "mobile": 1}
_USABLE = 0.8
_GROUP = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One request: arithmetic of one item [FLOP], weights [byte], launches, and the machine."""

    machine: str
    model: str
    precision: str
    flop: float
    weights: float
    launches: int
    batch: int
    kind: str = "convolution"


class B(Part):
    def combinations(self, track: str) -> Sequence[Params]:
        return [_params(track, work) for work in _works(track) if _is_clear(work)]

    def questions(self, p: Params) -> tuple[Question, ...]:
        terms = _asked(p)
        largest = str(terms.bound)
        wrong = {
            "compute": "peak_thinking",
            "memory": "roofline_only",
            "overhead": "overhead_always",
        }
        options = [
            Option(id=RIGHT if term == largest else wrong[term], value=term) for term in TERMS
        ]
        equal = Option(id="all_alike", value="equal")
        return (
            Choice(id="largest", options=(*options, equal)),
            Numeric(id="latency", key=float(terms.time)),
        )

    def facts(self, p: Params) -> dict[str, Scalar]:
        terms = _asked(p)
        named = {name: float(getattr(terms, name)) for name in TERMS}
        ordered = sorted(named.values(), reverse=True)
        utilisation = flop_utilisation(
            float(p["flop"]) * float(p["batch"]), terms.time, peak_flop_rate=_peak(p)
        )
        flip = _flip(p)
        return {
            **named,
            "latency": float(terms.time),
            "largest": str(terms.bound),
            "largest_time": ordered[0],
            "ahead": ordered[0] / ordered[1],
            "mfu": float(utilisation),
            "peak_words": "what published systems reach" if p["track"] == "tiny" else "the peak",
            "arithmetic_twice": _gain(p, compute=2.0),
            "memory_twice": _gain(p, memory=2.0),
            "launches_half": _gain(p, launches=0.5),
            "flip_batch": flip or "none",
            "flip_text": _flip_text(flip, str(p["unit"])),
            "bottleneck": str(terms.bound),
        }

    def knobs(self, p: Params) -> tuple[Knob, ...]:
        return (
            Knob(id="batch", steps=BATCHES),
            Knob(id="launches_left", steps=LAUNCHES_LEFT),
            Knob(id="compute_faster", steps=FASTER),
            Knob(id="memory_faster", steps=FASTER),
        )

    def evaluate(self, p: Params, k: Knobs) -> Outputs:
        terms = _terms(p, k, floats(k["batch"]))
        plain = _terms(p, {"batch": k["batch"]}, floats(k["batch"]))
        limit = _deadline(p)
        return {
            **{name: getattr(terms, name) for name in TERMS},
            "latency": terms.time,
            "binds": _words(terms),
            "rate": floats(k["batch"]) / terms.time,
            "gain": plain.time / terms.time,
            "mfu": flop_utilisation(
                float(p["flop"]) * floats(k["batch"]), terms.time, peak_flop_rate=_peak(p)
            )
            / floats(k["compute_faster"]),
            "batch_now": floats(k["batch"]),
            "deadline": same(limit, terms.time),
            "missed": terms.time > limit,
        }

    def curves(self, p: Params, k: Knobs) -> Curves:
        axis = floats(BATCHES)
        many = {name: column(k[name]) for name in k if name != "batch"}
        terms = _terms(p, many, axis[np.newaxis, :])
        return {
            "batches": rows(axis, len(terms.time)),
            **{f"{name}_line": getattr(terms, name) for name in TERMS},
            "latency_line": terms.time,
        }


def _works(track: str) -> Iterator[Work]:
    if track == "cloud":
        nets = ("resnet-18", "resnet-50", "mobilenet-v2", "inception-v3")
        for machine, net, batch in product(
            ("a100-sxm-80gb", "h100-sxm", "h200-sxm", "b200"), nets, (1, 256)
        ):
            item = catalog.item("classifiers", net)
            yield Work(
                machine=machine, model=item.name, precision="fp16", batch=batch,
                flop=2 * item.value("macs.total"), weights=2 * item.value("parameters"),
                launches=int(item.value("layers")),
            )  # fmt: skip
    elif track == "tiny":
        boards = ("nrf52840", "nucleo-l4r5zi", "nucleo-u575zi", "nucleo-h7a3zi")
        for machine, net in product(boards, OPERATORS):
            model = catalog.item("models", net)
            yield Work(
                machine=machine, model=_TINY_NAMES[net], precision="int8", batch=1,
                flop=2 * model.value("macs.total"), weights=model.value("weights"),
                launches=OPERATORS[net], kind=_KINDS[net],
            )  # fmt: skip
    else:
        yield from _language_works(track)


_TINY_NAMES: Mapping[str, str] = {
    "dscnn-kws": "keyword",
    "mobilenet-v1-025-vww": "person detection",
    "resnet8-ic": "picture classification",
    "fc-autoencoder-ad": "machine listening (dense layers only)",
}


def _language_works(track: str) -> Iterator[Work]:
    machines = {
        "edge": ("jetson-orin-nano-8gb", "jetson-orin-nx-16gb", "jetson-agx-orin-64gb"),
        "mobile": ("phone-npu",),
    }[track]
    nets = {
        "edge": ("llama-3-2-1b", "llama-2-7b", "llama-3-8b"),
        "mobile": ("smollm-135m", "llama-3-2-1b", "gpt-2-xl"),
    }[track]
    for machine, net, bits, tokens in product(machines, nets, (4, 8, 16), (1, 512)):
        model = catalog.item("models", net)
        parameters = model.value("parameters")
        each = 2.0 if bits == 16 else float(quantized_size(bits, group=_GROUP))
        item = catalog.item("hardware", machine)
        room = item.get("usable_capacity") or item["capacity"]
        if parameters * each > _USABLE * room.value:
            continue
        yield Work(
            machine=machine, model=model.name, batch=tokens,
            precision="fp16", flop=2 * parameters, weights=parameters * each,
            launches=_KERNELS_A_LAYER[track] * int(model.value("layers")),
        )  # fmt: skip


def _params(track: str, work: Work) -> Params:
    at = rates(work.machine, work.precision, work.kind)
    unit = {"cloud": "images", "tiny": "inputs"}.get(track, "tokens")
    return {
        "track": track,
        "unit": unit,
        "machine": work.machine,
        "machine_name": NAMES[work.machine],
        "model_name": work.model,
        "precision": work.precision,
        "kind": work.kind,
        "flop": work.flop,
        "weights": work.weights,
        "launches": work.launches,
        "batch": work.batch,
        "batch_text": _batch_text(track, work.batch),
        "flop_text": quantity(work.flop, "si OP" if track == "tiny" else "si FLOP"),
        "weights_text": quantity(work.weights, "si B"),
        "rate_text": quantity(at.arithmetic, "si OP/s" if track == "tiny" else "si FLOP/s"),
        "bandwidth_text": quantity(at.bandwidth, "si B/s"),
        "overhead_text": quantity(at.overhead, "time").replace(".00", "").replace(".0", ""),
        "rate_known": "assumed" if track == "tiny" else known(work.machine, "peak.fp16"),
        "bandwidth_known": "assumed" if track == "tiny" else known(work.machine, "bandwidth"),
    }


def _batch_text(track: str, batch: int) -> str:
    if track == "cloud":
        return "one image" if batch == 1 else f"{batch} images at once"
    if track == "tiny":
        return "one input"
    return (
        "one more token of an answer" if batch == 1 else f"a prompt of {batch} tokens, all at once"
    )


def _terms(p: Params, k: Mapping[str, Array], batch: Array) -> Terms:
    """Return the terms of a batch: weights once, arithmetic for each item, launches once."""
    at = rates(str(p["machine"]), str(p["precision"]), str(p["kind"]))
    left = floats(k.get("launches_left", floats(1.0)))
    return step_terms(
        float(p["flop"]) * batch,
        float(p["weights"]),
        peak_flop_rate=at.arithmetic * floats(k.get("compute_faster", floats(1.0))),
        bandwidth=at.bandwidth * floats(k.get("memory_faster", floats(1.0))),
        overhead=at.overhead * np.maximum(1.0, np.round(left * float(p["launches"]))),
    )


def _asked(p: Params) -> Terms:
    return _terms(p, {}, floats(float(p["batch"])))


def _is_clear(work: Work) -> bool:
    at = rates(work.machine, work.precision, work.kind)
    terms = step_terms(
        work.flop * work.batch, work.weights, peak_flop_rate=at.arithmetic,
        bandwidth=at.bandwidth, overhead=at.overhead * work.launches,
    )  # fmt: skip
    ordered = sorted((float(getattr(terms, name)) for name in TERMS), reverse=True)
    return ordered[0] >= MARGIN * ordered[1]


def _gain(p: Params, *, compute: float = 1.0, memory: float = 1.0, launches: float = 1.0) -> float:
    """Return how much faster the request asked about gets by one change."""
    changed = {"compute_faster": compute, "memory_faster": memory, "launches_left": launches}
    after = _terms(p, {name: floats(x) for name, x in changed.items()}, floats(float(p["batch"])))
    return float(_asked(p).time / after.time)


def _flip(p: Params) -> int:
    """Return the smallest batch at which arithmetic is the largest term; 0 if none is."""
    terms = _terms(p, {}, floats(BATCHES))
    found = np.flatnonzero(terms.compute > np.maximum(terms.memory, terms.overhead))
    return BATCHES[int(found[0])] if found.size else 0


def _flip_text(batch: int, unit: str) -> str:
    if batch == 1:
        return f"Arithmetic leads from the first of the {unit} on"
    if not batch:
        return f"Arithmetic never leads, however many {unit} are handled together"
    return f"Among powers of two, arithmetic takes the lead at {batch} {unit} together"


def _peak(p: Params) -> float:
    """Return the peak that utilisation is measured against. [FLOP/s]"""
    at = rates(str(p["machine"]), str(p["precision"]), str(p["kind"]))
    return at.arithmetic if p["track"] == "tiny" else at.arithmetic / HALF_PEAK


def _deadline(p: Params) -> float:
    """Return a round limit that the request asked about keeps. [s]"""
    return round_above(1.5 * float(_asked(p).time))


def _words(terms: Terms) -> np.ndarray:
    said = {"compute": "arithmetic", "memory": "moving weights", "overhead": "launches"}
    return np.asarray([said[str(name)] for name in np.atleast_1d(terms.bound)])
