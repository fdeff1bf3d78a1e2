"""Exactly one right answer, far from the others, named misconceptions, and no leak."""

import math
import re
from collections.abc import Iterator
from functools import cache

import numpy as np

from labs.content import Lab, LabPart, QuestionText
from labs.contract import RIGHT, Choice, Numeric, Params
from labs.draws import (
    clear_combinations,
    defaults_of,
    draw_params,
    frozen,
    telling_numerals,
)
from labs.proofs.case import Case, asked
from labs.text import fill

SEEDS = 1000
RATIO_MIN = 1.15
POINTS_MIN = 0.03
_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")


def one_right(lab: Lab, part: LabPart, cases: list[Case]) -> Iterator[str]:
    """One option is right, by a clear margin, in all combinations and for 1,000 seeds."""
    for case in cases:
        yield from _case_faults(part, case.params, str(case))
    known = {frozen(case.params) for case in cases}
    for track, params in _drawn(lab, part):
        if frozen(params) not in known:
            yield f"draw on track {track} gave {dict(params)}, which combinations() does not list"


@cache
def _drawn(lab: Lab, part: LabPart) -> tuple[tuple[str, Params], ...]:
    """Return what 1,000 students would get, the tracks in turn."""
    reads = defaults_of(lab)
    tracks = [track.id for track in lab.tracks]
    drawn = []
    for seed in range(SEEDS):
        track, rng = tracks[seed % len(tracks)], np.random.default_rng(seed)
        drawn.append((track, draw_params(lab, part, track, reads, rng)))
    return tuple(drawn)


def _case_faults(part: LabPart, params: Params, where: str) -> Iterator[str]:
    questions = asked(part, params)
    texts = {text.id: text for text in part.questions}
    if {q.id for q in questions} != set(texts):
        yield f"question: the model asks {[q.id for q in questions]}, the file has {list(texts)}"
        return
    for question in questions:
        text = texts[question.id]
        if isinstance(question, Numeric):
            yield from _numeric_faults(text, question, where)
        else:
            yield from _choice_faults(text, question, params, where)


def _numeric_faults(text: QuestionText, question: Numeric, where: str) -> Iterator[str]:
    if text.kind != "numeric":
        yield f'question.{text.id}: kind = "choice", but the model asks for a number'
    if not math.isfinite(question.key):
        yield f"question.{text.id}: the key is {question.key} ({where})"
    if text.error == "log10" and not question.key > 0:
        yield f'question.{text.id}: error = "log10" needs a key above zero ({where})'


def _choice_faults(
    text: QuestionText, question: Choice, params: Params, where: str
) -> Iterator[str]:
    name = f"question.{text.id}"
    if text.kind != "choice":
        yield f'{name}: kind = "numeric", but the model offers options'
        return
    right = [option for option in question.options if option.id == RIGHT]
    if len(right) != 1:
        yield f"{name}: {len(right)} options are right; exactly one must be ({where})"
        return
    ids = [option.id for option in question.options]
    if len(set(ids)) != len(ids) or len(ids) < 3:
        yield f"{name}: options {ids} must be three or more, each with its own id ({where})"
    if text.texts:
        unknown = [str(o.value) for o in question.options if str(o.value) not in text.texts]
        if unknown:
            yield f"{name}.texts: {unknown} not written ({where})"
            return
    shown = [_shown(text, option.value, params) for option in question.options]
    if len(set(shown)) != len(shown):
        yield f"{name}: two options read the same: {shown} ({where})"
    distance = _distance(text, question)
    if distance is not None and distance < _least(text):
        yield (
            f"{name}: a wrong option is only {distance:.3g} from the key, {_least(text)} is the "
            f"least; options {shown} ({where})"
        )


def _shown(text: QuestionText, value: float | str, params: Params) -> str:
    template = text.texts[str(value)] if text.texts else text.option
    return fill(template, {**params, "value": value})


def _least(text: QuestionText) -> float:
    return POINTS_MIN if text.error == "points" else RATIO_MIN


def _distance(text: QuestionText, question: Choice) -> float | None:
    """Return how far the nearest wrong number is: a ratio, or a difference for points."""
    if isinstance(question.key, str):
        return None
    wrong = [float(o.value) for o in question.options if o.id != RIGHT]
    key = float(question.key)
    if text.error == "points":
        return min(abs(x - key) for x in wrong)
    if key <= 0 or min(wrong) < 0:
        return 0.0
    return min(math.inf if x == 0 else max(x / key, key / x) for x in wrong)


def margin(part: LabPart, cases: list[Case]) -> float | None:
    """Return the smallest distance of a wrong option over all cases; None for worded options."""
    texts = {text.id: text for text in part.questions}
    found = [
        _distance(texts[question.id], question)
        for case in cases
        for question in asked(part, case.params)
        if isinstance(question, Choice) and question.id in texts
    ]
    numbers = [x for x in found if x is not None]
    return min(numbers) if numbers else None


def options_alike(lab: Lab, part: LabPart, cases: list[Case]) -> Iterator[str]:
    """The right option does not give itself away as the one number that is not round."""
    for track in lab.tracks:
        own = [case for case in cases if case.track == track.id]
        for text in part.questions:
            shown = [_digits_shown(part, text, case) for case in own] if text.option else []
            told = [(right, wrong) for right, wrong in shown if right >= 3 and right > wrong]
            if len(told) > len(own) / 4:
                yield (
                    f"question.{text.id}.option: in {len(told)} of {len(own)} combinations of "
                    f"track {track.id} the right option alone is no round number; print two "
                    "digits, as {value:x2}, {value:time2} or {value:g2}"
                )


def _digits_shown(part: LabPart, text: QuestionText, case: Case) -> tuple[int, int]:
    """Return the digits of the right option and the most of a wrong one, zeros at ends left out."""
    most = {True: 0, False: 0}
    for question in asked(part, case.params):
        if isinstance(question, Choice) and question.id == text.id:
            for option in question.options:
                words = _shown(text, option.value, case.params)
                found = [
                    len(n.replace(",", "").replace(".", "").strip("0"))
                    for n in _NUMBER.findall(words)
                ]
                is_right = option.id == RIGHT
                most[is_right] = max([most[is_right], *found])
    return most[True], most[False]


def misconceptions_named(lab: Lab, part: LabPart, cases: list[Case]) -> Iterator[str]:
    """Behind every wrong option stands a named thinking error, and none is written in vain."""
    offered: dict[str, set[str]] = {}
    for case in cases:
        for question in asked(part, case.params):
            if isinstance(question, Choice):
                ids = {option.id for option in question.options if option.id != RIGHT}
                offered.setdefault(question.id, set()).update(ids)
    for text in part.questions:
        ids = offered.get(text.id, set())
        for missing in sorted(ids - set(text.misconceptions)):
            yield f"question.{text.id}.misconceptions: {missing} is not named; write its sentence"
        for idle in sorted(set(text.misconceptions) - ids):
            yield f"question.{text.id}.misconceptions: {idle} belongs to no option; remove it"


def no_leak(lab: Lab, part: LabPart, cases: list[Case]) -> Iterator[str]:
    """Enough draws keep every numeral before the lock away from the key; only they are drawn."""
    defaults = defaults_of(lab)
    for track in lab.tracks:
        clear = clear_combinations(lab, part, track.id)
        own = [c for c in cases if c.track == track.id and defaults.items() <= c.params.items()]
        if len(clear) < len(own) / 2:
            told = [(c, telling_numerals(lab, part, track.id, c.params)) for c in own]
            case, near = next((c, numbers) for c, numbers in told if numbers)
            yield (
                f"in {len(own) - len(clear)} of {len(own)} combinations a numeral stands before "
                f"the lock, within 2% of the key, outside the options: {near} with {case}; reword "
                "it or draw other parameters"
            )
    reads = set(defaults)
    clear_by_track = {t.id: clear_combinations(lab, part, t.id) for t in lab.tracks}
    for track_id, params in _drawn(lab, part):
        drawn = {name: x for name, x in params.items() if name not in reads}
        if frozen(drawn) not in clear_by_track[track_id]:
            yield f"a student of track {track_id} could read the key ({dict(params)})"
            return
