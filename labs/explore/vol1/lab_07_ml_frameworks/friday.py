"""The challenge of part D: how to run a model until the next release, preparation included."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from labs.arranging import Array, floats, given
from labs.contract import Challenge, Knob, Knobs, Outputs, Params, Scalar, lookup
from labs.text import quantity
from simcore.equations.dispatch import chain_traffic, queued_step, served_total
from simcore.equations.roofline import step_terms

from .machines import PLACES

BATCHES = (1, 2, 4, 8, 16, 32)
BUCKETS = (1, 4, 16)
PADDING: Mapping[int, float] = {1: 1.9, 4: 1.25, 16: 1.05}
"""Work with padding to the next bucket's length, over the work itself; assumed. [1]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mode:
    """A way to run: one-off over a compilation's, calls over eager ones, fusing, products' share.

    All four are usual figures, assumed: with real compilers they differ by model.
    """

    once: float
    call: float
    fused: bool
    efficiency: float


MODES: Mapping[str, Mode] = {
    "eager": Mode(once=0.0, call=1.0, fused=False, efficiency=0.4),
    "graph": Mode(once=0.1, call=0.2, fused=False, efficiency=0.4),
    "compiled": Mode(once=1.0, call=0.4, fused=True, efficiency=0.4),
    "compiled_graph": Mode(once=1.25, call=0.2, fused=True, efficiency=0.4),
    "tuned": Mode(once=10.0, call=0.2, fused=True, efficiency=0.6),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """Requests until the next release, and how long a start may take. [s]"""

    requests: float
    start: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A model's work for one request, what comes in [1/s], its limit [s], a compilation [s]."""

    briefs: tuple[Brief, ...]
    products: int
    chains: int
    chain: int
    flop: float
    weights: float
    tensor: float
    rate: float
    limit: float
    compiling: float
    call: float

    def params(self, brief: Brief) -> dict[str, Scalar]:
        return {
            "friday_requests": brief.requests,
            "friday_requests_text": f"{brief.requests:,.0f}",
            "friday_start": brief.start,
            "friday_start_text": given(brief.start, "time"),
            "friday_rate_text": given(self.rate, "g3"),
            "friday_limit_text": given(self.limit, "time"),
            "friday_compiling_text": given(self.compiling, "time"),
            "friday_call_text": given(self.call, "time"),
            "friday_flop_text": quantity(self.flop, "si FLOP"),
            "friday_weights_text": quantity(self.weights, "si B"),
            "friday_tensor_text": quantity(self.tensor, "si B"),
            "friday_products": self.products,
            "friday_chains": self.chains,
            "friday_chain": self.chain,
        }


FRIDAYS: Mapping[str, Service] = {
    "cloud": Service(
        briefs=(Brief(requests=2e4, start=900), Brief(requests=2e5, start=900),
                Brief(requests=5e6, start=900)),
        products=48, chains=40, chain=6, flop=5.4e9, weights=170e6, tensor=1.2e6, rate=200.0,
        limit=0.020, compiling=60.0, call=8e-6),
    "edge": Service(
        briefs=(Brief(requests=5e3, start=1800), Brief(requests=3e5, start=1800),
                Brief(requests=2e6, start=1800)),
        products=54, chains=30, chain=5, flop=4.0e9, weights=50e6, tensor=0.8e6, rate=260.0,
        limit=0.040, compiling=120.0, call=20e-6),
    "mobile": Service(
        briefs=(Brief(requests=2e3, start=120), Brief(requests=6e4, start=120),
                Brief(requests=4e5, start=120)),
        products=36, chains=18, chain=5, flop=1.2e9, weights=14e6, tensor=0.3e6, rate=180.0,
        limit=0.040, compiling=10.0, call=50e-6),
    "tiny": Service(
        briefs=(Brief(requests=400.0, start=10), Brief(requests=5e3, start=10),
                Brief(requests=1e5, start=10)),
        products=28, chains=14, chain=4, flop=15e6, weights=220e3, tensor=18e3, rate=250.0,
        limit=0.0075, compiling=1.0, call=50e-6),
}  # fmt: skip


class Friday(Challenge):
    """Mode, batch and buckets; time of the machine until the next release."""

    better = "lower"

    def variables(self, p: Params) -> tuple[Knob, ...]:
        return (
            Knob(id="mode", steps=tuple(MODES)),
            Knob(id="together", steps=BATCHES, default=len(BATCHES) - 1),
            Knob(id="buckets", steps=BUCKETS),
        )

    def assess(self, p: Params, k: Knobs) -> Outputs:
        at = FRIDAYS[str(p["track"])]
        batch, buckets = floats(k["together"]), floats(k["buckets"])
        time, busy = _batch_time(p, at, k["mode"], batch, _padding(buckets))
        once = at.compiling * buckets * _of(k["mode"], "once")
        latency = (batch - 1) / at.rate + time
        broken = {
            "too_slow": latency > at.limit,
            "falls_behind": batch / time < at.rate,
            "starts_too_late": once > float(p["friday_start"]),
        }
        return {
            "objective": served_total(once, time / batch, float(p["friday_requests"])),
            "feasible": ~np.logical_or.reduce(list(broken.values())),
            **broken,
            "latency": latency,
            "each": time / batch,
            "once_all": once,
            "busy": busy,
        }


def _of(modes: NDArray[np.str_], what: str) -> Array:
    return lookup({name: float(getattr(mode, what)) for name, mode in MODES.items()}, modes)


def _padding(buckets: Array) -> Array:
    return np.asarray([PADDING[int(count)] for count in buckets])


def _batch_time(
    p: Params, at: Service, mode: NDArray[np.str_], batch: Array, padding: Array
) -> tuple[Array, Array]:
    """Return the time of a batch and the share of it in which the device works. [s], [1]"""
    place = PLACES[str(p["track"])]
    work = batch * padding
    products = step_terms(
        at.flop * work, at.weights + 2 * at.products * at.tensor * work,
        peak_flop_rate=place.peak, bandwidth=place.bandwidth, efficiency=_of(mode, "efficiency"),
    )  # fmt: skip
    fused = _of(mode, "fused") > 0
    passes = chain_traffic(at.chain, at.tensor * work, extra=1, fused=fused)
    device = products.time + at.chains * passes / place.bandwidth
    kernels = at.products + at.chains * np.where(fused, 1.0, at.chain)
    step = queued_step(kernels, device, dispatch_time=at.call * _of(mode, "call"))
    return step.time, step.busy
