"""V1-13 on every track and every combination: keys, margins, leaks, failures, jobs, the plan."""

import itertools
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from labs.content import Lab, LabPart
from labs.contract import RIGHT, TRACKS, Choice, Knob, Numeric, Params, Part
from labs.explore.vol1.lab_13_model_serving import simulated
from labs.explore.vol1.lab_13_model_serving.part_a import A
from labs.explore.vol1.lab_13_model_serving.part_b import B
from labs.explore.vol1.lab_13_model_serving.part_c import C
from labs.explore.vol1.lab_13_model_serving.part_d import D
from labs.loader import load_lab
from labs.text import fill, quantity

LAB = load_lab("v1-13-tail-latency")
MARGINS = {"a": 4.6, "b": 1.56, "c": 2.0, "d": 1.78}
PAIRS = 1.1
NUMERAL = re.compile(r"(?<![\w.])\d[\d,]*(?:\.\d+)?")
SEED = np.random.SeedSequence


@pytest.fixture
def lab() -> Lab:
    return LAB


def reads() -> dict[str, Any]:
    return {read.name: read.default for read in LAB.reads}


def cases() -> Iterator[Any]:
    for part in LAB.parts:
        for track in TRACKS:
            yield pytest.param(part, track, id=f"{part.id}-{track}")


every_part = pytest.mark.parametrize(("part", "track"), list(cases()))


def combinations(part: LabPart, track: str) -> list[dict[str, Any]]:
    return [{**p, **reads()} for p in part.model.combinations(track)]


def choices(model: Part, p: Params) -> list[Choice]:
    return [question for question in model.questions(p) if isinstance(question, Choice)]


def ratio(x: float, y: float) -> float:
    return np.inf if x * y == 0 else max(x / y, y / x)


def sheet(knobs: tuple[Knob, ...]) -> dict[str, np.ndarray]:
    """The default and every step of every knob with the others at their default."""
    index: dict[str, list[int]] = {knob.id: [knob.default] for knob in knobs}
    for moved in knobs:
        for knob in knobs:
            index[knob.id] += (
                list(range(len(knob.steps))) if knob is moved else [knob.default] * len(moved.steps)
            )
    return {knob.id: np.asarray(knob.steps)[index[knob.id]] for knob in knobs}


def grid(knobs: tuple[Knob, ...], limit: int = 200_000) -> dict[str, np.ndarray]:
    axes = [np.arange(len(knob.steps)) for knob in knobs]
    assert np.prod([axis.size for axis in axes]) <= limit
    places = np.meshgrid(*axes, indexing="ij")
    return {k.id: np.asarray(k.steps)[i.ravel()] for k, i in zip(knobs, places, strict=True)}


# ---------------------------------------------------------------------------------- questions


@every_part
def test_one_option_is_right_and_the_others_are_clear_of_it(part: LabPart, track: str) -> None:
    for p in combinations(part, track):
        for question in choices(part.model, p):
            values = {option.id: float(option.value) for option in question.options}
            assert len(values) == len(question.options) == 4
            wrong = [value for name, value in values.items() if name != RIGHT]
            right = values[RIGHT]
            assert min(ratio(right, value) for value in wrong) >= MARGINS[part.id] - 1e-9, p
            apart = (ratio(x, y) for x, y in itertools.combinations(values.values(), 2))
            assert min(apart) >= PAIRS, p


@every_part
def test_a_draw_is_one_of_the_combinations_and_repeats_with_its_seed(
    part: LabPart, track: str
) -> None:
    every = [dict(p) for p in part.model.combinations(track)]
    drawn = [part.model.draw(np.random.default_rng(seed), track) for seed in range(600)]

    assert all(p in every for p in drawn)
    assert all(p in drawn for p in every)
    assert drawn[7] == part.model.draw(np.random.default_rng(7), track)


@every_part
def test_no_numeral_before_the_lock_is_near_a_key(part: LabPart, track: str) -> None:
    for p in combinations(part, track):
        texts = [part.title, part.promise, fill(part.stories[track].html, p)]
        texts += [fill(question.prompt_html, p) for question in part.questions]
        for question in part.model.questions(p):
            text = part.question(question.id)
            assert text is not None
            found = [numeral for one in texts for numeral in numerals(one)]
            assert not near(found, scales(float(question.key), text.value_format)), (p, question.id)


def test_the_briefing_holds_no_numeral_near_any_key(lab: Lab) -> None:
    words = [lab.title, lab.core_question, *lab.objectives, *lab.prerequisites]
    words += [f"{track.label} {track.machine}" for track in lab.tracks]
    found = [numeral for text in words for numeral in numerals(text)]
    for part in lab.parts:
        for track in TRACKS:
            for p in combinations(part, track):
                for question in part.model.questions(p):
                    text = part.question(question.id)
                    assert text is not None
                    assert not near(found, scales(float(question.key), text.value_format))


def numerals(text: str) -> list[float]:
    return [float(match.replace(",", "")) for match in NUMERAL.findall(text)]


def scales(key: float, spec: str) -> list[float]:
    """A key as it may be written: in SI, as it prints, in thousandths, in per cent."""
    printed = numerals(quantity(key, spec))
    more = {"time": [key * 1e3, key / 60], "pct": [key * 100], "int": []}[spec]
    return [key, *printed, *more]


def near(found: list[float], keys: list[float]) -> list[tuple[float, float]]:
    return [(x, key) for x in found for key in keys if abs(x - key) <= 0.02 * key]


# ------------------------------------------------------------------------------------- texts


def test_parts_and_synthesis_fit_an_hour(lab: Lab) -> None:
    assert 50 <= lab.minutes <= 60


# -------------------------------------------------------------------------------- instruments


@every_part
def test_every_setting_gives_finite_outputs(part: LabPart, track: str) -> None:
    for p in combinations(part, track):
        outputs = part.model.evaluate(p, sheet(part.model.knobs(p)))
        for name, column in outputs.items():
            if column.dtype.kind == "f":
                assert np.isfinite(column).all(), (name, p)


@every_part
def test_many_settings_at_once_give_what_each_gives_alone(part: LabPart, track: str) -> None:
    p = combinations(part, track)[-1]
    settings = sheet(part.model.knobs(p))
    together = part.model.evaluate(p, settings)
    lines = part.model.curves(p, settings)
    for i in range(0, len(next(iter(settings.values()))), 11):
        one = {name: values[i : i + 1] for name, values in settings.items()}
        for name, column in part.model.evaluate(p, one).items():
            if column.dtype.kind == "f":
                np.testing.assert_allclose(column[0], together[name][i], rtol=1e-5)
            else:
                assert column[0] == together[name][i]
        for name, line in part.model.curves(p, one).items():
            np.testing.assert_allclose(line[0], lines[name][i], rtol=1e-12)


@every_part
def test_every_failure_can_be_reached_and_left(part: LabPart, track: str) -> None:
    for p in combinations(part, track):
        knobs = part.model.knobs(p)
        moves = sheet(knobs)
        outputs = part.model.evaluate(p, moves)
        broken = np.any([outputs[failure.when] for failure in part.failures], axis=0)
        assert broken.any(), p
        assert not broken.all(), p
    reached = {failure.id for failure in part.failures if outputs[failure.when].any()}
    rest = [failure for failure in part.failures if failure.id not in reached]
    if rest:
        every = part.model.evaluate(p, grid(knobs))
        assert all(every[failure.when].any() for failure in rest)


@pytest.mark.parametrize("track", TRACKS)
def test_the_instrument_reaches_the_question(track: str) -> None:
    def asked(model: Part, p: Params, output: str, moved: str) -> float:
        steps = {k.id: [p[moved]] if k.id == moved else k.steps[k.default : k.default + 1]
                 for k in model.knobs(p) if k.id != moved or p[moved] in k.steps}  # fmt: skip
        at = {name: np.asarray(step) for name, step in steps.items()}
        return float(model.evaluate(p, at)[output][0])

    parts = ((A(), "p99", "load"), (B(), "fill", "batch"), (C(), "fit", "tokens"),
             (D(), "total", "size"))  # fmt: skip
    for model, output, moved in parts:
        for p in model.combinations(track):
            key = float(model.questions(p)[0].key)
            assert asked(model, p, output, moved) == pytest.approx(key, rel=1e-5), (p, output)


# ---------------------------------------------------------------------------- published values


def test_part_a_holds_the_published_percentile() -> None:
    p: Params = {"load": 0.8, "service": 0.005, "promise": 0.050}
    p99, limit = A().questions(p)
    facts = A().facts(p)

    assert p99.key == pytest.approx(0.1151, abs=5e-5)
    assert isinstance(limit, Numeric)
    assert limit.key == pytest.approx(0.539, abs=5e-4)
    assert facts["simulated_p99"] == pytest.approx(p99.key, rel=0.03)
    assert float(facts["fixed_p99"]) / float(p99.key) == pytest.approx(0.49, abs=0.01)


@pytest.mark.parametrize("load", [0.7, 0.9])
def test_the_table_of_simulated_percentiles_is_what_its_seed_gives(load: float) -> None:
    assert simulated.simulate(load) == pytest.approx(simulated.SIMULATED[load], abs=1e-4)


def test_part_b_holds_the_published_wait() -> None:
    p = next(p for p in B().combinations("cloud") if (p["rate"], p["batch"]) == (500, 32))

    assert B().questions(p)[0].key == pytest.approx(0.031)
    assert B().facts(p)["fill_share"] == pytest.approx(0.62)


def test_part_b_is_unstable_without_batches_at_two_thousand_a_second() -> None:
    p = B().combinations("cloud")[0]
    found = B().evaluate(
        p,
        {
            "batch": np.asarray([1]), "rate": np.asarray([2000.0]),
            "closes": np.asarray([False]), "window": np.asarray([0.01]),
        },
    )  # fmt: skip

    assert found["busy"][0] == pytest.approx(1.2)
    assert found["unstable"][0]
    assert found["queue"][0] == pytest.approx(0.2 * 600)


def test_a_window_keeps_waiting_small_when_traffic_falls() -> None:
    p = next(p for p in B().combinations("cloud") if (p["rate"], p["batch"]) == (300, 48))
    at = {"batch": np.asarray([48, 48]), "rate": np.asarray([60.0, 60.0])}
    found = B().evaluate(
        p, {**at, "closes": np.asarray([False, True]), "window": np.asarray([0.02, 0.02])}
    )

    assert found["fill"][0] > 0.39
    assert found["fill"][1] <= 0.02


@pytest.mark.parametrize(
    ("track", "keys"),
    [("cloud", {10, 20, 27}), ("edge", {23, 26, 46, 52}), ("mobile", {6, 7, 9, 15}),
     ("tiny", {6, 18, 27, 36})],
)  # fmt: skip
def test_part_c_holds_the_counted_conversations(track: str, keys: set[int]) -> None:
    assert {C().questions(p)[0].key for p in C().combinations(track)} == keys


def test_a_sliding_window_keeps_the_last_tokens_only() -> None:
    p = C().combinations("edge")[0]
    at = {
        "model": np.asarray(["mistral-7b", "mistral-7b", "llama-3-8b"]),
        "weights": np.asarray(["int8"] * 3),
        "memory": np.asarray([14.4e9] * 3),
        "tokens": np.asarray([4096, 32_768, 32_768]),
        "cache": np.asarray(["fp16"] * 3),
        "every_head": np.asarray([False] * 3),
    }
    short, long, whole = C().evaluate(p, at)["request"]

    assert short == long == whole / 8


@pytest.mark.parametrize("track", TRACKS)
def test_no_count_of_conversations_hangs_on_rounding(track: str) -> None:
    for p in C().combinations(track):
        free = float(p["memory"]) - float(p["weights"])
        rest = free / (float(p["token_bytes"]) * float(p["tokens"])) % 1
        assert 0.1 <= rest <= 0.9, p


def test_part_d_holds_the_published_cold_start() -> None:
    keys = {
        (p["size"], p["storage"]): float(D().questions(p)[0].key) for p in D().combinations("cloud")
    }

    assert keys[140e9, 7e9] == pytest.approx(26.0)
    assert keys[140e9, 1.25e9] == pytest.approx(118.0)
