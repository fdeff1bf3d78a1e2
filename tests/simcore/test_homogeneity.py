"""The units that docstrings state hold: measure in other units, and the answer follows."""

import importlib

import numpy as np
import pytest

from simcore.docstrings import topics
from simcore.units import parse

OTHER = {"s": 3.0, "J": 11.0, "USD": 13.0, "kg": 19.0}
"""Sizes of the other units. Bytes, FLOP and tokens also come from counting (a parameter is 2 FLOP),
so theirs stay."""


def powers(unit):
    """Return base unit -> power; a watt is a joule per second."""
    found = {}
    for i, side in enumerate(parse(f"1 {unit}").unit.split("/")):
        for term in side.split("·"):
            base, _, power = term.partition("^")
            sign = (1 if i == 0 else -1) * int(power or 1)
            for name, share in {"W": (("J", 1), ("s", -1)), "1": ()}.get(base, ((base, 1),)):
                found[name] = found.get(name, 0) + sign * share
    return found


def scale(unit):
    return float(np.prod([OTHER.get(base, 1.0) ** n for base, n in powers(unit).items()]))


def plain_equations():
    """Yield those whose arguments are numbers with units and whose answer is one number."""
    for equation in (equation for topic in topics() for equation in topic.equations):
        units = {name: entry.unit for entry in equation.parameters
                 for name in entry.name.split(", ")}  # fmt: skip
        is_plain = all(entry.is_number and entry.unit != "any"
                       and not entry.kind.startswith("sequence")
                       for entry in equation.parameters)  # fmt: skip
        answer = equation.returns[0]
        if is_plain and len(equation.returns) == 1 and answer.is_number:
            function = getattr(importlib.import_module(equation.module), equation.name)
            yield pytest.param(function, units, answer.unit, id=equation.name)


PLAIN = list(plain_equations())


def answered(function, values):
    """Return the answer, or None where these values have none that is finite and above zero."""
    try:
        found = function(**values)
    except (ValueError, TypeError):
        return None
    answer = np.asarray(list(found.values()) if isinstance(found, dict) else found, dtype=float)
    return answer if np.isfinite(answer).all() and (answer > 0).any() else None


def tries(names):
    """Yield sets of values: small, large, shares, counts, in many mixtures."""
    rng = np.random.default_rng(19)
    for _ in range(400):
        sizes = 10.0 ** rng.uniform(-1.5, 2.0, len(names))
        counts = rng.integers(1, 9, len(names)).astype(float)
        shares = rng.uniform(0.02, 0.95, len(names))
        yield dict(zip(names, np.choose(rng.integers(3, size=len(names)), [sizes, counts, shares]),
                       strict=True))  # fmt: skip


@pytest.mark.parametrize(("function", "units", "unit"), PLAIN)
def test_scaling_the_units_scales_the_answer_as_its_unit_says(function, units, unit):
    for values in tries(list(units)):
        now = answered(function, values)
        scaled = answered(function, {name: x * scale(units[name]) for name, x in values.items()})
        if now is not None and scaled is not None:
            assert scaled == pytest.approx(now * scale(unit), rel=1e-6, abs=1e-12)
            return
    raise AssertionError("no numbers tried lie in its domain; widen the tries")


def test_most_equations_can_be_tried_this_way():
    assert sum(any(scale(u) != 1 for u in case.values[1].values()) for case in PLAIN) >= 30


@pytest.mark.parametrize(("function", "units", "unit"), PLAIN)
def test_an_array_gives_what_its_numbers_give(function, units, unit):
    found = []
    for values in tries(list(units)):
        now = answered(function, values)
        if now is not None:
            found.append((values, now))
        if len(found) == 3:
            break
    arrays = {name: np.asarray([values[name] for values, _ in found]) for name in units}

    together = answered(function, arrays)
    expected = np.stack([one for _, one in found], axis=-1)
    assert together.shape == expected.shape
    assert together == pytest.approx(expected, rel=1e-9)
