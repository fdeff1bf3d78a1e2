"""Part B: what a pass over data costs once it no longer fits where it was."""

from collections.abc import Mapping, Sequence

import numpy as np

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
    lookup,
)
from labs.explore.vol1.lab_05_nn_compute.ladder import (
    LADDER,
    Level,
    binary,
    capacities,
    energies,
    names,
    picojoules,
    worst_known,
)
from simcore.equations.memory_levels import memory_level, pass_energy, spill_factor
from simcore.equations.precision import element_size

MOVES: Mapping[str, Sequence[tuple[int, tuple[int, ...]]]] = {
    "cloud": ((0, (2, 3)), (1, (3, 4, 8))),
    "edge": ((0, (2, 3)), (1, (2, 3, 4))),
    "mobile": ((0, (2, 3, 4)), (1, (2, 3))),
    "tiny": ((0, (3,)), (1, (2, 3))),
}
"""Level that the data outgrows (it arrives in the next one), and how many times it grows: those
whose answer is at least twice or half each wrong one."""

TIMES: Mapping[int, str] = {2: "twice", 3: "three times", 4: "four times", 8: "eight times"}

BATCHES = tuple(2**i for i in range(13))
WIDTHS = tuple(2**i for i in range(4, 13))
PRECISIONS = ("fp32", "fp16", "int8")
_SMALLEST, _LARGEST = 2.0**8, 2.0**28


class B(Part):
    def combinations(self, track: str) -> Sequence[Params]:
        return [
            {
                "track": track,
                "level": at,
                "growth": growth,
                "times": TIMES[growth],
                "before_name": _before(track, at).name,
                "after_name": LADDER[track][at + 1].name,
                "before_text": picojoules(_before(track, at).energy),
                "after_text": picojoules(LADDER[track][at + 1].energy),
                "before_known": _before(track, at).known,
                "after_known": LADDER[track][at + 1].known,
                "ladder_known": worst_known(LADDER[track]),
            }
            for at, growths in MOVES[track]
            for growth in growths
        ]

    def questions(self, p: Params) -> tuple[Question, ...]:
        growth = float(p["growth"])
        return (
            Choice(
                id="factor",
                options=(
                    Option(id=RIGHT, value=_factor(p)),
                    Option(id="in_proportion", value=growth),
                    Option(id="growth_forgotten", value=_factor(p) / growth),
                    Option(id="growth_twice", value=growth * _factor(p)),
                ),
            ),
        )

    def facts(self, p: Params) -> dict[str, Scalar]:
        before, after = _pair(p)
        growth = float(p["growth"])
        return {
            "factor": _factor(p),
            "dearer": after.energy / before.energy,
            "before_energy": before.capacity * before.energy,
            "after_energy": growth * before.capacity * after.energy,
            "before_size": binary(before.capacity),
            "after_size": binary(growth * before.capacity),
            "spill_bytes": before.capacity,
        }

    def knobs(self, p: Params) -> tuple[Knob, ...]:
        track = str(p["track"])
        return (
            Knob(id="batch", steps=BATCHES),
            Knob(id="width", steps=WIDTHS, default=WIDTHS.index(256)),
            Knob(id="precision", steps=PRECISIONS),
            Knob(id="planned", steps=tuple(level.id for level in LADDER[track][:-1])),
        )

    def evaluate(self, p: Params, k: Knobs) -> Outputs:
        track = str(p["track"])
        sizes = lookup({name: element_size(name) for name in PRECISIONS}, k["precision"])
        # A layer's input and its output, both alive.
        working_set = 2.0 * np.asarray(k["batch"]) * np.asarray(k["width"]) * sizes
        ladder = {"capacities": capacities(track), "energies_per_byte": energies(track)}
        energy = pass_energy(working_set, **ladder)
        level = memory_level(working_set, capacities=capacities(track))
        planned = lookup({x.id: x.capacity for x in LADDER[track][:-1]}, k["planned"])
        sizes_named = {x.id: binary(x.capacity) for x in LADDER[track][:-1]}
        return {
            "energy": energy,
            "per_byte": energies(track)[level],
            "level": names(track)[level],
            "working_set": working_set,
            "planned_capacity": planned,
            "planned_size": np.asarray([sizes_named[str(x)] for x in k["planned"]]),
            "twice": pass_energy(2 * working_set, **ladder) / energy,
            "per_example": energy / np.asarray(k["batch"], dtype=float),
            "spills": working_set > planned,
        }

    def curves(self, p: Params, k: Knobs) -> Curves:
        """Return the staircase by its corners: straight between them on logarithmic axes."""
        track, count = str(p["track"]), len(k["batch"])
        edges = [_SMALLEST, *capacities(track), _LARGEST]
        prices = energies(track)
        x = np.repeat(edges, 2)[1:-1]
        y = x * np.repeat(prices, 2)
        return {name: np.broadcast_to(line, (count, len(line))) for name, line in
                (("sizes", x), ("staircase", y), ("plain", x * prices[0]))}  # fmt: skip


def _pair(p: Params) -> tuple[Level, Level]:
    ladder, at = LADDER[str(p["track"])], int(p["level"])
    return ladder[at], ladder[at + 1]


def _before(track: str, at: int) -> Level:
    return LADDER[track][at]


def _factor(p: Params) -> float:
    before, after = _pair(p)
    return float(
        spill_factor(float(p["growth"]), energy_before=before.energy, energy_after=after.energy)
    )
