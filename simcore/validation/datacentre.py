"""Serving throughput of data-centre systems: one fitted efficiency per model and scenario.

What accelerators differ in is computed: sustained matrix rate at the precision served, bandwidth,
and the capacity that decides how many requests share a pass and how many accelerators hold one
copy of the weights. What is left is one factor of model and scenario: the median over the other
systems' rows. It lies near 1, and above it where work overlaps that is added up here. Runs of the
same system under another accuracy limit are left out with the row.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from simcore import catalog
from simcore.catalog import Hardware, Model
from simcore.equations.collectives import ring_allreduce
from simcore.equations.roofline import step_terms
from simcore.validation.rows import Row

KNOWLEDGE = "one fitted efficiency per model and scenario"

ACCELERATORS = (
    ("GB200", "gb200"), ("GH200", "gh200"), ("B200", "b200"), ("H200", "h200-sxm"),
    ("H100-PCIe", "h100-pcie"), ("H100", "h100-sxm"), ("MI355X", "mi355x"), ("MI325X", "mi325x"),
    ("MI300X", "mi300x"), ("MI250X", "mi250x"), ("L40S", "l40s"), ("L4", "l4"),
    ("A100-PCIe", "a100-pcie-80gb"), ("A100", "a100-sxm-80gb"), ("T4", "t4"),
    ("Orin", "jetson-agx-orin-64gb"),
)  # fmt: skip
"""What a system's name says, and the machine meant; the first that matches counts."""

_COUNTS = (re.compile(r"^(\d+)x", re.IGNORECASE), re.compile(r"x(\d+)(?:_|$)", re.IGNORECASE))
_NARROWEST = ("fp4", "fp8", "int8", "fp16", "bf16")
_BYTES = MappingProxyType({"fp4": 0.5, "fp8": 1.0, "int8": 1.0, "fp16": 2.0, "bf16": 2.0})
_KV_BYTES = 1.0  # keys and values in 8 bit
_ACTIVATION_BYTES = 2.0  # kept and exchanged in 16 bit
_SUSTAINED_SHARE = 0.7  # of the dense peak, where no measured matrix rate is known
_USABLE = 0.9  # of the capacity, beside activations and the runtime
_MOST_SHARING = 2048  # requests in one pass
_LEAST_SHARING = 64  # fewer than this on one accelerator, and weights are split over more


@dataclass(frozen=True, slots=True, kw_only=True)
class Requests:
    """What a benchmark asks of a language model: mean tokens in and out of a request."""

    model: str
    tokens_in: float
    tokens_out: float


REQUESTS = MappingProxyType({
    "llama2-70b": Requests(model="llama-2-70b", tokens_in=294, tokens_out=290),
    "llama3.1-405b": Requests(model="llama-3-1-405b", tokens_in=9400, tokens_out=650),
    "llama3.1-8b": Requests(model="llama-3-8b", tokens_in=780, tokens_out=128),
    "mixtral-8x7b": Requests(model="mixtral-8x7b", tokens_in=300, tokens_out=145),
    "gptj": Requests(model="gpt-j-6b", tokens_in=780, tokens_out=69),
    "deepseek-r1": Requests(model="deepseek-r1", tokens_in=800, tokens_out=3740),
})  # fmt: skip
"""Benchmark: its network and the mean lengths of its data set. Lengths out follow from published
tokens over samples; lengths in are estimates from the data sets' descriptions."""

_BOUND_BY_MEMORY = ("dlrm", "rgat")  # look-ups, not products
_ACCURACY = re.compile(r"-99(\.9)?$")


def predictions(rows: Sequence[Mapping[str, Any]]) -> list[Row]:
    """Return each throughput predicted with the efficiency of the other systems."""
    return [_predict(row, rows) for row in rows]


def _predict(row: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> Row:
    published, unit = throughput(row)
    bound = expected_throughput(row)
    ratios = [measured / other_bound for other in rows
              if _task(other) == _task(row) and other["system"] != row["system"]
              and (measured := throughput(other)[0]) and throughput(other)[1] == unit
              and (other_bound := expected_throughput(other))]  # fmt: skip
    reason = ""
    if published is None:
        reason = "no throughput published; one system's latency fits no efficiency"
    elif bound is None:
        reason = f"no accelerator of the catalogue in {row['system']}"
    elif not ratios:
        reason = "no other system with this model and scenario"
    predicted = float(np.median(ratios)) * bound if bound and ratios and not reason else None
    model, scenario = _task(row)
    return Row(id="/".join((row["round"], row["submitter"], row["system"], row["model"],
                            row["scenario"])),
               family=f"{model} {scenario}", knowledge=KNOWLEDGE, quantity="throughput", unit=unit,
               published=published, predicted=predicted, learned_from=len(ratios),
               reason=reason)  # fmt: skip


def throughput(row: Mapping[str, Any]) -> tuple[float | None, str]:
    """Return what was published, tokens where there are any, with its unit."""
    if row.get("tokens_per_s"):
        return float(row["tokens_per_s"]), "token/s"
    samples = row.get("samples_per_s")
    return (float(samples) if samples else None), "1/s"


def expected_throughput(row: Mapping[str, Any]) -> float | None:
    """Return the throughput at efficiency 1, up to a constant of the model; None if unknown."""
    found = machine_of(row["system"])
    if found is None:
        return None
    machine, count = found
    name = _ACCURACY.sub("", row["model"])
    if any(name.startswith(each) for each in _BOUND_BY_MEMORY):
        return machine.bandwidth * count
    if name not in REQUESTS:
        return sustained(machine, _precision(machine, served="fp8")) * count
    return count * tokens_per_second(machine, REQUESTS[name], most=count)


def machine_of(system: str) -> tuple[Hardware, int] | None:
    """Return the accelerator that a system's name says, and how many it has."""
    known = next((id_ for text, id_ in ACCELERATORS if text.lower() in system.lower()), None)
    if known is None:
        return None
    found = [match for pattern in _COUNTS if (match := pattern.search(system))]
    return catalog.hardware(known), int(found[0][1]) if found else 1


def tokens_per_second(machine: Hardware, requests: Requests, *, most: int) -> float:
    """Return the tokens one accelerator makes with as many requests as its memory holds.

    A pass reads the weights once and each request's keys and values, does the arithmetic of one
    new token and its share of the prompts, moves their activations between kernels, and exchanges
    them where weights are split.
    """
    model = catalog.model(requests.model)
    precision = _precision(machine, served="fp4")
    weights = model.parameters * _BYTES[precision]
    context = requests.tokens_in + requests.tokens_out / 2
    cache = context * cache_bytes(model)
    group = 1
    while _sharing(machine, group, weights, cache) < _LEAST_SHARING and group < most:
        group *= 2
    sharing = max(1.0, min(_sharing(machine, group, weights, cache), _MOST_SHARING * group))
    active = model.item.get("active_parameters")
    products = active.value if active else model.parameters
    tokens = 1 + requests.tokens_in / requests.tokens_out
    terms = step_terms(
        2 * products * tokens * sharing / group,
        (weights + sharing * cache + tokens * sharing * activation_traffic(model)) / group,
        peak_flop_rate=sustained(machine, precision),
        bandwidth=machine.bandwidth,
        efficiency=1.0,
    )
    exchange = _exchange(machine, model, tokens * sharing, group)
    return float(sharing / group / (float(terms.compute + terms.memory) + exchange))


def _exchange(machine: Hardware, model: Model, tokens: float, group: int) -> float:
    """Return the time of the two all-reduces of each layer where weights are split. [s]"""
    if group == 1:
        return 0.0
    link = catalog.link("nvlink-5" if "fp4" in machine.peaks else "nvlink-4")
    message = tokens * (model.hidden or 0) * _ACTIVATION_BYTES
    once = ring_allreduce(message, group, bandwidth=link.bandwidth, latency=link.latency or 0.0)
    return 2.0 * (model.layers or 0) * float(once.time)


def activation_traffic(model: Model) -> float:
    """Return the bytes one token's activations move between unfused kernels.

    Of each layer: norms read and write 4 widths, attention's projections and itself 6, residuals 6,
    the feed-forward's ends 2; gate and up are written, read, joined and read: 6 of its width.
    """
    hidden = float(model.hidden or 0)
    found = model.item.get("feed_forward")
    feed_forward = found.value if found else 4 * hidden
    experts = model.item.get("experts_per_token")
    feed_forward *= experts.value if experts else 1.0
    return (model.layers or 0) * (18 * hidden + 6 * feed_forward) * _ACTIVATION_BYTES


def sustained(machine: Hardware, precision: str) -> float:
    """Return the matrix rate a machine keeps up: measured, else a share of its peak. [FLOP/s]"""
    measured = machine.item.get(f"sustained.{precision}")
    return measured.value if measured else _SUSTAINED_SHARE * machine.peak(precision)


def _sharing(machine: Hardware, group: int, weights: float, cache: float) -> float:
    return (group * machine.capacity * _USABLE - weights) / cache


def cache_bytes(model: Model) -> float:
    """Return the bytes of keys and values of one token."""
    layers, width = model.layers or 0, model.item.get("kv_width")
    if width:
        return layers * width.value * _KV_BYTES
    return 2.0 * layers * (model.kv_heads or 0) * (model.head_width or 0) * _KV_BYTES


def _precision(machine: Hardware, *, served: str) -> str:
    """Return the narrowest precision the machine has, no narrower than is served."""
    usable = _NARROWEST[_NARROWEST.index(served) :]
    return next(each for each in usable if each in machine.peaks)


def _task(row: Mapping[str, Any]) -> tuple[str, str]:
    return _family_name(row["model"]), str(row["scenario"])


def _family_name(model: str) -> str:
    """Return a model without its accuracy limit where that changes no result.

    Both limits of a language model are often one run; a recommender's differ in precision.
    """
    name = _ACCURACY.sub("", model)
    return name if name in REQUESTS else model
