"""Energy, carbon and water of a fleet. D. Patterson et al., 2021; L. Barroso, U. Hoelzle, 2007."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from simcore.crosscheck import names
from simcore.crosscheck.case import Case
from simcore.crosscheck.roofline_step import IDLE_SHARE
from simcore.equations.facility import (
    DAY,
    carbon_payback,
    cooling_water,
    facility_energy,
    operational_carbon,
    proportional_power,
    rebound,
)

KWH = 3.6e6
"""[J]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Footprint:
    """Of a fleet over a time, in SI."""

    devices: float
    seconds: float
    it_energy: float
    energy: float
    carbon: float
    water: float
    pue: float
    region: str

    def shown(self) -> dict[str, Any]:
        return {
            "it_energy_kwh": self.it_energy,
            "total_energy_kwh": self.energy,
            "carbon_footprint_kg": self.carbon,
            "water_usage_liters": self.water,
            "pue": self.pue,
            "region_name": self.region,
        }


def footprint(case: Case, *, mfu: float, days: float) -> Footprint:
    """Return what a fleet uses, from its numbers or from the names of fleet and grid."""
    fleet = _named(case, "fleets", "fleet")
    grid = _named(case, "grids", "grid", "region")
    devices = case.number("n", default=fleet.get("total"))
    seconds = case.number("days", "duration_days", default=days) * DAY
    power = proportional_power(
        case.number("mfu", default=mfu),
        power=case.number("tdp_W", default=fleet.get("power")),
        idle_share=IDLE_SHARE,
    )
    used = float(power) * devices * seconds
    pue = case.number("pue", default=grid.get("pue"))
    energy = float(facility_energy(used, pue=pue))
    intensity = case.number("ci_g_kwh", default=grid.get("carbon")) / 1e3 / KWH
    water = case.number("wue", default=grid.get("water")) / KWH
    return Footprint(
        devices=devices,
        seconds=seconds,
        it_energy=used,
        energy=energy,
        carbon=float(operational_carbon(energy, intensity=intensity)),
        water=float(cooling_water(energy, per_energy=water)),
        pue=pue,
        region=str(grid.get("title", "")),
    )


def _named(case: Case, section: str, *keys: str) -> Mapping[str, Any]:
    name = case.get(*keys)
    return names.found(section, name) if isinstance(name, str) else {}


def fleet_footprint(case: Case) -> dict[str, Any]:
    found = footprint(case, mfu=1.0, days=30.0)
    made = case.number("embodied_kg", "embodied_carbon_per_device", default=0.0) * found.devices
    return found.shown() | {
        "carbon_footprint_kg": found.carbon + made,
        "embodied_carbon_kg": made,
    }


def demand_rebound(case: Case) -> dict[str, Any]:
    per_unit = case.number("per_unit", "per_unit_factor")
    return {"net_factor": float(rebound(per_unit, case.number("volume", "volume_factor")))}


def payback(case: Case) -> dict[str, Any]:
    saved = case.number("W", "device_power") * case.number("saved", "saved_fraction")
    embodied = case.number("embodied_kg")
    asked = case.outputs.get("payback", {})
    grids = {name: names.found("grids", name)["carbon"] / 1e3 / KWH for name in asked}
    return {
        "saved_power": saved,
        "saved_energy_per_day": saved * DAY,
        "avoided_per_day": {
            name: float(operational_carbon(saved * DAY, intensity=grid))
            for name, grid in grids.items()
        },
        "payback": {
            name: float(carbon_payback(embodied, saved_power=saved, intensity=grid))
            for name, grid in grids.items()
        },
    }


SOLVERS = {
    "SustainabilityModel": fleet_footprint,
    "DemandReboundModel": demand_rebound,
    "EmbodiedPaybackModel": payback,
}
