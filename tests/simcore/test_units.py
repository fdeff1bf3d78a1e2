import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcore.errors import UnitError
from simcore.units import parse, si


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("3.35 TB/s", "byte/s", 3.35e12),
        ("80 GB", "byte", 80e9),
        ("16 GiB", "byte", 17179869184),
        ("512 KiB", "byte", 524288),
        ("989 TFLOP/s", "FLOP/s", 989e12),
        ("1979 TOP/s", "FLOP/s", 1979e12),
        ("2.66 MMAC", "FLOP", 5.32e6),
        ("700 W", "W", 700),
        ("5 us", "s", 5e-6),
        ("5 µs", "s", 5e-6),
        ("400 Gbit/s", "byte/s", 50e9),
        ("0.12 USD/kWh", "USD/J", 0.12 / 3.6e6),
        ("429 g/kWh", "kg/J", 0.429 / 3.6e6),
        ("31.4 pJ/byte", "J/byte", 31.4e-12),
        ("240 MHz", "1/s", 240e6),
        ("50_000 h", "s", 1.8e8),
        ("20 %", "1", 0.2),
        ("132", "1", 132),
    ],
)
def test_a_text_quantity_becomes_the_si_number_it_says(text, unit, value):
    assert si(text, unit) == pytest.approx(value, rel=1e-15)


def test_a_gigabyte_is_not_a_gibibyte():
    assert si("1 GiB", "byte") / si("1 GB", "byte") == pytest.approx(1.073741824)


def test_a_quantity_of_another_dimension_is_refused_with_both_units():
    with pytest.raises(UnitError, match=r"'80 GB' is in byte, but byte/s is needed"):
        si("80 GB", "byte/s")


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("80 KB", "write kB for 1000 byte or KiB for 1024"),
        ("5 TFLOPS", "write TFLOP/s"),
        ("100 GBps", "write GB/s"),
        ("fast", "does not start with a number"),
        ("3 tokens", "did you mean 'token'"),
        ("", "does not start with a number"),
    ],
)
def test_a_quantity_that_cannot_be_read_says_what_to_write(text, remedy):
    with pytest.raises(UnitError, match=remedy):
        parse(text)


@given(st.floats(1e-6, 1e6), st.sampled_from(["", "k", "M", "G", "T", "m", "u", "n"]))
def test_a_prefix_scales_by_its_power_of_ten_and_nothing_else(number, prefix):
    powers = {"": 0, "k": 3, "M": 6, "G": 9, "T": 12, "m": -3, "u": -6, "n": -9}

    assert si(f"{number!r} {prefix}s", "s") == pytest.approx(
        number * 10.0 ** powers[prefix], rel=1e-12
    )
