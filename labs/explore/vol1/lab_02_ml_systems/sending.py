"""Part D: energy of sending an input, over that of thinking about it; and where to cut."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from labs.arranging import floats, given, rows, same
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
    log_steps,
    nearest,
)
from labs.text import quantity
from simcore.equations.radio import transmission

from .cut import BOARDS, BRIEFS, RADIOS, Cut, thinking

MARGIN = 1.5
DAY = 86_400.0
PAYLOADS = log_steps(8, 3e5, 45, digits=2)
EVENTS = log_steps(0.1, 360, 41, digits=2)
"""Of an hour. [1/h]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """A battery [J] and how long it should last. [s]"""

    energy: float
    text: str
    lasting: float
    lasting_text: str


STORES: Mapping[str, Store] = {
    "cloud": Store(energy=9 * 3600.0, text="two AA cells, 9 Wh", lasting=30 * DAY,
                   lasting_text="a month"),
    "edge": Store(energy=36 * 3600.0, text="a buffer battery of 36 Wh", lasting=2 * DAY,
                  lasting_text="two days"),
    "mobile": Store(energy=10 * 3600.0, text="a battery of 10 Wh", lasting=1 * DAY,
                    lasting_text="a day"),
    "tiny": Store(energy=9 * 3600.0, text="two AA cells, 9 Wh", lasting=30 * DAY,
                  lasting_text="a month"),
}  # fmt: skip


class D(Part):
    challenge = Cut()

    def combinations(self, track: str) -> Sequence[Params]:
        brief = BRIEFS[track]
        pairs = product(brief.boards, brief.radios)
        found = [p for p in (_params(track, *pair) for pair in pairs) if _stands_apart(p)]
        tasks = list(product(brief.distances, brief.decides))
        return [
            {**p, **brief.params(*tasks[(i + step) % len(tasks)])}
            for i, p in enumerate(found)
            for step in (0, 2)
        ]

    def questions(self, p: Params) -> tuple[Question, ...]:
        options = [Option(id=name, value=value) for name, value in _wrong(p).items()]
        return (Choice(id="ratio", options=(Option(id=RIGHT, value=_ratio(p)), *options)),)

    def facts(self, p: Params) -> dict[str, Scalar]:
        radio = RADIOS[str(p["radio"])]
        sent = transmission(float(p["payload"]), rate=radio.rate, power=radio.power)
        ratio = _ratio(p)
        return {
            "ratio": ratio,
            "sent_energy": float(sent.energy),
            "sent_time": float(sent.time),
            "local_energy": float(p["local_energy"]),
            "power_ratio": radio.power / float(p["local_power"]),
            "even_bytes": float(p["payload"]) / ratio,
            "wake": radio.wake,
            "wake_over_local": radio.wake / float(p["local_energy"]),
            "verdict": "Thinking is cheaper" if ratio > 1 else "Sending is cheaper",
            "label_energy": float(
                transmission(
                    BRIEFS[str(p["track"])].label, rate=radio.rate, power=radio.power
                ).energy
            ),
        }

    def knobs(self, p: Params) -> tuple[Knob, ...]:
        radios = tuple(RADIOS)
        return (
            Knob(
                id="bytes", steps=PAYLOADS, default=nearest(PAYLOADS, BRIEFS[str(p["track"])].label)
            ),
            Knob(id="radio", steps=radios, default=radios.index(str(p["radio"]))),
            Knob(id="events", steps=EVENTS, default=nearest(EVENTS, 1.0)),
            Knob(id="waking", steps=(False, True)),
        )

    def evaluate(self, p: Params, k: Knobs) -> Outputs:
        sending = _sending(k, floats(k["bytes"]))
        local = same(float(p["local_energy"]), sending)
        per_day = floats(k["events"]) * 24
        store = STORES[str(p["track"])]
        sleep = BRIEFS[str(p["track"])].sleep * DAY
        life = store.energy / (sending * per_day + sleep) * DAY
        return {
            "ratio_now": sending / local,
            "sending": sending,
            "thinking": local,
            "sending_day": sending * per_day,
            "thinking_day": local * per_day,
            "life": life,
            "bytes_now": floats(k["bytes"]),
            "dead": life < store.lasting,
        }

    def curves(self, p: Params, k: Knobs) -> Curves:
        axis, count = floats(PAYLOADS), len(k["events"])
        many = {name: values[:, np.newaxis] for name, values in k.items()}
        return {
            "payloads": rows(axis, count),
            "sending_line": np.broadcast_to(
                _sending(many, axis[np.newaxis, :]), (count, axis.size)
            ),
            "thinking_line": np.full((count, axis.size), float(p["local_energy"])),
        }


def _sending(k: Knobs, payload: np.ndarray) -> np.ndarray:
    """Return the energy of one report, waking up included where it is asked for. [J]"""
    names = np.asarray(k["radio"])
    rate, power, wake = (
        floats([getattr(RADIOS[str(n)], what) for n in names.ravel()]).reshape(names.shape)
        for what in ("rate", "power", "wake")
    )
    sent = transmission(payload, rate=rate, power=power)
    return np.asarray(sent.energy + np.where(np.asarray(k["waking"], dtype=bool), wake, 0.0))


def _params(track: str, board: str, radio: str) -> Params:
    brief, at = BRIEFS[track], RADIOS[radio]
    energy, time = thinking(track, board)
    return {
        "track": track,
        "board": board,
        "board_name": BOARDS[board],
        "radio": radio,
        "radio_name": at.name,
        "radio_power_text": given(at.power, "si W"),
        "radio_rate_text": given(8 * at.rate, "si bit/s"),
        "radio_known": at.known,
        "payload": brief.raw,
        "payload_text": given(brief.raw, "si B"),
        "input_text": brief.input_text,
        "local_energy": energy,
        "local_power": energy / time,
        "local_text": f"{quantity(energy / time, 'si W')} for {quantity(time, 'time')}",
        "local_known": brief.known,
        "store_text": STORES[track].text,
        "lasting_text": STORES[track].lasting_text,
        "label_text": given(brief.label, "si B"),
    }


def _ratio(p: Params) -> float:
    at = RADIOS[str(p["radio"])]
    sent = transmission(float(p["payload"]), rate=at.rate, power=at.power)
    return float(sent.energy) / float(p["local_energy"])


def _wrong(p: Params) -> dict[str, float]:
    ratio = _ratio(p)
    return {
        "bits_forgotten": ratio / 8,
        "powers_compared": RADIOS[str(p["radio"])].power / float(p["local_power"]),
        "turned_round": 1 / ratio,
    }


def _stands_apart(p: Params) -> bool:
    key, wrong = _ratio(p), list(_wrong(p).values())
    apart = all(max(key / x, x / key) >= MARGIN for x in wrong)
    others = [max(a / b, b / a) for i, a in enumerate(wrong) for b in wrong[i + 1 :]]
    return apart and min(others) >= 1.2
