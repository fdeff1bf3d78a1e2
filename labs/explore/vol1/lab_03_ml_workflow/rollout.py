"""Part D: from a few sites to all of them, by a factor that each checked step may grow."""

from collections.abc import Mapping, Sequence
from itertools import product

import numpy as np

from labs.arranging import Array, column, floats, given, rows, same
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
from simcore.equations.workflow import growth_steps, rollout_step

from .soon import TASKS, Soon
from .verdict import DAY, DROP, MOST_STEPS, PATIENTS, PAUSE, PREVALENCE, needed

MARGIN = 1.5
STARTS, ENDS, FACTORS = (4, 5, 10), (200, 400, 800, 2000), (1.5, 2.0, 2.5, 3.0)
LIMIT_SHARE = 0.4
"""Of a week's patients: what the safety officer allows besides those of one verdict. [1]"""
BOLD = 8.0


NAMES: Mapping[str, tuple[str, str]] = {
    "cloud": ("hospital", "hospitals"), "edge": ("clinic", "clinics"),
    "mobile": ("nurse's tablet", "tablets"), "tiny": ("camera", "cameras"),
}  # fmt: skip


class D(Part):
    challenge = Soon()

    def combinations(self, track: str) -> Sequence[Params]:
        tasks, (site, sites) = TASKS[track], NAMES[track]
        sets: list[Params] = [
            {
                "track": track,
                "start": start,
                "end": end,
                "factor": factor,
                "factor_text": given(factor, "g2"),
                "site": site,
                "sites": sites,
                "patients": PATIENTS[track],
            }
            for start, end, factor in product(STARTS, ENDS, FACTORS)
        ]
        clear = [p for p in sets if _stands_apart(p)]
        return [{**p, **tasks[i % len(tasks)].params(track)} for i, p in enumerate(clear)]

    def questions(self, p: Params) -> tuple[Question, ...]:
        options = [Option(id=name, value=value) for name, value in _wrong(p).items()]
        return (Choice(id="loops", options=(Option(id=RIGHT, value=_loops(p)), *options)),)

    def facts(self, p: Params) -> dict[str, Scalar]:
        course = _course(p, floats([p["factor"]]), floats([p["patients"]]), floats([DROP]))
        bold = _course(p, floats([BOLD]), floats([p["patients"]]), floats([DROP]))
        return {
            "loops": int(_loops(p)),
            "length": float(course["days"][0]),
            "exposed": float(course["worst"][0]),
            "loops_bold": int(bold["loops"][0]),
            "exposed_bold": float(bold["worst"][0]),
            "needed": float(needed(DROP)),
            "sick_needed": float(needed(DROP)) * PREVALENCE,
            "growth_all": float(p["end"]) / float(p["start"]),
            "first_loop": float(course["first"][0]),
        }

    def knobs(self, p: Params) -> tuple[Knob, ...]:
        patients = tuple(sorted({5, 10, 15, 20, 25, 40, 60, 80, 100, int(p["patients"])}))
        drops = (0.03, 0.04, 0.05, 0.07, 0.10)
        return (
            Knob(id="grow", steps=(1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)),
            Knob(id="a_day", steps=patients, default=patients.index(int(p["patients"]))),
            Knob(id="drop_seen", steps=drops, default=drops.index(DROP)),
        )

    def evaluate(self, p: Params, k: Knobs) -> Outputs:
        course = _course(p, floats(k["grow"]), floats(k["a_day"]), floats(k["drop_seen"]))
        limit = same(_limit(p), course["worst"])
        return {
            "loops_now": course["loops"],
            "days_now": course["days"],
            "worst": course["worst"],
            "needed_now": course["needed"],
            "first_now": course["first"],
            "limit_now": limit,
            "too_many": course["worst"] > limit,
        }

    def curves(self, p: Params, k: Knobs) -> Curves:
        course = _course(p, floats(k["grow"]), floats(k["a_day"]), floats(k["drop_seen"]))
        count, steps = len(k["grow"]), np.arange(MOST_STEPS + 1)
        even = float(p["start"]) * (1 + (column(k["grow"]) - 1) * steps)
        return {
            "steps": rows(steps, count),
            "sites_line": course["sites"],
            "even_line": np.minimum(even, float(p["end"])),
            "later_steps": rows(steps[1:], count),
            "exposed_line": course["exposed"],
        }


def _course(p: Params, factor: Array, a_day: Array, drop: Array) -> dict[str, Array]:
    """Return a release from start to end at m settings, and its steps (m, MOST_STEPS)."""
    steps = np.arange(MOST_STEPS + 1)
    sites = np.minimum(float(p["start"]) * factor[:, np.newaxis] ** steps, float(p["end"]))
    read = needed(drop)
    step = rollout_step(
        sites[:, :-1], sites[:, 1:], rate=column(a_day) / DAY, needed=column(read), pause=PAUSE
    )
    grows = sites[:, 1:] > sites[:, :-1]
    return {
        "sites": sites,
        "exposed": step.exposed,
        "worst": step.exposed.max(axis=1),
        "loops": growth_steps(float(p["start"]), float(p["end"]), factor=factor),
        "days": np.sum(np.where(grows, step.time, 0.0), axis=1),
        "first": step.time[:, 0],
        "needed": read,
    }


def _limit(p: Params) -> float:
    """Return how many the safety officer lets new sites decide on before a verdict. [1]"""
    week = 7.0 * float(p["patients"]) * float(p["end"])
    return float(f"{float(needed(DROP)) + LIMIT_SHARE * week:.1e}")


def _loops(p: Params) -> float:
    return float(growth_steps(float(p["start"]), float(p["end"]), factor=float(p["factor"])))


def _wrong(p: Params) -> dict[str, float]:
    start, end, factor = float(p["start"]), float(p["end"]), float(p["factor"])
    return {
        "at_once": 1.0,
        "as_the_first": float(np.ceil((end - start) / ((factor - 1) * start))),
        "one_by_one": end - start,
    }


def _stands_apart(p: Params) -> bool:
    key = _loops(p)
    return all(max(key / x, x / key) >= MARGIN for x in _wrong(p).values())
