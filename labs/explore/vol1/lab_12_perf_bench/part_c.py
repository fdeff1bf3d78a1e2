"""Part C: four candidates with one record each, and the gates of a release."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from labs.arranging import Array, column, floats, given, rows, same
from labs.contract import (
    RIGHT,
    Choice,
    Curves,
    Knob,
    Knobs,
    Numeric,
    Option,
    Outputs,
    Params,
    Part,
    Question,
    Scalar,
    linear_steps,
    log_steps,
    lookup,
    with_value,
)
from simcore.equations.batching import FullBatches, full_batches
from simcore.equations.lognormal import lognormal_quantile

from .tracks import LATE, MS

LOSSES = {"full": 0.0, "half": 0.2, "quarter": 2.5}
"""Accuracy lost by the weights: as trained, in 8 bits, in 4 bits. [points]"""
PRECISIONS = {"full": "fp32", "half": "int8", "quarter": "int4"}
"""As other labs name them in the ledger."""
DEVIATIONS = (0.25, 0.30, 0.35)
BATCHES = tuple(range(1, 65))


@dataclass(frozen=True, slots=True, kw_only=True)
class Gates:
    """What a release must keep: 99th percentile [s], throughput [1/s], loss [points]."""

    p99: float
    rate: float
    loss: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A batch of B takes `setup` + B `per_request` [s], by precision; batches of the candidates.

    `live` gates ask for a rate, `exact` ones for accuracy.
    """

    setup: float
    per_request: Mapping[str, float]
    middle: int
    large: int
    live: Gates
    exact: Gates


SERVICES = {
    "cloud": Service(
        setup=3 * MS, per_request={"full": 4 * MS, "half": 0.36 * MS, "quarter": 0.30 * MS},
        middle=8, large=64,
        live=Gates(p99=25 * MS, rate=700.0, loss=1.0),
        exact=Gates(p99=28 * MS, rate=70.0, loss=0.1),
    ),
    "edge": Service(
        setup=4 * MS, per_request={"full": 12 * MS, "half": 1.7 * MS, "quarter": 1.3 * MS},
        middle=4, large=32,
        live=Gates(p99=50 * MS, rate=200.0, loss=1.0),
        exact=Gates(p99=60 * MS, rate=30.0, loss=0.1),
    ),
    "mobile": Service(
        setup=8 * MS, per_request={"full": 60 * MS, "half": 11 * MS, "quarter": 9 * MS},
        middle=2, large=32,
        live=Gates(p99=150 * MS, rate=30.0, loss=1.0),
        exact=Gates(p99=270 * MS, rate=7.0, loss=0.1),
    ),
    "tiny": Service(
        # No 4-bit instructions: each weight is unpacked before it is used.
        setup=2 * MS, per_request={"full": 182 * MS, "half": 48 * MS, "quarter": 52 * MS},
        middle=1, large=16,
        live=Gates(p99=250 * MS, rate=10.0, loss=1.0),
        exact=Gates(p99=700 * MS, rate=2.5, loss=0.1),
    ),
}  # fmt: skip

CANDIDATES = {
    "full_single": ("full", "one"),
    "half_large": ("half", "large"),
    "half_middle": ("half", "middle"),
    "quarter_middle": ("quarter", "middle"),
}
"""Precision of the weights and which batch."""


class C(Part):
    def combinations(self, track: str) -> Sequence[Params]:
        at = SERVICES[track]
        return [
            {
                "place": track,
                "ships": ships,
                "tail": float(lognormal_quantile(LATE, mean=1.0, deviation=deviation)),
                "one": 1, "middle": at.middle, "large": at.large,
                "p99_gate": gates.p99, "rate_gate": gates.rate, "loss_gate": gates.loss,
                "p99_gate_text": given(gates.p99, "time"),
                "rate_gate_text": given(gates.rate, "g3"),
                "loss_gate_text": _points(gates.loss),
                "setup_text": given(at.setup, "time"),
                **{f"{name}_text": given(time, "time") for name, time in at.per_request.items()},
                **{f"{name}_loss_text": _points(loss) for name, loss in LOSSES.items()},
                **{f"{name}_lost": f"{loss:g}" for name, loss in LOSSES.items()},
            }
            for (ships, gates), deviation in product(
                (("half_middle", at.live), ("full_single", at.exact)), DEVIATIONS
            )
        ]  # fmt: skip

    def questions(self, p: Params) -> tuple[Question, ...]:
        wrong = {
            "full_single": "most_accurate",
            "half_large": "most_throughput",
            "half_middle": "the_compromise",
            "quarter_middle": "smallest",
        }
        right = ships(p)
        fastest = max(CANDIDATES, key=lambda name: float(candidate(p, name).throughput))
        return (
            Choice(
                id="ships",
                options=tuple(
                    Option(id=RIGHT if name == right else wrong[name], value=name)
                    for name in CANDIDATES
                ),
            ),
            Numeric(id="fastest_p99", key=float(candidate(p, fastest).time) * float(p["tail"])),
        )

    def facts(self, p: Params) -> dict[str, Scalar]:
        runs = {name: candidate(p, name) for name in CANDIDATES}
        chosen = ships(p)
        tail = float(p["tail"])
        low, high = batch_window(p, CANDIDATES[chosen][0])
        return {
            **{f"{name}_p99": float(run.time) * tail for name, run in runs.items()},
            **{f"{name}_rate": float(run.throughput) for name, run in runs.items()},
            "ships_p99": float(runs[chosen].time) * tail,
            "ships_rate": float(runs[chosen].throughput),
            "ships_loss": LOSSES[CANDIDATES[chosen][0]],
            "ships_time_text": p[f"{CANDIDATES[chosen][0]}_text"],
            "ships_precision": PRECISIONS[CANDIDATES[chosen][0]],
            "large_time": float(runs["half_large"].time),
            "single_time": float(runs["full_single"].time),
            "window_text": "only batches of 1" if high == 1 else f"batches of {low} to {high}",
            "batch_low": low,
            "batch_high": high,
            "quarter_loss_over": LOSSES["quarter"] / float(p["loss_gate"]),
        }

    def knobs(self, p: Params) -> tuple[Knob, ...]:
        tails, tail = with_value(log_steps(1.2, 4.0, 15), float(p["tail"]))
        precision, size = CANDIDATES[ships(p)]
        return (
            Knob(id="precision", steps=tuple(LOSSES), default=tuple(LOSSES).index(precision)),
            Knob(id="batch", steps=BATCHES, default=BATCHES.index(int(p[size]))),
            Knob(id="tail_factor", steps=tails, default=tail),
            Knob(id="clock", steps=linear_steps(0.25, 1.0, 16), default=15),
        )

    def evaluate(self, p: Params, k: Knobs) -> Outputs:
        run = served(p, k, k["batch"])
        p99 = run.time * floats(k["tail_factor"])
        loss = lookup(LOSSES, k["precision"])
        late = p99 > float(p["p99_gate"])
        slow = run.throughput < float(p["rate_gate"])
        inaccurate = loss > float(p["loss_gate"])
        return {
            "p99": p99,
            "rate": run.throughput,
            "loss": loss,
            "time": run.time,
            "p99_used": p99 / float(p["p99_gate"]),
            "rate_used": float(p["rate_gate"]) / run.throughput,
            "loss_used": loss / float(p["loss_gate"]),
            "p99_limit": same(float(p["p99_gate"]), p99),
            "rate_limit": same(float(p["rate_gate"]), p99),
            "loss_limit": same(float(p["loss_gate"]), p99),
            "batch_now": floats(k["batch"]),
            "verdict": np.asarray([
                _verdict(*gates)
                for gates in zip(late.tolist(), slow.tolist(), inaccurate.tolist(), strict=True)
            ]),
            "blocked": late | slow | inaccurate,
        }  # fmt: skip

    def curves(self, p: Params, k: Knobs) -> Curves:
        axis = np.asarray(BATCHES, dtype=float)
        run = served(p, {name: np.asarray(k[name])[:, np.newaxis] for name in k}, axis)
        return {
            "batches": rows(axis, len(run.time)),
            "p99_line": run.time * column(k["tail_factor"]),
            "time_line": run.time,
            "rate_line": run.throughput,
        }


def served(p: Params, k: Knobs, batch: Array) -> FullBatches:
    """Full batches back to back; a slower clock stretches the arithmetic, not the set-up."""
    at = SERVICES[str(p["place"])]
    return full_batches(
        batch,
        setup=at.setup,
        per_request=lookup(at.per_request, k["precision"]) / floats(k["clock"]),
    )


def candidate(p: Params, name: str) -> FullBatches:
    precision, batch = CANDIDATES[name]
    at = SERVICES[str(p["place"])]
    return full_batches(int(p[batch]), setup=at.setup, per_request=at.per_request[precision])


def ships(p: Params) -> str:
    """The one candidate that passes every gate."""
    passing = [
        name
        for name, (precision, _) in CANDIDATES.items()
        if float(candidate(p, name).time) * float(p["tail"]) <= float(p["p99_gate"])
        and float(candidate(p, name).throughput) >= float(p["rate_gate"])
        and LOSSES[precision] <= float(p["loss_gate"])
    ]
    if len(passing) != 1:
        raise ValueError(f"one candidate must pass, not {passing} of {dict(p)}")
    return passing[0]


def batch_window(p: Params, precision: str) -> tuple[int, int]:
    """The smallest and the largest batch that pass every gate in that precision."""
    k = {
        "precision": np.asarray([precision] * len(BATCHES)),
        "clock": np.ones(len(BATCHES)),
    }
    run = served(p, k, np.asarray(BATCHES, dtype=float))
    keeps = (run.time * float(p["tail"]) <= float(p["p99_gate"])) & (
        run.throughput >= float(p["rate_gate"])
    )
    passing = np.asarray(BATCHES)[keeps]
    return int(passing.min()), int(passing.max())


def _points(loss: float) -> str:
    return "1 point" if loss == 1 else f"{loss:g} points"


def _verdict(late: bool, slow: bool, inaccurate: bool) -> str:
    names = {"the tail": late, "throughput": slow, "accuracy": inaccurate}
    closed = [name for name, is_closed in names.items() if is_closed]
    return "stopped by " + " and ".join(closed) if closed else "may ship"
