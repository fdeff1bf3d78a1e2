"""Part D: what a FLOP costs in joules when it brings its bytes along."""

from collections.abc import Mapping, Sequence

import numpy as np

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
    linear_steps,
    log_steps,
    with_value,
)
from labs.explore.vol1.lab_11_hw_accel.machines import (
    OWN_MACHINE,
    PRECISION,
    described,
    floats,
    machine_of,
)
from simcore import catalog
from simcore.equations.energy import (
    capped_speed,
    dynamic_power,
    energy_balance,
    energy_per_flop_at,
    energy_terms,
)
from simcore.equations.roofline import attainable_rate

TECHNOLOGY: Mapping[str, str] = {
    "cloud": "hbm2-accelerator",
    "edge": "ddr-45nm",
    # A phone could not feed DDR-class memory at full rate from 5 W.
    "mobile": "lpddr5-phone",
    "tiny": "ddr-45nm",
}
TECHNOLOGY_NAMES: Mapping[str, str] = {
    "hbm2-accelerator": "HBM2-class memory and fp16 units",
    "ddr-45nm": "DDR-class memory and fp32 units of a 45 nm processor",
    "lpddr5-phone": "LPDDR5-class memory and fp16 units",
}

LOW_INTENSITIES = (4, 8, 10)
HIGH_INTENSITIES = (128, 256, 500)
IDLE_MOST: Mapping[str, float] = {"cloud": 150.0, "edge": 10.0, "mobile": 2.0, "tiny": 0.24}
"""Upper end of the idle power one can set, below the power limit. [W]"""


class D(Part):
    def combinations(self, track: str) -> Sequence[Params]:
        technology = catalog.item("technologies", TECHNOLOGY[track])
        machine = OWN_MACHINE[track]
        return [
            {
                "track": track,
                **described(machine, PRECISION[track]),
                "precision": PRECISION[track],
                "technology": TECHNOLOGY_NAMES[technology.id],
                "flop_known": technology["energy_per_flop"].source.evidence,
                "byte_known": technology["energy_per_byte"].source.evidence,
                "energy_per_flop": technology.value("energy_per_flop"),
                "energy_per_byte": technology.value("energy_per_byte"),
                "i1": low,
                "i2": high,
            }
            for low in LOW_INTENSITIES
            for high in HIGH_INTENSITIES
        ]

    def questions(self, p: Params) -> tuple[Question, ...]:
        ratio = float(self.facts(p)["ratio"])
        return (
            Choice(
                id="ratio",
                options=(
                    Option(id=RIGHT, value=ratio),
                    Option(id="energy_counts_flop", value=1.0),
                    Option(id="energy_counts_bytes", value=float(p["i2"]) / float(p["i1"])),
                    Option(id="turned_round", value=1 / ratio),
                ),
            ),
        )

    def facts(self, p: Params) -> dict[str, Scalar]:
        machine, precision = machine_of(p), str(p["precision"])
        first, second = (_energy(p, float(p[name])) for name in ("i1", "i2"))
        return {
            "first": first,
            "second": second,
            "ratio": first / second,
            "first_arithmetic_share": float(p["energy_per_flop"]) / first,
            "second_arithmetic_share": float(p["energy_per_flop"]) / second,
            "balance": float(energy_balance(**_costs(p))),
            "ridge": machine.ridge(precision),
            "limit": float(machine.power or np.nan),
        }

    def knobs(self, p: Params) -> tuple[Knob, ...]:
        intensities = tuple(float(f"{x:.3g}") for x in np.exp2(np.arange(-8, 49) / 4))
        flop, flop_at = with_value(log_steps(0.2e-12, 5e-12, 29), float(p["energy_per_flop"]))
        moved, moved_at = with_value(log_steps(5e-12, 200e-12, 33), float(p["energy_per_byte"]))
        intensity, at = with_value(intensities, float(p["i1"]))
        return (
            Knob(id="intensity", steps=intensity, default=at),
            Knob(id="energy_per_flop", steps=flop, default=flop_at),
            Knob(id="energy_per_byte", steps=moved, default=moved_at),
            Knob(id="idle_power", steps=linear_steps(0.0, IDLE_MOST[str(p["track"])], 31)),
        )

    def evaluate(self, p: Params, k: Knobs) -> Outputs:
        machine = machine_of(p)
        peak = machine.peak(str(p["precision"]))
        intensity, idle = floats(k["intensity"]), floats(k["idle_power"])
        costs = {name: floats(k[name]) for name in ("energy_per_flop", "energy_per_byte")}
        rate = attainable_rate(intensity, peak_flop_rate=peak, bandwidth=machine.bandwidth)
        power = dynamic_power(rate, rate / intensity, **costs, idle_power=idle)
        limit = float(machine.power or np.nan)
        speed = capped_speed(power, idle_power=idle, limit=limit)
        terms = energy_terms(1.0, 1 / intensity, **costs, idle_power=idle, time=1 / (rate * speed))
        return {
            "total": terms.total,
            "compute": terms.compute,
            "memory": terms.memory,
            "idle": terms.idle,
            "compute_share": terms.compute / terms.total,
            "flop_per_joule": 1 / terms.total,
            "power": power,
            "limit": np.full_like(power, limit),
            "speed": speed,
            "rate": rate * speed,
            "intensity_at": intensity,
            "balance": energy_balance(**costs),
            "ridge": np.full_like(power, peak / machine.bandwidth),
            "over_limit": power > limit,
        }

    def curves(self, p: Params, k: Knobs) -> Curves:
        m = len(k["intensity"])
        x = np.broadcast_to(np.exp2(np.arange(-4, 25) / 2), (m, 29))
        flop, moved = (floats(k[n])[:, None] for n in ("energy_per_flop", "energy_per_byte"))
        return {
            "intensity_x": x,
            "total_y": energy_per_flop_at(x, energy_per_flop=flop, energy_per_byte=moved),
            "compute_y": np.broadcast_to(flop, x.shape),
            "memory_y": moved / x,
        }


def _costs(p: Params) -> dict[str, float]:
    return {name: float(p[name]) for name in ("energy_per_flop", "energy_per_byte")}


def _energy(p: Params, intensity: float) -> float:
    return float(energy_per_flop_at(intensity, **_costs(p)))
