"""Part D: a year's energy, and what reasons add to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from labs.arranging import Array, floats, given, rows
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
    lookup,
)
from simcore.catalog import item
from simcore.equations.explanation import ServiceEnergy, service_energy
from simcore.equations.facility import facility_energy, operational_carbon

from .release import BRIEFS, RULES, Release, rule_price
from .tracks import METHODS, WORDS, evaluations

KWH = 3.6e6
DAYS = 365.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A track's year: energies [J], requests a day, features. All but the draws are assumed."""

    training_energy: float
    requests: tuple[float, float]
    request_energy: float
    grids: tuple[str, str]


SERVICES: Mapping[str, Service] = {
    "cloud": Service(training_energy=100 * KWH, requests=(2e5, 1e6), request_energy=10.0,
                     grids=("united-states", "germany")),
    "edge": Service(training_energy=5 * KWH, requests=(4e4, 1e5), request_energy=5.0,
                    grids=("germany", "france")),
    "mobile": Service(training_energy=2 * KWH, requests=(2e5, 5e5), request_energy=0.5,
                      grids=("poland", "united-states")),
    "tiny": Service(training_energy=0.2 * KWH, requests=(2e6, 5e6), request_energy=5e-3,
                    grids=("india", "france")),
}  # fmt: skip
TRAININGS = (12, 52)
EXPLAINED = (0.05, 0.1)
FEATURES = (20, 50, 100)

GRIDS = ("norway", "france", "germany", "united-states", "india", "poland")
INTENSITIES = {name: item("grids", name)["carbon_intensity"].value for name in GRIDS}
"""Carbon of electricity. [kg/J]"""
PUES = {"cloud": item("facilities", "average")["pue"].value}
"""Where machines stand in a building of their own; elsewhere 1."""

CAP = 10.0
"""Growth of the account that the board accepts. [1]"""
EXPLAINED_STEPS = (0.0, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
TRAINING_STEPS = (1, 2, 4, 12, 26, 52, 104, 365)
SHARE_AXIS = np.geomspace(1e-3, 1.0, 37)


class D(Part):
    challenge = Release()

    def combinations(self, track: str) -> Sequence[Params]:
        service = SERVICES[track]
        return [
            {
                "trainings": n, "requests": requests, "explained": explained, "features": features,
                "training_energy": service.training_energy,
                "request_energy": service.request_energy,
                "training_text": given(service.training_energy / KWH, "g3") + " kWh",
                "request_text": given(service.request_energy, "si J"),
                "grid": grid, "place": track, "rule": rule, "floor": floor,
                "floor_text": f"{100 * floor:g}%",
                "rule_text": RULES[rule],
                **WORDS[track], **BRIEFS[track].words(),
            }
            for n, requests, explained, features, grid, (rule, floor) in product(
                TRAININGS, service.requests, EXPLAINED, FEATURES, service.grids,
                zip(RULES, BRIEFS[track].floors, strict=True),
            )
        ]  # fmt: skip

    def questions(self, p: Params) -> tuple[Question, ...]:
        asked = asked_for(p)
        return (
            Choice(
                id="growth",
                options=(
                    Option(id=RIGHT, value=float(year(p).growth)),
                    Option(id="one_evaluation", value=1 + float(p["explained"])),
                    Option(id="training_forgotten", value=1 + float(p["explained"]) * asked),
                    Option(id="share_forgotten", value=1 + asked),
                ),
            ),
        )

    def facts(self, p: Params) -> dict[str, Scalar]:
        found = year(p)
        grown = float(found.total)
        grid = str(p["grid"])
        carbon = _carbon(found, str(p["place"]), INTENSITIES[grid])
        return {
            "growth": float(found.growth),
            "asked": asked_for(p),
            "training_share": float(found.training) / grown,
            "answers_share": float(found.answers) / grown,
            "reasons_share": float(found.reasons) / grown,
            "training_before": float(found.training / (found.training + found.answers)),
            "total_kwh": grown / KWH,
            "carbon": float(carbon),
            "grid_text": grid.replace("-", " ").title().replace("United", "the United"),
            "home_grid": grid,
            "rule_kept": str(p["rule"]),
            "rule_price": rule_price(str(p["place"]), str(p["rule"])),
            "grid_g": INTENSITIES[grid] * KWH * 1000,
            "path_growth": float(year(p, method="path").growth),
            "gradient_growth": float(year(p, method="gradient").growth),
            "cap_share": (CAP - 1) * float(found.training + found.answers)
            / (float(found.answers) * asked_for(p)),
        }  # fmt: skip

    def knobs(self, p: Params) -> tuple[Knob, ...]:
        return (
            Knob(id="explained_now", steps=EXPLAINED_STEPS,
                 default=EXPLAINED_STEPS.index(float(p["explained"]))),
            Knob(id="method", steps=METHODS, default=METHODS.index("gradient")),
            Knob(id="trainings_now", steps=TRAINING_STEPS,
                 default=TRAINING_STEPS.index(int(p["trainings"]))),
            Knob(id="grid_now", steps=GRIDS, default=GRIDS.index(str(p["grid"]))),
        )  # fmt: skip

    def evaluate(self, p: Params, k: Knobs) -> Outputs:
        found = self._years(p, k, floats(k["explained_now"]))
        intensity = lookup(INTENSITIES, np.asarray(k["grid_now"]))
        place = str(p["place"])
        parts = {
            name: operational_carbon(
                facility_energy(getattr(found, name), pue=PUES.get(place, 1.0)),
                intensity=intensity,
            )
            for name in ("training", "answers", "reasons")
        }
        before = parts["training"] + parts["answers"]
        return {
            **{f"{name}_carbon": x for name, x in parts.items()},
            "carbon": before + parts["reasons"],
            "cap": CAP * before,
            "growth": found.growth,
            "reasons_share": found.reasons / found.total,
            "energy": found.total / KWH,
            "explained_here": floats(k["explained_now"]),
            "intensity_g": intensity * KWH * 1000,
            "over_cap": found.growth > CAP,
        }

    def curves(self, p: Params, k: Knobs) -> Curves:
        wide = {name: np.asarray(x)[:, np.newaxis] for name, x in k.items()}
        many = len(k["method"])
        found = self._years(p, wide, rows(SHARE_AXIS, many))
        return {"shares": rows(SHARE_AXIS, many), "growth_line": found.growth}

    def _years(self, p: Params, k: Knobs, explained: Array) -> ServiceEnergy:
        return service_energy(
            trainings=floats(k["trainings_now"]),
            training_energy=float(p["training_energy"]),
            requests=DAYS * float(p["requests"]),
            request_energy=float(p["request_energy"]),
            explained=explained,
            evaluations=evaluations(np.asarray(k["method"]), int(p["features"])),
        )


def asked_for(p: Params, method: str = "shap") -> float:
    return float(evaluations(np.asarray(method), int(p["features"])))


def year(p: Params, method: str = "shap") -> ServiceEnergy:
    return service_energy(
        trainings=int(p["trainings"]),
        training_energy=float(p["training_energy"]),
        requests=DAYS * float(p["requests"]),
        request_energy=float(p["request_energy"]),
        explained=float(p["explained"]),
        evaluations=asked_for(p, method),
    )


def _carbon(found: ServiceEnergy, place: str, intensity: float) -> Array:
    energy = facility_energy(found.total, pue=PUES.get(place, 1.0))
    return operational_carbon(energy, intensity=intensity)
