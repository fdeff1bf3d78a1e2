"""What the four tracks bring: loads, machines, promises. Sources are named in the TOML files."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from labs.text import quantity
from simcore.catalog import item

MS = 1e-3
HOUR = 3600.0
GB = 1e9

LATE = 0.99
"""The share of requests every promise of this lab is about."""

OVERLOAD_AFTER = 600.0
"""An overloaded queue never settles; its wait is shown as it stands after ten minutes. [s]"""


def given(value: float, spec: str) -> str:
    """Return a given number as people write it: 5 ms, not 5.00 ms."""
    number, _, unit = quantity(value, spec).partition(" ")
    if "." in number:
        number = number.rstrip("0").rstrip(".")
    return f"{number} {unit}".strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """The batch server of a track: a batch of B takes `setup` + B `per_request`, by precision.

    Times in s, prices in USD per replica-hour, losses in accuracy points.
    """

    setup: float
    per_request: Mapping[str, float]
    price: float

    def slope(self, precision: str) -> float:
        return self.per_request[precision]


LOSSES = MappingProxyType({"full": 0.0, "half": 0.2, "quarter": 2.5})
"""Accuracy lost by the precision of the weights: as trained, 8 bits, 4 bits. [points]"""

SERVICES = MappingProxyType({
    "cloud": Service(
        setup=3 * MS, price=HOUR * item("prices", "h100-hour").value("rent"),
        per_request={"full": 0.65 * MS, "half": 0.36 * MS, "quarter": 0.30 * MS},
    ),
    "edge": Service(
        setup=4 * MS, price=0.25,
        per_request={"full": 3.2 * MS, "half": 1.7 * MS, "quarter": 1.3 * MS},
    ),
    "mobile": Service(
        setup=8 * MS, price=0.02,
        per_request={"full": 20 * MS, "half": 11 * MS, "quarter": 9 * MS},
    ),
    "tiny": Service(
        setup=2 * MS, price=0.004,
        per_request={"full": 182 * MS, "half": 48 * MS, "quarter": 52 * MS},
    ),
})  # fmt: skip
