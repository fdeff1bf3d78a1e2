"""What a student may meet: a track and a set of parameters."""

from dataclasses import dataclass
from functools import lru_cache

from labs.content import Lab, LabPart
from labs.contract import Params, Question, listed
from labs.draws import Frozen, defaults_of, frozen


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    track: str
    params: Params

    def __str__(self) -> str:
        shown = ", ".join(f"{name}={value}" for name, value in self.params.items())
        return f"track {self.track}, {shown}"


def asked(part: LabPart, params: Params) -> tuple[Question, ...]:
    """Return what a part asks with these parameters; computed once for all checks."""
    return _asked(part, frozen(params))


@lru_cache(maxsize=4096)
def _asked(part: LabPart, params: Frozen) -> tuple[Question, ...]:
    return part.model.questions(dict(params))


def cases_of(lab: Lab, part: LabPart) -> list[Case]:
    """Return every combination of parameters on every track, with the ledger's defaults.

    Where the lab brings examples of ledgers, each is met with the first combination as well.

    Raises
    ------
    ValueError
        If a track has none.
    """
    reads = defaults_of(lab)
    cases = []
    for track in lab.tracks:
        combinations = listed(part.model, track.id)
        if not combinations:
            raise ValueError(f"combinations({track.id!r}) is empty")
        cases += [Case(track=track.id, params={**p, **reads}) for p in combinations]
        cases += [Case(track=track.id, params={**combinations[0], **own}) for own in lab.ledgers]
    return cases


def sampled(cases: list[Case], per_track: int) -> list[Case]:
    """Return a few cases of each track, evenly picked, the first and last among them."""
    picked: list[Case] = []
    for track in dict.fromkeys(case.track for case in cases):
        own = [case for case in cases if case.track == track]
        count = min(per_track, len(own))
        step = (len(own) - 1) / max(1, count - 1)
        picked += [own[round(i * step)] for i in range(count)]
    return picked
