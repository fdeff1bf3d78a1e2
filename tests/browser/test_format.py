"""The browser writes every number as the server does."""

import json
import math
import random
from pathlib import Path
from typing import Any

from labs.text import quantity

CASES = json.loads((Path(__file__).parents[2] / "labs" / "text_cases.json").read_text())
SPECS = (
    "int",
    "pct",
    "pct0",
    "x",
    "usd",
    "time",
    "time2",
    "si FLOP/s",
    "si B",
    "si W",
    "g2",
    "g3",
    "g4",
)
RUN = """
async (cases) => {
  const { quantity } = await import("/static/js/format.js");
  return cases.map(({value, spec}) => quantity(value, spec));
}
"""


def written(page: Any, cases: list[dict[str, Any]]) -> list[str]:
    result: list[str] = page.evaluate(RUN, cases)
    return result


def test_the_shared_cases_read_the_same_in_the_browser(open_page: Any) -> None:
    page = open_page("/")

    assert written(page, CASES) == [case["text"] for case in CASES]


def test_thousands_of_drawn_numbers_read_the_same_in_the_browser(open_page: Any) -> None:
    rng = random.Random(20261120)
    cases = []
    for _ in range(4000):
        value = rng.choice([-1, 1, 1, 1]) * 10 ** rng.uniform(-11, 17)
        digits = rng.choice([2, 3, 17])
        cases.append({"value": float(f"{value:.{digits}g}"), "spec": rng.choice(SPECS)})
    cases += [{"value": 1 - 10 ** rng.uniform(-9, -2), "spec": "pct"} for _ in range(200)]
    # Halves are where two rounding rules part.
    cases += [{"value": n / 8, "spec": spec} for n in range(-60, 60) for spec in SPECS]
    page = open_page("/")

    texts = written(page, cases)

    differing = [
        (case, text, quantity(case["value"], case["spec"]))
        for case, text in zip(cases, texts, strict=True)
        if text != quantity(case["value"], case["spec"])
    ]
    assert differing == []


def test_a_typed_number_is_read_in_the_unit_that_the_field_shows(open_page: Any) -> None:
    page = open_page("/")
    typed = [
        ["30", "pct", 0.217, 0.3],
        ["30 %", "pct", 0.217, 0.3],
        ["5", "time", 0.115, 0.005],
        ["2 s", "time", 0.115, 2],
        ["2", "si B", 25.8e9, 2e9],
        ["2 TB", "si B", 25.8e9, 2e12],
        ["16,384", "int", 512, 16384],
        ["2.5×", "x", 2, 2.5],
        ["12 parsecs", "time", 1, None],
        ["many", "int", 1, None],
    ]

    read = page.evaluate(
        """async (typed) => {
          const { read } = await import("/static/js/format.js");
          return typed.map(([text, spec, shown]) => read(text, spec, shown));
        }""",
        typed,
    )

    for got, (text, spec, _, wanted) in zip(read, typed, strict=True):
        if wanted is None:
            assert got is None, text
        else:
            assert math.isclose(got, wanted), (text, spec)
