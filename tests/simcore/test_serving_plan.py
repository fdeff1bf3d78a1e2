"""Plans of batches and replicas: the closed form, its optimum, and the simulated plan."""

import numpy as np
import pytest

from simcore.equations.serving_plan import plan_latency
from simcore.stochastic.batch_server import BatchPlan, batch_stays

SEED = np.random.SeedSequence(3)


def test_the_plan_of_nine_thousand_a_second_has_the_published_tail() -> None:
    plan = plan_latency(9000, batch=64, replicas=4, setup=3e-3, per_request=0.36e-3)

    assert plan.total * 1e3 == pytest.approx(37.9, abs=0.05)
    assert plan.utilisation == pytest.approx(0.9155, abs=1e-3)
    assert plan.total == pytest.approx(plan.fill + plan.queue + plan.service)


@pytest.mark.parametrize(
    ("rate", "batch", "replicas", "service"),
    [(9000, 64, 4, 26.04e-3), (12000, 32, 6, 14.52e-3), (900, 16, 2, 31.2e-3),
     (180, 4, 3, 52e-3), (90, 1, 5, 50e-3)],
)  # fmt: skip
def test_the_closed_form_is_on_the_safe_side(
    rate: float, batch: int, replicas: int, service: float
) -> None:
    closed = float(
        plan_latency(rate, batch=batch, replicas=replicas, setup=service, per_request=0.0).total
    )
    plan = BatchPlan(arrival_rate=rate, batch=batch, replicas=replicas, service=service)
    simulated = float(np.quantile(batch_stays(plan, SEED, requests=400_000).total, 0.99))

    assert 1.0 <= closed / simulated <= 1.6


def test_a_plan_without_enough_replicas_never_settles() -> None:
    plan = plan_latency(9000, batch=64, replicas=3, setup=3e-3, per_request=0.36e-3)

    assert plan.utilisation > 1
    assert np.isposinf(plan.total)


def test_more_replicas_are_never_slower() -> None:
    plans = plan_latency(900, batch=8, replicas=np.arange(1, 13), setup=4e-3, per_request=1.7e-3)

    assert (np.diff(plans.total[np.isfinite(plans.total)]) <= 1e-12).all()


def test_arrays_and_scalars_agree() -> None:
    batches = np.array([1, 8, 64])
    together = plan_latency(900, batch=batches, replicas=4, setup=4e-3, per_request=1.7e-3).total
    single = [
        float(plan_latency(900, batch=b, replicas=4, setup=4e-3, per_request=1.7e-3).total)
        for b in batches.tolist()
    ]

    np.testing.assert_allclose(together, single, rtol=1e-12)


def test_the_first_of_a_batch_waits_longest_and_the_last_for_nobody() -> None:
    plan = BatchPlan(arrival_rate=100.0, batch=4, replicas=2, service=0.05)
    found = batch_stays(plan, SEED, requests=40_000)

    assert (found.fill[:, 3] == 0).all()
    np.testing.assert_allclose(found.fill.mean(axis=0) * 100, [3, 2, 1, 0], atol=0.05)


def test_two_replicas_serve_as_the_plain_loop() -> None:
    plan = BatchPlan(arrival_rate=50.0, batch=1, replicas=2, service=0.036)
    found = batch_stays(plan, SEED, requests=300, warm_up=0.0)
    rng = np.random.Generator(np.random.SFC64(SEED))
    arrivals = np.cumsum(rng.standard_exponential(300) / 50.0)

    free, waits = [0.0, 0.0], []
    for arrival in arrivals.tolist():
        start = max(arrival, min(free))
        free[free.index(min(free))] = start + 0.036
        waits.append(start - arrival)

    np.testing.assert_allclose(found.queue, waits, atol=1e-12)


def test_the_same_seed_gives_the_same_plan_run() -> None:
    plan = BatchPlan(arrival_rate=100.0, batch=4, replicas=2, service=0.05)

    first, again = (batch_stays(plan, SEED, requests=4000).total for _ in range(2))

    np.testing.assert_array_equal(first, again)


def test_a_run_too_short_for_its_batch_is_refused() -> None:
    plan = BatchPlan(arrival_rate=100.0, batch=64, replicas=2, service=0.05)

    with pytest.raises(ValueError, match="50 requests fill no batch of 64"):
        batch_stays(plan, SEED, requests=50)
