"""Examples, ledger keys, challenges, long runs and hardware checks."""

import time
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from labs.content import Lab, LabPart
from labs.contract import Scalar
from labs.draws import defaults_of
from labs.proofs.case import Case, sampled
from labs.proofs.instruments import defaults, plot_faults

_UNIT_MAX_S = 5.0
_DETAILS = ("pick", "key", "log10_error", "error_points", "misconception")


def examples_hold(lab: Lab, part: LabPart, cases: list[Case]) -> Iterator[str]:
    """The worked examples in examples.toml come out as their sources say."""
    path = lab.folder / "examples.toml"
    if not path.is_file():
        return
    reads = defaults_of(lab)
    for number, example in enumerate(tomllib.loads(path.read_text())["example"], 1):
        if example["part"] != part.id:
            continue
        track = example.get("track", lab.tracks[0].id)
        base = next(case.params for case in cases if case.track == track)
        params = {**base, **reads, **example.get("params", {})}
        found = _values(part, params, example.get("knobs", {}))
        if not example.get("source"):
            yield f"examples.toml: example {number} has no source"
        for name, expected in example["expect"].items():
            if name not in found:
                yield f"examples.toml: example {number} expects {name}, which nothing computes"
            elif not _agrees(found[name], expected, example.get("tolerance", 0.01)):
                yield f"examples.toml: example {number}: {name} is {found[name]}, not {expected}"


def _values(
    part: LabPart, params: Mapping[str, Scalar], knobs: Mapping[str, Scalar]
) -> dict[str, Any]:
    k = dict(defaults(part.model.knobs(params)))
    k |= {name: np.asarray([value]) for name, value in knobs.items()}
    outputs = part.model.evaluate(params, k)
    return {
        **{name: np.asarray(column).tolist()[0] for name, column in outputs.items()},
        **part.model.facts(params),
        **{f"key.{question.id}": question.key for question in part.model.questions(params)},
    }


def _agrees(found: Any, expected: Any, tolerance: float) -> bool:
    if isinstance(expected, bool | str) or isinstance(found, bool | str):
        return bool(found == expected)
    return bool(np.isclose(found, expected, rtol=tolerance))


def ledger_sound(lab: Lab, part: LabPart, cases: list[Case]) -> Iterator[str]:
    """What a part writes into the ledger is there to be written."""
    params = cases[0].params
    facts = part.model.facts(params)
    design: set[str] = {"score", "objective"}
    if part.model.challenge is not None:
        design |= {knob.id for knob in part.model.challenge.variables(params)}
    questions = {text.id for text in part.questions}
    for write in part.writes:
        name, _, detail = write.value.partition(".")
        fact = not detail and name in facts
        answer = name in questions and detail in _DETAILS
        own = name == "challenge" and part.challenge is not None and detail in design
        if not (fact or answer or own or write.value == "explored.boundary_found"):
            yield (
                f"ledger.writes.{write.key}: value = {write.value!r} is no fact, no "
                "<question>.<pick|key|log10_error|error_points|misconception>, no challenge value"
            )


def challenge_sound(lab: Lab, part: LabPart, cases: list[Case]) -> Iterator[str]:
    """A challenge has a best design, which scores 1, and is not where one begins."""
    text, model = part.challenge, part.model.challenge
    if text is None or model is None:
        return
    for case in sampled(cases, 2):
        variables = model.variables(case.params)
        ids = [knob.id for knob in variables]
        if set(ids) != {variable.id for variable in text.variables}:
            yield f"challenge.variable: the model has {ids}"
            return
        outputs = model.assess(case.params, defaults(variables))
        names = [c.when for c in text.constraints] + [o.id for o in text.outputs]
        for name in [*names, "objective", "feasible"]:
            if name not in outputs:
                yield f"challenge: {name!r} is nothing that assess returns"
                return
        design, best = model.optimum(case.params)
        if abs(model.score(case.params, design) - 1) > 1e-6:
            yield f"challenge: the best design scores {model.score(case.params, design)} ({case})"
        if all(design[knob.id] == knob.steps[knob.default] for knob in variables):
            yield f"challenge: one begins at the optimum ({case}); move a default"
        if not np.isfinite(best):
            yield f"challenge: the optimum's objective is {best} ({case})"


def job_sound(lab: Lab, part: LabPart, cases: list[Case]) -> Iterator[str]:
    """A long run accepts its defaults, has short units, and gives what its table names."""
    text, model = part.job, part.model.job
    if text is None or model is None:
        return
    case = cases[0]
    knobs = model.inputs(case.params)
    if {knob.id for knob in knobs} != {text_of.id for text_of in text.inputs}:
        yield f"job.input: the model has {[knob.id for knob in knobs]}"
        return
    inputs = {**case.params, **{knob.id: knob.steps[knob.default] for knob in knobs}}
    model.check(inputs)
    if model.units(inputs) < 1:
        yield "job: the default run has no unit"
        return
    seeds = np.random.SeedSequence(1).spawn(2)
    began = time.perf_counter()
    first = model.run_unit(inputs, seeds[0])
    took = time.perf_counter() - began
    if took > _UNIT_MAX_S:
        yield f"job: one unit takes {took:.1f} s; {_UNIT_MAX_S} s at most, cut it smaller"
    if first != model.run_unit(inputs, np.random.SeedSequence(1).spawn(2)[0]):
        yield "job: the same seed gives another result"
    units = [first, *([model.run_unit(inputs, seeds[1])] if model.units(inputs) > 1 else [])]
    result = model.combine(inputs, units)
    for value in text.values:
        if value.id not in result.values:
            yield f"job.value.{value.id} is no result; there are {sorted(result.values)}"
    curves = {name: np.asarray([line]) for name, line in result.curves.items()}
    for plot in text.plots:
        yield from plot_faults(plot, set(result.values), curves)


def reality_sound(lab: Lab, part: LabPart, cases: list[Case]) -> Iterator[str]:
    """A check on hardware has tasks of both uses, a simulated twin, and wants its calibration."""
    text, model = part.reality, part.model.reality
    if text is None or model is None:
        return
    tasks = model.tasks()
    for use in ("calibrate", "compare"):
        if not any(task.use == use for task in tasks):
            yield f"reality: no task has use = {use!r}"
    for track in lab.tracks:
        twin = model.simulate(track.id)
        if not twin.rows or any(row.measured is not None for row in twin.rows):
            yield f"reality: simulate({track.id!r}) must give rows and no measurements"
    try:
        model.compare({})
    except ValueError:
        return
    yield "reality: compare({}) must refuse: its calibration is missing"
