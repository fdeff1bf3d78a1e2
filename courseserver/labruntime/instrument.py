"""The instrument's numbers: one vectorised call for the point and every knob's steps. Pure."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from courseserver.common.errors import Unprocessable
from labs.content import KnobText, LabPart
from labs.contract import Curves, Knob, Params, Scalar
from labs.text import fill, quantity

Json = dict[str, Any]
Steps = Mapping[str, int]
Locked = Mapping[str, Params]
Frozen = tuple[tuple[str, Scalar], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """All settings of one instrument view as rows: the point first, then each knob's steps."""

    knobs: tuple[Knob, ...]
    rows: Mapping[str, slice]
    values: Mapping[str, NDArray[Any]]
    count: int


def sheet_of(knobs: tuple[Knob, ...], steps: Steps) -> Sheet:
    index = {knob.id: [steps[knob.id]] for knob in knobs}
    rows, count = {}, 1
    for moved in knobs:
        n = len(moved.steps)
        rows[moved.id] = slice(count, count + n)
        count += n
        for knob in knobs:
            index[knob.id] += list(range(n)) if knob is moved else [steps[knob.id]] * n
    values = {knob.id: np.asarray(knob.steps)[index[knob.id]] for knob in knobs}
    return Sheet(knobs=knobs, rows=rows, values=values, count=count)


def default_steps(knobs: tuple[Knob, ...]) -> dict[str, int]:
    return {knob.id: knob.default for knob in knobs}


def checked_steps(knobs: tuple[Knob, ...], asked: object) -> dict[str, int]:
    """Return a complete set of step indices.

    Raises
    ------
    Unprocessable
        If a knob is unknown, missing, or stands outside its steps.
    """
    if not isinstance(asked, dict) or set(asked) != {knob.id for knob in knobs}:
        names = ", ".join(knob.id for knob in knobs)
        raise Unprocessable("Every knob needs one position.", remedy=f"Send all of {names}.")
    steps: dict[str, int] = {}
    for knob in knobs:
        step = asked[knob.id]
        if isinstance(step, bool) or not isinstance(step, int) or not 0 <= step < len(knob.steps):
            raise Unprocessable(
                f"{knob.id} has positions 0 to {len(knob.steps) - 1}.", remedy="Move the knob."
            )
        steps[knob.id] = step
    return steps


def settings_of(knobs: tuple[Knob, ...], steps: Steps) -> dict[str, Scalar]:
    return {knob.id: knob.steps[steps[knob.id]] for knob in knobs}


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What the instrument shows at one setting; `point` is None throughout where withheld."""

    moving: Json
    settings: Mapping[str, Scalar]
    point: Mapping[str, Any]
    is_withheld: bool
    failures: tuple[str, ...]


def evaluate(part: LabPart, params: Params, steps: Steps, locked: Locked) -> Evaluation:
    """Return the exact outputs at the point and along every knob, with gaps where withheld."""
    frozen = tuple((name, _frozen(later)) for name, later in locked.items())
    return _evaluate(part, _frozen(params), tuple(steps.items()), frozen)


def _frozen(params: Params) -> Frozen:
    return tuple(params.items())


# A class opens the same view of the same few parameter sets within minutes.
@lru_cache(maxsize=256)
def _evaluate(
    part: LabPart,
    frozen: Frozen,
    at: tuple[tuple[str, int], ...],
    frozen_locked: tuple[tuple[str, Frozen], ...],
) -> Evaluation:
    params, steps = dict(frozen), dict(at)
    locked = {name: dict(later) for name, later in frozen_locked}
    knobs = part.model.knobs(params)
    sheet = sheet_of(knobs, steps)
    outputs = part.model.evaluate(params, sheet.values)
    hidden = _hidden(part, params, locked, sheet)
    curves = part.model.curves(params, sheet.values)
    known = {output.id for output in part.outputs} | {failure.when for failure in part.failures}
    cells = {name: _cells(outputs[name], hidden) for name in outputs if name in known}
    point = {name: column[0] for name, column in cells.items()}
    return Evaluation(
        moving={
            "at": dict(steps),
            "point": point,
            "slices": {
                knob: {name: column[rows] for name, column in cells.items()}
                for knob, rows in sheet.rows.items()
            },
            "curves": _curves_json(curves, hidden, sheet),
            "withheld": bool(hidden[0]),
        },
        settings=settings_of(knobs, steps),
        point=point,
        is_withheld=bool(hidden[0]),
        failures=tuple(f.id for f in part.failures if point.get(f.when) is True),
    )


def _hidden(part: LabPart, params: Params, locked: Locked, sheet: Sheet) -> NDArray[np.bool_]:
    if not locked:
        return np.zeros(sheet.count, dtype=bool)
    return np.asarray(part.model.withheld(params, locked, sheet.values), dtype=bool)


def _cells(column: NDArray[Any], hidden: NDArray[np.bool_]) -> list[Any]:
    values = np.asarray(column)
    if values.dtype.kind == "f":
        return [
            None if gap else _digits(x, 9)
            for x, gap in zip(values.tolist(), hidden.tolist(), strict=True)
        ]
    return [None if gap else x for x, gap in zip(values.tolist(), hidden.tolist(), strict=True)]


def cell(value: Any) -> Any:
    """Return one output as JSON holds it."""
    return _cells(np.asarray([value]), np.zeros(1, dtype=bool))[0]


def _digits(x: float, digits: int) -> float | None:
    """Return `x` short enough to send; a number that is none becomes a gap."""
    return float(f"{x:.{digits}g}") if math.isfinite(x) else None


def _curves_json(curves: Curves, hidden: NDArray[np.bool_], sheet: Sheet) -> Json:
    """Return the lines at the point, and per knob only those that the knob moves."""
    found: Json = {"at": {}}
    for name, lines in curves.items():
        lines = np.asarray(lines, dtype=float)
        found["at"][name] = None if hidden[0] else _line(lines[0])
        for knob, rows in sheet.rows.items():
            if _moves(lines[rows]):
                gaps = hidden[rows].tolist()
                found.setdefault(knob, {})[name] = [
                    None if gap else _line(line)
                    for line, gap in zip(lines[rows], gaps, strict=True)
                ]
    return found


def _moves(lines: NDArray[np.float64]) -> bool:
    return not np.array_equal(lines, np.broadcast_to(lines[:1], lines.shape), equal_nan=True)


def _line(line: NDArray[np.float64]) -> list[float | None]:
    return [_digits(x, 5) for x in line.tolist()]


def knobs_json(texts: tuple[KnobText, ...], knobs: tuple[Knob, ...]) -> list[Json]:
    """Return the controls with every step written out."""
    by_id = {text.id: text for text in texts}
    return [_knob_json(by_id[knob.id], knob) for knob in knobs]


def _knob_json(text: KnobText, knob: Knob) -> Json:
    return {
        "id": knob.id,
        "label": text.label,
        "help": text.help,
        "kind": knob_kind(knob),
        "format": text.format,
        "steps": list(knob.steps),
        "texts": [step_text(text, step) for step in knob.steps],
        "default": knob.default,
    }


def knob_kind(knob: Knob) -> str:
    if isinstance(knob.steps[0], bool):
        return "toggle"
    return "list" if isinstance(knob.steps[0], str) else "range"


def step_text(text: KnobText, step: Scalar) -> str:
    if isinstance(step, bool):
        return text.texts.get("true" if step else "false", "on" if step else "off")
    if isinstance(step, str):
        return text.texts.get(step, step)
    return text.texts.get(str(step)) or quantity(float(step), text.format)


def static_json(part: LabPart, params: Params) -> Json:
    """Return what does not change while exploring."""
    return {
        "part": part.id,
        "knobs": knobs_json(part.knobs, part.model.knobs(params)),
        "outputs": [
            {"id": o.id, "label": o.label, "format": o.format, "evidence": fill(o.evidence, params),
             "headline": o.headline}
            for o in part.outputs
        ],
        "plots": list(part.plots),
    }  # fmt: skip


def failures_json(part: LabPart, found: set[str]) -> list[Json]:
    return [
        {"id": f.id, "when": f.when, "title": f.title, "text": f.text, "found": f.id in found}
        for f in part.failures
    ]
