"""Answers of networks that we do not have: whether they agree with themselves and with others'.

A kit shows a network several inputs that our seed draws, one of them twice at places that the seed
chooses (`firmware_specs.drawn.probes`). What the answers should be we do not know; that the same
input is answered alike, that others are not, and that scores are scores, we can see.
"""

from collections.abc import Mapping, Sequence

from courseserver.kits.states import Finding, Verdict
from firmware_specs import drawn
from firmware_specs.wire import Scalar

Given = Mapping[str, Scalar]
# Scores that the tiny benchmarks' networks tell (MLPerf Tiny rules; `ad` tells an error, not less
# than 0). The streaming wake word's firmware is free in what it prints.
_SCORES = {"kws": 12, "vww": 2, "ic": 10, "ad": 1}
_DISTRIBUTIONS = frozenset({"kws", "vww", "ic"})
# Bytes of 1/256 and three printed decimals, of twelve scores.
_SUM_OFF = 0.05
# Other kernels round otherwise: scores of one network differ by a few steps of 1/256.
_SCORE_OFF = 0.02
_NOT_SENT = "its answers to the inputs that we drew were not sent along"
TASKS = frozenset({*_SCORES, "sww", "inference"})


def found(task: str, asked: Given, facts: Given) -> Finding:
    """Return what the answers say by themselves."""
    if "answers" not in facts:
        return Finding(verdict=Verdict.PLAUSIBLE, reason=_NOT_SENT)
    rows = str(facts["answers"]).split(";")
    try:
        wrong = _contradiction(task, rows)
        doubt = _doubt(task, rows)
        if changed := _changed(rows, int(asked["seed"])) if not wrong else "":
            # A streaming network may remember what it heard before.
            wrong, doubt = ("", changed) if task == "sww" else (changed, doubt)
    except ValueError as error:
        wrong, doubt = f"its answers cannot be read: {str(error)[:120]}", ""
    if wrong:
        return Finding(verdict=Verdict.REJECTED, reason=wrong)
    if doubt:
        return Finding(verdict=Verdict.PLAUSIBLE, reason=doubt)
    return Finding(verdict=Verdict.CONSISTENT)


def _contradiction(task: str, rows: Sequence[str]) -> str:
    if len(rows) != drawn.PROBES:
        return f"it tells {len(rows)} answers of {drawn.PROBES}"
    for row in rows:
        count = len(scores(row)) if task in _SCORES else 0
        if count != _SCORES.get(task, 0):
            return f"it tells {count} scores where {task} has {_SCORES[task]}: another network"
    return ""


def _changed(rows: Sequence[str], seed: int) -> str:
    early, late = drawn.repeated(seed)
    if rows[early] != rows[late]:
        return f"it answered the same input with {rows[early][:80]}, then with {rows[late][:80]}"
    return ""


def _doubt(task: str, rows: Sequence[str]) -> str:
    if len(set(rows)) == 1:
        return "it answers every input alike, so its answers say nothing"
    for row in rows if task in _SCORES else ():
        values = scores(row)
        if min(values) < 0 or (task in _DISTRIBUTIONS and abs(sum(values) - 1) > _SUM_OFF):
            return f"its scores {row[:80]} are no shares of one"
    return ""


def scores(row: str) -> tuple[float, ...]:
    """Return the scores of one answer.

    Raises
    ------
    ValueError
        If they are no finite numbers.
    """
    values = tuple(float(text) for text in row.split(","))
    if not all(abs(value) < float("inf") for value in values):
        raise ValueError(f"{row[:80]!r} holds what is no number")
    return values


def is_telling(task: str, answers: str) -> bool:
    """Return whether nobody gives the same answers to other inputs by chance.

    A network that is sure of everything prints few numbers: 0 and 1.
    """
    if task in ("inference", "ad"):
        return True
    return sum(0.0 < value < 0.99 for row in answers.split(";") for value in scores(row)) > 2


def agree(task: str, ours: str, theirs: str) -> bool:
    """Return whether two kits with the same network answered the same inputs alike."""
    pairs = list(zip(ours.split(";"), theirs.split(";"), strict=False))
    if task == "inference":
        # On other processors a close call falls otherwise; chance hits one class of a thousand.
        same = sum(a.partition(":")[2] == b.partition(":")[2] for a, b in pairs)
        return 2 * same >= len(pairs)
    return all(
        abs(x - y) <= max(_SCORE_OFF, _SCORE_OFF * abs(y))
        for a, b in pairs
        for x, y in zip(scores(a), scores(b), strict=False)
    )
