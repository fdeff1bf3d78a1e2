"""A board unplugged, and agent, bridge and broker killed, within kit jobs on an emulated Uno.

A round is one job of three runs. Whatever happens, the job must end with one row for each run,
a measured one with the right figures, any other with its reason in words; the next round must
find everything in working order.
"""

import random
import time
from dataclasses import dataclass, field
from typing import Any

from tests.emulators.bench import Bench

VICTIMS = ("board", "agent", "bridge", "broker", "nothing")
_TASKS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("mac8", {"window_s": 2.0}),
    ("copy", {"window_s": 0.5}),
    ("digits", {"width": 4, "images": 3, "window_s": 0.5}),
)


@dataclass(slots=True)
class BoardRound:
    """One job, what was done to it, and what is wrong with its end."""

    number: int
    victim: str
    seconds: float = 0.0
    outcomes: tuple[str, ...] = ()
    wrong: list[str] = field(default_factory=list)


def play_board_round(bench: Bench, rng: random.Random, number: int) -> BoardRound:
    """Play one round and return what became of it."""
    round_ = BoardRound(number=number, victim=rng.choice(VICTIMS))
    began = time.monotonic()
    job = bench.request(*_TASKS)
    time.sleep(rng.uniform(0.0, 6.0))
    _harm(bench, round_.victim)
    answer = bench.answer(job)
    round_.seconds = time.monotonic() - began
    round_.outcomes = tuple(row["outcome"] for row in answer["rows"])
    round_.wrong = list(_faults(answer, round_.victim))
    return round_


def _harm(bench: Bench, victim: str) -> None:
    if victim == "board":
        bench.unplug()
        bench.plug_in()
    elif victim != "nothing":
        bench.installation.kill(victim)
        bench.installation.start(victim)


def _faults(answer: dict[str, Any], victim: str) -> list[str]:
    rows = answer["rows"]
    faults = []
    if len(rows) != len(_TASKS):
        faults.append(f"{len(rows)} rows for {len(_TASKS)} runs")
    for (task, _), row in zip(_TASKS, rows, strict=False):
        if row["outcome"] != "measured":
            # Only a board that was unplugged may cost a measurement.
            if victim != "board" or not row["detail"]:
                faults.append(f"{task}: {row['outcome']}, {row['detail'] or 'no reason'}")
        elif row["evidence"] != "emulated" or row["value"] <= 0 or row["energy_total_j"] is None:
            faults.append(f"{task}: {row['evidence']}, {row['value']}, {row['energy_total_j']} J")
    return faults
