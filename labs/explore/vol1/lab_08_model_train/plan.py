"""The challenge of part D: format, sharding, recomputation, micro-batch, devices."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from labs.arranging import Array, count_text, floats, given
from labs.contract import Challenge, Knob, Knobs, Outputs, Params, Scalar, lookup
from simcore.equations.data_parallel import sharded_sync
from simcore.equations.memory import training_state

from .machines import (
    EFFICIENCY,
    NAMES,
    USABLE,
    capacity,
    kept_activations,
    machine,
    memory_text,
    network,
    training_flop,
)
from .state import ELEMENTS, MASTERS, MOMENTS

LATENCY = 10e-6
RECOMPUTED = 4.0 / 3.0
"""Arithmetic with one more forward pass, over that without. [1]"""
HOUR, DAY = 3600.0, 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """One task: the machine, the link of its ring [byte/s], and by when it must be done. [s]"""

    machine: str
    link: float
    deadline: float

    def params(self, track: str) -> Mapping[str, Scalar]:
        site = SITES[track]
        return {
            "plan_machine": self.machine,
            "plan_machine_name": f"{NAMES[self.machine]}{site.plural}",
            "plan_memory_text": memory_text(self.machine),
            "plan_link": self.link,
            "plan_link_text": given(self.link, "si B/s"),
            "plan_deadline": self.deadline,
            "plan_deadline_text": _time_text(self.deadline),
            "plan_model_name": NAMES[site.model],
            "plan_parameters_text": count_text(network(site.model, "parameters")),
            "plan_total_text": site.total_text,
            "plan_batch_text": site.batch_text,
            "plan_formats_text": site.formats_text,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What a track trains: `total` items, `batch` examples a step of `sequence` items each.

    `rates` names the catalogue's peak for each format.
    """

    model: str
    total: float
    batch: int
    sequence: int
    rates: Mapping[str, str]
    devices: Sequence[int]
    briefs: Sequence[Brief]
    total_text: str
    batch_text: str
    formats_text: str
    plural: str
    micro: Sequence[int] = (1, 2, 4, 8, 16)


_TENSOR = {"fp32": "tf32", "mixed": "fp16"}
_HALF = {"fp32": "fp32", "mixed": "fp16"}
_SAME = {"fp32": "fp32", "mixed": "fp32"}
SITES: Mapping[str, Site] = {
    "cloud": Site(
        model="llama-2-7b", total=20e9, batch=256, sequence=2048, rates=_TENSOR,
        devices=(4, 8, 16, 32, 64, 128),
        briefs=(
            Brief(machine="a100-sxm-40gb", link=12.5e9, deadline=5 * DAY),
            Brief(machine="a100-sxm-80gb", link=12.5e9, deadline=3 * DAY),
            Brief(machine="a100-sxm-40gb", link=3e9, deadline=10 * DAY),
        ),
        total_text="20 billion tokens", batch_text="256 sequences of 2,048 tokens",
        formats_text="32-bit floats run on the tensor cores at TF32's rate, half of 16 bits'",
        plural=" cards",
    ),
    "edge": Site(
        model="llama-3-2-1b", total=50e6, batch=64, sequence=1024, rates=_HALF,
        devices=(1, 2, 4, 8, 16, 32),
        briefs=(
            Brief(machine="jetson-orin-nx-16gb", link=1.25e9, deadline=4 * HOUR),
            Brief(machine="jetson-orin-nx-16gb", link=0.125e9, deadline=12 * HOUR),
            Brief(machine="jetson-orin-nano-8gb", link=1.25e9, deadline=36 * HOUR),
        ),
        total_text="50 million tokens", batch_text="64 sequences of 1,024 tokens",
        formats_text="32-bit floats run on ordinary cores, far slower than 16 bits",
        plural=" modules",
    ),
    "mobile": Site(
        model="smollm-135m", total=10e6, batch=64, sequence=512, rates=_HALF,
        devices=(1, 2, 4, 8, 16, 32),
        briefs=(
            Brief(machine="phone-cpu", link=35e6, deadline=8 * HOUR),
            Brief(machine="phone-cpu", link=0.125e9, deadline=4 * HOUR),
        ),
        total_text="10 million tokens", batch_text="64 sequences of 512 tokens",
        formats_text="32-bit floats run at half the rate of 16 bits",
        plural="s",
    ),
    "tiny": Site(
        model="dscnn-kws", total=200e3, batch=64, sequence=1, rates=_SAME,
        devices=(1, 2, 4, 8, 16, 32), micro=(1, 2, 4, 8),
        briefs=(
            Brief(machine="nucleo-l4r5zi", link=0.1e6, deadline=8 * HOUR),
            Brief(machine="nucleo-u575zi", link=0.5e6, deadline=4 * HOUR),
            Brief(machine="nucleo-h7a3zi", link=0.1e6, deadline=3 * HOUR),
        ),
        total_text="200,000 examples", batch_text="64 examples",
        formats_text="arithmetic is in 32-bit floats either way; mixed stores in 16 bits",
        plural=" boards",
    ),
}  # fmt: skip


class Plan(Challenge):
    """Steps in sequence: arithmetic, then the ring; power counts at the machines' limit."""

    better = "lower"

    def variables(self, p: Params) -> tuple[Knob, ...]:
        site = SITES[str(p["track"])]
        return (
            Knob(id="format", steps=tuple(ELEMENTS)),
            Knob(id="stage", steps=(0, 1, 2, 3)),
            Knob(id="recompute", steps=(False, True)),
            Knob(id="micro_batch", steps=tuple(site.micro)),
            Knob(id="devices", steps=tuple(site.devices), default=1),
        )

    def assess(self, p: Params, k: Knobs) -> Outputs:
        site, name = SITES[str(p["track"])], str(p["plan_machine"])
        devices, micro = floats(k["devices"]), floats(k["micro_batch"])
        own = site.batch / devices
        steps = site.total / (site.batch * site.sequence)
        compute = _compute(site, name, k) * own
        sync = _sync(p, site, k, np.maximum(1.0, own / micro))
        time = steps * (compute + sync)
        memory = _memory(site, k)
        broken = {
            "too_large": memory > USABLE * capacity(name),
            "too_late": time > float(p["plan_deadline"]),
            "no_whole_batch": micro > own,
        }
        return {
            "objective": devices * machine(name, "power") * time,
            "feasible": ~np.logical_or.reduce(list(broken.values())),
            **broken,
            "memory": memory,
            "time": time,
            "sync_share": sync / (compute + sync),
            "device_hours": devices * time / HOUR,
        }


def _compute(site: Site, name: str, k: Knobs) -> Array:
    """Return the arithmetic time of one example. [s]"""
    peaks = {form: machine(name, f"peak.{site.rates[form]}") for form in ELEMENTS}
    flop = training_flop(site.model) * site.sequence
    again = np.where(np.asarray(k["recompute"], dtype=bool), RECOMPUTED, 1.0)
    return flop * again / (EFFICIENCY * lookup(peaks, k["format"]))


def _sync(p: Params, site: Site, k: Knobs, micro_steps: Array) -> Array:
    size = network(site.model, "parameters") * lookup(ELEMENTS, k["format"])
    return sharded_sync(
        size,
        size,
        floats(k["devices"]),
        stage=floats(k["stage"]),
        micro_steps=micro_steps,
        bandwidth=float(p["plan_link"]),
        latency=LATENCY,
    )


def _memory(site: Site, k: Knobs) -> Array:
    element = lookup(ELEMENTS, k["format"])
    state = training_state(
        network(site.model, "parameters"),
        weight_size=element,
        gradient_size=element,
        optimizer_size=lookup(MASTERS, k["format"]) + MOMENTS["adam"],
        devices=floats(k["devices"]),
        zero_stage=floats(k["stage"]),
    )
    kept = kept_activations(
        site.model,
        floats(k["micro_batch"]),
        element=element,
        recompute=np.asarray(k["recompute"], dtype=bool),
        sequence=float(site.sequence),
    )
    return state.total + kept


def _time_text(seconds: float) -> str:
    if seconds < 2 * DAY:
        return f"{round(seconds / HOUR)} hours"
    return f"{round(seconds / DAY)} days"
