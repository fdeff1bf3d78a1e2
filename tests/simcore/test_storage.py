import numpy as np
import pytest

from simcore.equations.storage import (
    break_even_size,
    cached_rate,
    checkpoint_write,
    data_transfer,
    shard_collision,
)


def test_times_add_up_behind_a_cache():
    assert cached_rate(0.9, hot_rate=10, cold_rate=1) == pytest.approx(1 / 0.19)
    assert cached_rate(np.asarray([0.0, 1.0]), hot_rate=10, cold_rate=1).tolist() == [1, 10]


def test_twenty_three_people_share_a_birthday_more_often_than_not():
    # Feller, section II.3: 0.507 among 23, 0.970 among 50.
    assert shard_collision(np.asarray([23, 50]), 365) == pytest.approx([0.507, 0.970], abs=5e-4)
    assert shard_collision(np.asarray([1, 366]), 365).tolist() == [0, 1]


def test_workers_collide_as_the_lab_says():
    # 64 of 1000: 87%; 256: certain.
    assert shard_collision(64, 1000) == pytest.approx(0.87, abs=0.01)
    assert shard_collision(256, 1000) == pytest.approx(1, abs=1e-12)


def test_a_checkpoint_by_hand():
    # 2.45 TB through 16 writers of 7 GB/s; eight copies into 100 GB/s.
    alone = checkpoint_write(2.45e12, writers=16, writer_rate=7e9, store_rate=500e9)
    storm = checkpoint_write(2.45e12, copies=8, writers=128, writer_rate=7e9, store_rate=100e9)

    assert alone.time == pytest.approx(21.875)
    assert storm.time == pytest.approx(196)
    assert storm.store > storm.writers


def test_fifty_terabytes_over_ten_gigabit():
    found = data_transfer(50e12, rate=10e9 / 8, price=0.08 / 1e9)

    assert found.time / 3600 == pytest.approx(11.1, abs=0.05)
    assert found.cost == pytest.approx(4000)


def test_sixty_dollars_a_job_are_worth_moving_three_quarters_of_a_terabyte():
    assert break_even_size(60, price=8e-11) == pytest.approx(0.75e12)
    assert break_even_size(60, jobs=[1, 20], price=2e-11) == pytest.approx([3e12, 60e12])


def test_what_has_no_meaning_is_refused():
    with pytest.raises(ValueError, match="hit_share must lie in 0 to 1"):
        cached_rate(1.1, hot_rate=1, cold_rate=1)
    with pytest.raises(ValueError, match="shards must be a whole number"):
        shard_collision(2, 10.5)
