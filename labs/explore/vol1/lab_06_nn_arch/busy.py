"""Part D: which of three workloads makes most of each byte, and the longest context to design."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from labs.arranging import Array, evenly, floats, octaves, rows
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
from simcore import catalog
from simcore.equations.layers import LayerWork
from simcore.equations.roofline import attainable_rate, ridge_point
from simcore.equations.structure import network_pass, transformer_layer

from .longest import DESKS, Longest
from .machines import HALF_PEAK, NAMES, element, known, network, precision, rates

MARGIN = 1.5
CONVOLUTION, DENSE, TRANSFORMER = "convolution", "dense", "transformer"
KINDS = (CONVOLUTION, DENSE, TRANSFORMER)
AMOUNTS = octaves(1, 4096)
_LITTLE = 0.05
"""Share of the peak below which a machine mostly waits for bytes. [1]"""
_TITLES: Mapping[str, str] = {
    CONVOLUTION: "The convolutional network",
    DENSE: "The dense network",
    TRANSFORMER: "The transformer",
}
_OPERATORS: Mapping[str, str] = {
    CONVOLUTION: "a convolution over one picture",
    DENSE: "a dense layer over a batch",
    TRANSFORMER: "a transformer layer that reads a text at once",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What a track may run: networks of convolutions, dense ones, a transformer, machines."""

    pictures: tuple[str, ...]
    batches: tuple[int, ...]
    tokens: tuple[int, ...]
    model: str
    kept: int
    machines: tuple[str, ...]
    dense: str | None = None
    dense_width: int = 4096
    noun: str = "tokens"


BENCHES: Mapping[str, Bench] = {
    "cloud": Bench(pictures=("resnet-50-v1", "vgg16"), batches=(1, 16, 512, 1024),
                   tokens=(1, 32, 512, 1024), model="llama-2-7b", kept=2048,
                   machines=("h100-sxm", "a100-sxm-80gb", "l4")),
    "edge": Bench(pictures=("resnet-50-v1", "vgg16"), batches=(1, 8, 512, 768),
                  tokens=(1, 16, 512, 768), model="llama-3-8b", kept=2048,
                  machines=("jetson-orin-nx-16gb", "jetson-orin-nano-8gb", "jetson-agx-orin-64gb")),
    "mobile": Bench(pictures=("resnet-50-v1", "mobilenet-v2"), batches=(1, 4, 256, 512),
                    tokens=(1, 4, 256, 512), model="llama-3-2-1b", kept=1024, dense_width=2048,
                    machines=("phone-npu", "snapdragon-8-gen-3")),
    "tiny": Bench(pictures=("resnet8-ic", "dscnn-kws"), batches=(1, 8, 256, 512),
                  tokens=(1, 8, 98, 196), model="kwt-3", kept=98, dense="fc-autoencoder-ad",
                  machines=("grove-vision-ai-v2", "esp32-s3-psram"), noun="time steps"),
}  # fmt: skip


class D(Part):
    challenge = Longest()

    def combinations(self, track: str) -> Sequence[Params]:
        at = BENCHES[track]
        drawn = [
            _params(track, picture, batch, tokens)
            for picture, batch, tokens in product(at.pictures, at.batches, at.tokens)
        ]
        clear = [p for p in drawn if _ahead(p) >= MARGIN]
        chosen = evenly([p for p in clear if _winner(p) == kind] for kind in KINDS)
        desk = DESKS[track]
        allowed = tuple(desk.reading)
        return [{**p, **desk.params(allowed[i % len(allowed)])} for i, p in enumerate(chosen)]

    def questions(self, p: Params) -> tuple[Question, ...]:
        right = _winner(p)
        wrong = [(f"{kind}_always", kind) for kind in KINDS if kind != right]
        options = [Option(id=name, value=kind) for name, kind in (*wrong, ("chip_decides", "same"))]
        return (Choice(id="most", options=(Option(id=RIGHT, value=right), *options)),)

    def facts(self, p: Params) -> dict[str, Scalar]:
        each = _intensities(p)
        right = _winner(p)
        first = BENCHES[str(p["track"])].machines[0]
        at = rates(first, precision(str(p["track"])))
        ridge = float(ridge_point(peak_flop_rate=at.arithmetic, bandwidth=at.bandwidth))
        shares = {kind: HALF_PEAK * min(1.0, x / ridge) for kind, x in each.items()}
        one = _one(p)
        return {
            "intensity": each[right],
            "winner_text": _TITLES[right],
            "operator": _OPERATORS[right],
            "ahead": _ahead(p),
            "convolution_intensity": each[CONVOLUTION],
            "dense_intensity": each[DENSE],
            "transformer_intensity": each[TRANSFORMER],
            "ridge": ridge,
            "machine_name": NAMES[first],
            "share": shares[right],
            "least_share": min(shares.values()),
            "writing_intensity": one,
            "writing_share": HALF_PEAK * min(1.0, one / ridge),
            "reuse_text": _reuse(p, right),
            "layers_kept": int(p["desk_layers"]),
            "head_width_kept": int(p["desk_head_width"]),
        }

    def knobs(self, p: Params) -> tuple[Knob, ...]:
        machines = BENCHES[str(p["track"])].machines
        return (
            Knob(id="kind", steps=KINDS, default=2),
            Knob(id="amount", steps=AMOUNTS, default=AMOUNTS.index(256)),
            Knob(id="machine", steps=machines),
        )

    def evaluate(self, p: Params, k: Knobs) -> Outputs:
        work = _work(p, k["kind"], floats(k["amount"]))
        peak, bandwidth = _roof(p, k["machine"])
        intensity = work.flop / work.traffic
        rate = attainable_rate(intensity, peak_flop_rate=peak, bandwidth=bandwidth)
        share = HALF_PEAK * rate / peak
        return {
            "intensity": intensity,
            "rate": rate,
            "share": share,
            "ridge": ridge_point(peak_flop_rate=peak, bandwidth=bandwidth),
            "flop": work.flop,
            "traffic": work.traffic,
            "amount_now": floats(k["amount"]),
            "starved": share < _LITTLE,
        }

    def curves(self, p: Params, k: Knobs) -> Curves:
        axis = np.geomspace(0.25, 8192.0, 61)
        peak, bandwidth = (values[:, np.newaxis] for values in _roof(p, k["machine"]))
        roof = attainable_rate(axis[np.newaxis, :], peak_flop_rate=peak, bandwidth=bandwidth)
        amounts = floats(AMOUNTS)
        found = {kind: _work(p, np.full(amounts.shape, kind), amounts) for kind in KINDS}
        count = len(k["kind"])
        return {
            "roof_x": rows(axis, count),
            "roof_y": roof,
            "amounts": rows(amounts, count),
            **{f"{kind}_line": rows(at.flop / at.traffic, count) for kind, at in found.items()},
        }


def _params(track: str, picture: str, batch: int, tokens: int) -> Params:
    at = BENCHES[track]
    dense = (
        f"a stack of dense layers, {at.dense_width:,} units each"
        if at.dense is None
        else f"the {NAMES[at.dense]}"
    )
    return {
        "track": track,
        "picture": picture,
        "picture_text": f"{NAMES[picture]}, one {'input' if track == 'tiny' else 'picture'}",
        "batch": batch,
        "dense_text": f"{dense}, batch of {batch:,}",
        "tokens": tokens,
        "transformer_text": (
            f"{NAMES[at.model]} adding one of its {at.noun[:-1]}s after {at.kept:,} others"
            if tokens == 1
            else f"{NAMES[at.model]} reading {tokens:,} {at.noun} at once"
        ),
        "format_text": "8-bit integers" if track == "tiny" else "16-bit floats",
        "noun": at.noun,
        "rates_known": known(at.machines[0], f"peak.{precision(track)}", "bandwidth"),
    }


def _picture(p: Params, amount: Array) -> LayerWork:
    name = str(p["picture"])
    return network_pass(
        network(name, "macs.total"), network(name, "parameters"), network(name, "outputs"),
        batch=amount, element_size=element(str(p["track"])),
    )  # fmt: skip


def _dense(p: Params, amount: Array) -> LayerWork:
    at = BENCHES[str(p["track"])]
    if at.dense is None:
        weights, outputs = float(at.dense_width) ** 2, float(at.dense_width)
        macs = weights
    else:
        item = catalog.item("models", at.dense)
        weights, outputs = item.value("parameters"), item.value("outputs")
        macs = item.value("macs.total")
    return network_pass(macs, weights, outputs, batch=amount, element_size=element(str(p["track"])))


def _transformer(p: Params, amount: Array) -> LayerWork:
    at = BENCHES[str(p["track"])]
    return transformer_layer(
        amount, width=network(at.model, "hidden"), kept=np.where(amount == 1, at.kept, 0.0),
        element_size=element(str(p["track"])),
    )  # fmt: skip


def _work(p: Params, kind: NDArray[np.str_], amount: Array) -> LayerWork:
    each = [find(p, amount) for find in (_picture, _dense, _transformer)]
    chosen = [kind == name for name in KINDS[:-1]]
    return LayerWork(
        *(np.select(chosen, [at[i] for at in each[:-1]], each[-1][i]) for i in range(3))
    )


def _intensities(p: Params) -> dict[str, float]:
    amounts = {CONVOLUTION: 1.0, DENSE: float(p["batch"]), TRANSFORMER: float(p["tokens"])}
    found = {
        kind: _work(p, np.asarray([kind]), floats([amount])) for kind, amount in amounts.items()
    }
    return {kind: float(work.flop[0] / work.traffic[0]) for kind, work in found.items()}


def _one(p: Params) -> float:
    work = _transformer(p, floats([1.0]))
    return float(work.flop[0] / work.traffic[0])


def _winner(p: Params) -> str:
    """Return which workload does most for a byte."""
    each = _intensities(p)
    return max(KINDS, key=lambda kind: each[kind])


def _ahead(p: Params) -> float:
    """Return its operations for a byte over those of the next. [1]"""
    first, second = sorted(_intensities(p).values(), reverse=True)[:2]
    return first / second


def _roof(p: Params, machines: NDArray[np.str_]) -> tuple[Array, Array]:
    form = precision(str(p["track"]))
    found = [rates(str(name), form) for name in machines]
    return floats([at.arithmetic for at in found]), floats([at.bandwidth for at in found])


def _reuse(p: Params, kind: str) -> str:
    noun = BENCHES[str(p["track"])].noun
    return {
        CONVOLUTION: "each weight of a window serves every place of the picture",
        DENSE: f"each weight serves {int(p['batch']):,} inputs of the batch",
        TRANSFORMER: f"each weight serves {int(p['tokens']):,} {noun}",
    }[kind]
