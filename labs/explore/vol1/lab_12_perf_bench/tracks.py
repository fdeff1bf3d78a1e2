"""What the four tracks bring, and what the parts share. Sources are named in the TOML files."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from types import MappingProxyType

from numpy.typing import ArrayLike

from labs.arranging import Array, floats
from simcore.equations.throttling import held_speed

MS = 1e-3

LATE = 0.99
"""The share of requests that promises of this lab are about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """One thermal mass: powers [W], conductance [W/K], temperatures [C], time constant [s]."""

    idle: float
    dynamic: float
    conductance: float
    ambient: float
    limit: float
    constant: float

    def air(
        self, *, cooling: ArrayLike = 1.0, ambient: ArrayLike | None = None
    ) -> dict[str, Array]:
        """Return its powers and surroundings as `held_speed` takes them."""
        return {
            "dynamic_power": floats(self.dynamic),
            "idle_power": floats(self.idle),
            "ambient": floats(self.ambient if ambient is None else ambient),
            "thermal_resistance": 1.0 / (self.conductance * floats(cooling)),
            "limit": floats(self.limit),
        }

    def body(
        self, *, cooling: ArrayLike = 1.0, ambient: ArrayLike | None = None
    ) -> dict[str, Array]:
        """Return them with the heat capacity, as `governed_run` takes them."""
        return {
            **self.air(cooling=cooling, ambient=ambient),
            "heat_capacity": floats(self.conductance * self.constant),
        }

    @property
    def held(self) -> float:
        """Share of full speed held for ever in its own surroundings. [1]"""
        return float(held_speed(**self.air()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where a track's device ends up; the lists are drawn from. Units as in `Device`."""

    idle: tuple[float, ...]
    dynamic: tuple[float, ...]
    conductance: tuple[float, ...]
    ambient: tuple[float, ...]
    limit: float
    constant: float
    rate: float
    """What the cold bench showed: pictures, frames or windows. [1/s]"""

    def devices(self) -> list[Device]:
        return [
            Device(
                idle=idle, dynamic=dynamic, conductance=conductance, ambient=ambient,
                limit=self.limit, constant=self.constant,
            )
            for idle, dynamic, conductance, ambient in product(
                self.idle, self.dynamic, self.conductance, self.ambient
            )
        ]  # fmt: skip


SITES: Mapping[str, Site] = MappingProxyType({
    "cloud": Site(
        idle=(140.0, 150.0), dynamic=(450.0, 500.0, 550.0), conductance=(3.8, 4.0, 4.2),
        ambient=(30.0, 35.0), limit=87.0, constant=40.0, rate=1500.0,
    ),
    "edge": Site(
        idle=(6.0, 6.5), dynamic=(16.0, 18.0, 20.0), conductance=(0.19, 0.20, 0.21),
        ambient=(35.0, 38.0), limit=85.0, constant=90.0, rate=30.0,
    ),
    "mobile": Site(
        idle=(1.25, 1.35), dynamic=(4.0, 4.5, 5.0), conductance=(0.145, 0.155),
        ambient=(28.0, 30.0), limit=43.0, constant=60.0, rate=60.0,
    ),
    "tiny": Site(
        idle=(0.22, 0.24), dynamic=(0.6, 0.7, 0.8), conductance=(0.009, 0.0095, 0.010),
        ambient=(30.0, 35.0), limit=70.0, constant=120.0, rate=5.0,
    ),
})  # fmt: skip
