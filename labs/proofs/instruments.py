"""Instruments: sound outputs, plots that find their lines, failures a student can reach."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labs.content import FailureText, Json, KnobText, Lab, LabPart
from labs.contract import Knob, Knobs, Outputs, Params, Scalar
from labs.draws import defaults_of
from labs.proofs.case import Case, sampled
from labs.text import quantity

_ROWS_MAX = 10_000
_CASES_PER_TRACK = 3


def settings_grid(knobs: tuple[Knob, ...]) -> Knobs:
    """Return all settings of the knobs, or a fixed sample of them where they are too many."""
    sizes = [len(knob.steps) for knob in knobs]
    total = int(np.prod(sizes))
    if total <= _ROWS_MAX:
        flat = np.arange(total)
    else:
        flat = np.random.default_rng(0).choice(total, size=_ROWS_MAX, replace=False)
    indices = np.unravel_index(flat, sizes)
    return {k.id: np.asarray(k.steps)[i] for k, i in zip(knobs, indices, strict=True)}


def defaults(knobs: tuple[Knob, ...]) -> Knobs:
    return {knob.id: np.asarray([knob.steps[knob.default]]) for knob in knobs}


def failure_reachable(lab: Lab, part: LabPart, cases: list[Case]) -> Iterator[str]:
    """Every student can find every failure, and can leave it again."""
    for case in sampled(cases, _CASES_PER_TRACK):
        outputs = part.model.evaluate(case.params, settings_grid(part.model.knobs(case.params)))
        for failure in part.failures:
            yield from _failure_faults(failure, outputs, case)
    for failure in part.failures:
        if failure.example:
            yield from _example_faults(part, failure, cases)
    yield from _opening_faults(part, cases)


def _opening_faults(part: LabPart, cases: list[Case]) -> Iterator[str]:
    """A failure is found, not met: for nobody does the instrument open in one."""
    for case in cases if part.failures else []:
        outputs = part.model.evaluate(case.params, defaults(part.model.knobs(case.params)))
        for failure in part.failures:
            if bool(np.asarray(outputs[failure.when])[0]):
                yield f"failure.{failure.id} holds where the instrument opens; open safe ({case})"


def _failure_faults(failure: FailureText, outputs: Outputs, case: Case) -> Iterator[str]:
    column = outputs.get(failure.when)
    if column is None or np.asarray(column).dtype.kind != "b":
        yield f"failure.{failure.id}.when = {failure.when!r} is no boolean output of the model"
    elif not np.any(column):
        yield f"failure.{failure.id} cannot be reached with these knobs ({case})"
    elif np.all(column):
        yield f"failure.{failure.id} holds at every setting; leave a way back ({case})"


def _example_faults(part: LabPart, failure: FailureText, cases: list[Case]) -> Iterator[str]:
    for case in sampled(cases, 1):
        k = dict(defaults(part.model.knobs(case.params)))
        unknown = set(failure.example) - set(k)
        if unknown:
            yield f"failure.{failure.id}.example: no knob is called {sorted(unknown)}"
            return
        k |= {name: np.asarray([value]) for name, value in failure.example.items()}
        if bool(part.model.evaluate(case.params, k)[failure.when][0]):
            return
    yield f"failure.{failure.id}.example = {dict(failure.example)} does not fail on any track"


def instrument_sound(lab: Lab, part: LabPart, cases: list[Case]) -> Iterator[str]:
    """Knobs, outputs and plots fit together, and many settings give what one gives."""
    for case in sampled(cases, 2):
        knobs = part.model.knobs(case.params)
        yield from _knob_faults(part, knobs, case)
        if {knob.id for knob in knobs} != {text.id for text in part.knobs}:
            return
        k = _some(settings_grid(knobs))
        outputs, curves = part.model.evaluate(case.params, k), part.model.curves(case.params, k)
        count = len(next(iter(k.values())))
        yield from _shape_faults(part, outputs, curves, count)
        yield from _scalar_faults(part, case.params, k, outputs)
        yield from _withheld_faults(lab, part, case, k, count)
        for plot in part.plots:
            yield from plot_faults(plot, set(shown_outputs(part, outputs)), curves)


def _some(k: Knobs, count: int = 60) -> Knobs:
    total = len(next(iter(k.values())))
    picked = np.unique(np.linspace(0, total - 1, min(total, count)).astype(int))
    return {name: values[picked] for name, values in k.items()}


def _knob_faults(part: LabPart, knobs: tuple[Knob, ...], case: Case) -> Iterator[str]:
    ids, texts = [knob.id for knob in knobs], [text.id for text in part.knobs]
    if set(ids) != set(texts):
        yield f"knob: the model has {ids}, the file has {texts}"
    for knob in knobs:
        if len(knob.steps) < 2 or len(set(knob.steps)) != len(knob.steps):
            yield f"knob.{knob.id} needs two or more different steps ({case})"
        if not 0 <= knob.default < len(knob.steps):
            yield f"knob.{knob.id}: default {knob.default} is none of its steps ({case})"
        if len({type(step) is str for step in knob.steps}) > 1:
            yield f"knob.{knob.id} mixes numbers and words ({case})"
    for text in part.knobs:
        steps = next((knob.steps for knob in knobs if knob.id == text.id), ())
        read = Counter(_step_text(text, step) for step in steps)
        if alike := [words for words, count in read.items() if count > 1]:
            yield f"knob.{text.id}: two steps read {alike[0]!r}; give more digits ({case})"


def _step_text(text: KnobText, step: Scalar) -> str:
    """Return how a step reads on its knob."""
    if isinstance(step, bool):
        return text.texts.get(str(step).lower(), str(step))
    if isinstance(step, str):
        return text.texts.get(step, step)
    return quantity(float(step), text.format)


def _shape_faults(
    part: LabPart, outputs: Outputs, curves: Mapping[str, NDArray[Any]], count: int
) -> Iterator[str]:
    for text in part.outputs:
        if text.id not in outputs:
            yield f"output.{text.id} is no output of the model; there are {sorted(outputs)}"
        elif np.shape(outputs[text.id]) != (count,):
            yield f"output.{text.id} has shape {np.shape(outputs[text.id])}, not ({count},)"
    for name, lines in curves.items():
        if np.ndim(lines) != 2 or len(lines) != count:
            yield f"curves: {name} has shape {np.shape(lines)}, not ({count}, n)"


def _scalar_faults(part: LabPart, params: Params, k: Knobs, outputs: Outputs) -> Iterator[str]:
    row = len(next(iter(k.values()))) // 2
    one = part.model.evaluate(params, {name: values[row : row + 1] for name, values in k.items()})
    for name, column in outputs.items():
        many, single = np.asarray(column)[row], np.asarray(one[name])[0]
        is_number = np.asarray(column).dtype.kind == "f"
        same = np.isclose(many, single, rtol=1e-9, equal_nan=True) if is_number else many == single
        if not same:
            yield f"evaluate: {name} is {many} among many settings and {single} alone"


def _withheld_faults(lab: Lab, part: LabPart, case: Case, k: Knobs, count: int) -> Iterator[str]:
    """The settings held back are some, not all, and none once nothing is locked."""
    reads = defaults_of(lab)
    # Earlier ones, too: a course may let students skip them.
    others = [p for p in lab.parts if p is not part]
    locked = {p.id: {**p.model.combinations(case.track)[0], **reads} for p in others}
    mask = np.asarray(part.model.withheld(case.params, locked, k))
    if mask.shape != (count,) or mask.dtype.kind != "b":
        yield f"withheld has shape {mask.shape} of {mask.dtype}, not ({count},) of bool"
    elif mask.all():
        yield f"withheld hides every setting; nothing is left to explore ({case})"
    if np.asarray(part.model.withheld(case.params, {}, k)).any():
        yield "withheld hides settings though every part is committed"


def shown_outputs(part: LabPart, outputs: Outputs) -> Outputs:
    """Return the outputs that reach the browser: those with an [[output]], and failures."""
    known = {text.id for text in part.outputs} | {failure.when for failure in part.failures}
    return {name: column for name, column in outputs.items() if name in known}


def plot_faults(plot: Json, outputs: set[str], curves: Mapping[str, NDArray[Any]]) -> Iterator[str]:
    """Whatever a plot names is there."""
    name = f"plot.{plot['id']}"
    wanted_curves = [(key, plot[key]) for key in _CURVE_KEYS if plot.get(key)]
    for series in plot.get("series", []):
        wanted_curves += [(f"series.{series['id']}.{axis}", series[axis]) for axis in ("x", "y")]
    for key, curve in wanted_curves:
        if curve not in curves:
            yield f"{name}.{key} = {curve!r} is no curve; there are {sorted(curves)}"
    wanted = [("output", plot["output"])] if plot.get("output") else []
    wanted += [("segment", s["output"]) for s in plot.get("segments", [])]
    wanted += [("rule", rule["at"]) for rule in plot.get("rules", [])]
    wanted += [("marker", m[k]) for m in plot.get("markers", []) for k in _MARKS if k in m]
    if "output" in plot.get("limit", {}):
        wanted.append(("limit", plot["limit"]["output"]))
    for key, output in wanted:
        if output not in outputs:
            yield f"{name}.{key} = {output!r} is no output; there are {sorted(outputs)}"
    yield from _length_faults(plot, name, curves)


_CURVE_KEYS = ("z", "xs", "ys", "start", "end", "lane")
_MARKS = ("x", "y", "low", "high")


def _length_faults(plot: Json, name: str, curves: Mapping[str, NDArray[Any]]) -> Iterator[str]:
    for series in plot.get("series", []):
        x, y = curves.get(series["x"]), curves.get(series["y"])
        if x is not None and y is not None and np.shape(x)[-1] != np.shape(y)[-1]:
            yield f"{name}.series.{series['id']}: x and y differ in length"
    if plot["kind"] == "heatmap" and all(plot[key] in curves for key in ("z", "xs", "ys")):
        z, nx, ny = (np.shape(curves[plot[key]])[-1] for key in ("z", "xs", "ys"))
        if z != nx * ny:
            yield f"{name}: z has {z} cells for {nx} by {ny}"
