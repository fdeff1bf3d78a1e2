import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcore import catalog
from simcore.equations.memory_levels import memory_level, pass_energy, spill_factor

ROUGH = catalog.item("technologies", "rough-45nm")
LADDER = {
    "capacities": [8 * 2**10, 32 * 2**10, 2**20],
    "energies_per_byte": [ROUGH.value(f"read.{x}") for x in ("kib8", "kib32", "mib1", "dram")],
}


def test_the_catalogue_holds_reads_of_64_bits_an_eighth_to_the_byte():
    assert 8 * np.array(LADDER["energies_per_byte"]) == pytest.approx(
        [10e-12, 20e-12, 100e-12, 1.3e-9]
    )


def test_a_set_lives_in_the_smallest_level_that_holds_it_whole():
    sizes = [0, 8192, 8193, 32768, 2**20, 2**20 + 1, 2**40]

    assert memory_level(sizes, capacities=LADDER["capacities"]).tolist() == [0, 0, 1, 1, 2, 3, 3]


def test_a_pass_over_a_full_level_by_hand():
    assert pass_energy(8192, **LADDER) == pytest.approx(8192 / 8 * 10e-12)
    assert pass_energy([16384, 2**21], **LADDER) == pytest.approx(
        [16384 / 8 * 20e-12, 2**21 / 8 * 1.3e-9]
    )


@pytest.mark.parametrize(
    ("growth", "before", "after", "factor"),
    [(2, "kib32", "mib1", 10), (2, "kib8", "mib1", 20), (2, "mib1", "dram", 26),
     (2, "kib32", "dram", 130)],
)  # fmt: skip
def test_twice_the_data_in_the_next_level_costs_far_more_than_twice(growth, before, after, factor):
    energies = (ROUGH.value(f"read.{x}") for x in (before, after))

    found = spill_factor(
        growth, **dict(zip(("energy_before", "energy_after"), energies, strict=True))
    )

    assert found == pytest.approx(factor)


def test_growth_over_an_edge_is_the_factor_of_a_spill():
    step = pass_energy(2 * 32768, **LADDER) / pass_energy(32768, **LADDER)

    assert step == pytest.approx(spill_factor(2, energy_before=2.5e-12, energy_after=12.5e-12))


@given(st.floats(1, 1e9), st.floats(1, 100))
def test_more_data_never_costs_less(size, more):
    assert pass_energy(size * more, **LADDER) >= pass_energy(size, **LADDER)


def test_ladders_that_do_not_rise_or_do_not_match_are_refused():
    with pytest.raises(ValueError, match="rise"):
        memory_level(1, capacities=[32, 8])
    with pytest.raises(ValueError, match="3 levels need 3 energies"):
        pass_energy(1, capacities=[8, 32], energies_per_byte=[1, 2])
