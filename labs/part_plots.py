"""Knobs, outputs and plots of an instrument: the words the browser draws with."""

import re
from typing import Any

from labs.content import KnobText, OutputText
from labs.contract import Evidence
from labs.tables import Table
from labs.text import quantity

KINDS = ("line", "bar", "roofline", "heatmap", "gauge", "timeline")
EVIDENCE = tuple(Evidence)
Json = dict[str, Any]


def knob_text(table: Table) -> KnobText:
    knob = KnobText(
        id=table.word("id"),
        label=table.text("label"),
        format=format_spec(table, "g3"),
        texts=table.text_map("texts"),
        help=table.text("help", ""),
    )
    table.close()
    return knob


def output_text(table: Table) -> OutputText:
    output = OutputText(
        id=table.word("id"),
        label=table.text("label"),
        format=format_spec(table, "g3"),
        evidence=evidence_text(table),
        headline=table.flag("headline", False),
    )
    table.close()
    return output


def evidence_text(table: Table) -> str:
    """Return how a number is known, or the `{parameter}` that says so for each student.

    A peak is published for one machine and assumed for another; the model knows which. Empty: the
    number is given by the question, so there is nothing to know.
    """
    value = table.text("evidence", "simulated")
    if value and not re.fullmatch(r"\{[a-z][a-z0-9_]*\}", value):
        table.choice("evidence", EVIDENCE, "simulated")
    return value


def format_spec(table: Table, default: str) -> str:
    spec = table.text("format", default)
    try:
        quantity(1.0, spec)
    except ValueError as error:
        table.refuse("format", str(error))
    return spec


def plot_json(table: Table) -> Json:
    """Return a plot as the browser reads it; names of curves and outputs are proved elsewhere."""
    kind = table.choice("kind", KINDS)
    plot: Json = {
        "id": table.word("id"),
        "kind": kind,
        "title": table.text("title"),
        "summary": table.text("summary"),
        "x": _axis(table, "x"),
        "y": _axis(table, "y"),
        "series": [_series(item) for item in table.tables("series")],
        "markers": [_marker(item) for item in table.tables("marker")],
        "rules": [_rule(item) for item in table.tables("rule")],
        "segments": [_segment(item) for item in table.tables("segment")],
        "limit": _limit(table),
        "labels": list(table.texts("labels", ())),
        **{key: table.word(key, "") for key in ("output", "z", "xs", "ys", "start", "end", "lane")},
    }
    _refuse_empty(table, plot)
    table.close()
    return {key: value for key, value in plot.items() if value not in (None, [], "")}


def _refuse_empty(table: Table, plot: Json) -> None:
    needs = {
        "line": ("series", "x", "y"),
        "roofline": ("series", "x", "y"),
        "bar": ("segments",),
        "gauge": ("output",),
        "heatmap": ("z", "xs", "ys"),
        "timeline": ("start", "end"),
    }[plot["kind"]]
    for key in needs:
        if not plot[key]:
            table.refuse(key.rstrip("s") if key.endswith("ments") else key,
                         f"a {plot['kind']} plot needs it")  # fmt: skip


def _axis(table: Table, key: str) -> Json | None:
    axis = table.maybe(key)
    if axis is None:
        return None
    found: Json = {
        "label": axis.text("label"),
        "unit": axis.text("unit", ""),
        "scale": axis.choice("scale", ("linear", "log"), "linear"),
        "format": format_spec(axis, "g3"),
    }
    for bound in ("min", "max"):
        if axis.has(bound):
            found[bound] = axis.number(bound)
    axis.close()
    return found


def _series(table: Table) -> Json:
    series = {
        "id": table.word("id"),
        "x": table.word("x"),
        "y": table.word("y"),
        "label": table.text("label"),
        "evidence": table.choice("evidence", EVIDENCE, "simulated"),
        "style": table.choice("style", ("solid", "dashed", "faint", "dots"), "solid"),
    }
    table.close()
    return series


def _marker(table: Table) -> Json:
    marker = {
        "x": table.word("x"),
        "y": table.word("y"),
        "label": table.text("label"),
        "evidence": table.choice("evidence", EVIDENCE, "simulated"),
        "low": table.word("low", ""),
        "high": table.word("high", ""),
    }
    table.close()
    return {key: value for key, value in marker.items() if value}


def _rule(table: Table) -> Json:
    rule = {
        "axis": table.choice("axis", ("x", "y")),
        "at": table.word("at"),
        "label": table.text("label"),
    }
    table.close()
    return rule


def _segment(table: Table) -> Json:
    segment = {
        "output": table.word("output"),
        "label": table.text("label"),
        "evidence": table.choice("evidence", EVIDENCE, "simulated"),
    }
    table.close()
    return segment


def _limit(table: Table) -> Json | None:
    limit = table.maybe("limit")
    if limit is None:
        return None
    found: Json = {"label": limit.text("label")}
    if limit.has("value"):
        found["value"] = limit.number("value")
    else:
        found["output"] = limit.word("output")
    limit.close()
    return found
