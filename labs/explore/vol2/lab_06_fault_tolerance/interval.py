"""Part B: the price of a save and the price of a loss. The best time between two saves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
from labs.explore.vol2.lab_06_fault_tolerance import hall, storage
from labs.explore.vol2.lab_06_fault_tolerance.common import (
    DAY,
    HOUR,
    column,
    knob_at,
    near,
    number,
    rows,
    settings,
    span,
)
from simcore.equations import checkpoint

# Part C asks about longer saves than any here, so that its answer does not stand on this page.
LONGEST_SAVE_SHARE = 0.009
MULTIPLES = np.geomspace(1 / 8, 8, 33)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One track's saves, failures and restarts. [s]"""

    saves: tuple[float, ...]
    mtbfs: tuple[float, ...]
    restarts: tuple[float, ...]
    words: Mapping[str, str]


ROWS = {
    "cloud": Row(
        saves=(40, 60, 90), mtbfs=(2 * HOUR, 3 * HOUR, 4 * HOUR, 6 * HOUR), restarts=(300, 600),
        words={"job": "run", "save_word": "save"},
    ),
    "edge": Row(
        saves=(10, 20, 30), mtbfs=(0.75 * HOUR, HOUR, 1.5 * HOUR), restarts=(60, 120),
        words={"job": "retraining", "save_word": "copy to the neighbouring box"},
    ),
    "mobile": Row(
        saves=(2, 3, 4), mtbfs=(300, 450, 600), restarts=(10, 20),
        words={"job": "training session", "save_word": "save to flash"},
    ),
    "tiny": Row(
        saves=(0.002, 0.004, 0.006), mtbfs=(0.5, 0.8, 1.2), restarts=(0.005, 0.010),
        words={"job": "program", "save_word": "save to FRAM"},
    ),
}  # fmt: skip


class B(Part):
    """How long should one compute between two saves?"""

    def combinations(self, track: str) -> Sequence[Params]:
        return _combinations(track)

    def questions(self, p: Params) -> tuple[Question, ...]:
        save, m = number(p, "save"), number(p, "mtbf")
        options = (
            Option(id=RIGHT, value=float(checkpoint.best_interval(save, m))),
            Option(id="always_safer", value=3 * save),
            Option(id="halfway", value=m / 2),
            Option(id="once_per_failure", value=m),
        )
        return (Choice(id="interval", options=options),)

    def facts(self, p: Params) -> dict[str, Scalar]:
        save, m = number(p, "save"), number(p, "mtbf")
        best = float(checkpoint.best_interval(save, m))
        own = {"always_safer": 3 * save, "halfway": m / 2, "once_per_failure": m}
        kept = {name: self._kept(p, tau) for name, tau in own.items()}
        return {
            "best": best,
            "best_goodput": self._kept(p, best),
            "young": float(checkpoint.young_interval(save, m)),
            "daly": float(checkpoint.daly_interval(save, m)),
            "save_share": save / m,
            "best_loss": 1 - self._kept(p, best),
            "half_as_long": self._loss_ratio(p, best / 2),
            "twice_as_long": self._loss_ratio(p, best * 2),
            "four_times": self._loss_ratio(p, best * 4),
            "blind_best": self._blind(p, best),
            "blind_once": self._blind(p, m),
            **{f"goodput_{name}": value for name, value in kept.items()},
            **{f"loss_{name}": (1 - x) / (1 - self._kept(p, best)) for name, x in kept.items()},
            **{f"repeated_{name}": self._share(p, tau, "repeated") for name, tau in own.items()},
            "saving_always_safer": self._share(p, 3 * save, "saving"),
        }

    def knobs(self, p: Params) -> tuple[Knob, ...]:
        save, m, r = number(p, "save"), number(p, "mtbf"), number(p, "restart")
        best = float(checkpoint.best_interval(save, m))
        intervals, _ = with_value(log_steps(save / 4, 2 * m, 25), float(f"{best:.4g}"))
        intervals, start = with_value(intervals, 3 * save)
        return (
            Knob(id="interval", steps=intervals, default=start),
            knob_at("save", log_steps(save / 30, save * 10, 19), save),
            knob_at("mtbf", log_steps(m / 12, m * 8, 19), m),
            knob_at("restart", linear_steps(0.0, 6 * r, 13), r),
            Knob(id="rework", steps=(False, True), default=1),
        )

    def evaluate(self, p: Params, k: Knobs) -> Outputs:
        save, m, counted = k["save"], k["mtbf"], np.asarray(k["rework"], dtype=bool)
        shares = _shares(k["interval"], save, m, k["restart"], counted)
        best = checkpoint.best_interval(save, m)
        useful = shares["useful"]
        multiple, worse = k["interval"] / best, _worse(k["interval"], save, m)
        with np.errstate(divide="ignore"):
            extra = 30 * DAY / np.maximum(useful, 0) - 30 * DAY
        return {
            **shares,
            "loss": 1 - useful,
            "extra": extra,
            "bottom": np.where(counted, best, _longest(p)),
            "bottom_loss": 1 - _shares(
                np.where(counted, best, _longest(p)), save, m, k["restart"], counted
            )["useful"],
            "multiple": multiple,
            "worse": worse,
            "half_lost": counted & (useful < 0.5),
            "saves_longer": save >= k["interval"],
        }  # fmt: skip

    def curves(self, p: Params, k: Knobs) -> Curves:
        m = settings(k)
        axis = np.geomspace(number(p, "save") / 4, _longest(p), 49)
        save, mtbf, restart = column(k["save"]), column(k["mtbf"]), column(k["restart"])
        counted = np.asarray(k["rework"], dtype=bool)[:, np.newaxis]
        shares = _shares(axis, save, mtbf, restart, counted)
        around = MULTIPLES * column(checkpoint.best_interval(k["save"], k["mtbf"]))
        return {
            "interval_axis": rows(axis, m),
            "loss_line": np.round(1 - shares["useful"], 4),
            "saving_line": np.round(shares["saving"], 4),
            "repeated_line": np.round(shares["repeated"], 4),
            "restart_line": np.round(shares["restarting"], 4),
            "multiple_axis": rows(MULTIPLES, m),
            "worse_line": np.round(_worse(around, save, mtbf), 3),
        }

    def withheld(self, p: Params, locked: Mapping[str, Params], k: Knobs) -> NDArray[np.bool_]:
        """Hide the save shares that part C asks about, and the hall that part E starts from."""
        hidden = np.zeros(settings(k), dtype=bool)
        share = k["save"] / k["mtbf"]
        if "c" in locked:
            hidden |= near(share, storage.storm_share(locked["c"]), 0.1)
            hidden |= near(share, storage.target_share(), 0.05)
        if "e" in locked:
            hidden |= near(k["save"], hall.present_save(locked["e"]), 0.08) & near(
                k["mtbf"], hall.mtbf(locked["e"]), 0.08
            )
        return hidden

    def _kept(self, p: Params, interval: float) -> float:
        return self._share(p, interval, "useful")

    def _share(self, p: Params, interval: float, name: str) -> float:
        shares = checkpoint.goodput_shares(
            interval, number(p, "save"), number(p, "mtbf"), restart=number(p, "restart")
        )
        return float(shares[name])

    def _loss_ratio(self, p: Params, interval: float) -> float:
        return float(_worse(interval, number(p, "save"), number(p, "mtbf")))

    def _blind(self, p: Params, interval: float) -> float:
        return float(
            checkpoint.goodput_without_rework(
                interval, number(p, "save"), number(p, "mtbf"), restart=number(p, "restart")
            )
        )


@cache
def _combinations(track: str) -> tuple[Params, ...]:
    row = ROWS[track]
    return tuple(
        {
            "track": track,
            "save": save,
            "mtbf": m,
            "restart": r,
            "save_text": span(save),
            "mtbf_text": span(m),
            "restart_text": span(r),
            **row.words,
        }
        for save in row.saves
        for m in row.mtbfs
        for r in row.restarts
        if save / m <= LONGEST_SAVE_SHARE
    )


def _longest(p: Params) -> float:
    return 2 * number(p, "mtbf")


def _shares(interval: Any, save: Any, m: Any, restart: Any, counted: Any) -> dict[str, Any]:
    """Return the shares of the wall-clock time, or what a dashboard without rework makes of it."""
    true = checkpoint.goodput_shares(interval, save, m, restart=restart)
    blind = np.clip(checkpoint.goodput_without_rework(interval, save, m, restart=restart), 0.0, 1.0)
    blind_restart = np.clip(restart / m, 0.0, 1.0 - blind)
    return {
        "useful": np.where(counted, true["useful"], blind),
        "saving": np.where(counted, true["saving"], 1 - blind - blind_restart),
        "repeated": np.where(counted, true["repeated"], 0.0),
        "restarting": np.where(counted, true["restart"], blind_restart),
    }


def _worse(interval: Any, save: Any, m: Any) -> NDArray[np.float64]:
    """Return the loss (restart apart) in multiples of the least possible one."""
    return (1 - checkpoint.goodput(interval, save, m)) / (1 - checkpoint.best_goodput(save, m))
