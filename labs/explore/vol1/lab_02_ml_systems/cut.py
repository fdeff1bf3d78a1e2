"""The challenge of part D: what to send, by which radio, how often, from which board."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from labs.arranging import Array, floats, given
from labs.contract import Challenge, Knob, Knobs, Outputs, Params, Scalar, lookup
from simcore import catalog
from simcore.equations.radio import transmission
from simcore.equations.roofline import step_terms

HALF_PEAK = 0.5
MBIT = 1e6 / 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Radio:
    """A radio: power while it sends [W], rate [byte/s], energy of waking up [J], range. [m]

    `known` says how the power is known.
    """

    name: str
    power: float
    rate: float
    wake: float
    reach: float
    known: str


def _power(radio: str) -> float:
    """Return the power that a radio of the catalogue draws while it sends. [W]"""
    item = catalog.item("radios", radio)
    return item.value("current.sending") * item.value("voltage")


RADIOS: Mapping[str, Radio] = {
    "ble": Radio(name="Bluetooth LE", power=_power("bluetooth-le-nrf52840"), rate=0.7 * MBIT,
                 wake=1e-3, reach=30.0, known="published"),
    "wifi": Radio(name="Wi-Fi", power=_power("wifi-esp32-s2"), rate=10 * MBIT,
                  wake=0.2, reach=60.0, known="published"),
    "lte-m": Radio(name="LTE-M", power=_power("lte-m-nrf9160"), rate=0.18 * MBIT,
                   wake=2.5, reach=5000.0, known="published"),
    "lte": Radio(name="LTE", power=1.2, rate=8 * MBIT, wake=3.0, reach=5000.0, known="given"),
}  # fmt: skip
"""Powers are the catalogue's (LTE: given); rates of use, waking and range are premises."""
BOARDS: Mapping[str, str] = {
    "nucleo-l4r5zi": "STM32L4R5", "nucleo-u575zi": "STM32U575", "nucleo-h7a3zi": "STM32H7A3",
    "jetson-orin-nano-8gb": "Jetson Orin Nano", "jetson-orin-nx-16gb": "Jetson Orin NX",
    "jetson-agx-orin-64gb": "Jetson AGX Orin", "phone-npu": "phone NPU", "pixel-8": "Pixel 8",
    "snapdragon-8-gen-3": "Snapdragon 8 Gen 3",
}  # fmt: skip
_RESULTS: Mapping[str, str] = {
    "nucleo-l4r5zi": "st-l4r5zi", "nucleo-u575zi": "st-u575zi", "nucleo-h7a3zi": "st-h7a3zi",
}  # fmt: skip
SENT = ("raw", "features", "label")


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """A task: sizes of what may be sent [byte], events a second, promises [s], gateways [m].

    `early` is the share of the thinking that features take.
    """

    boards: Sequence[str]
    radios: Sequence[str]
    distances: Sequence[float]
    raw: float
    features: float
    label: float
    rate: float
    decides: Sequence[float]
    report: float
    sleep: float
    task: str
    input_text: str
    known: str
    batches: Sequence[int] = (1, 2, 5, 10, 20, 50, 100)
    early: float = 0.6

    def params(self, distance: float, decide: float) -> Mapping[str, Scalar]:
        return {
            "decide": decide,
            "gateway": distance,
            "gateway_text": f"{distance:,.0f} m",
            "rate_text": f"{60 * self.rate:,.0f} a minute"
            if self.rate < 1
            else f"{self.rate:,.0f} a second",
            "early_text": f"{self.early:.0%}",
            "decide_text": given(decide, "time"),
            "report_text": given(self.report, "time"),
            "features_text": given(self.features, "si B"),
            "sleep_text": given(self.sleep, "si W"),
        }


_BOARDS = ("nucleo-l4r5zi", "nucleo-u575zi", "nucleo-h7a3zi")
_JETSONS = ("jetson-orin-nano-8gb", "jetson-orin-nx-16gb", "jetson-agx-orin-64gb")
_PHONES = ("phone-npu", "pixel-8", "snapdragon-8-gen-3")
BRIEFS: Mapping[str, Brief] = {
    "cloud": Brief(boards=_BOARDS, radios=("ble", "wifi", "lte-m"), distances=(20, 1500),
                   raw=96 * 96 * 3.0, features=512.0, label=8.0, rate=1 / 6, decides=(2.0, 60.0),
                   report=600.0, sleep=20e-6, task="vww", known="published",
                   input_text="A picture of 96 by 96 pixels"),
    "edge": Brief(boards=_JETSONS, radios=("wifi", "lte-m", "lte"), distances=(40, 1500),
                  raw=300e3, features=10e3, label=100.0, rate=20.0, decides=(0.2, 5.0), report=60.0,
                  sleep=0.5, task="resnet-50", known="assumed",
                  input_text="A photograph of the belt"),
    "mobile": Brief(boards=_PHONES, radios=("ble", "wifi", "lte"), distances=(20, 1500),
                    raw=300e3, features=1000.0, label=100.0, rate=2.0, decides=(0.1, 20.0),
                    report=60.0, sleep=1e-3, task="mobilenet-v2", known="assumed",
                    input_text="A photograph from the glasses"),
    "tiny": Brief(boards=_BOARDS, radios=("ble", "wifi", "lte-m"), distances=(20, 2000),
                  raw=32_000.0, features=512.0, label=8.0, rate=1 / 6, decides=(2.0, 60.0),
                  report=600.0, sleep=20e-6, task="kws", known="published",
                  input_text="One second of sound, 16 kHz in 16 bits"),
}  # fmt: skip


def thinking(track: str, board: str) -> tuple[float, float]:
    """Return energy [J] and time [s] of one inference: measured and published, or estimated.

    A small board's come from its MLPerf Tiny result; a larger machine draws its power limit for
    the time of the network's layers at half of the peak.
    """
    task = BRIEFS[track].task
    machine = catalog.item("hardware", board)
    if board in _RESULTS:
        time = catalog.item("tiny_results", _RESULTS[board]).value(f"latency.{task}")
        return time * machine.value("power"), time
    net = catalog.item("classifiers", task)
    calls = 1.0 if track == "mobile" else net.value("layers")
    terms = step_terms(
        2 * net.value("macs.total"), 2 * net.value("parameters"),
        peak_flop_rate=HALF_PEAK * machine.value("peak.fp16"),
        bandwidth=machine.value("bandwidth"), overhead=calls * machine.value("overhead"),
    )  # fmt: skip
    return float(terms.time) * machine.value("power"), float(terms.time)


class Cut(Challenge):
    """Events come evenly; what is sent waits until enough of it is there, then the radio wakes."""

    better = "lower"

    def variables(self, p: Params) -> tuple[Knob, ...]:
        brief = BRIEFS[str(p["track"])]
        return (
            Knob(id="sent", steps=SENT),
            Knob(id="by", steps=tuple(brief.radios)),
            Knob(id="together", steps=tuple(brief.batches)),
            Knob(id="on", steps=tuple(brief.boards)),
        )

    def assess(self, p: Params, k: Knobs) -> Outputs:
        track = str(p["track"])
        brief = BRIEFS[track]
        energies = {board: thinking(track, board) for board in brief.boards}
        share = lookup({"raw": 0.0, "features": brief.early, "label": 1.0}, k["sent"])
        thought = lookup({b: e for b, (e, _) in energies.items()}, k["on"]) * share
        busy = lookup({b: t for b, (_, t) in energies.items()}, k["on"]) * share
        size = lookup(
            {"raw": brief.raw, "features": brief.features, "label": brief.label}, k["sent"]
        )
        together = floats(k["together"])
        rate, power, wake, reach = (_radio(k, what) for what in ("rate", "power", "wake", "reach"))
        sent = transmission(size, rate=rate, power=power)
        waiting = (together - 1) / brief.rate
        report = waiting + busy + together * sent.time
        decision = np.where(k["sent"] == "label", busy, report)
        broken = {
            "undecided": decision > float(p["decide"]),
            "unreported": report > brief.report,
            "out_of_range": reach < float(p["gateway"]),
            "overrun": brief.rate * (busy + sent.time) > 1,
        }
        return {
            "objective": brief.sleep + brief.rate * (thought + sent.energy + wake / together),
            "feasible": ~np.logical_or.reduce(list(broken.values())),
            **broken,
            "decision": decision,
            "report": report,
            "thinking_power": brief.rate * thought,
            "sending_power": brief.rate * (sent.energy + wake / together),
        }


def _radio(k: Knobs, what: str) -> Array:
    return lookup({name: getattr(radio, what) for name, radio in RADIOS.items()}, k["by"])
