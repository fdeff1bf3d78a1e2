"""One case: its inputs as numbers in SI, and the machines and workloads among them."""

import math
from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, replace
from typing import Any

from simcore.crosscheck import names
from simcore.crosscheck.units import factor
from simcore.equations.precision import element_size
from simcore.errors import SimError

HOST_LINK = 64e9
"""PCIe 5 x16, one way: what memory spills over where a machine's inputs name no link. [byte/s]"""


class Unsupported(SimError):
    """A case that lacks an input, or asks what no family answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """A network, by what it counts."""

    name: str
    parameters: float
    flop: float
    """Of one sample; of one token for a language model. [FLOP]"""
    layers: int
    hidden: int
    heads: int
    kv_heads: int
    is_transformer: bool
    experts: int
    experts_per_token: int
    active_parameters: float
    head_width: int
    latent_width: int
    """Of keys and values compressed together, the position's key included; 0 where they are not."""

    def size(self, element: float) -> float:
        """Return its weights. [byte]"""
        return self.parameters * element


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """An accelerator or a microcontroller, dense peaks."""

    name: str
    half_peak: float
    """At 16 bits, or whatever the machine states as its peak. [FLOP/s]"""
    peaks: Mapping[str, float]
    capacity: float
    bandwidth: float
    overhead: float
    """Before each step. [s]"""
    power: float
    host_link: float
    sram_capacity: float | None
    sram_bandwidth: float | None
    flash_bandwidth: float | None

    def peak(self, precision: str) -> float:
        """Return the peak at a format, at 16 bits where it has none of its own. [FLOP/s]

        Weights of 4 bits on a machine without 4-bit arithmetic are widened and multiplied at 16.
        """
        return self.peaks.get(precision, self.half_peak)

    def scaled(self, *, arithmetic: float = 1.0, bandwidth: float = 1.0, capacity: float = 1.0
               ) -> "Machine":  # fmt: skip
        """Return a machine whose resources are larger by these factors."""
        return replace(
            self,
            half_peak=self.half_peak * arithmetic,
            peaks={name: peak * arithmetic for name, peak in self.peaks.items()},
            bandwidth=self.bandwidth * bandwidth,
            capacity=self.capacity * capacity,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """Nodes of accelerators and the fabric between them."""

    nodes: int
    per_node: int
    node_bandwidth: float
    fabric_bandwidth: float
    """After oversubscription. [byte/s]"""
    fabric_latency: float
    accelerator: Machine

    @property
    def total(self) -> int:
        return self.nodes * self.per_node


class Case:
    """Inputs of a case by name, whichever of its two groups holds them."""

    def __init__(self, raw: Mapping[str, Any]) -> None:
        self.id = str(raw["id"])
        self.family = str(raw["family"])
        self.solver = str(raw.get("solver", ""))
        self.outputs = _named(raw.get("outputs") or {})
        self.inputs: dict[str, Any] = {
            **(raw.get("registry_inputs") or {}),
            **(raw.get("primitive_inputs") or {}),
        }

    def with_inputs(self, **changed: Any) -> "Case":
        """Return the case with some inputs replaced."""
        other = copy(self)
        other.inputs = {**self.inputs, **changed}
        return other

    def has(self, *keys: str) -> bool:
        return any(self.inputs.get(key) is not None for key in keys)

    def get(self, *keys: str, default: Any = None) -> Any:
        """Return the first of these inputs that is given."""
        return next((self.inputs[key] for key in keys if self.inputs.get(key) is not None), default)

    def number(self, *keys: str, default: float | None = None) -> float:
        """Return the first of these inputs that is given, in SI where it carries a unit."""
        found = self.get(*keys)
        if found is None and default is None:
            raise Unsupported(f"{self.id} has no input {' or '.join(map(repr, keys))}")
        return default if found is None else quantity(found)  # type: ignore[return-value]

    def whole(self, *keys: str, default: int | None = None) -> int:
        return int(self.number(*keys, default=default))

    @property
    def precision(self) -> str:
        """The format, named where bytes per parameter agree with it."""
        return str(self.get("precision", default="fp16"))

    @property
    def element(self) -> float:
        """Bytes of one number."""
        if self.has("bytes_per_param"):
            return self.number("bytes_per_param")
        return element_size(self.precision)

    def workload(self, key: str = "workload") -> Workload:
        """Return a network given by its counts, or by a name that `names.toml` knows."""
        raw = self.get(key)
        if not isinstance(raw, Mapping):
            raw = names.workload(str(raw or self.get("model", default="")))
        raw = {**names.attention(str(raw.get("name", ""))), **raw}
        parameters = quantity(raw["parameters"])
        hidden, heads = int(raw.get("hidden_dim") or 4096), int(raw.get("heads") or 32)
        flop = raw.get("lowered_total_ops_per_sample") or raw.get("inference_flops")
        return Workload(
            name=str(raw.get("name", "")),
            parameters=parameters,
            flop=quantity(flop) if flop else 2 * parameters,
            layers=int(raw.get("layers") or 1),
            hidden=hidden,
            heads=heads,
            kv_heads=int(raw.get("kv_heads") or heads),
            is_transformer=bool(raw.get("hidden_dim")),
            experts=int(raw.get("experts") or 1),
            experts_per_token=int(raw.get("active_experts_per_token") or 1),
            active_parameters=quantity(raw.get("active_parameters") or parameters),
            head_width=int(raw.get("head_dim") or hidden // heads),
            latent_width=int(raw.get("kv_lora_rank") or 0) + int(raw.get("qk_rope_head_dim") or 0),
        )

    def machine(self, *keys: str) -> Machine:
        """Return the machine under the first of these inputs; "hardware" if none is named."""
        raw = self.get(*(keys or ("hardware",)))
        if not isinstance(raw, Mapping):
            raise Unsupported(f"{self.id} gives no numbers for the machine {raw!r}")
        return machine(raw)

    def fleet(self) -> Fleet:
        raw = self.get("fleet")
        if not isinstance(raw, Mapping):
            raise Unsupported(f"{self.id} gives no numbers for the fleet {raw!r}")
        return Fleet(
            nodes=int(raw["nodes"]),
            per_node=int(raw["accel_per_node"]),
            node_bandwidth=quantity(raw["intra_node_bw_one_way"]),
            fabric_bandwidth=quantity(raw["fabric_bw"]) / float(raw.get("oversubscription") or 1),
            fabric_latency=quantity(raw["fabric_latency"]),
            accelerator=machine(raw["accelerator"]),
        )


def machine(raw: Mapping[str, Any]) -> Machine:
    """Return a machine from its group of inputs; sparse peaks are left out."""
    peaks = {
        name.removesuffix("_dense"): quantity(value)
        for name, value in (raw.get("precision_flops") or {}).items()
        if not name.endswith("_sparse")
    }
    tiers = {**names.memory_tiers(str(raw.get("name", ""))), **raw}
    return Machine(
        name=str(raw.get("name", "")),
        half_peak=quantity(raw["peak_flops_fp16"]),
        peaks=peaks,
        capacity=quantity(raw["mem_capacity"]),
        bandwidth=quantity(raw["mem_bandwidth"]),
        overhead=quantity(raw.get("dispatch_tax") or 0.0),
        power=quantity(raw.get("tdp") or 0.0),
        host_link=quantity(raw.get("host_link_one_way") or HOST_LINK),
        sram_capacity=_optional(tiers, "sram_capacity"),
        sram_bandwidth=_optional(tiers, "sram_bandwidth"),
        flash_bandwidth=_optional(tiers, "flash_bandwidth"),
    )


def _named(outputs: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the outputs by name; a case with a single number has it without one."""
    is_single = "value" in outputs and not isinstance(outputs["value"], Mapping)
    return {"value": outputs} if is_single else outputs


def quantity(raw: Any) -> float:
    """Return a number, in SI where it carries a unit.

    Raises
    ------
    Unsupported
        If it is nan.
    """
    if isinstance(raw, Mapping):
        return quantity(raw["value"]) * factor(str(raw.get("unit", "1")))
    value = float(raw)
    if math.isnan(value):
        raise Unsupported("an input is nan; every input must be a number")
    return value


def _optional(raw: Mapping[str, Any], key: str) -> float | None:
    return None if raw.get(key) is None else quantity(raw[key])
