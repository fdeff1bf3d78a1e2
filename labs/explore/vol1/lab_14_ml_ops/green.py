"""Part A: a border that turns under inputs that stay as they were, and who would notice."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from labs.arranging import Array, column, floats, rows, same
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
from simcore.equations.drift import stability_noise, stability_of_deciles, turned_error
from simcore.equations.evidence import labels_to_notice, noticeable_rise
from simcore.equations.normal import normal_quantile

from .measured import AGED, AS_NEW, TESTED, TRAINED, aged

NOISES = (0.02, 0.03, 0.04, 0.05)
TURNS = (0.75, 1.0, 1.25, 1.5)
WEEKS = (20, 26, 30, 40)
MARGIN = 1.5
LAST = 52
"""Weeks that the instrument covers."""
ALARM = 0.25
QUIET = 0.1
"""Stability indices that are called a large shift and a small one. [1]"""
SILENT = 0.03
"""Accuracy lost that somebody should have noticed. [1]"""
Z_ALPHA = float(normal_quantile(0.95))
Z_BETA = float(normal_quantile(0.8))
LABELS = (0, 20, 50, 100, 200, 500, 1000, 2000)
SHIFTS = (0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5)
TURN_STEPS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0)
SHIFT_OVER = 26.0
"""Weeks in which the inputs shift by what the setting says."""
CAMERAS: Mapping[str, tuple[str, float]] = {
    "new": ("dimmed", 0.0),
    "dim_a_little": ("dimmed", 0.1),
    "dim": ("dimmed", 0.3),
    "half_a_pixel": ("moved", 0.5),
    "a_pixel": ("moved", 1.0),
    "two_pixels": ("moved", 2.0),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """Answers in a day, and what one labelled check costs. [USD]"""

    answers: float
    label: float


SERVICES: Mapping[str, Service] = {
    "cloud": Service(answers=1e6, label=0.5),
    "edge": Service(answers=4e3, label=1.0),
    "mobile": Service(answers=5e6, label=0.3),
    "tiny": Service(answers=2e4, label=3.0),
}


class A(Part):
    def combinations(self, track: str) -> Sequence[Params]:
        return [
            {
                "track": track,
                "noise": noise,
                "noise_text": f"{noise:.0%}",
                "turn": turn,
                "turn_text": f"{turn:g}°",
                "weeks": weeks,
                "label_price": SERVICES[track].label,
            }
            for noise, turn, weeks in product(NOISES, TURNS, WEEKS)
            if turn * weeks <= 45 and _stands_apart(noise, turn * weeks)
        ]

    def questions(self, p: Params) -> tuple[Question, ...]:
        noise, degrees = float(p["noise"]), float(p["turn"]) * float(p["weeks"])
        options = (Option(id=name, value=x) for name, x in _wrong(noise, degrees).items())
        right = Option(id=RIGHT, value=_error(noise, degrees))
        return (Choice(id="wrong", options=(right, *options)),)

    def facts(self, p: Params) -> dict[str, Scalar]:
        noise, turn = float(p["noise"]), float(p["turn"])
        degrees = turn * float(p["weeks"])
        service = SERVICES[str(p["track"])]
        error = _error(noise, degrees)
        needed = {n: float(_labels(noise, n / 100)) for n in (1, 2, 5)}
        weekly = 200.0
        rise = float(noticeable_rise(noise, weekly, z_alpha=Z_ALPHA, z_beta=Z_BETA))
        dim, moved = aged("dimmed", 0.1), aged("moved", 1.0)
        return {
            "error": error,
            "degrees": degrees,
            "lost": 100 * (error - noise),
            "wrong_a_day": service.answers * (error - noise),
            "labels_one": needed[1],
            "labels_two": needed[2],
            "labels_five": needed[5],
            "labels_price": needed[2] * service.label,
            "weekly_rise": 100 * rise,
            "weekly_week": _week_of(noise, turn, rise),
            "dim_psi": dim[2],
            "dim_lost": 100 * (AS_NEW[0] - dim[0]),
            "moved_psi": moved[2],
            "moved_accuracy": moved[0],
            "new_accuracy": AS_NEW[0],
            "chance_psi": float(
                stability_noise(10, reference_samples=TRAINED, current_samples=TESTED)
            ),
            "psi_threshold": ALARM,
            "turn_rate": turn,
        }

    def knobs(self, p: Params) -> tuple[Knob, ...]:
        return (
            Knob(id="week", steps=tuple(range(LAST + 1))),
            Knob(id="turning", steps=TURN_STEPS, default=TURN_STEPS.index(float(p["turn"]))),
            Knob(id="shift", steps=SHIFTS),
            Knob(id="labels", steps=LABELS),
            Knob(id="camera", steps=tuple(CAMERAS)),
        )

    def evaluate(self, p: Params, k: Knobs) -> Outputs:
        noise, service = float(p["noise"]), SERVICES[str(p["track"])]
        week, turn = floats(k["week"]), floats(k["turning"])
        error = _error_at(noise, turn, week)
        index = _index(floats(k["shift"]), week)
        label_week = floats(
            [_label_week(noise, float(t), int(n)) for t, n in zip(turn, k["labels"], strict=True)]
        )
        cameras = floats([aged(*CAMERAS[str(name)]) for name in k["camera"]])
        lost = error - noise
        return {
            "error_now": error,
            "lost": 100 * lost,
            "index": index,
            "wrong_a_day": service.answers * lost,
            "index_alarm": _alarm_text(_index_week(floats(k["shift"]))),
            "label_alarm": _alarm_text(label_week),
            "labels_cost": floats(k["labels"]) * service.label,
            "camera_index": cameras[:, 2],
            "camera_lost": 100 * (AS_NEW[0] - cameras[:, 0]),
            "camera_accuracy": cameras[:, 0],
            "week_now": week,
            "noise_now": same(noise, error),
            "alarm_at": same(ALARM, error),
            "silent": (lost > SILENT) & (index < QUIET) & (label_week > week),
        }

    def curves(self, p: Params, k: Knobs) -> Curves:
        axis, count = np.arange(LAST + 1.0), len(k["week"])
        noise = float(p["noise"])
        dimmed, moved = (
            floats([row for (change, _), row in AGED.items() if change == which])
            for which in ("dimmed", "moved")
        )
        moved = np.vstack([floats(AS_NEW), moved])
        return {
            "weeks": rows(axis, count),
            "error_line": _error_at(noise, column(k["turning"]), axis),
            "noise_line": np.full((count, axis.size), noise),
            "index_line": _index(column(k["shift"]), axis),
            "dimmed_index": rows(dimmed[:, 2], count),
            "dimmed_lost": rows(100 * (AS_NEW[0] - dimmed[:, 0]), count),
            "moved_index": rows(moved[:, 2], count),
            "moved_lost": rows(100 * (AS_NEW[0] - moved[:, 0]), count),
        }


def _error(noise: float, degrees: float) -> float:
    return float(turned_error(np.radians(degrees), noise=noise))


def _error_at(noise: float, turn: Array, week: Array) -> Array:
    return turned_error(np.radians(turn * week), noise=noise)


def _index(shift: Array, week: Array) -> Array:
    """Return the index of an input the model does not need, which shifts in a line."""
    found = stability_of_deciles(shift * week / SHIFT_OVER)
    # Rounding leaves 1e-31 where nothing has shifted.
    return np.where(found < 1e-12, 0.0, found)


def _labels(noise: float, rise: float) -> Array:
    return labels_to_notice(noise, rise, z_alpha=Z_ALPHA, z_beta=Z_BETA)


def _week_of(noise: float, turn: float, rise: float) -> int:
    """Return the first week in which the error has risen by so much; LAST + 1 if none has."""
    errors = _error_at(noise, floats(turn), np.arange(LAST + 1.0))
    found = np.flatnonzero(errors - noise >= rise)
    return int(found[0]) if found.size else LAST + 1


def _label_week(noise: float, turn: float, labels: int) -> int:
    """Return the week in which a week's labels show the rise, about three times in four."""
    if not labels:
        return LAST + 1
    return _week_of(
        noise, turn, float(noticeable_rise(noise, labels, z_alpha=Z_ALPHA, z_beta=Z_BETA))
    )


def _index_week(shift: Array) -> Array:
    """Return the first week in which the index reaches its alarm; LAST + 1 if none does."""
    steps, place = np.unique(shift, return_inverse=True)
    reached = _index(steps[:, np.newaxis], np.arange(LAST + 1.0)) >= ALARM
    weeks = np.where(reached.any(axis=1), reached.argmax(axis=1), LAST + 1).astype(float)
    return np.asarray(weeks[place])


def _alarm_text(weeks: Array) -> np.ndarray:
    return np.asarray(["never" if w > LAST else f"week {w:.0f}" for w in weeks])


def _wrong(noise: float, degrees: float) -> dict[str, float]:
    return {
        "green_is_right": noise,
        "full_circle": _error(noise, degrees / 2),
        "right_angle": _error(noise, 2 * degrees),
    }


def _stands_apart(noise: float, degrees: float) -> bool:
    right = _error(noise, degrees)
    ratios = (max(x / right, right / x) for x in _wrong(noise, degrees).values())
    return min(ratios) >= MARGIN
