"""One student's own version of a part: parameters, questions, shuffled options. Pure.

The order of options and their tokens depend on what the options say and on the seed, never on
which one is the key, so that nothing sent before the lock closes tells them apart.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from html import escape

import numpy as np

from labs.content import Lab, LabPart, QuestionText
from labs.contract import RIGHT, Choice, Numeric, Params, Question, Scalar
from labs.draws import draw_params
from labs.text import fill


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionInstance:
    token: str
    id: str
    text: str
    value: float | str


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionInstance:
    """A question with its words; `options` are in this student's order."""

    text: QuestionText
    model: Question
    options: tuple[OptionInstance, ...]

    @property
    def id(self) -> str:
        return self.text.id

    @property
    def key(self) -> float | str:
        return self.model.key

    @property
    def key_text(self) -> str:
        if isinstance(self.model, Numeric):
            return fill(f"{{value:{self.text.value_format}}}", {"value": self.model.key})
        return next(option.text for option in self.options if option.id == RIGHT)

    def option_by_token(self, token: str) -> OptionInstance | None:
        return next((option for option in self.options if option.token == token), None)

    def option_by_id(self, option_id: str) -> OptionInstance | None:
        return next((option for option in self.options if option.id == option_id), None)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PartInstance:
    """A part with one student's numbers; equal only to itself, so that it can key a cache."""

    part: LabPart
    params: Params
    questions: tuple[QuestionInstance, ...]

    @property
    def id(self) -> str:
        return self.part.id

    def question(self, question_id: str) -> QuestionInstance | None:
        return next((q for q in self.questions if q.id == question_id), None)

    @property
    def words(self) -> dict[str, Scalar]:
        """Parameters as placeholders of HTML templates may use them before the lock closes."""
        return html_values(self.params)

    @property
    def telling_words(self) -> dict[str, Scalar]:
        """Parameters and facts, for after the lock."""
        return html_values({**self.params, **self.facts})

    @property
    def facts(self) -> Mapping[str, Scalar]:
        """Every number that reveal and explanation quote; for after the lock."""
        return _facts(self)


@lru_cache(maxsize=4096)
def _facts(instance: PartInstance) -> Mapping[str, Scalar]:
    return instance.part.model.facts(instance.params)


def html_values(values: Mapping[str, Scalar]) -> dict[str, Scalar]:
    return {name: escape(v) if isinstance(v, str) else v for name, v in values.items()}


def digest(seed: str, *names: str) -> bytes:
    """Return 32 bytes that only the holder of the seed can tell."""
    return hmac.new(seed.encode(), "|".join(names).encode(), hashlib.sha256).digest()


def generator(seed: str, *names: str) -> np.random.Generator:
    return np.random.default_rng(int.from_bytes(digest(seed, *names)))


@dataclass(frozen=True, slots=True)
class Draw:
    """Everything that fixes an attempt's numbers. `shuffle` differs where `seed` is shared."""

    seed: str
    shuffle: str
    track: str
    reads: tuple[tuple[str, Scalar], ...]


@lru_cache(maxsize=4096)
def part_instance(lab: Lab, part: LabPart, draw: Draw) -> PartInstance:
    """Return the part as this student meets it."""
    rng = generator(draw.seed, lab.slug, lab.version, part.id, draw.track)
    params = draw_params(lab, part, draw.track, dict(draw.reads), rng)
    questions = part.model.questions(params)
    by_id = {question.id: question for question in questions}
    return PartInstance(
        part=part,
        params=params,
        questions=tuple(
            _question(text, by_id[text.id], params, draw, part.id) for text in part.questions
        ),
    )


def _question(
    text: QuestionText, model: Question, params: Params, draw: Draw, part_id: str
) -> QuestionInstance:
    options = shuffled(text, model, params, draw, part_id) if isinstance(model, Choice) else ()
    return QuestionInstance(text=text, model=model, options=options)


def shuffled(
    text: QuestionText, model: Choice, params: Params, draw: Draw, part_id: str
) -> tuple[OptionInstance, ...]:
    """Return the options in this student's order, whichever of them is right."""
    named = sorted(
        ((option_text(text, o.value, params), o.id, o.value) for o in model.options),
        # Not by id: it tells which is right.
        key=lambda option: option[0],
    )
    order = generator(draw.shuffle, "order", part_id, text.id).permutation(len(named))
    return tuple(
        OptionInstance(
            token=digest(draw.shuffle, "token", part_id, text.id, str(i)).hex()[:16],
            id=named[i][1],
            text=named[i][0],
            value=named[i][2],
        )
        for i in order
    )


def option_text(text: QuestionText, value: float | str, params: Params) -> str:
    """Return how an option reads."""
    template = text.texts[str(value)] if text.texts else text.option
    return fill(template, {**params, "value": value})
