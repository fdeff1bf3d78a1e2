"""One student's parameters, drawn so that no number on the page gives the answer away.

A locked page has numbers of its own: the lab's, minutes, names, what story and prompt tell.
Combinations whose key would lie within 2% of one of them are drawn again; `labs.proofs` refuses a
part of which that would leave too few.
"""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

import numpy as np

from labs.content import Lab, LabPart
from labs.contract import Choice, Params, Question, Scalar, listed
from labs.text import fill

Frozen = tuple[tuple[str, Scalar], ...]

NEAR = 0.02
_DRAWS_MAX = 64
_TAG = re.compile(r"<[^>]*>")
_NUMERAL = re.compile(r"\d[\d,]*(?:\.\d+)?")


def draw_params(
    lab: Lab, part: LabPart, track: str, reads: Mapping[str, Scalar], rng: np.random.Generator
) -> Params:
    """Return one student's parameters with what the ledger gave; the last draw if none is clear."""
    params: dict[str, Scalar] = {}
    for _ in range(_DRAWS_MAX):
        params = part.model.draw(rng, track)
        if _is_clear(lab, part, track, frozen(params)):
            break
    # An attempt begun before the lab learned to read something goes on with its default.
    return {**params, **defaults_of(lab), **reads}


def frozen(params: Params) -> Frozen:
    return tuple(sorted(params.items()))


def clear_combinations(lab: Lab, part: LabPart, track: str) -> frozenset[Frozen]:
    """Return the combinations whose keys keep away from every number on the locked page."""
    every = map(frozen, listed(part.model, track))
    return frozenset(params for params in every if _is_clear(lab, part, track, params))


@lru_cache(maxsize=8192)
def _is_clear(lab: Lab, part: LabPart, track: str, params: Frozen) -> bool:
    return not telling_numerals(lab, part, track, {**dict(params), **defaults_of(lab)})


def defaults_of(lab: Lab) -> dict[str, Scalar]:
    """Return what a student without a ledger reads from it."""
    return {read.name: read.default for read in lab.reads}


def numerals(text: str) -> Iterator[float]:
    """Return the numbers written in a text, HTML tags left out."""
    for found in _NUMERAL.findall(_TAG.sub(" ", text)):
        yield float(found.replace(",", ""))


def telling_numerals(lab: Lab, part: LabPart, track: str, params: Params) -> list[float]:
    """Return the numerals before the lock, outside the options, that come near a key."""
    shown = numerals_before_lock(lab, part, track, params)
    keys = [k for q in part.model.questions(params) for k in _key_numerals(part, q, params)]
    return sorted(n for n in shown if any(abs(n - key) <= NEAR * abs(key) for key in keys))


def numerals_before_lock(lab: Lab, part: LabPart, track: str, params: Params) -> set[float]:
    """Return every number on a locked part's page outside the options; times of day excepted."""
    return {*_frame_numerals(lab, part, track), *numerals(_own_text(part, track, params))}


@lru_cache(maxsize=512)
def _frame_numerals(lab: Lab, part: LabPart, track: str) -> frozenset[float]:
    """Return the numbers of a locked page that no parameter changes; times of day excepted."""
    story = part.stories[track]
    rail = [f"{p.id} {p.title} {p.minutes} min" for p in lab.parts]
    frame = [
        f"{lab.number} {lab.chapter} {lab.minutes} min",
        f"{lab.title} {lab.version} {lab.track(track).label}",
        f"{lab.synthesis.minutes} min 2 min",
        f"{story.who} {story.role} {part.promise}",
    ]
    units = [unit for question in part.questions for unit in question.accept]
    text = re.sub(r"\{[^}]*\}", " ", "\n".join([*rail, *frame, *units]))
    return frozenset(numerals(text))


def _own_text(part: LabPart, track: str, params: Params) -> str:
    """Return the words that parameters fill in: title, story, prompts."""
    texts = [part.title, part.stories[track].html, *(q.prompt_html for q in part.questions)]
    return "\n".join(fill(text, params) for text in texts)


def _key_numerals(part: LabPart, question: Question, params: Params) -> Iterator[float]:
    """Return the key as it may be written: in SI, in percent, and as the page prints it."""
    text, key = part.question(question.id), question.key
    if isinstance(key, str) or text is None:
        return
    template = text.option if isinstance(question, Choice) else f"{{value:{text.value_format}}}"
    yield float(key)
    if "pct" in template or text.error == "points":
        yield 100 * float(key)
    yield from numerals(fill(template, {**params, "value": key}))
