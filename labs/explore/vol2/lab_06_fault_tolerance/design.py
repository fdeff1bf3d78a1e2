"""Part E: a budget for bad luck. The design challenge and its instrument."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from labs.contract import (
    RIGHT,
    Challenge,
    Choice,
    Curves,
    Knob,
    Knobs,
    LongJob,
    Option,
    Outputs,
    Params,
    Part,
    Question,
    Scalar,
)
from labs.explore.vol2.lab_06_fault_tolerance import hall
from labs.explore.vol2.lab_06_fault_tolerance.common import DAY, HOUR, number, rows, settings, span
from labs.explore.vol2.lab_06_fault_tolerance.interval import ROWS
from labs.explore.vol2.lab_06_fault_tolerance.long_run import LongRun
from simcore.equations import checkpoint, reliability

PARAMETERS = (405e9, 700e9, 1000e9)
NODE_LIVES = (5000 * HOUR, 6250 * HOUR, 8000 * HOUR)
REPAIRS = (8 * HOUR, 12 * HOUR, 24 * HOUR)
BUDGETS = (450.0, 600.0, 750.0)
STARTS = ("new", "aged")
SHAPE, HORIZON = 0.7, 54 * DAY
EQUAL_WITHIN = 0.01  # of the number of stops
SPARES = tuple(float(x) for x in range(hall.MOST_SPARES + 1))
ENOUGH_SPARES = 12
"""More than are in repair on average in any hall that is drawn; the instrument opens there."""
LOSSES = ("saving", "repeated", "drain", "restart", "waiting", "both_lost")


class DesignChallenge(Challenge):
    """The most goodput that the budget buys."""

    better: ClassVar[Literal["lower", "higher"]] = "higher"

    def variables(self, p: Params) -> tuple[Knob, ...]:
        return (
            Knob(id="tier", steps=tuple(hall.TIERS), default=0),
            Knob(id="mode", steps=hall.MODES, default=0),
            Knob(id="interval", steps=hall.INTERVALS, default=hall.INTERVALS.index(3600.0)),
            Knob(id="spares", steps=SPARES, default=0),
        )

    def assess(self, p: Params, k: Knobs) -> Outputs:
        where, cost, busy = hall.shares(p, k), hall.cost(k), hall.busy(p, k)
        over, saturated = cost > number(p, "budget"), busy > hall.MOST_BUSY
        return {
            "objective": where["useful"],
            "feasible": ~(over | saturated),
            "over_budget": over,
            "store_saturated": saturated,
            "cost": cost,
            "left": number(p, "budget") - cost,
            "busy": busy,
            **{name: where[name] for name in LOSSES},
        }

    def optimum(self, p: Params) -> tuple[dict[str, Scalar], float]:
        """Return the best design; among equals to six digits, the cheapest."""
        k = all_designs()
        found = self.assess(p, k)
        goodput = np.where(found["feasible"], found["objective"], -np.inf)
        best = float(np.max(goodput))
        if not np.isfinite(best):
            raise ValueError(f"no feasible design for {dict(p)}")
        cost = np.where(goodput >= best - 1e-6, found["cost"], np.inf)
        at = int(np.argmin(cost))
        return {name: values[at].item() for name, values in k.items()}, best


class E(Part):
    """What is the budget for bad luck best spent on?"""

    challenge: ClassVar[Challenge | None] = DesignChallenge()
    job: ClassVar[LongJob | None] = LongRun()

    def combinations(self, track: str) -> Sequence[Params]:
        return _combinations(track)

    def questions(self, p: Params) -> tuple[Question, ...]:
        gains = _single_changes(p)
        best = max(gains, key=lambda name: gains[name])
        changes = tuple(
            Option(id=RIGHT if name == best else MISTAKES[name], value=name) for name in gains
        )
        answer = _effect_of_age(p)
        effects = tuple(
            Option(id=RIGHT if name == answer else f"expects_{name}", value=name)
            for name in ("better", "same", "worse")
        )
        return Choice(id="change", options=changes), Choice(id="young", options=effects)

    def facts(self, p: Params) -> dict[str, Scalar]:
        m, gains = hall.mtbf(p), _single_changes(p)
        save = hall.present_save(p)
        present = {name: np.asarray([value]) for name, value in hall.PRESENT.items()}
        lost = hall.shares(p, present)
        worst = max(LOSSES, key=lambda name: float(lost[name][0]))
        return {
            "mtbf": m,
            "size": number(p, "size"),
            "save": save,
            "away": number(p, "repair") / m,
            "present": float(lost["useful"][0]),
            "present_best_interval": float(checkpoint.best_interval(save, m)),
            **{f"gain_{name}": value for name, value in gains.items()},
            **{f"lost_{name}": float(lost[name][0]) for name in LOSSES},
            "largest_loss": LOSS_WORDS[worst],
            "point_worth": 0.01 * hall.HALL_PRICE,
            "pays_back": number(p, "budget") / hall.HALL_PRICE,
            "stops_ratio": _stops_ratio(p),
            "stops_ratio_new": _stops_ratio_new(number(p, "node_life")),
            "designs": len(all_designs()["tier"]),
            **_mirror(str(p["track"])),
        }

    def knobs(self, p: Params) -> tuple[Knob, ...]:
        start = hall.PRESENT
        return (
            Knob(id="tier", steps=tuple(hall.TIERS), default=list(hall.TIERS).index("disk")),
            Knob(id="mode", steps=hall.MODES, default=0),
            Knob(
                id="interval",
                steps=hall.INTERVALS,
                default=hall.INTERVALS.index(float(start["interval"])),
            ),
            Knob(id="spares", steps=SPARES, default=ENOUGH_SPARES),
        )

    def evaluate(self, p: Params, k: Knobs) -> Outputs:
        where, bill = hall.shares(p, k), hall.price(k)
        cost, busy = hall.cost(k), hall.busy(p, k)
        away = number(p, "repair") / hall.mtbf(p)
        budget = number(p, "budget")
        left_for_spares = budget - bill["tier_cost"] - bill["mode_cost"]
        return {
            **where,
            "goodput": where["useful"],
            **bill,
            "cost": cost,
            "budget": np.full(settings(k), budget),
            "busy": busy,
            "away": np.full(settings(k), away),
            "affordable": np.clip(np.floor(left_for_spares / hall.SPARE_PRICE), 0, 24),
            "interval_now": np.asarray(k["interval"], dtype=float),
            "spares_now": np.asarray(k["spares"], dtype=float),
            "over_budget": cost > budget,
            "store_saturated": busy > hall.MOST_BUSY,
            "short_of_spares": np.asarray(k["spares"] < away, dtype=bool),
        }

    def curves(self, p: Params, k: Knobs) -> Curves:
        m = settings(k)
        lines = {tier: _along(p, k, "interval", hall.INTERVALS, tier=tier) for tier in hall.TIERS}
        other_way = {**k, "mode": np.where(k["mode"] == "sync", "async", "sync")}
        return {
            "interval_axis": rows(hall.INTERVALS, m),
            "chosen": np.round(_along(p, k, "interval", hall.INTERVALS), 4),
            "other_way": np.round(_along(p, other_way, "interval", hall.INTERVALS), 4),
            **{name: np.round(line, 4) for name, line in lines.items()},
            "spares_axis": rows(SPARES, m),
            "by_spares": np.round(_along(p, k, "spares", SPARES), 4),
        }


MISTAKES = {
    "interval": "only_the_clock",
    "spares": "spares_first",
    "flash": "buy_speed",
    "async": "new_technique",
}
LOSS_WORDS = {
    "saving": "saving", "repeated": "repeated work", "drain": "work lost while draining",
    "restart": "restarting", "waiting": "waiting for a node", "both_lost": "losing both copies",
}  # fmt: skip


@cache
def _combinations(track: str) -> tuple[Params, ...]:
    return tuple(
        {
            "track": track,
            "parameters": parameters,
            "size": hall.size_of(parameters),
            "node_life": life,
            "repair": repair,
            "budget": budget,
            "start": start,
            "parameters_text": f"{parameters / 1e9:,.0f} billion",
            "node_life_text": f"{life / HOUR:,.0f} h",
            "repair_text": f"{repair / HOUR:.0f} h",
            "start_text": START_WORDS[start],
        }
        for parameters in PARAMETERS
        for life in NODE_LIVES
        for repair in REPAIRS
        for budget in BUDGETS
        for start in STARTS
    )


START_WORDS = {
    "new": "all nodes are new on the first day",
    "aged": "the nodes are a mixed lot, in service for years and replaced one by one",
}


@cache
def all_designs() -> dict[str, NDArray[Any]]:
    """Return every design of the challenge, one per row."""
    axes = {
        "tier": np.array(list(hall.TIERS)),
        "mode": np.array(hall.MODES),
        "interval": np.array(hall.INTERVALS),
        "spares": np.array(SPARES),
    }
    grid = np.meshgrid(*axes.values(), indexing="ij")
    return {name: values.ravel() for name, values in zip(axes, grid, strict=True)}


def _single_changes(p: Params) -> dict[str, float]:
    """Return the goodput after each single change to the present hall."""
    best = float(checkpoint.best_interval(hall.present_save(p), hall.mtbf(p)))
    changes: dict[str, Mapping[str, Scalar]] = {
        "interval": {"interval": best},
        "spares": {"spares": float(hall.PRESENT["spares"]) + 6},
        "flash": {"tier": "flash"},
        "async": {"mode": "async"},
    }
    return {name: _one(p, {**hall.PRESENT, **change}) for name, change in changes.items()}


def _one(p: Params, design: Mapping[str, Scalar]) -> float:
    return float(hall.goodput(p, {name: np.asarray([x]) for name, x in design.items()})[0])


def _stops_ratio(p: Params) -> float:
    """Return stops in the first weeks over stops at the mean rate."""
    if p["start"] == "aged":
        return 1.0  # equilibrium: renewals come at the mean rate from the first day
    return _stops_ratio_new(number(p, "node_life"))


@cache
def _stops_ratio_new(life: float) -> float:
    return float(reliability.expected_renewals(HORIZON, life, shape=SHAPE)) * life / HORIZON


def _mirror(track: str) -> dict[str, Scalar]:
    """Return the same order of steps on the student's own track: the clock first, then speed."""
    row = ROWS[track]
    save, m = row.saves[1], row.mtbfs[1]
    best = float(checkpoint.best_goodput(save, m))
    return {
        "mirror_save": span(save),
        "mirror_mtbf": span(m),
        "mirror_once": float(checkpoint.goodput(m, save, m)),
        "mirror_once_faster": float(checkpoint.goodput(m, save / 4, m)),
        "mirror_best": best,
    }


def _effect_of_age(p: Params) -> str:
    ratio = _stops_ratio(p)
    if abs(ratio - 1) <= EQUAL_WITHIN:
        return "same"
    return "worse" if ratio > 1 else "better"


def _along(
    p: Params, k: Knobs, moved: str, values: Sequence[float], **fixed: str
) -> NDArray[np.float64]:
    """Return the goodput at every setting (m) along one variable (n), shape (m, n)."""
    m, n = settings(k), len(values)
    design = {name: np.repeat(np.asarray(column), n) for name, column in k.items()}
    design.update({name: np.full(m * n, value) for name, value in fixed.items()})
    design[moved] = np.tile(np.asarray(values, dtype=float), m)
    return hall.goodput(p, design).reshape(m, n)
