"""Typed views of catalogue items: the numbers equations ask for, as plain floats in SI."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from simcore.catalog.items import Item, item
from simcore.errors import NotInCatalogue, unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Hardware:
    """A machine: dense peaks by precision [FLOP/s], main memory, power; more in `item`."""

    id: str
    name: str
    peaks: Mapping[str, float]
    bandwidth: float
    """Main-memory bandwidth at its peak. [byte/s]"""
    capacity: float
    """Main-memory capacity. [byte]"""
    power: float | None
    """Power limit. [W]"""
    item: Item

    def peak(self, precision: str) -> float:
        """Return the dense peak rate at a precision. [FLOP/s]

        Raises
        ------
        NotInCatalogue
            If this machine has no peak at that precision, naming those it has.
        """
        if precision not in self.peaks:
            raise NotInCatalogue(unknown(f"precision of {self.id}", precision, self.peaks))
        return self.peaks[precision]

    def ridge(self, precision: str) -> float:
        """Return the intensity at which arithmetic and main memory balance. [FLOP/byte]"""
        return self.peak(precision) / self.bandwidth


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A neural network: parameters and the shape of its layers; more in `item`."""

    id: str
    name: str
    parameters: float
    layers: int | None
    hidden: int | None
    heads: int | None
    kv_heads: int | None
    head_width: int | None
    item: Item


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A connection between two ends, one way."""

    id: str
    name: str
    bandwidth: float
    """One way. [byte/s]"""
    latency: float | None
    """Of one message. [s]"""
    item: Item


@cache
def hardware(id: str) -> Hardware:  # noqa: A002
    """Return a machine of the catalogue by its id, such as "h100-sxm"."""
    found = item("hardware", id)
    return Hardware(
        id=id,
        name=found.name,
        peaks=MappingProxyType(found.under("peak")),
        bandwidth=found.value("bandwidth"),
        capacity=found.value("capacity"),
        power=_optional(found, "power"),
        item=found,
    )


@cache
def model(id: str) -> Model:  # noqa: A002
    """Return a neural network of the catalogue by its id, such as "llama-2-70b"."""
    found = item("models", id)
    return Model(
        id=id,
        name=found.name,
        parameters=found.value("parameters"),
        layers=_count(found, "layers"),
        hidden=_count(found, "hidden"),
        heads=_count(found, "heads"),
        kv_heads=_count(found, "kv_heads"),
        head_width=_count(found, "head_width"),
        item=found,
    )


@cache
def link(id: str) -> Link:  # noqa: A002
    """Return a link of the catalogue by its id, such as "nvlink-4"."""
    found = item("links", id)
    return Link(
        id=id,
        name=found.name,
        bandwidth=found.value("bandwidth"),
        latency=_optional(found, "latency"),
        item=found,
    )


def _optional(found: Item, name: str) -> float | None:
    return found.value(name) if name in found else None


def _count(found: Item, name: str) -> int | None:
    return int(found.value(name)) if name in found else None
