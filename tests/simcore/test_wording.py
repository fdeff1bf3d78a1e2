"""Numbers and tables as people read them."""

import pytest

from simcore.wording import quantity, result_lines, table


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.0687, "s", "68.7 ms"),
        (0.5, "s", "0.5 s"),
        (90.0, "s", "90 s"),
        (1800.0, "s", "30 min"),
        (7300.0, "s", "2.028 h"),
        (30 * 86400.0, "s", "30 day"),
        (5 * 31_557_600.0, "s", "5 year"),
        (0.0, "s", "0 s"),
        (3.35e12, "byte/s", "3.35 TB/s"),
        (80e9, "byte", "80 GB"),
        (989e12, "FLOP/s", "989 TFLOP/s"),
        (295.2, "FLOP/byte", "295.2 FLOP/byte"),
        (168584.0, "USD", "168,584 USD"),
        (0.25, "1", "0.25"),
        (24993.0, "1/s", "24,993 1/s"),
        (2.5e6, "kg", "2500 t"),
        (None, "s", "unbounded"),
    ],
)
def test_a_quantity_is_said_with_the_prefix_and_unit_one_would_use(value, unit, text):
    assert quantity(value, unit) == text


def test_a_table_aligns_numbers_right_and_words_left():
    rows = [{"name": "a", "time": 0.25, "fits": True}, {"name": "bcd", "time": 1e-6, "fits": False}]

    assert table(rows, {"time": "s"}) == [
        "name    time  fits",
        "a     0.25 s  yes",
        "bcd     1 µs  no",
    ]
    assert table([], {}) == []


def test_a_result_says_how_sure_it_is_and_what_it_keeps():
    found = {
        "value": {"value": 0.01, "unit": "s"}, "terms": {"memory": {"value": 5e9, "unit": "byte"}},
        "low": 0.009, "high": 0.011, "bound": "memory", "reason": "feasible",
        "evidence": "simulated",
        "assertions": [{"assert": "value < 1 ms", "holds": False}],
    }  # fmt: skip

    lines = "\n".join(result_lines(found))

    assert "10 ms  (9 ms to 11 ms" in lines
    assert "5 GB" in lines
    assert "assert value < 1 ms  VIOLATED" in lines
