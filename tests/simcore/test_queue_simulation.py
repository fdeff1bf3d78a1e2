"""The simulated queue beside the closed form, with fixed seeds."""

import numpy as np
import pytest

from simcore.equations.queue_tails import mgc_sojourn_quantile
from simcore.equations.queueing import mg1_wait_mean, mm1_sojourn_mean, mm1_sojourn_quantile
from simcore.stochastic import queue
from simcore.stochastic.intervals import mean_interval, student_t_95
from simcore.stochastic.laws import ServiceLaw, draw_times
from simcore.stochastic.queue import (
    Station,
    lindley_waits,
    queue_simulation,
    stays,
    summary,
)

SEED = np.random.SeedSequence


def plain_stays(arrivals: list[float], services: list[float], servers: int) -> list[float]:
    """First come, first served, in the plainest Python one can check by eye."""
    free = [0.0] * servers
    found = []
    for arrival, service in zip(arrivals, services, strict=True):
        server = free.index(min(free))
        free[server] = max(arrival, free[server]) + service
        found.append(free[server] - arrival)
    return found


@pytest.mark.parametrize("rho", [0.5, 0.7, 0.8, 0.9])
def test_the_simulated_tail_lies_within_three_per_cent_of_the_closed_form(rho: float) -> None:
    found = queue_simulation(
        Station(mean_service=0.005, utilisation=rho), 13, requests=1_000_000, replications=10
    )

    p99 = float(mm1_sojourn_quantile(0.005, rho, 0.99))
    assert found.quantiles[2].mean == pytest.approx(p99, rel=0.03)
    assert found.mean.mean == pytest.approx(float(mm1_sojourn_mean(0.005, rho)), rel=0.03)


@pytest.mark.parametrize(
    ("law", "scv"),
    [
        (ServiceLaw.FIXED, 0.0),
        (ServiceLaw.GAMMA, 0.25),
        (ServiceLaw.LOG_NORMAL, 1.72),
        (ServiceLaw.HYPEREXPONENTIAL, 4.0),
    ],
)
def test_the_mean_wait_follows_pollaczek_and_khinchine_whatever_the_law(
    law: ServiceLaw, scv: float
) -> None:
    station = Station(mean_service=1.0, utilisation=0.7, service_law=law, service_scv=scv)
    found = queue_simulation(station, 5, requests=500_000, replications=10)

    mean = 1.0 + float(mg1_wait_mean(1.0, 0.7, scv))
    assert found.mean.mean == pytest.approx(mean, rel=0.03)


@pytest.mark.parametrize("scv", [0.0, 0.25, 4.0])
def test_the_exact_tail_of_gamma_service_is_met(scv: float) -> None:
    law = ServiceLaw.GAMMA if scv else ServiceLaw.FIXED
    station = Station(mean_service=1.0, utilisation=0.7, service_law=law, service_scv=scv)
    found = queue_simulation(station, 3, requests=500_000, replications=10)

    exact = float(mgc_sojourn_quantile(1.0, 0.7, 1, scv, 0.99))
    assert found.quantiles[2].mean == pytest.approx(exact, rel=0.03)


@pytest.mark.parametrize(("servers", "scv"), [(2, 0.0), (4, 1.0), (8, 4.0)])
def test_several_servers_lie_near_the_approximation(servers: int, scv: float) -> None:
    law = {0.0: ServiceLaw.FIXED, 1.0: ServiceLaw.EXPONENTIAL}.get(scv, ServiceLaw.GAMMA)
    station = Station(
        mean_service=1.0, utilisation=0.8, servers=servers, service_law=law, service_scv=scv
    )
    found = queue_simulation(station, 11, requests=150_000, replications=6)

    close = float(mgc_sojourn_quantile(1.0, 0.8, servers, scv, 0.99))
    assert found.quantiles[2].mean == pytest.approx(close, rel=0.05)


def test_the_walk_serves_exactly_as_the_plain_loop() -> None:
    rng = np.random.default_rng(1)
    gaps, services = rng.exponential(1.0, 500), rng.exponential(0.9, 500)
    arrivals = np.cumsum(gaps)

    waits = np.concatenate(([0.0], lindley_waits(services[:-1] - gaps[1:])))

    np.testing.assert_allclose(
        waits + services, plain_stays(arrivals.tolist(), services.tolist(), 1)
    )


def test_a_walk_may_begin_with_a_wait() -> None:
    np.testing.assert_allclose(lindley_waits(np.array([-1.0, -3.0, 2.0]), 2.5), [1.5, 0.0, 2.0])


@pytest.mark.parametrize("servers", [2, 3, 7])
def test_servers_of_fixed_time_take_turns_as_in_the_plain_loop(servers: int) -> None:
    fixed = Station(
        mean_service=1.0, utilisation=0.9, servers=servers,
        service_law=ServiceLaw.FIXED, service_scv=0.0,
    )  # fmt: skip
    seed = SEED(4)
    # The same seed draws the same gaps: fixed service draws nothing.
    rng = np.random.Generator(np.random.SFC64(SEED(4)))
    gaps = rng.standard_exponential(2000 + servers) * fixed.mean_interval
    arrivals = np.concatenate(([0.0], np.cumsum(gaps)))[:1000]

    found = stays(fixed, seed, requests=1000, warm_up=0.0)

    np.testing.assert_allclose(found, plain_stays(arrivals.tolist(), [1.0] * 1000, servers))


def test_a_short_block_and_a_long_one_join_without_a_seam(monkeypatch: pytest.MonkeyPatch) -> None:
    station = Station(
        mean_service=1.0, utilisation=0.8, service_law=ServiceLaw.FIXED, service_scv=0.0
    )
    whole = stays(station, SEED(9), requests=5000)
    monkeypatch.setattr("simcore.stochastic.queue._BLOCK", 7)

    np.testing.assert_allclose(stays(station, SEED(9), requests=5000), whole)


def test_the_same_seed_gives_the_same_times_and_another_gives_others() -> None:
    station = Station(mean_service=1.0, utilisation=0.8, servers=3)

    first, again = (stays(station, SEED(7), requests=2000) for _ in range(2))

    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, stays(station, SEED(8), requests=2000))


def test_nobody_leaves_faster_than_served() -> None:
    station = Station(
        mean_service=2.0, utilisation=0.9, servers=4,
        service_law=ServiceLaw.FIXED, service_scv=0.0,
    )  # fmt: skip

    assert stays(station, SEED(2), requests=5000).min() >= 2.0 - 1e-9


@pytest.mark.parametrize("law", list(ServiceLaw))
def test_a_laws_times_have_its_mean_and_variation(law: ServiceLaw) -> None:
    scv = {ServiceLaw.FIXED: 0.0, ServiceLaw.EXPONENTIAL: 1.0}.get(law, 1.5)
    times = draw_times(np.random.default_rng(3), 400_000, mean=0.2, law=law, scv=scv)

    assert times.mean() == pytest.approx(0.2, rel=0.01)
    assert times.var() / times.mean() ** 2 == pytest.approx(scv, rel=0.06, abs=1e-9)


def test_a_variation_the_law_cannot_have_is_refused() -> None:
    with pytest.raises(ValueError, match="hyperexponential times have a variation of 1 or more"):
        Station(
            mean_service=1.0, utilisation=0.5,
            service_law=ServiceLaw.HYPEREXPONENTIAL, service_scv=0.5,
        )  # fmt: skip


def test_quantiles_and_tail_of_a_summary_count_requests() -> None:
    found = summary(np.arange(1.0, 101.0), (0.5, 0.99), at=(90.0, 1000.0))

    assert found.quantiles == (50.0, 99.0)
    assert found.tail == (0.1, 0.0)


def test_the_interval_of_means_is_students() -> None:
    found = mean_interval([1.0, 2.0, 3.0, 4.0])

    half = 3.1824 * np.std([1, 2, 3, 4], ddof=1) / 2
    assert found.mean == 2.5
    assert found.half_width == pytest.approx(half)


@pytest.mark.parametrize(
    ("degrees", "value"), [(1, 12.706), (30, 2.042), (60, 2.000), (120, 1.980)]
)
def test_students_points_agree_with_the_table(degrees: int, value: float) -> None:
    assert student_t_95(degrees) == pytest.approx(value, abs=1e-3)


def test_one_replication_has_no_interval() -> None:
    with pytest.raises(ValueError, match="at least 2 replications"):
        mean_interval([1.0])


def test_several_servers_serve_exactly_as_the_plain_loop() -> None:
    station = Station(mean_service=1.0, utilisation=0.9, servers=3)
    rng = np.random.Generator(np.random.SFC64(SEED(6)))
    services = rng.standard_exponential(800)
    arrivals = np.cumsum(rng.standard_exponential(800) * station.mean_interval)

    found = stays(station, SEED(6), requests=800, warm_up=0.0)

    np.testing.assert_allclose(found, plain_stays(arrivals.tolist(), services.tolist(), 3))


def test_a_long_run_of_several_servers_goes_block_by_block(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    station = Station(mean_service=1.0, utilisation=0.8, servers=4)
    monkeypatch.setattr("simcore.stochastic.queue._BLOCK", 50_000)

    found = summary(stays(station, SEED(3), requests=400_000), (0.99,))

    exact = float(mgc_sojourn_quantile(1.0, 0.8, 4, 1.0, 0.99))
    assert found.quantiles[0] == pytest.approx(exact, rel=0.05)


@pytest.mark.parametrize("servers", [2, 5])
@pytest.mark.parametrize("law", [ServiceLaw.EXPONENTIAL, ServiceLaw.LOG_NORMAL])
def test_replications_side_by_side_are_those_one_by_one(
    servers: int, law: ServiceLaw, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "_BLOCK", 64)
    monkeypatch.setattr(queue, "_TOGETHER", 30)
    station = Station(mean_service=1.0, utilisation=0.8, servers=servers, service_law=law)
    seeds = np.random.SeedSequence(11).spawn(50)

    together = list(queue.stays_of_each(station, seeds, requests=150))

    assert len(together) == 50
    for seed, times in zip(seeds, together, strict=True):
        assert times.tolist() == stays(station, seed, requests=150).tolist()


def test_few_replications_and_one_server_go_one_by_one_and_bad_numbers_are_refused() -> None:
    one = Station(mean_service=1.0, utilisation=0.8)
    seeds = np.random.SeedSequence(11).spawn(60)
    several = Station(mean_service=1.0, utilisation=0.8, servers=2)

    for station, some in ((one, seeds), (several, seeds[:3])):
        found = list(queue.stays_of_each(station, some, requests=20))
        assert found[1].tolist() == stays(station, some[1], requests=20).tolist()
    with pytest.raises(ValueError, match="need requests"):
        list(queue.stays_of_each(several, seeds, requests=0))
