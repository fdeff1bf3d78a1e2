"""The design challenge of part D: a release that is fair, right often enough, and lean."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from labs.arranging import Array, floats, given
from labs.contract import Challenge, Knob, Knobs, Outputs, Params, Scalar
from simcore.catalog import item
from simcore.equations.explanation import service_energy
from simcore.equations.facility import facility_energy, operational_carbon
from simcore.equations.fairness import threshold_rates

from .equalities import ALLOWED, Groups, prices
from .tracks import ADDS_UP, METHODS, evaluations

KWH = 3.6e6
DAYS = 365.0
RULES = {"true_positive": "found", "false_positive": "flagged though innocent"}
"""Which rate the groups must share, in words of the brief."""
DECAY = 0.0002
"""Accuracy lost a day without training; assumed. [1/d]"""

THRESHOLDS = tuple(round(x, 1) for x in np.arange(-1.5, 1.51, 0.1))
INTERVALS = (7, 14, 30, 60, 90, 180)


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """A track's release: two groups of a score, and a year's work. Energies in J; assumed."""

    bases: tuple[float, float]
    separation: float
    first_share: float
    floors: tuple[float, float]
    training_energy: float
    requests: float
    request_energy: float
    features: int
    pue: float = 1.0

    def words(self) -> dict[str, Scalar]:
        """Return what the brief of the challenge says of it."""
        return {
            "release_base_a": self.bases[0],
            "release_base_b": self.bases[1],
            "release_sight": self.separation,
            "release_share": self.first_share,
            "release_requests": self.requests,
            "release_features": self.features,
            "release_training": given(self.training_energy / KWH, "g3") + " kWh",
            "release_request": given(self.request_energy, "si J"),
        }


BRIEFS: Mapping[str, Brief] = {
    "cloud": Brief(bases=(0.5, 0.2), separation=2.0, first_share=0.7, floors=(0.82, 0.825),
                   training_energy=100 * KWH, requests=5e4, request_energy=10.0, features=50,
                   pue=item("facilities", "average")["pue"].value),
    "edge": Brief(bases=(0.3, 0.1), separation=2.2, first_share=0.6, floors=(0.88, 0.875),
                  training_energy=5 * KWH, requests=5e3, request_energy=5.0, features=50),
    "mobile": Brief(bases=(0.4, 0.2), separation=1.6, first_share=0.75, floors=(0.775, 0.78),
                    training_energy=2 * KWH, requests=2e4, request_energy=0.5, features=100),
    "tiny": Brief(bases=(0.25, 0.1), separation=2.4, first_share=0.5, floors=(0.895, 0.89),
                  training_energy=0.2 * KWH, requests=3e5, request_energy=5e-3, features=30),
}  # fmt: skip


class Release(Challenge):
    better = "lower"

    def variables(self, p: Params) -> tuple[Knob, ...]:
        middle = THRESHOLDS.index(0.0)
        return (
            Knob(id="threshold_a", steps=THRESHOLDS, default=middle),
            Knob(id="threshold_b", steps=THRESHOLDS, default=middle),
            Knob(id="method", steps=METHODS),
            Knob(id="interval", steps=INTERVALS, default=INTERVALS.index(30)),
        )

    def assess(self, p: Params, k: Knobs) -> Outputs:
        brief = BRIEFS[str(p["place"])]
        a, b = (
            _rates(floats(k[f"threshold_{name}"]), base, brief.separation)
            for name, base in zip("ab", brief.bases, strict=True)
        )
        w = brief.first_share
        flagged = w * a["selected"] + (1 - w) * b["selected"]
        interval = floats(k["interval"])
        accuracy = w * a["accuracy"] + (1 - w) * b["accuracy"] - DECAY * interval / 2
        method = np.asarray(k["method"])
        energy = service_energy(
            trainings=DAYS / interval,
            training_energy=brief.training_energy,
            requests=DAYS * brief.requests,
            request_energy=brief.request_energy,
            explained=flagged,
            evaluations=evaluations(method, brief.features),
        )
        intensity = item("grids", str(p["grid"]))["carbon_intensity"].value
        carbon = operational_carbon(
            facility_energy(energy.total, pue=brief.pue), intensity=intensity
        )
        gap = np.abs(a[str(p["rule"])] - b[str(p["rule"])])
        broken = {
            "unequal": gap > ALLOWED,
            "inaccurate": accuracy < float(p["floor"]),
            "does_not_add_up": ~np.isin(method, ADDS_UP),
        }
        return {
            "objective": carbon,
            "feasible": ~np.logical_or.reduce(list(broken.values())),
            **broken,
            "accuracy": accuracy,
            "gap": gap,
            "flagged": flagged,
            "reasons_share": energy.reasons / energy.total,
        }


def rule_price(place: str, rule: str) -> float:
    """Return the accuracy that the rule costs the track's two groups at the least. [1]"""
    brief = BRIEFS[place]
    return prices(Groups(brief.bases, (brief.separation,) * 2, brief.first_share))[rule]


def _rates(threshold: Array, base: float, separation: float) -> dict[str, Array]:
    """Return rates at each threshold; a design repeats few of them."""
    distinct, where = np.unique(threshold, return_inverse=True)
    table = _table(tuple(distinct.tolist()), base, separation)
    return {name: column[where] for name, column in table.items()}


@lru_cache(maxsize=64)
def _table(thresholds: tuple[float, ...], base: float, separation: float) -> dict[str, Array]:
    found = threshold_rates(floats(thresholds), base_rate=base, separation=separation)
    return dict(zip(found._fields, found, strict=True))
