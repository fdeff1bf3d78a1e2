"""Whole numbers out of texts."""

import pytest

from courseserver.common.typed import whole


@pytest.mark.parametrize(
    ("text", "number"),
    [("7", 7), ("007", 7), ("0", 0), ("999999999", 999999999)]
    + [(text, None) for text in ("", "²", "٣", "-1", "1.0", " 1", "1_0", "1000000000")],
)
def test_only_plain_digits_are_a_number(text: str, number: int | None) -> None:
    assert whole(text) == number
