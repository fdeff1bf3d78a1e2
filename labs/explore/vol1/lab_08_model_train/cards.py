"""Part D: how much faster n devices train, each with the work of one; and the plan to make."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from labs.arranging import Array, floats, given, octaves, rows, titled
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
from labs.text import quantity
from simcore.equations.collectives import ring_allreduce
from simcore.equations.data_parallel import exposed_sync, star_exchange, weak_speedup

from .machines import EFFICIENCY, NAMES, is_language, known, machine, network, training_flop
from .plan import SITES, Plan

MARGIN = 1.5
LATENCY = 10e-6
"""Of one message between neighbours. [s]"""
FASTER = (1.0, 2.0, 4.0, 10.0, 40.0, 100.0)
OVERLAPS = (0.0, 0.5, 1.0)
DEVICES = octaves(1, 256)
EXAMPLES: Mapping[str, tuple[int, ...]] = {
    "cloud": octaves(256, 262_144), "edge": octaves(8, 65_536), "mobile": octaves(4, 16_384),
    "tiny": octaves(1, 4096),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """Devices around a ring: what each trains on a step [examples], over which link [byte/s]."""

    machine: str
    model: str
    devices: int
    examples: int
    noun: str
    link: float
    link_name: str
    precision: str = "fp16"


class D(Part):
    challenge = Plan()

    def combinations(self, track: str) -> Sequence[Params]:
        briefs = SITES[track].briefs
        works = [work for work in _works(track) if _stands_apart(work)]
        return [
            {**_params(track, work), **briefs[i % len(briefs)].params(track)}
            for i, work in enumerate(works)
        ]

    def questions(self, p: Params) -> tuple[Question, ...]:
        n = float(p["devices"])
        options = (
            Option(id=RIGHT, value=_speedup(p)),
            Option(id="as_many_times", value=n),
            Option(id="through_one_server", value=_server(p)),
            Option(id="nothing_gained", value=1.0),
        )
        return (Choice(id="speedup", options=options),)

    def facts(self, p: Params) -> dict[str, Scalar]:
        compute, ring = float(p["compute_seconds"]), _ring(p, float(p["devices"]))
        n, many = float(p["devices"]), 256.0
        speedup = _speedup(p)
        twice = float(weak_speedup(n, 2 * compute, ring))
        hidden = float(exposed_sync(ring, compute, overlap=1.0))
        return {
            "speedup": speedup,
            "efficiency": speedup / n,
            "compute": compute,
            "ring": ring,
            "server": float(_server_time(p)),
            "server_speedup": _server(p),
            "over_compute": ring / compute,
            "twice": twice,
            "overlapped": float(weak_speedup(n, compute, hidden)),
            "many_efficiency": float(weak_speedup(many, compute, _ring(p, many))) / many,
            "lost": n - speedup,
            "verdict": "slower than one alone" if speedup < 1 else "faster than one alone",
        }

    def knobs(self, p: Params) -> tuple[Knob, ...]:
        examples = EXAMPLES[str(p["track"])]
        return (
            Knob(id="devices", steps=DEVICES),
            Knob(id="examples", steps=examples, default=examples.index(int(p["examples"]))),
            Knob(id="link_faster", steps=FASTER),
            Knob(id="overlap", steps=OVERLAPS),
        )

    def evaluate(self, p: Params, k: Knobs) -> Outputs:
        devices = floats(k["devices"])
        compute, ring = _at(p, k, devices)
        exposed = exposed_sync(ring, compute, overlap=floats(k["overlap"]))
        speedup = weak_speedup(devices, compute, exposed)
        return {
            "speedup": speedup,
            "efficiency": speedup / devices,
            "compute": compute,
            "ring": ring,
            "exposed": exposed,
            "step": compute + exposed,
            "devices_now": devices,
            "slower": speedup < 1 - 1e-9,
        }

    def curves(self, p: Params, k: Knobs) -> Curves:
        axis = floats(DEVICES)
        count = len(k["devices"])
        many = {name: values[:, np.newaxis] for name, values in k.items()}
        compute, ring = _at(p, many, axis[np.newaxis, :])
        exposed = exposed_sync(ring, compute, overlap=floats(many["overlap"]))
        link = float(p["link"]) * floats(many["link_faster"])
        server = star_exchange(float(p["message"]), axis, bandwidth=link, latency=LATENCY)
        return {
            "counts": rows(axis, count),
            "ideal_line": rows(axis, count),
            "ring_line": weak_speedup(axis, compute, exposed),
            "server_line": weak_speedup(axis, compute, server),
        }


def _works(track: str) -> Iterator[Work]:
    if track == "cloud":
        machines = ("v100-sxm2-32gb", "a100-sxm-80gb", "h100-sxm")
        links = ((1.25e9, "10-gigabit Ethernet"), (12.5e9, "100-gigabit Ethernet"))
        for name, net, (link, link_name), tokens, n in product(
            machines, ("bert-large", "gpt-2-xl"), links, (2048, 8192), (4, 8, 16, 32)
        ):
            yield Work(machine=name, model=net, devices=n, examples=tokens, noun="tokens",
                       link=link, link_name=link_name)  # fmt: skip
    elif track == "edge":
        boards = ("jetson-orin-nx-16gb", "jetson-agx-orin-64gb")
        kinds = (("resnet-50-v1", "images", (64, 128, 256)),
                 ("gpt-2-small", "tokens", (4096, 16_384)))  # fmt: skip
        for name, (net, noun, counts), n in product(boards, kinds, (4, 8, 16)):
            for count in counts:
                yield Work(machine=name, model=net, devices=n, examples=count, noun=noun,
                           link=0.125e9, link_name="gigabit Ethernet")  # fmt: skip
    elif track == "mobile":
        nets = (("mobilenet-v2", "images", (16, 32, 64)), ("bert-base", "tokens", (512, 2048)))
        for (net, noun, counts), n in product(nets, (4, 8, 16)):
            for count in counts:
                yield Work(machine="phone-cpu", model=net, devices=n, examples=count, noun=noun,
                           link=35e6, link_name="USB 2 adapters", precision="fp32")  # fmt: skip
    else:
        small = ("nucleo-l4r5zi", "nucleo-u575zi", "nucleo-h7a3zi")
        for name, net, count, n in product(
            small, ("dscnn-kws", "resnet8-ic"), (2, 4, 8, 16, 32), (4, 8, 16)
        ):
            yield Work(machine=name, model=net, devices=n, examples=count, noun="examples",
                       link=0.1e6, link_name="a serial line", precision="fp32")  # fmt: skip


def _stands_apart(work: Work) -> bool:
    p = _params("", work)
    key, server = _speedup(p), _server(p)
    others = (float(work.devices), server, 1.0)
    apart = all(max(key / x, x / key) >= MARGIN for x in others)
    return apart and max(server, 1 / server) >= 1.1


def _params(track: str, work: Work) -> Params:
    element = 2.0 if work.precision == "fp16" else 4.0
    message = element * network(work.model, "parameters")
    rate = EFFICIENCY * machine(work.machine, f"peak.{work.precision}")
    flop = training_flop(work.model)
    return {
        "track": track,
        "model": work.model,
        "model_name": NAMES[work.model],
        "model_title": titled(NAMES[work.model]),
        "machine": work.machine,
        "machine_name": NAMES[work.machine],
        "devices": work.devices,
        "machines_text": f"{work.devices} phones"
        if work.machine == "phone-cpu"
        else f"{work.devices} × {NAMES[work.machine]}",
        "examples": work.examples,
        "noun": work.noun,
        "message": message,
        "message_text": quantity(message, "si B"),
        "bits": int(8 * element),
        "link": work.link,
        "link_name": work.link_name,
        "link_text": given(work.link, "si B/s"),
        "compute_seconds": flop * work.examples / rate,
        "compute_text": quantity(flop * work.examples / rate, "time"),
        "flop_text": quantity(flop, "si FLOP"),
        "rate_text": quantity(rate, "si FLOP/s"),
        "rate_known": known(work.machine, f"peak.{work.precision}"),
        "kind_text": "6 FLOP for each weight" if is_language(work.model) else "three passes",
    }


def _ring(p: Params, devices: float) -> float:
    ring = ring_allreduce(float(p["message"]), devices, bandwidth=float(p["link"]), latency=LATENCY)
    return float(ring.time)


def _server_time(p: Params) -> Array:
    return star_exchange(
        float(p["message"]), float(p["devices"]), bandwidth=float(p["link"]), latency=LATENCY
    )


def _speedup(p: Params) -> float:
    n = float(p["devices"])
    return float(weak_speedup(n, float(p["compute_seconds"]), _ring(p, n)))


def _server(p: Params) -> float:
    n = float(p["devices"])
    return float(weak_speedup(n, float(p["compute_seconds"]), _server_time(p)))


def _at(p: Params, k: Knobs, devices: Array) -> tuple[Array, Array]:
    """Return the time of arithmetic and of the ring at these settings. [s]"""
    each = float(p["compute_seconds"]) / float(p["examples"])
    link = float(p["link"]) * floats(k["link_faster"])
    ring = ring_allreduce(float(p["message"]), devices, bandwidth=link, latency=LATENCY)
    return each * floats(k["examples"]), ring.time
