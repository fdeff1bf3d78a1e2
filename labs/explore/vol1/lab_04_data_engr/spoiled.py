"""Part C: a few wrong records, and how many features they end up in."""

from collections.abc import Mapping, Sequence

import numpy as np

from labs.arranging import column, floats, given, rows
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
    log_steps,
    with_value,
)
from simcore.equations.data_quality import spoiled_share
from simcore.equations.evidence import trials_to_see

MARGIN = 1.5
DRAWS: Mapping[float, Sequence[int]] = {
    0.005: (30, 60, 90), 0.01: (14, 30, 150), 0.02: (8, 14, 20, 60, 90), 0.05: (5, 8, 24, 30, 45),
}  # fmt: skip
"""Share of wrong records, and records of a feature: a third spoiled at most, or most of them."""
FEATURES: Mapping[str, int] = {"cloud": 2_000_000, "edge": 40_000, "mobile": 500, "tiny": 8_000}
"""Made in a day. [1]"""
WEEKS_ASKED = (3, 6)
ERRORS = log_steps(0.001, 0.1, 25, digits=2)
RECORDS = (1, 2, 3, 5, 7, 8, 10, 14, 20, 24, 30, 45, 60, 90, 120, 150, 180, 240, 365)
RUNS = (1, 2, 5, 10, 24, 60)
WEEKS = (1, 2, 3, 4, 6, 8, 12, 26, 52)
WEEK_DAYS = 7


class C(Part):
    def combinations(self, track: str) -> Sequence[Params]:
        pairs = [(error, records) for error, many in DRAWS.items() for records in many]
        sets: list[Params] = [
            {
                "track": track,
                "error": error,
                "error_text": given(100 * error, "g3") + "%",
                "records": records,
                "weeks": weeks,
                "daily": FEATURES[track],
            }
            for i, (error, records) in enumerate(pairs)
            for weeks in (WEEKS_ASKED[i % 2],)
        ]
        return [p for p in sets if _stands_apart(p)]

    def questions(self, p: Params) -> tuple[Question, ...]:
        options = [Option(id=name, value=value) for name, value in _wrong(p).items()]
        right = Option(id=RIGHT, value=_spoiled(p))
        return (
            Choice(id="spoiled", options=(right, *options)),
            Numeric(id="rows", key=_rows(p)),
        )

    def facts(self, p: Params) -> dict[str, Scalar]:
        error, spoiled = float(p["error"]), _spoiled(p)
        together = float(spoiled_share(error, float(p["records"]), run=10))
        return {
            "spoiled": spoiled,
            "grown": spoiled / error,
            "half": float(trials_to_see(error, confidence=0.5)),
            "rows": _rows(p),
            "sooner": _rows(p) / float(p["weeks"]),
            "together": together,
            "clean": 1 - spoiled,
            "window_records": int(p["records"]),
        }

    def knobs(self, p: Params) -> tuple[Knob, ...]:
        errors, start = with_value(ERRORS, float(p["error"]))
        calm = max(k for k in RECORDS if float(spoiled_share(float(p["error"]), k)) < 0.3)
        return (
            Knob(id="wrong", steps=errors, default=start),
            Knob(id="window", steps=RECORDS, default=RECORDS.index(calm)),
            Knob(id="run", steps=RUNS),
            Knob(id="unnoticed", steps=WEEKS, default=WEEKS.index(int(p["weeks"]))),
        )

    def evaluate(self, p: Params, k: Knobs) -> Outputs:
        spoiled = spoiled_share(k["wrong"], k["window"], run=k["run"])
        daily = float(p["daily"])
        return {
            "spoiled_now": spoiled,
            "grown_now": spoiled / floats(k["wrong"]),
            "alone": spoiled_share(k["wrong"], k["window"]),
            "rows_now": daily * WEEK_DAYS * floats(k["unnoticed"]) * spoiled,
            "half_now": trials_to_see(k["wrong"], confidence=0.5),
            "window_now": floats(k["window"]),
            "mostly_spoiled": spoiled > 0.5,
        }

    def curves(self, p: Params, k: Knobs) -> Curves:
        axis, count = floats(range(1, 366, 4)), len(k["wrong"])
        error, run = column(k["wrong"]), column(k["run"])
        shape = (count, axis.size)
        return {
            "records": rows(axis, count),
            "spoiled_line": np.broadcast_to(spoiled_share(error, axis, run=run), shape),
            "alone_line": np.broadcast_to(spoiled_share(error, axis), shape),
            "error_line": np.broadcast_to(error, shape),
        }


def _spoiled(p: Params) -> float:
    return float(spoiled_share(float(p["error"]), float(p["records"])))


def _rows(p: Params) -> float:
    return _spoiled(p) * float(p["daily"]) * WEEK_DAYS * float(p["weeks"])


def _wrong(p: Params) -> dict[str, float]:
    error = float(p["error"])
    return {
        "as_the_records": error,
        "averaged_away": error / float(p["records"]),
        "left_clean": 1 - _spoiled(p),
    }


def _stands_apart(p: Params) -> bool:
    key = _spoiled(p)
    return all(max(key / x, x / key) >= MARGIN for x in _wrong(p).values())
