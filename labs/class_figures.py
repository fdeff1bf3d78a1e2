"""What a class is going to find in a part, computed: the answers, and one student's figures."""

import re
from collections import Counter
from functools import lru_cache
from html import unescape

from labs.content import Lab, LabPart, QuestionText
from labs.contract import Choice, Params, Question, listed
from labs.draws import defaults_of
from labs.text import fill

_TAG = re.compile(r"<[^>]*>")
_FIGURE = re.compile(r"\d[\d.,]*")
MOST_WORDS = 4


@lru_cache(maxsize=256)
def class_figures(lab: Lab, part: LabPart) -> str:
    """Return a few sentences: how a class's answers spread, and how one student's come about.

    A student without a ledger is taken, so what rests on earlier labs rests on their defaults.
    """
    reads = defaults_of(lab)
    draws = [{**p, **reads} for track in lab.tracks for p in listed(part.model, track.id)]
    asked = [{q.id: q for q in part.model.questions(p)} for p in draws]
    spreads = [
        _spread(text, [(p, questions[text.id]) for p, questions in zip(draws, asked, strict=True)])
        for text in part.questions
    ]
    return " ".join([*spreads, _one_student(lab, part, draws[0])])


def _spread(text: QuestionText, met: list[tuple[Params, Question]]) -> str:
    """Return the least and the largest right answer, or how often each of several words is."""
    what = f"Right answers ({text.quantity or text.id})"
    ordered = sorted({(q.key, _key_text(text, p, q)) for p, q in met if not isinstance(q.key, str)})
    if ordered and not text.texts:
        return f"{what}: from {ordered[0][1]} to {ordered[-1][1]}."
    counted = Counter(_key_text(text, p, q) for p, q in met)
    if len(counted) > MOST_WORDS:
        counted = Counter(_FIGURE.sub("…", _key_text(text, p, q)) for p, q in met)
    shares = [f"“{word}” for {n / len(met):.0%}" for word, n in counted.most_common(MOST_WORDS)]
    return f"{what}: {', '.join(shares)}."


def _key_text(text: QuestionText, params: Params, question: Question) -> str:
    """Return the right answer as the page writes it."""
    if not isinstance(question, Choice):
        return fill(f"{{value:{text.value_format}}}", {"value": question.key})
    template = text.texts[str(question.key)] if text.texts else text.option
    return fill(template, {**params, "value": question.key})


def _one_student(lab: Lab, part: LabPart, params: Params) -> str:
    """Return the reason that one draw's reveal gives, or where it names no figure, its story."""
    values = {**params, **part.model.facts(params)}
    story = part.explanation_html.partition("</p>")[0]
    why, told = (_plain(fill(html, values)) for html in (part.questions[0].why_html, story))
    words = why if _FIGURE.search(why) else told
    return f"One student ({lab.tracks[0].label}) reads: “{words}”"


def _plain(html: str) -> str:
    return " ".join(unescape(_TAG.sub("", html)).split())
