"""The reveal: predicted beside actual, in one sentence and on a number line."""

import math
import re

from courseserver.labruntime.answers import Outcome
from courseserver.labruntime.instances import PartInstance, QuestionInstance, html_values
from courseserver.labruntime.pages import LineItem, NumberLine, RevealView, Tick
from courseserver.labruntime.show import frame
from courseserver.labruntime.state import AttemptState
from labs.content import QuestionText
from labs.text import fill, quantity


def reveal_views(state: AttemptState, instance: PartInstance) -> tuple[RevealView, ...]:
    outcomes = state.outcomes(instance.id)
    return tuple(_reveal(state, instance, q, outcomes[q.id]) for q in instance.questions)


def _reveal(
    state: AttemptState, instance: PartInstance, question: QuestionInstance, outcome: Outcome
) -> RevealView:
    own = html_values({"pick": outcome.pick, "key": outcome.key, "gap": outcome.gap})
    words = {**instance.telling_words, **own}
    telling = {**instance.params, **instance.facts}
    commit = state.commits[(instance.id, question.id)]
    return RevealView(
        question_id=question.id,
        prompt_html=fill(question.text.prompt_html, instance.words),
        headline_html=fill(question.text.reveal_html, words),
        why_html=fill(question.text.why_html, words),
        predicted=outcome.pick,
        actual=outcome.key,
        gap=outcome.gap,
        is_right=outcome.is_right,
        misconception=fill(outcome.misconception, telling) if outcome.misconception else "",
        line=_line(question.text, outcome),
        committed_at=frame.clock_time(commit.at),
    )


def _line(text: QuestionText, outcome: Outcome) -> NumberLine | None:
    pick, key = outcome.pick_value, outcome.key_value
    if pick is None or key is None:
        return None
    if text.scale == "log" and not (pick > 0 and key > 0):
        return None
    is_time = text.value_format == "time"
    scale = _log_scale(pick, key, is_time) if text.scale == "log" else _linear_scale(pick, key)
    names = text.quantity or "value"
    return NumberLine(
        quantity=names,
        items=(
            _item(scale, "predicted", "you", outcome.pick, pick),
            _item(scale, "simulated", "simulated", quantity(key, text.value_format), key),
        ),
        ticks=tuple(
            Tick(text=_short(quantity(x, text.value_format)), position=scale.position(x))
            for x in scale.ticks
        ),
        summary=f"Number line of {names}: you {outcome.pick}, simulated {outcome.key}.",
    )


def _item(scale: "_Scale", evidence: str, label: str, text: str, value: float) -> LineItem:
    return LineItem(evidence=evidence, label=label, text=text, position=scale.position(value))


class _Scale:
    def __init__(self, low: float, high: float, ticks: tuple[float, ...], *, is_log: bool) -> None:
        self.low, self.high, self.ticks, self.is_log = low, high, ticks, is_log

    def position(self, x: float) -> float:
        """Return where a value stands, from 0 to 100."""
        if self.is_log:
            share = math.log(x / self.low) / math.log(self.high / self.low)
        else:
            share = (x - self.low) / (self.high - self.low)
        return round(100 * share, 2)


def _short(text: str) -> str:
    """Drop the zeros after the point that a tick does not need: "1.00 s" is 1 s."""
    return re.sub(r"\.0+(?=\D|$)|(\.\d*?[1-9])0+(?=\D|$)", r"\1", text)


_MOMENTS = (1.0, 10.0, 60.0, 600.0, 3600.0, 36000.0, 86400.0, 864000.0, 8640000.0)


def _log_scale(a: float, b: float, is_time: bool) -> _Scale:
    """Whole decades around both values, a third of a decade of air at least."""
    low = math.floor(math.log10(min(a, b)) - 1 / 3)
    high = math.ceil(math.log10(max(a, b)) + 1 / 3)
    every = max(1, math.ceil((high - low) / 7))
    between = (1, 2, 5) if high - low <= 2 else (1,)
    ticks = [10.0**n * m for n in range(low, high + 1, every) for m in between]
    if is_time and high > 2:
        ticks = [x for x in ticks if x < 1.0] + [*_MOMENTS]
    ends = (10.0**low * 0.999, 10.0**high * 1.001)
    inside = tuple(x for x in ticks if ends[0] <= x <= ends[1])
    return _Scale(10.0**low, 10.0**high, inside, is_log=True)


def _linear_scale(a: float, b: float) -> _Scale:
    low, high = min(0.0, a, b), max(0.0, a, b)
    span = (high - low) or 1.0
    step = _nice(span / 4)
    first, last = math.floor(low / step), math.ceil(high / step + 0.1)
    ticks = tuple(step * n for n in range(first, last + 1))
    return _Scale(ticks[0], ticks[-1], ticks, is_log=False)


def _nice(x: float) -> float:
    """Return the smallest of 1, 2, 5 times a power of ten that is not below `x`."""
    power = 10.0 ** math.floor(math.log10(x))
    return next(m * power for m in (1, 2, 5, 10) if m * power >= x * (1 - 1e-9))
