"""Microcontroller inference: cycles, time, what fits, energy."""

import numpy as np
import pytest

from simcore import catalog
from simcore.equations.effects import fading, predict_each, predict_missing, shared
from simcore.equations.mcu import (
    battery_life,
    cycles_per_product,
    inference_energy,
    inference_time,
    memory_fit,
    operator_cycles,
)


def test_published_cycles_per_product_of_keyword_spotting_on_an_l4r5():
    # MLPerf Tiny v1.2, X-CUBE-AI 9.0: 43.187 ms at 120 MHz.
    macs = catalog.item("models", "dscnn-kws").value("macs.total")

    assert cycles_per_product(43.18722e-3 * 120e6, macs) == pytest.approx(1.951, abs=0.001)


def test_published_energy_of_keyword_spotting_from_power_and_latency():
    # The same board: 42.19 mW while it infers, 1820 uJ an inference.
    assert inference_energy(43.18722e-3, active_power=42.189e-3) == pytest.approx(1820e-6, rel=0.01)


@pytest.mark.parametrize("id_", ["dscnn-kws", "mobilenet-v1-025-vww", "resnet8-ic",
                                 "fc-autoencoder-ad"])  # fmt: skip
def test_a_network_s_operator_classes_make_up_its_products(id_):
    macs = catalog.item("models", id_).under("macs")

    assert sum(n for name, n in macs.items() if name != "total") == macs["total"]


def test_cycles_are_products_and_outputs_each_at_its_rate():
    assert operator_cycles(100, 10, cycles_per_mac=2, cycles_per_output=5) == 250
    arrays = operator_cycles([100, 0], [10, 1], cycles_per_mac=[2, 9], cycles_per_output=5)
    assert arrays.tolist() == [250, 5]


def test_weights_from_a_slow_bus_bind_only_when_they_take_longer():
    assert inference_time(1e6, clock=1e8) == pytest.approx(0.01)
    slow = inference_time(1e6, clock=1e8, weight_bytes=4e6, weight_bandwidth=[40e6, 1e9])
    assert slow == pytest.approx([0.1, 0.01])


def test_a_faster_clock_is_never_slower():
    times = inference_time(1e6, clock=np.linspace(1e6, 5e8, 50), weight_bytes=1e4,
                           weight_bandwidth=1e7)  # fmt: skip

    assert np.all(np.diff(times) <= 0)


def test_activations_go_to_external_ram_only_when_the_chip_is_too_small():
    fit = memory_fit(weight_bytes=333_288, activation_bytes=[40e3, 300e3, 9e6], flash=1e6,
                     sram=256e3, psram=8e6)  # fmt: skip

    assert fit.fits.tolist() == [True, True, False]
    assert fit.in_psram.tolist() == [False, True, False]


def test_what_lacks_flash_says_how_much():
    fit = memory_fit(weight_bytes=2e6, activation_bytes=1e3, flash=1e6, sram=1e5, program_bytes=2e5)

    assert not fit.fits
    assert fit.flash_headroom == pytest.approx(-1.2e6)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: inference_energy(1, active_power=1, idle_power=2), "idle_power must not exceed"),
        (lambda: inference_time(1, clock=0), "clock must be"),
        (lambda: inference_time(1, clock=1, weight_bandwidth=0), "weight_bandwidth must be above"),
        (lambda: operator_cycles(-1, 0, cycles_per_mac=1, cycles_per_output=1), "macs must"),
        (lambda: cycles_per_product(1, 0), "macs must be"),
        (lambda: predict_missing([0], [0], [[1]], known=[0], wanted=0, noise=1), "nothing is left"),
    ],
)
def test_what_has_no_meaning_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_nothing_known_gives_the_prior_back():
    found = predict_missing([9.0], [2.0], [[3.0]], known=[], wanted=0, noise=1.0)

    assert float(found.mean) == 2.0
    assert float(found.deviation) == 2.0


def test_two_measurements_that_share_all_but_noise_average():
    covariance = np.full((3, 3), 1e6)
    found = predict_missing([1.0, 3.0, 0.0], [0, 0, 0], covariance, known=[0, 1], wanted=2,
                            noise=0.01)  # fmt: skip

    assert float(found.mean) == pytest.approx(2.0, abs=1e-4)


def test_the_value_wanted_is_never_looked_at():
    k = shared(["a", "a", "b"]) + 0.5

    def at(value):
        return predict_missing([1.0, value, 2.0], [0, 0, 0], k, known=[0, 2], wanted=1,
                               noise=0.1).mean  # fmt: skip

    assert at(0.0) == at(1e9)


def test_what_is_unnamed_is_shared_with_nothing():
    assert shared(["x", None, None, "x"]).tolist() == [
        [1, 0, 0, 1], [0, 1, 0, 0], [0, 0, 1, 0], [1, 0, 0, 1]]  # fmt: skip


def test_likeness_fades_with_the_difference():
    likeness = fading([0.0, 1.0, 3.0], memory=1.0)

    assert likeness[0].tolist() == pytest.approx([1.0, np.exp(-1), np.exp(-3)])


def test_each_of_some_is_predicted_as_if_it_alone_were_missing():
    rng = np.random.default_rng(5)
    root = rng.normal(size=(6, 6))
    covariance, logarithms, prior = root @ root.T, rng.normal(size=6), rng.normal(size=6)

    each = predict_each(logarithms, prior, covariance, wanted=[3, 0], others=[2, 5], noise=0.3)

    for place, wanted in enumerate([3, 0]):
        known = [i for i in (0, 2, 3, 5) if i != wanted]
        alone = predict_missing(
            logarithms, prior, covariance, known=known, wanted=wanted, noise=0.3
        )
        assert each.mean[place] == pytest.approx(float(alone.mean))
        assert each.deviation[place] == pytest.approx(float(alone.deviation))


def test_several_are_predicted_at_once_as_one_by_one():
    covariance = np.full((4, 4), 0.5) + np.eye(4)
    several = predict_missing([1.0, 2, 0, 0], np.zeros(4), covariance, known=[0, 1], wanted=[2, 3],
                              noise=0.1)  # fmt: skip
    one = predict_missing([1.0, 2, 0, 0], np.zeros(4), covariance, known=[0, 1], wanted=3,
                          noise=0.1)  # fmt: skip

    assert several.mean.shape == several.deviation.shape == (2,)
    assert several.mean[1] == pytest.approx(float(one.mean))


def test_a_coin_of_energy_lasts_by_what_is_drawn_from_it():
    # 2,700 J, an inference of 1.82 mJ each second and 10 uW of sleep: 17 days.
    life = battery_life(2700.0, energy=1.82e-3, rate=1.0, sleep_power=10e-6)

    assert life / 86_400 == pytest.approx(17.08, abs=0.01)
    assert battery_life(2700.0, energy=1.82e-3, rate=2.0) == pytest.approx(2700 / 3.64e-3)
    with pytest.raises(ValueError, match="rate"):
        battery_life(2700.0, energy=1e-3, rate=0.0)
