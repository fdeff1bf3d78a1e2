"""Cold starts."""

import numpy as np
import pytest

from simcore.equations.startup import cold_start


def start(**change: float) -> float:
    given = {"storage_bandwidth": 7e9, "link_bandwidth": 64e9, "initialisation": 6.0, **change}
    return float(cold_start(140e9, **given).total)


def test_seventy_billion_parameters_on_a_fast_disk_take_26_seconds() -> None:
    assert start() == pytest.approx(26.0)


def test_over_ten_gigabit_ethernet_they_take_118() -> None:
    assert start(storage_bandwidth=1.25e9) == pytest.approx(118.0)


def test_eight_devices_that_share_a_disk_start_no_sooner_than_one() -> None:
    assert start(devices=8) == start()


def test_a_slow_link_takes_over() -> None:
    terms = cold_start(140e9, storage_bandwidth=25e9, link_bandwidth=8e9, initialisation=0.0)

    assert terms.transfer == terms.copy > terms.read


def test_more_bandwidth_is_never_slower() -> None:
    storage = np.geomspace(1e8, 1e12, 30)
    total = cold_start(
        140e9, storage_bandwidth=storage, link_bandwidth=64e9, initialisation=6.0
    ).total

    assert (np.diff(total) <= 0).all()
    assert total[-1] == pytest.approx(140 / 64 + 6)


def test_a_disk_that_delivers_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="storage_bandwidth must be positive"):
        start(storage_bandwidth=0.0)
