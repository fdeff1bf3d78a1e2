"""Every equation says what its numbers are in, where it comes from, and the page repeats it."""

from pathlib import Path

import pytest

from simcore.docstrings import Equation, page, read, topics
from simcore.units import parse

EQUATIONS = [equation for topic in topics() for equation in topic.equations]
NAMED = [pytest.param(e, id=f"{e.module.rsplit('.', 1)[1]}.{e.name}") for e in EQUATIONS]


@pytest.mark.parametrize("equation", NAMED)
def test_every_parameter_is_described_in_the_order_of_the_signature(equation: Equation) -> None:
    described = [name for entry in equation.parameters for name in entry.name.split(", ")]

    assert described == list(equation.arguments)


@pytest.mark.parametrize("equation", NAMED)
def test_every_number_in_and_out_carries_a_unit_that_exists(equation: Equation) -> None:
    assert equation.returns, f"{equation.name} has no Returns section"
    for entry in (*equation.parameters, *equation.returns):
        if entry.is_number:
            assert entry.unit, f"{equation.name}: {entry.name or 'the result'} has no [unit]"
            assert entry.unit == "any" or parse(f"1 {entry.unit}")


@pytest.mark.parametrize("equation", NAMED)
def test_every_equation_names_its_source(equation: Equation) -> None:
    assert equation.summary.endswith(".")
    assert len(equation.references) > 10, f"{equation.name} has no References section"


def test_the_page_of_the_physics_is_up_to_date(repository: Path) -> None:
    written = (repository / "docs" / "physics.md").read_text(encoding="utf-8")

    assert written == page(), "run `python -m simcore.docstrings > docs/physics.md` and commit it"


def test_a_docstring_is_read_into_its_terms() -> None:
    def speed(distance: float, time: float, law: object) -> float:
        """Return the mean speed.

        No direction.

        Parameters
        ----------
        distance, time : float
            Way and duration
            of it. [m]
        law : Law
            How it moves.

        Returns
        -------
        ndarray
            Mean speed. [m/s]

        References
        ----------
        G. Galilei, Discorsi, 1638.
        """
        return distance / time

    found = read(speed)

    assert found.summary == "Return the mean speed."
    assert found.notes == "No direction."
    assert [(e.name, e.unit, e.is_number) for e in found.parameters] == [
        ("distance, time", "m", True),
        ("law", "", False),
    ]
    assert found.parameters[0].meaning == "Way and duration of it."
    assert found.returns[0].unit == "m/s"
    assert found.references == "G. Galilei, Discorsi, 1638."
