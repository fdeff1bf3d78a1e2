"""Tokens a second of a language model on an accelerator, up to one fitted efficiency.

A pass reads the weights once and each request's keys and values, does the arithmetic of one new
token and its share of the prompts, moves their activations between kernels, and exchanges them
where weights are split. As many requests share a pass as memory holds, or as leave the gap between
two tokens of an answer within the limit of the scenario.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from simcore import catalog
from simcore.catalog import Hardware, Model
from simcore.equations.collectives import ring_allreduce
from simcore.equations.roofline import step_terms

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
    gaps: Mapping[str, float]
    """Scenario -> longest time between two tokens of an answer that it allows. [s]"""


REQUESTS = MappingProxyType({
    "llama2-70b": Requests(model="llama-2-70b", tokens_in=294, tokens_out=290,
                           gaps={"Server": 0.2, "Interactive": 0.04}),
    "llama3.1-405b": Requests(model="llama-3-1-405b", tokens_in=9400, tokens_out=650,
                              gaps={"Server": 0.175, "Interactive": 0.08}),
    "llama3.1-8b": Requests(model="llama-3-8b", tokens_in=780, tokens_out=128,
                            gaps={"Server": 0.1, "Interactive": 0.03}),
    "mixtral-8x7b": Requests(model="mixtral-8x7b", tokens_in=300, tokens_out=145,
                             gaps={"Server": 0.2}),
    "gptj": Requests(model="gpt-j-6b", tokens_in=780, tokens_out=69, gaps={}),
    "deepseek-r1": Requests(model="deepseek-r1", tokens_in=800, tokens_out=3740,
                            gaps={"Server": 0.08}),
})  # fmt: skip
"""Benchmark: its network, the mean lengths of its data set, and the limits that the rules of MLPerf
Inference v4.1 to v5.1 set. Lengths out follow from published tokens over samples; lengths in are
estimates from the data sets' descriptions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passes:
    """How the passes of one accelerator grow with the requests in them."""

    least: float
    """Time of a pass without requests: weights are read, messages begun. [s]"""
    each: float
    """Time that one more request for each accelerator adds. [s]"""
    most: float
    """Requests for each accelerator that memory holds. [1]"""

    def rate(self, efficiency: float, gap: float | None = None) -> float:
        """Return the tokens a second of one accelerator at an efficiency, within a gap. [1/s]"""
        sharing = self.most
        if gap is not None:
            sharing = max(0.0, min(sharing, (gap * efficiency - self.least) / self.each))
        return efficiency * sharing / (self.least + self.each * sharing)

    def efficiency(self, rate: float, gap: float | None = None) -> float:
        """Return the efficiency at which one accelerator makes so many tokens a second. [1]"""
        sharing = self.most if gap is None else min(self.most, rate * gap)
        return rate * (self.least + self.each * sharing) / sharing


@dataclass(frozen=True, slots=True, kw_only=True)
class _Split:
    """A model's weights over a group of accelerators, and the cache of one request. [byte]"""

    group: int
    precision: str
    weights: float
    cache: float


def passes(machine: Hardware, requests: Requests, *, devices: int) -> Passes:
    """Return the passes of one of so many accelerators, weights split over as few as will do."""
    model = catalog.model(requests.model)
    precision = narrowest(machine, served="fp4")
    weights = model.parameters * _BYTES[precision]
    cache = (requests.tokens_in + requests.tokens_out / 2) * cache_bytes(model)
    group = 1
    while _room(machine, group, weights, cache) < _LEAST_SHARING and group < devices:
        group *= 2
    split = _Split(group=group, precision=precision, weights=weights, cache=cache)
    held = max(1.0, min(_room(machine, group, weights, cache), _MOST_SHARING * group))
    least, full = (_pass_time(machine, requests, split, sharing) for sharing in (0.0, held))
    return Passes(least=least, each=(full - least) * group / held, most=held / group)


def _room(machine: Hardware, group: int, weights: float, cache: float) -> float:
    return (group * machine.capacity * _USABLE - weights) / cache


def _pass_time(machine: Hardware, requests: Requests, split: _Split, sharing: float) -> float:
    """Return what a pass takes with so many requests in a group. [s]"""
    model = catalog.model(requests.model)
    active = model.item.get("active_parameters")
    products = active.value if active else model.parameters
    tokens = (1 + requests.tokens_in / requests.tokens_out) * sharing
    terms = step_terms(
        2 * products * tokens / split.group,
        (split.weights + sharing * split.cache + tokens * activation_traffic(model)) / split.group,
        peak_flop_rate=sustained(machine, split.precision),
        bandwidth=machine.bandwidth,
        efficiency=1.0,
    )
    return float(terms.compute + terms.memory) + _exchange(machine, model, tokens, split.group)


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


def cache_bytes(model: Model) -> float:
    """Return the bytes of keys and values of one token."""
    layers, width = model.layers or 0, model.item.get("kv_width")
    if width:
        return layers * float(width.value) * _KV_BYTES
    return 2.0 * layers * (model.kv_heads or 0) * (model.head_width or 0) * _KV_BYTES


def sustained(machine: Hardware, precision: str) -> float:
    """Return the matrix rate a machine keeps up: measured, else a share of its peak. [FLOP/s]"""
    measured = machine.item.get(f"sustained.{precision}")
    return float(measured.value) if measured else _SUSTAINED_SHARE * machine.peak(precision)


def narrowest(machine: Hardware, *, served: str) -> str:
    """Return the narrowest precision the machine has, no narrower than is served."""
    usable = _NARROWEST[_NARROWEST.index(served) :]
    return next(each for each in usable if each in machine.peaks)
