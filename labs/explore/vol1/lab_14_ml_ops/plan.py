"""The challenge of part D: how often to retrain, and how many labels to watch with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from labs.arranging import floats
from labs.contract import Challenge, Knob, Knobs, Outputs, Params, Scalar
from labs.text import quantity
from simcore.equations.evidence import labels_to_notice
from simcore.equations.monitoring import watching_cost
from simcore.equations.normal import normal_quantile

from .sites import DAY, YEAR, per_day_squared

INTERVALS = (1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 17, 21, 25, 30, 36, 45, 50, 60, 75, 90)
LABELS = (0, 5, 10, 20, 50, 100, 200, 500, 1000, 2000)
LEVELS = (0.001, 0.01, 0.05)
POWER = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """One service: money in USD, events a year, accuracies in shares of one.

    `drop` is what an event takes off the accuracy, `fade` what a day does.
    """

    training: float
    loss: float
    events: int
    event_loss: float
    label: float
    drop: float
    error: float
    alarm: float
    fade: float
    floor: float
    alarms_most: int
    labels_most: int

    def params(self) -> Mapping[str, Scalar]:
        return {
            "plan_training": self.training,
            "plan_training_text": quantity(self.training, "usd"),
            "plan_loss": self.loss,
            "plan_loss_text": f"${self.loss:,.0f}",
            "plan_events": self.events,
            "plan_event_loss": self.event_loss,
            "plan_event_text": quantity(self.event_loss, "usd"),
            "plan_label": self.label,
            "plan_label_text": f"${self.label:.2f}",
            "plan_drop": self.drop,
            "plan_drop_text": f"{100 * self.drop:g}",
            "plan_error": self.error,
            "plan_error_text": f"{self.error:.0%}",
            "plan_alarm": self.alarm,
            "plan_alarm_text": quantity(self.alarm, "usd"),
            "plan_fade": self.fade,
            "plan_fade_text": f"{100 * self.fade:g}",
            "plan_floor": self.floor,
            "plan_floor_text": f"{100 * self.floor:g} point{'s' * (self.floor != 0.01)}",
            "plan_alarms_most": self.alarms_most,
            "plan_labels_most": self.labels_most,
            "plan_labels_text": quantity(self.labels_most, "int"),
        }


BRIEFS: Mapping[str, Sequence[Brief]] = {
    "cloud": (
        Brief(training=10e3, loss=500, events=4, event_loss=20e3, label=0.5, drop=0.02, error=0.05,
              alarm=500, fade=0.0015, floor=0.015, alarms_most=12, labels_most=1000),
        Brief(training=50e3, loss=200, events=8, event_loss=40e3, label=0.5, drop=0.02, error=0.05,
              alarm=500, fade=0.001, floor=0.015, alarms_most=12, labels_most=1000),
    ),
    "edge": (
        Brief(training=20e3, loss=120, events=4, event_loss=8e3, label=1.0, drop=0.03, error=0.08,
              alarm=2e3, fade=0.0005, floor=0.01, alarms_most=6, labels_most=500),
        Brief(training=50e3, loss=80, events=6, event_loss=10e3, label=1.0, drop=0.03, error=0.08,
              alarm=2e3, fade=0.0003, floor=0.01, alarms_most=6, labels_most=500),
    ),
    "mobile": (
        Brief(training=30e3, loss=400, events=6, event_loss=15e3, label=0.3, drop=0.02, error=0.06,
              alarm=5e3, fade=0.001, floor=0.01, alarms_most=12, labels_most=1000),
        Brief(training=50e3, loss=150, events=4, event_loss=25e3, label=0.3, drop=0.02, error=0.06,
              alarm=5e3, fade=0.0005, floor=0.01, alarms_most=4, labels_most=1000),
    ),
    "tiny": (
        Brief(training=100e3, loss=60, events=2, event_loss=6e3, label=3.0, drop=0.05, error=0.10,
              alarm=20e3, fade=0.0002, floor=0.01, alarms_most=2, labels_most=100),
        Brief(training=50e3, loss=30, events=4, event_loss=4e3, label=3.0, drop=0.05, error=0.10,
              alarm=10e3, fade=0.0002, floor=0.01, alarms_most=2, labels_most=100),
    ),
}  # fmt: skip


class Watching(Challenge):
    """Gradual drift, sudden events, labels that find them, alarms that find nothing."""

    better = "lower"

    def variables(self, p: Params) -> tuple[Knob, ...]:
        return (
            Knob(id="interval", steps=INTERVALS, default=INTERVALS.index(7)),
            Knob(id="labels", steps=LABELS, default=LABELS.index(20)),
            Knob(id="level", steps=LEVELS, default=1),
        )

    def assess(self, p: Params, k: Knobs) -> Outputs:
        days, labels, level = (floats(k[name]) for name in ("interval", "labels", "level"))
        needed = labels_to_notice(
            float(p["plan_error"]),
            float(p["plan_drop"]),
            z_alpha=normal_quantile(1.0 - level),
            z_beta=normal_quantile(POWER),
        )
        terms = watching_cost(
            DAY * days,
            labels / DAY,
            training=float(p["plan_training"]),
            decay=per_day_squared(float(p["plan_loss"])),
            event_rate=float(p["plan_events"]) / YEAR,
            event_loss=float(p["plan_event_loss"]) / DAY,
            labels_needed=needed,
            label_price=float(p["plan_label"]),
            false_alarm=level,
            alarm_price=float(p["plan_alarm"]),
        )
        lost = float(p["plan_fade"]) * days
        alarms = labels / needed * level * YEAR / DAY
        broken = {
            "below_floor": lost > float(p["plan_floor"]) + 1e-12,
            "too_many_alarms": alarms > float(p["plan_alarms_most"]),
            "too_many_labels": labels > float(p["plan_labels_most"]),
        }
        with np.errstate(divide="ignore"):
            notice = np.minimum(needed / labels, days / 2)
        return {
            "objective": DAY * terms.total,
            "feasible": ~np.logical_or.reduce(list(broken.values())),
            **broken,
            "training": DAY * (terms.training + terms.staleness),
            "events": DAY * terms.events,
            "watching": DAY * (terms.labels + terms.alarms),
            "notice": DAY * notice,
            "lost": 100 * lost,
            "alarms": alarms,
            "labels_needed": needed,
        }
