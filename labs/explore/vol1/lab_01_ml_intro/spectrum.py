"""Part D: the two ends of the spectrum side by side, and the challenge of placing a classifier."""

from collections.abc import Mapping, Sequence
from itertools import product

import numpy as np

from labs.arranging import Array, floats, rows
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
)
from labs.text import quantity
from simcore import catalog
from simcore.equations.mcu import inference_time

from .machines import CORES, NAMES, known
from .placement import SITES, Placement

UNO = "arduino-uno-r3"
_AVR = "avr-reference-firmware"
HIGH: Mapping[str, Sequence[str]] = {
    "cloud": ("a100-sxm-80gb", "h100-sxm", "b200"),
    "edge": ("jetson-orin-nano-8gb", "jetson-orin-nx-16gb", "jetson-agx-orin-64gb"),
    "mobile": ("phone-npu", "pixel-8", "snapdragon-8-gen-3"),
    "tiny": ("l4", "a100-sxm-80gb", "h100-sxm"),
}
BOARDS = (UNO, "nrf52840", "nucleo-h7a3zi")
LADDER = (UNO, "nrf52840", "nucleo-u575zi", "nucleo-h7a3zi", "phone-npu",
          "jetson-orin-nano-8gb", "jetson-agx-orin-64gb", "l4", "a100-sxm-80gb", "h100-sxm",
          "b200")  # fmt: skip
"""From the smallest to the largest; the instrument's two machines come from it."""
QUANTITIES = ("arithmetic", "memory", "power", "frugality")
_UNITS: Mapping[str, str] = {
    "arithmetic": "si OP/s", "memory": "si B", "power": "si W", "frugality": "si OP/J",
}  # fmt: skip
_DAY = 86_400.0
_BOARD_TEXT = (
    " Weights are read from external flash; intermediate results lie in external RAM, whose "
    "traffic is left out."
)


class D(Part):
    challenge = Placement()

    def combinations(self, track: str) -> Sequence[Params]:
        site = SITES[track]
        return [
            {
                "track": track,
                "high": high,
                "low": low,
                "high_name": _name(high),
                "low_name": _name(low),
                "high_rate_text": quantity(_rate(high), "si OP/s"),
                "high_known": known(high, "peak.int8"),
                "clock_text": f"{quantity(_clock(low) / 1e6, 'g3')} million",
                "cycles_text": f"{_cycles(low):g}",
                "floor": floor,
                "rate": rate,
                "rate_text": _rate_text(rate),
                "wait_text": quantity(site.wait, "time").replace(".0", ""),
                "power_text": quantity(site.power, "si W"),
                "room_text": quantity(site.room, "si B"),
                "wide_text": "32-bit floats" if site.wide == "fp32" else "16-bit floats",
                "board_text": _BOARD_TEXT if track == "tiny" else "",
                "launch_text": "each layer is launched on its own"
                if site.by_layer
                else "one call runs the whole network",
            }
            for high, low, floor, rate in product(HIGH[track], BOARDS, site.floors, site.rates)
        ]

    def questions(self, p: Params) -> tuple[Question, ...]:
        high, low = str(p["high"]), str(p["low"])
        ratio = _rate(high) / _rate(low)
        wrong = {
            "as_their_power": _fact(high, "power") / _fact(low, "power"),
            "as_their_memory": _fact(high, "capacity") / _fact(low, "capacity"),
            "power_on_top": ratio * _fact(high, "power") / _fact(low, "power"),
        }
        options = (Option(id=name, value=value) for name, value in wrong.items())
        return (Choice(id="ratio", options=(Option(id=RIGHT, value=ratio), *options)),)

    def facts(self, p: Params) -> dict[str, Scalar]:
        high, low = str(p["high"]), str(p["low"])
        ratio = _rate(high) / _rate(low)
        power = _fact(high, "power") / _fact(low, "power")
        memory = _fact(high, "capacity") / _fact(low, "capacity")
        return {
            "ratio": ratio,
            "decades": float(np.log10(ratio)),
            "high_rate": _rate(high),
            "low_rate": _rate(low),
            "power_ratio": power,
            "memory_ratio": memory,
            "memory_decades": float(np.log10(memory)),
            "frugality_ratio": ratio / power,
            "catch_up": float(inference_time(_rate(high), clock=_rate(low))),
            "misses_text": _prefix_text(ratio),
        }

    def knobs(self, p: Params) -> tuple[Knob, ...]:
        own = str(p["high"])
        steps = LADDER if own in LADDER else (*LADDER, own)
        return (
            Knob(id="quantity", steps=QUANTITIES),
            Knob(id="larger", steps=steps, default=steps.index("jetson-agx-orin-64gb")),
            Knob(id="smaller", steps=LADDER, default=LADDER.index("phone-npu")),
        )

    def evaluate(self, p: Params, k: Knobs) -> Outputs:
        larger, smaller = _column(k, "larger"), _column(k, "smaller")
        ratio, least = larger / smaller, floats([_least(str(n)) for n in k["quantity"]])
        arithmetic = floats([_rate(str(m)) for m in k["larger"]]) / floats(
            [_rate(str(m)) for m in k["smaller"]]
        )
        return {
            "ratio": ratio,
            "decades": np.log10(ratio),
            "larger_text": _texts(k["quantity"], larger),
            "smaller_text": _texts(k["quantity"], smaller),
            "catch_up": arithmetic,
            "larger_power": floats([_fact(str(m), "power") for m in k["larger"]]),
            "smaller_power": floats([_fact(str(m), "power") for m in k["smaller"]]),
            "larger_step": np.log10(larger / least),
            "smaller_step": np.log10(smaller / least),
            "over_a_day": arithmetic > _DAY,
        }

    def curves(self, p: Params, k: Knobs) -> Curves:
        order = sorted(LADDER, key=lambda machine: _fact(machine, "power"))
        powers = floats([_fact(machine, "power") for machine in order])
        lines = {
            name: [float(np.log10(_value(name, machine) / _least(name))) for machine in order]
            for name in QUANTITIES
        }
        return {
            "powers": rows(powers, len(k["quantity"])),
            "steps_line": floats([lines[str(name)] for name in k["quantity"]]),
        }


def _name(machine: str) -> str:
    extra = {UNO: "Arduino Uno", "pixel-8": "Pixel 8"}
    return extra.get(machine) or NAMES[machine]


def _fact(machine: str, name: str) -> float:
    return catalog.item("hardware", machine).value(name)


def _clock(machine: str) -> float:
    return _fact(machine, "clock")


def _cycles(machine: str) -> float:
    """Return the cycles a small core needs for one 8-bit product, as measured and published."""
    if machine == UNO:
        return catalog.item("cores", _AVR).value("cycles.dense")
    return catalog.item("cores", CORES[machine]).value("cycles.convolution")


def _rate(machine: str) -> float:
    """Return 8-bit operations a second: a dense peak, or what a small core's kernels reach."""
    if machine == UNO or machine in CORES:
        return 2 * _clock(machine) / _cycles(machine)
    return _fact(machine, "peak.int8")


def _value(name: str, machine: str) -> float:
    if name == "arithmetic":
        return _rate(machine)
    if name == "frugality":
        return _rate(machine) / _fact(machine, "power")
    return _fact(machine, "capacity" if name == "memory" else "power")


def _least(name: str) -> float:
    return min(_value(name, machine) for machine in LADDER)


def _column(k: Knobs, which: str) -> Array:
    return floats([_value(str(n), str(m)) for n, m in zip(k["quantity"], k[which], strict=True)])


def _texts(names: np.ndarray, values: Array) -> np.ndarray:
    pairs = zip(names.tolist(), values.tolist(), strict=True)
    return np.asarray([quantity(value, _UNITS[str(name)]) for name, value in pairs])


def _rate_text(rate: float) -> str:
    if rate < 1:
        return f"an image every {round(1 / rate)} s"
    return f"{rate:,.0f} images a second"


def _prefix_text(ratio: float) -> str:
    return f"{quantity(np.log10(ratio), 'g2')} decades"
