import pytest

from simcore.equations.feeding import fed_run, feed_rates

IMAGE = 224 * 224 * 3 * 4


def test_an_accelerator_at_250_megabytes_a_second_computes_a_sixteenth_of_the_time():
    # Half of an A100's 312 TFLOP/s, three passes of ResNet-50's 8.2 GFLOP, images in floats.
    rates = feed_rates(
        IMAGE, 3 * 8.2e9, storage_rate=250e6, core_time=1e-6, cores=1, flop_rate=156e12
    )

    assert rates.rate == pytest.approx(415.2, abs=0.1)
    assert rates.busy == pytest.approx(0.0655, abs=1e-4)
    assert rates.bound == "read"


def test_what_gets_through_is_the_least_of_the_three():
    rates = feed_rates(
        100.0, 10.0, storage_rate=[1e3, 1e6, 1e6], core_time=0.1, cores=[100, 2, 100],
        flop_rate=500.0,
    )  # fmt: skip

    assert rates.bound.tolist() == ["read", "prepare", "compute"]
    assert rates.rate.tolist() == [10, 20, 50]
    assert rates.busy.tolist() == pytest.approx([0.2, 0.4, 1.0])


def test_waiting_is_paid_for_too():
    rates = feed_rates(100.0, 10.0, storage_rate=1e3, core_time=0.01, cores=1, flop_rate=500.0)

    run = fed_run(1000, rates, power=300, waiting_power=100, support_power=50)

    assert run.time == pytest.approx(100)
    assert run.energy == pytest.approx(20 * 300 + 80 * 100 + 100 * 50)


def test_a_store_that_reads_nothing_is_refused():
    with pytest.raises(ValueError, match="rate must be positive"):
        feed_rates(1.0, 1.0, storage_rate=0.0, core_time=1.0, cores=1, flop_rate=1.0)
