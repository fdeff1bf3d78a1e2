"""Part B: four stages of one training step, and which of them sets its time."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from labs.arranging import Array, floats, given, rows, titled
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
from simcore.equations.collectives import ring_allreduce
from simcore.equations.federated import client_round
from simcore.equations.ingestion import preparation_time
from simcore.equations.precision import element_size
from simcore.equations.stages import step_of_stages

from .machines import EFFICIENCY, NAMES, machine, network, training_flop

MARGIN = 1.5
STAGES = ("data", "copy", "arithmetic", "averaging")
WORDS: Mapping[str, str] = {
    "data": "data", "copy": "the copy", "arithmetic": "arithmetic", "averaging": "averaging",
}  # fmt: skip
FASTER = (1.0, 2.0, 4.0, 8.0, 16.0)
RAW = 224 * 224 * 3 * 4.0
"""A decoded image in 32-bit floats. [byte]"""
JPEG = 110e3
"""An image of ImageNet as it is stored, on average. [byte]"""
PHOTO = 3e6
THUMBNAIL = 20e3
SOUND = 32e3
"""One second at 16 kHz in 16 bits. [byte]"""
PICTURE = 96 * 96 * 3.0
_STEPS_DRAWN = 4
_IN_A_STEP = (
    "the next step is read and copied while this one is computed, and gradients travel while "
    "others are still being computed"
)
_IN_A_ROUND = (
    "the next data are read and copied while this round is computed, and the model of the round "
    "before is on its way meanwhile"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One step: who takes part, what each reads, and the rates of the four stages.

    Sizes in byte, rates in byte/s, times in s. `link` is the ring's; a federated round has `down`
    and `up` instead.
    """

    machine: str
    model: str
    devices: int
    batch: int
    noun: str
    sample: float
    store: float
    store_name: str
    copy: float
    precision: str = "fp16"
    shared: bool = False
    decode: float = 0.0
    workers: int = 1
    link: float = 0.0
    link_name: str = ""
    down: float = 0.0
    up: float = 0.0


class B(Part):
    def combinations(self, track: str) -> Sequence[Params]:
        return [_params(track, work) for work in WORKS[track]() if _ahead(_times(work)) >= MARGIN]

    def questions(self, p: Params) -> tuple[Question, ...]:
        times = _asked(p)
        longest = STAGES[int(np.argmax(times))]
        options = (
            Option(id=RIGHT if stage == longest else f"{stage}_blamed", value=stage)
            for stage in STAGES
        )
        return (
            Choice(id="stage", options=tuple(options)),
            Numeric(id="step", key=float(np.max(times))),
        )

    def facts(self, p: Params) -> dict[str, Scalar]:
        times = _asked(p)
        ordered = sorted(times, reverse=True)
        longest = int(np.argmax(times))
        faster = [step_of_stages(_divided(times, i, 2.0), overlapped=True) for i in range(4)]
        step = ordered[0]
        return {
            **{f"{name}_time": float(t) for name, t in zip(STAGES, times, strict=True)},
            "longest": WORDS[STAGES[longest]],
            "bottleneck": STAGES[longest],
            "step_time": float(step),
            "second": float(ordered[1]),
            "ahead": float(ordered[0] / ordered[1]),
            "sum": float(np.sum(times)),
            "overlap_gain": float(np.sum(times) / step),
            "busy": float(times[2] / step),
            "arithmetic_twice": float(step / faster[2]),
            "longest_twice": float(step / faster[longest]),
            "lesson": _lesson(STAGES[longest], float(step / faster[longest])),
        }

    def knobs(self, p: Params) -> tuple[Knob, ...]:
        return (
            *(Knob(id=f"{stage}_faster", steps=FASTER) for stage in STAGES),
            Knob(id="overlap", steps=(True, False)),
        )

    def evaluate(self, p: Params, k: Knobs) -> Outputs:
        times = _now(p, k)
        step = step_of_stages(times, overlapped=k["overlap"])
        plain = floats(_asked(p))[:, np.newaxis] + np.zeros(step.shape)
        before = step_of_stages(plain, overlapped=k["overlap"])
        spent = np.any([floats(k[f"{stage}_faster"]) > 1 for stage in STAGES], axis=0)
        longest = np.argmax(times, axis=0)
        return {
            **{f"{name}_now": t for name, t in zip(STAGES, times, strict=True)},
            "step": step,
            "gain": before / step,
            "busy": times[2] / step,
            "binds": np.asarray([WORDS[STAGES[i]] for i in longest]),
            "arithmetic_at": floats(k["arithmetic_faster"]),
            "wasted": spent & (before / step < 1.02),
        }

    def curves(self, p: Params, k: Knobs) -> Curves:
        count = len(k["overlap"])
        axis = floats([2.0 ** (i / 4) for i in range(17)])
        plain = _asked(p)
        lines = {}
        for name, overlapped in (("overlapped", True), ("added", False)):
            times = _now(p, {**k, "arithmetic_faster": np.ones(count)})[:, :, np.newaxis]
            times = np.broadcast_to(times, (4, count, axis.size)).copy()
            times[2] = plain[2] / axis
            lines[f"{name}_line"] = step_of_stages(times, overlapped=overlapped)
        return {"faster": rows(axis, count), **lines, **_drawn(_now(p, k), k["overlap"])}


def _lesson(longest: str, gain: float) -> str:
    if longest == "arithmetic":
        after = ", until the next stage is in charge" if gain < 2 else ""
        return f"Here a faster accelerator is well bought{after}; elsewhere it changes nothing"
    return "That is why a new accelerator so often changes nothing"


def _drawn(times: Array, overlap: np.ndarray) -> Curves:
    """Return the bars of a few steps: lanes by stage, in the order in which a step goes through."""
    count = times.shape[1]
    pace = step_of_stages(times, overlapped=overlap)
    begins = np.cumsum(np.vstack([np.zeros(count), times[:3]]), axis=0)
    starts = [begins[i] + step * pace for step in range(_STEPS_DRAWN) for i in range(4)]
    ends = [start + times[i % 4] for i, start in enumerate(starts)]
    lanes = np.tile(np.arange(4.0), _STEPS_DRAWN)
    return {
        "bar_start": np.stack(starts, axis=1),
        "bar_end": np.stack(ends, axis=1),
        "bar_lane": np.broadcast_to(lanes, (count, lanes.size)),
    }


def _now(p: Params, k: Knobs) -> Array:
    faster = np.stack([floats(k[f"{stage}_faster"]) for stage in STAGES])
    return floats(_asked(p))[:, np.newaxis] / faster


def _divided(times: Sequence[float], index: int, factor: float) -> Array:
    changed = floats(times).copy()
    changed[index] /= factor
    return changed


def _times(work: Work) -> tuple[float, float, float, float]:
    """Return the four times of a step: data, copy, arithmetic, averaging. [s]"""
    readers = work.devices if work.shared else 1
    read = float(preparation_time(readers * work.batch, work.sample, rate=work.store))
    if work.decode:
        decoder = work.sample * work.workers / work.decode
        read = max(read, float(preparation_time(work.batch, work.sample, rate=decoder)))
    copied = float(preparation_time(work.batch, work.sample, rate=work.copy))
    arithmetic = training_flop(work.model) * work.batch / _rate(work)
    return read, copied, arithmetic, _averaging(work)


def _rate(work: Work) -> float:
    return EFFICIENCY * machine(work.machine, f"peak.{work.precision}")


def _message(work: Work) -> float:
    """Return the bytes that are averaged: gradients in 16 or 32 bits, or the model itself."""
    return network(work.model, "parameters") * element_size(work.precision)


def _averaging(work: Work) -> float:
    message = _message(work)
    if work.link:
        ring = ring_allreduce(message, work.devices, bandwidth=work.link, latency=0.0)
        return float(ring.time)
    exchange = client_round(
        message, download_rate=work.down, upload_rate=work.up, flop=0.0, flop_rate=1.0
    )
    return float(exchange.time)


def _ahead(times: Sequence[float]) -> float:
    ordered = sorted(times, reverse=True)
    return ordered[0] / ordered[1]


def _asked(p: Params) -> tuple[float, ...]:
    return tuple(float(p[f"{stage}_seconds"]) for stage in STAGES)


def _params(track: str, work: Work) -> Params:
    times = _times(work)
    copies = work.batch * work.sample
    return {
        "track": track,
        "model": work.model,
        "model_name": NAMES[work.model],
        "model_title": titled(NAMES[work.model]),
        "machine_name": NAMES[work.machine],
        "devices": work.devices,
        "who_text": _who(work),
        "noun": work.noun,
        "span": "step" if work.link else "round",
        "overlap_text": _IN_A_STEP if work.link else _IN_A_ROUND,
        "data_text": _data_text(work),
        "copy_text": f"{given(copies, 'si B')} at {given(work.copy, 'si B/s')}",
        "arithmetic_text": (
            f"{quantity(training_flop(work.model), 'si FLOP')} for each of the {work.noun}, "
            f"backward pass included, at {quantity(_rate(work), 'si FLOP/s')}"
        ),
        "averaging_text": _averaging_text(work),
        "sample_text": f"{work.batch:,}, {given(work.sample, 'si B')}",
        "store_text": given(work.store, "si B/s"),
        "copy_rate_text": given(work.copy, "si B/s"),
        "flop_text": quantity(training_flop(work.model), "si FLOP"),
        "rate_text": quantity(_rate(work), "si FLOP/s"),
        "message_text": quantity(_message(work), "si B"),
        "link_text": given(work.link or work.up, "si B/s"),
        **{f"{stage}_seconds": t for stage, t in zip(STAGES, times, strict=True)},
    }


def _who(work: Work) -> str:
    if work.link:
        return (
            f"{work.devices} × {NAMES[work.machine]}, {work.batch:,} {work.noun} on each in a step"
        )
    return f"{work.batch:,} {work.noun} on each {NAMES[work.machine]} in a round"


def _data_text(work: Work) -> str:
    each = f"{given(work.sample, 'si B')} for each, from {work.store_name} at " + given(
        work.store, "si B/s"
    )
    if work.shared:
        each += f" that all {work.devices} share"
    if work.decode:
        cores = "one core" if work.workers == 1 else f"{work.workers} cores"
        each += f"; decoded meanwhile, {given(work.decode, 'time')} each, by {cores}"
    return each


def _averaging_text(work: Work) -> str:
    bits = 16 if work.precision == "fp16" else 32
    size = _message(work)
    if work.link:
        return (
            f"{bits}-bit gradients, {quantity(size, 'si B')}, around a ring over "
            f"{work.link_name}, {given(work.link, 'si B/s')} each way"
        )
    if work.down == work.up:
        how = f"at {given(work.down, 'si B/s')} over {work.link_name}"
    else:
        how = (
            f"at {given(work.down, 'si B/s')} and {given(work.up, 'si B/s')} over {work.link_name}"
        )
    return f"the model, {quantity(size, 'si B')}, is fetched and sent back, {how}"


def _cloud() -> Iterator[Work]:
    v100: dict[str, Any] = {"machine": "v100-sxm2-32gb", "copy": 12e9}
    a100: dict[str, Any] = {"machine": "a100-sxm-80gb", "copy": 24e9}
    ssd: dict[str, Any] = {"store": 0.5e9, "store_name": "an SSD", "shared": True}
    nvme: dict[str, Any] = {"store": 3e9, "store_name": "NVMe", "shared": True}
    pcie: dict[str, Any] = {"link": 12e9, "link_name": "PCIe"}
    for batch in (32, 64):
        yield Work(model="resnet-50-v1", devices=4, batch=batch, noun="images", sample=RAW,
                   **v100, **ssd, **pcie)  # fmt: skip
        yield Work(model="resnet-50-v1", devices=8, batch=2 * batch, noun="images", sample=JPEG,
                   decode=6e-3, workers=8, link=300e9, link_name="NVLink", **a100,
                   **nvme)  # fmt: skip
    nets = ("gpt-2-small", "bert-large", "gpt-2-xl")
    links = ((1.25e9, "10-gigabit Ethernet"), (12.5e9, "100-gigabit Ethernet"), (300e9, "NVLink"))
    for net, (rate, name), tokens in product(nets, links, (2048, 8192)):
        yield Work(model=net, devices=8, batch=tokens, noun="tokens", sample=2.0, link=rate,
                   link_name=name, **a100, **nvme)  # fmt: skip


def _edge() -> Iterator[Work]:
    card: dict[str, Any] = {"store": 90e6, "store_name": "its memory card"}
    nvme: dict[str, Any] = {"store": 3e9, "store_name": "its NVMe"}
    boards = ("jetson-orin-nx-16gb", "jetson-agx-orin-64gb")
    nets = ("mobilenet-v2", "resnet-50-v1")
    for board, net, devices, batch, store in product(boards, nets, (2, 4), (32, 512), (card, nvme)):
        yield Work(machine=board, model=net, devices=devices, batch=batch, noun="images",
                   sample=RAW, copy=machine(board, "bandwidth") / 2, link=0.125e9,
                   link_name="gigabit Ethernet", **store)  # fmt: skip
    for board, tokens in product(boards, (4096, 65536)):
        yield Work(machine=board, model="gpt-2-small", devices=2, batch=tokens, noun="tokens",
                   sample=2.0, copy=machine(board, "bandwidth") / 2, link=0.125e9,
                   link_name="gigabit Ethernet", **nvme)  # fmt: skip


def _mobile() -> Iterator[Work]:
    phone: dict[str, Any] = {"machine": "phone-cpu", "precision": "fp32", "devices": 100,
             "copy": machine("phone-cpu", "copy.bandwidth") / 2, "store": 1e9,
             "store_name": "its flash"}  # fmt: skip
    links = ((12.5e6, 5e6, "Wi-Fi"), (6.25e6, 1.25e6, "the cellular network"))
    for batch, (down, up, name) in product((50, 200, 800), links):
        yield Work(model="mobilenet-v2", batch=batch, noun="thumbnails", sample=THUMBNAIL,
                   down=down, up=up, link_name=name, **phone)  # fmt: skip
        yield Work(model="mobilenet-v2", batch=batch, noun="photographs", sample=PHOTO,
                   decode=0.1, down=down, up=up, link_name=name, **phone)  # fmt: skip
    for tokens, (down, up, name) in product((1000, 100_000), links):
        yield Work(model="smollm-135m", batch=tokens, noun="tokens", sample=2.0,
                   down=down, up=up, link_name=name, **phone)  # fmt: skip


def _tiny() -> Iterator[Work]:
    inputs: Mapping[str, tuple[str, float]] = {
        "dscnn-kws": ("sounds", SOUND), "resnet8-ic": ("pictures", 32 * 32 * 3.0),
        "mobilenet-v1-025-vww": ("pictures", PICTURE),
    }  # fmt: skip
    boards = ("nucleo-l4r5zi", "nucleo-u575zi", "nucleo-h7a3zi")
    links = ((100e3, "Bluetooth"), (20e3, "a radio mesh"))
    stores = ((10e6, "external flash"), (0.1e6, "an old memory card"))
    for board, net, batch in product(boards, inputs, (5, 200)):
        name, sample = inputs[net]
        for (link, link_name), (store, store_name) in product(links, stores):
            yield Work(machine=board, model=net, devices=20, batch=batch, noun=name, sample=sample,
                       copy=machine(board, "bandwidth") / 2, precision="fp32", store=store,
                       store_name=store_name, down=link, up=link, link_name=link_name)  # fmt: skip


WORKS = {"cloud": _cloud, "edge": _edge, "mobile": _mobile, "tiny": _tiny}
