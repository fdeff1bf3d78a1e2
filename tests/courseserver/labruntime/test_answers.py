"""Numbers as people type them."""

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from courseserver.common.errors import Unprocessable
from courseserver.labruntime.answers import reading_of
from labs.content import QuestionText
from labs.loader import load_folder

LAB = load_folder(Path(__file__).resolve().parents[2] / "labs" / "fixture_lab")
DURATION: QuestionText = LAB.parts[1].questions[0]


@pytest.mark.parametrize(
    ("typed", "seconds", "echo"),
    [
        ("3.05 h", 10_980, "3.05 h"),
        ("115 ms", 0.115, "115 ms"),
        ("1,100", 1100, "1,100 s = 18.3 min"),
        ("1 100 s", 1100, "1,100 s = 18.3 min"),
        ("90", 90, "90 s"),
        ("1.5min", 90, "1.5 min = 90.0 s"),
        ("2 hours", 7200, "2 h"),
        ("0,5 s", 0.5, "0.5 s = 500 ms"),
        ("1.2e3 ms", 1.2, "1,200 ms = 1.20 s"),
        ("3 x 10^2 s", 300, "300 s = 5.00 min"),
        ("3 × 10² s", 300, "300 s = 5.00 min"),
        ("3 × 10⁻¹ s", 0.3, "0.3 s = 300 ms"),
        ("+4 s", 4, "4 s"),
        (" 7 S ", 7, "7 s"),
    ],
)
def test_a_typed_number_is_read_with_its_unit_and_echoed(
    typed: str, seconds: float, echo: str
) -> None:
    reading = reading_of(typed, DURATION)

    assert reading.value == pytest.approx(seconds)
    assert reading.text == echo


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "soon",
        "-3 s",
        "0 s",
        "5 parsec",
        "1.2.3 s",
        "1,10,0 s",
        "1e999 s",
        "s",
        "1" * 80,
        "−1 s",
    ],
)
def test_what_cannot_be_read_is_refused_with_what_to_type(typed: str) -> None:
    with pytest.raises(Unprocessable) as refusal:
        reading_of(typed, DURATION)

    assert refusal.value.remedy


@pytest.mark.timeout(60)
def test_a_page_of_spaces_is_refused_without_being_searched() -> None:
    """It took hours before its length was looked at; any machine does it in an instant."""
    with pytest.raises(Unprocessable, match="does not read as a number"):
        reading_of(" " * 1_000_000 + "x", DURATION)


@given(st.text(max_size=70))
def test_any_text_is_read_or_refused_and_never_breaks(typed: str) -> None:
    try:
        reading = reading_of(typed, DURATION)
    except Unprocessable:
        return
    assert math.isfinite(reading.value)
    assert reading.value > 0


@given(st.floats(min_value=1e-3, max_value=1e12), st.sampled_from(["s", "ms", "min", "h"]))
def test_a_plain_number_keeps_its_value(value: float, unit: str) -> None:
    reading = reading_of(f"{value!r} {unit}", DURATION)

    assert reading.value == pytest.approx(value * DURATION.accept[unit])
