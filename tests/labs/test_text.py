"""The format language, on the pairs that the browser's implementation is tested on too."""

import json
from pathlib import Path

import pytest

import labs
from labs.text import fill, quantity, time_with_margin, without_figures

CASES = json.loads((Path(labs.__file__).parent / "text_cases.json").read_text())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["text"])
def test_a_number_reads_as_the_shared_cases_say(case: dict[str, object]) -> None:
    assert quantity(float(str(case["value"])), str(case["spec"])) == case["text"]


def test_an_unknown_format_names_those_there_are() -> None:
    with pytest.raises(ValueError, match="unknown number format 'furlong'"):
        quantity(1.0, "furlong")


def test_text_passes_through_templates() -> None:
    assert fill("{who} waits {t:time}", {"who": "Ada", "t": 0.115}) == "Ada waits 115 ms"
    assert fill("{n:n layer}", {"n": "a dozen"}) == "a dozen layers"


def test_a_text_for_a_whole_class_leaves_figures_out() -> None:
    assert without_figures("Costs {ratio:g2} times {a} of it") == "Costs … times … of it"
    assert without_figures("Over {n:n layer} of it") == "Over … layers of it"
    assert without_figures("No figure") == "No figure"


@pytest.mark.parametrize(
    ("x", "half", "text"),
    [
        (0.0921, 0.000415, "92.1 ± 0.4 ms"),
        (0.244, 0.00259, "244 ± 3 ms"),
        (1.22, 0.096, "1.2 ± 0.1 s"),
    ],
)
def test_a_time_is_told_as_finely_as_its_margin_allows(x: float, half: float, text: str) -> None:
    assert time_with_margin(x, half) == text
