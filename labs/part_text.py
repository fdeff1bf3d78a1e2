"""Reading one part's TOML."""

from string import Formatter

from labs.content import (
    FailureText,
    LabPart,
    LedgerWrite,
    QuestionText,
    SourceText,
    Story,
    SymbolText,
)
from labs.contract import Part
from labs.part_extras import challenge_text, job_text, reality_text
from labs.part_plots import evidence_text, knob_text, output_text, plot_json
from labs.tables import Table
from labs.text import quantity
from labs.words import markdown, markdown_line, mathml


def part_text(table: Table, part_id: str, tracks: tuple[str, ...], model: Part) -> LabPart:
    """Return the part of one TOML file, checked key by key."""
    equations, symbols = _math(table)
    part = LabPart(
        id=part_id,
        title=table.text("title"),
        minutes=table.integer("minutes"),
        promise=table.text("promise"),
        stories=_stories(table, tracks),
        questions=tuple(_question(item) for item in table.tables("question")),
        knobs=tuple(knob_text(item) for item in table.tables("knob")),
        outputs=tuple(output_text(item) for item in table.tables("output")),
        plots=tuple(plot_json(item) for item in table.tables("plot")),
        failures=tuple(_failure(item) for item in table.tables("failure")),
        explanation_html=markdown(table.text("explanation")),
        equations_html=equations,
        symbols=symbols,
        sources=tuple(_source(item) for item in table.tables("source")),
        challenge=challenge_text(table.maybe("challenge"), model),
        job=job_text(table.maybe("job")),
        reality=reality_text(table.maybe("reality")),
        writes=_writes(table),
        model=model,
    )
    table.close()
    _refuse_incomplete(table, part)
    return part


def _refuse_incomplete(table: Table, part: LabPart) -> None:
    for name, items in (("question", part.questions), ("knob", part.knobs), ("plot", part.plots)):
        ids = [item["id"] if isinstance(item, dict) else item.id for item in items]
        if not ids:
            table.refuse(name, f"write at least one [[{name}]]")
        if len(set(ids)) != len(ids):
            table.refuse(name, f"two share an id among {ids}; rename one")
    for name, text, model in (
        ("challenge", part.challenge, part.model.challenge),
        ("job", part.job, part.model.job),
        ("reality", part.reality, part.model.reality),
    ):
        if (text is None) != (model is None):
            table.refuse(name, f"[{name}] and `{name}` of the model class go together")


def _stories(table: Table, tracks: tuple[str, ...]) -> dict[str, Story]:
    stories = {}
    for track, item in table.each("story"):
        stories[track] = Story(
            who=item.text("who"), role=item.text("role"), html=markdown(item.text("text"))
        )
        item.close()
    for track in tracks:
        if track not in stories:
            table.refuse("story", f"write [story.{track}]: every track of lab.toml needs one")
    return stories


def _question(table: Table) -> QuestionText:
    kind = table.choice("kind", ("choice", "numeric"))
    reveal = table.table("reveal")
    option, texts = table.text("option", ""), table.text_map("texts")
    question = QuestionText(
        id=table.word("id"),
        kind=kind,
        prompt_html=markdown(table.text("prompt")),
        option=option,
        texts=texts,
        unit=table.text("unit", ""),
        accept=table.number_map("accept"),
        quantity=table.text("quantity", ""),
        scale=table.choice("scale", ("log", "linear"), "log"),
        error=table.choice("error", ("log10", "points"), "log10"),
        value_format=_value_format(table, option),
        misconceptions=table.text_map("misconceptions"),
        reveal_html=markdown_line(reveal.text("text")),
        why_html=markdown_line(reveal.text("why")),
    )
    if kind == "choice" and bool(option) == bool(texts):
        table.refuse("option", 'give option = "{value:...}" for numbers or [question.texts]')
    if kind == "numeric" and question.unit not in question.accept:
        table.refuse("accept", f"must hold the unit itself, as in accept = {{{question.unit}=1}}")
    reveal.close()
    table.close()
    return question


def _value_format(table: Table, option: str) -> str:
    specs = [spec for _, name, spec, _ in Formatter().parse(option) if name == "value"]
    spec = table.text("value_format", specs[0] if specs and specs[0] else "g3")
    check_format(table, "value_format", spec)
    return spec


def check_format(table: Table, key: str, spec: str) -> str:
    try:
        quantity(1.0, spec)
    except ValueError as error:
        table.refuse(key, str(error))
    return spec


def _failure(table: Table) -> FailureText:
    failure = FailureText(
        id=table.word("id"),
        when=table.word("when"),
        title=table.text("title"),
        text=table.text("text"),
        example=table.scalar_map("example"),
    )
    table.close()
    return failure


def _source(table: Table) -> SourceText:
    source = SourceText(text=table.text("text"), url=table.text("url", ""))
    table.close()
    return source


def _math(table: Table) -> tuple[tuple[str, ...], tuple[SymbolText, ...]]:
    math = table.table("math")
    equations = tuple(_mathml(math, "latex", latex, display=True) for latex in math.texts("latex"))
    symbols = tuple(_symbol(item) for item in math.tables("symbol"))
    math.close()
    return equations, symbols


def _mathml(table: Table, key: str, latex: str, *, display: bool) -> str:
    try:
        return mathml(latex, display=display)
    except ValueError as error:
        table.refuse(key, f"{latex!r} {error}; write it in simpler LaTeX")


def _symbol(table: Table) -> SymbolText:
    symbol = SymbolText(
        html=_mathml(table, "latex", table.text("latex"), display=False),
        meaning=table.text("meaning"),
        value=table.text("value", ""),
        source=table.text("source", ""),
        evidence=evidence_text(table),
    )
    is_input = symbol.evidence.startswith("{") or symbol.evidence in (
        "published",
        "given",
        "assumed",
    )
    if symbol.value and is_input and not symbol.source:
        table.refuse("source", "a published, given or assumed value needs its source")
    table.close()
    return symbol


def _writes(table: Table) -> tuple[LedgerWrite, ...]:
    ledger = table.maybe("ledger")
    if ledger is None:
        return ()
    writes = []
    for item in ledger.tables("writes"):
        writes.append(LedgerWrite(key=item.text("key"), value=item.text("value")))
        item.close()
    ledger.close()
    return tuple(writes)
