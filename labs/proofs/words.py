"""Every placeholder finds its number, every equation renders, every number has its source."""

import math
from collections.abc import Iterator, Mapping
from string import Formatter
from typing import Any

import numpy as np

from labs.content import Lab, LabPart
from labs.contract import Choice, Evidence, Scalar
from labs.proofs.case import Case, sampled
from labs.proofs.instruments import defaults, shown_outputs
from labs.text import fill


def words_fill(lab: Lab, part: LabPart, cases: list[Case]) -> Iterator[str]:
    """Templates name only what is there: parameters before the lock, facts and outputs after."""
    for case in sampled(cases, 2):
        before = dict(case.params)
        after = {**before, **part.model.facts(case.params)}
        yield from _fact_faults(after, case)
        for key, text in _before(part, case.track):
            yield from _fill_faults(key, text, before, "before the lock, only parameters are known")
        for key, text in _after(part):
            yield from _fill_faults(key, text, after, "name a parameter or a fact")
        reveal = {**after, "pick": "x", "key": "x", "gap": "x"}
        for question in part.questions:
            for name, text in (("text", question.reveal_html), ("why", question.why_html)):
                key = f"question.{question.id}.reveal.{name}"
                yield from _fill_faults(key, text, reveal, "name a parameter, a fact, pick or key")
        yield from _live_faults(part, case, after)
        yield from _evidence_faults(part, case)


def _evidence_faults(part: LabPart, case: Case) -> Iterator[str]:
    """How a number is known is one of the words for it, on every machine.

    A symbol may leave it empty: the question gives its number.
    """
    written = [(f"output.{output.id}", output.evidence) for output in part.outputs]
    written += [("math.symbol", symbol.evidence) for symbol in part.symbols if symbol.evidence]
    for key, template in written:
        faults = list(_fill_faults(f"{key}.evidence", template, case.params, "name a parameter"))
        yield from faults
        # Nothing is said of a symbol that stands for no number of its own.
        words = {"", *(str(word) for word in Evidence)}
        if not faults and fill(template, case.params) not in words:
            yield f"{key}.evidence: {fill(template, case.params)!r} is none of {sorted(words)}"


def _fact_faults(values: Mapping[str, Scalar], case: Case) -> Iterator[str]:
    for name, value in values.items():
        if type(value) not in (bool, int, float, str):
            yield f"facts: {name} is a {type(value).__name__}; give a plain number or text"
        elif isinstance(value, float) and not math.isfinite(value):
            yield f"facts: {name} is {value} ({case})"


def _before(part: LabPart, track: str) -> Iterator[tuple[str, str]]:
    yield "title", part.title
    yield f"story.{track}.text", part.stories[track].html
    for question in part.questions:
        yield f"question.{question.id}.prompt", question.prompt_html


def _after(part: LabPart) -> Iterator[tuple[str, str]]:
    yield "explanation", part.explanation_html
    for question in part.questions:
        for name, text in question.misconceptions.items():
            yield f"question.{question.id}.misconceptions.{name}", text
    for symbol in part.symbols:
        yield "math.symbol.value", symbol.value
    extras = {"challenge": part.challenge, "job": part.job, "reality": part.reality}
    for key, extra in extras.items():
        if extra is not None:
            yield f"{key}.brief", extra.brief_html


def _live_faults(part: LabPart, case: Case, after: Mapping[str, Scalar]) -> Iterator[str]:
    """Sentences recomputed while dragging know outputs and knobs besides."""
    knobs = part.model.knobs(case.params)
    outputs = shown_outputs(part, part.model.evaluate(case.params, defaults(knobs)))
    live: dict[str, Any] = {
        **after,
        **{knob.id: knob.steps[knob.default] for knob in knobs},
        **{name: np.asarray(column).tolist()[0] for name, column in outputs.items()},
    }
    remedy = "name an [[output]], a knob, a parameter or a fact"
    for plot in part.plots:
        yield from _fill_faults(f"plot.{plot['id']}.summary", plot["summary"], live, remedy)
        for item in [*plot.get("rules", []), *plot.get("markers", []), *plot.get("series", [])]:
            yield from _fill_faults(f"plot.{plot['id']}", item["label"], live, remedy)
    for failure in part.failures:
        yield from _fill_faults(f"failure.{failure.id}.text", failure.text, live, remedy)


def _fill_faults(key: str, template: str, values: Mapping[str, Any], remedy: str) -> Iterator[str]:
    names = {n for _, n, _, _ in Formatter().parse(template) if n is not None}
    unknown = sorted(name for name in names if name not in values)
    if unknown:
        yield f"{key}: {{{unknown[0]}}} is not known here; {remedy}"
        return
    try:
        fill(template, values)
    except ValueError as error:
        yield f"{key}: {error}"


def math_renders(lab: Lab, part: LabPart, cases: list[Case]) -> Iterator[str]:
    """Math Peek has an equation, and each rendered to MathML."""
    if not part.equations_html:
        yield "math.latex needs at least one equation"
    for mathml in (*part.equations_html, *(symbol.html for symbol in part.symbols)):
        if not (mathml.startswith("<math") and mathml.endswith("</math>")):
            yield f"math: {mathml[:60]} is no MathML"


def sourced(lab: Lab, part: LabPart, cases: list[Case]) -> Iterator[str]:
    """Each part cites somebody, and each published or assumed value says where it is from."""
    if not part.sources:
        yield "source: write at least one [[source]]"
    for symbol in part.symbols:
        if (
            symbol.value
            and symbol.evidence in ("published", "given", "assumed")
            and not symbol.source
        ):
            yield f"math.symbol: {symbol.meaning!r} is {symbol.evidence} and needs a source"
    for source in part.sources:
        if source.url and not source.url.startswith("https://"):
            yield f"source.url = {source.url!r} must begin with https://"
    yield from _unnamed_numbers(part, cases)


def _unnamed_numbers(part: LabPart, cases: list[Case]) -> Iterator[str]:
    """Keys come from the model: the words of options hold no numbers of their own."""
    for question in part.model.questions(cases[0].params):
        text = part.question(question.id)
        if isinstance(question, Choice) and text is not None and not text.texts:
            names = {n for _, n, _, _ in Formatter().parse(text.option) if n}
            if "value" not in names:
                yield f"question.{text.id}.option must print {{value}}"
