"""Continuous batching simulated: closed forms where they hold, and the jump against the step."""

import math
from typing import Any

import numpy as np
import pytest

from simcore.equations.queueing import allen_cunneen_wait_mean, mg1_wait_mean
from simcore.equations.serving import token_gap
from simcore.stochastic import serving, serving_replica
from simcore.stochastic.laws import ServiceLaw
from simcore.stochastic.serving import Lengths, Routing, ServingRun, Trace, draw_trace, serving_run
from simcore.stochastic.serving_engine import (
    Admission,
    Engine,
    Prefill,
    StepCost,
    step_cost,
)
from simcore.stochastic.serving_replica import Replica
from simcore.stochastic.serving_result import Load, serving_simulation

SEED = np.random.SeedSequence
ONE = Lengths(mean=1, law=ServiceLaw.FIXED, scv=0.0)
MS = 1e-3
REAL = StepCost(base=8 * MS, per_sequence=2e-5, per_kv_token=1e-8, per_prompt_token=3e-5)


def answers(law: ServiceLaw, mean: float = 200.0) -> Lengths:
    scv = {ServiceLaw.FIXED: 0.0, ServiceLaw.EXPONENTIAL: 1.0}.get(law, 3.0)
    return Lengths(mean=mean, law=law, scv=scv)


def settled(run: ServingRun) -> np.ndarray:
    """Stays after the first tenth of the requests. [s]"""
    return run.stay[run.stay.size // 10 :]


def load(trace: Trace, service: np.ndarray, servers: int = 1) -> float:
    """Utilisation that a drawn trace really has."""
    return float(service.mean() * trace.arrivals.size / trace.arrivals[-1] / servers)


def scv(x: np.ndarray) -> float:
    return float(x.var() / x.mean() ** 2)


@pytest.mark.parametrize("law", [ServiceLaw.FIXED, ServiceLaw.EXPONENTIAL])
def test_one_request_at_a_time_waits_as_pollaczek_and_khinchine_say(law: ServiceLaw) -> None:
    trace = draw_trace(
        SEED(2), requests=200_000, arrival_rate=0.6 / 0.2, prompts=ONE, answers=answers(law)
    )
    run = serving_run(Engine(cost=StepCost(base=MS), max_running=1), trace)

    service = trace.answers * MS
    mean = service.mean() + mg1_wait_mean(service.mean(), load(trace, service), scv(service))
    assert settled(run).mean() == pytest.approx(float(mean), rel=0.03)


def test_as_many_places_as_servers_wait_as_erlang_says() -> None:
    trace = draw_trace(
        SEED(3), requests=200_000, arrival_rate=8 * 0.8 / 0.2, prompts=ONE,
        answers=answers(ServiceLaw.EXPONENTIAL),
    )  # fmt: skip
    engine = Engine(cost=StepCost(base=MS), max_running=8, prefill=Prefill.MIXED)

    service = trace.answers * MS
    wait = allen_cunneen_wait_mean(service.mean(), load(trace, service, 8), 8, 1.0, scv(service))
    assert settled(serving_run(engine, trace)).mean() == pytest.approx(
        float(service.mean() + wait), rel=0.03
    )


def test_memory_for_eight_is_as_good_as_eight_places() -> None:
    trace = draw_trace(
        SEED(4), requests=20_000, arrival_rate=30.0, prompts=ONE, answers=answers(ServiceLaw.FIXED)
    )
    cost = StepCost(base=MS)
    by_place = serving_run(Engine(cost=cost, max_running=8), trace)
    by_memory = serving_run(
        Engine(cost=cost, kv_tokens=8 * 201, admission=Admission.RESERVE), trace
    )

    np.testing.assert_allclose(by_memory.finish, by_place.finish)


@pytest.mark.parametrize(
    "law", [ServiceLaw.FIXED, ServiceLaw.EXPONENTIAL, ServiceLaw.HYPEREXPONENTIAL]
)
def test_shared_steps_are_processor_sharing_whatever_the_law(law: ServiceLaw) -> None:
    # Each sequence adds the same time to a step: n of them share one processor. The mean stay
    # depends on the mean answer alone.
    stays, expected = [], []
    for seed in SEED(5).spawn(5):
        trace = draw_trace(
            seed, requests=40_000, arrival_rate=0.6 / 0.2, prompts=ONE, answers=answers(law)
        )
        run = serving_run(Engine(cost=StepCost(base=0.0, per_sequence=MS)), trace)
        service = trace.answers * MS
        stays.append(settled(run).mean())
        expected.append(service.mean() / (1 - load(trace, service)))

    assert np.mean(stays) == pytest.approx(np.mean(expected), rel=0.04)


def test_a_free_lunch_keeps_everybody_exactly_as_long_as_its_answer() -> None:
    trace = draw_trace(
        SEED(6), requests=5000, arrival_rate=50.0, prompts=ONE,
        answers=answers(ServiceLaw.EXPONENTIAL),
    )  # fmt: skip
    run = serving_run(Engine(cost=StepCost(base=MS), prefill=Prefill.MIXED), trace)

    # A step under way is finished first: at most one step more than the answer takes.
    waited = run.stay - trace.answers * MS
    assert (waited > -1e-9).all()
    assert (waited < MS + 1e-9).all()


def test_random_routing_splits_into_queues_of_their_own() -> None:
    trace = draw_trace(
        SEED(7), requests=200_000, arrival_rate=4 * 0.6 / 0.2, prompts=ONE,
        answers=answers(ServiceLaw.EXPONENTIAL),
    )  # fmt: skip
    run = serving_run(
        Engine(cost=StepCost(base=MS), max_running=1),
        trace, replicas=4, routing=Routing.RANDOM, seed=SEED(8),
    )  # fmt: skip

    service = trace.answers * MS
    wait = mg1_wait_mean(service.mean(), load(trace, service, 4), scv(service))
    assert settled(run).mean() == pytest.approx(float(service.mean() + wait), rel=0.04)


def test_a_better_look_before_routing_waits_less() -> None:
    trace = draw_trace(
        SEED(9), requests=60_000, arrival_rate=4 * 0.8 / 0.2, prompts=ONE,
        answers=answers(ServiceLaw.EXPONENTIAL),
    )  # fmt: skip
    engine = Engine(cost=StepCost(base=MS), max_running=1)

    def mean(routing: Routing) -> float:
        run = serving_run(engine, trace, replicas=4, routing=routing, seed=SEED(1))
        return float(settled(run).mean())

    random, two, shortest = (
        mean(routing) for routing in (Routing.RANDOM, Routing.TWO_CHOICES, Routing.SHORTEST)
    )
    assert shortest < two < 0.7 * random


@pytest.mark.parametrize(
    ("routing", "amount"),
    [
        (Routing.SHORTEST, lambda replica: replica.load),
        (Routing.MOST_FREE_MEMORY, lambda replica: replica.memory),
    ],
)
@pytest.mark.parametrize("admission", list(Admission))
@pytest.mark.parametrize("prefill", list(Prefill))
@pytest.mark.parametrize("mean_answer", [2, 60])
def test_a_pool_looked_at_when_due_routes_as_one_looked_at_every_time(
    routing: Routing, amount: Any, admission: Admission, prefill: Prefill, mean_answer: float
) -> None:
    engine = Engine(cost=REAL, kv_tokens=6000, max_running=16, max_prompt_tokens=256,
                    admission=admission, prefill=prefill)  # fmt: skip
    trace = draw_trace(SEED(3), requests=400, arrival_rate=100.0, prompts=Lengths(mean=300),
                       answers=Lengths(mean=mean_answer))  # fmt: skip
    times = [0.0] * 400
    pool = [Replica(engine, trace.prompts.tolist(), trace.answers.tolist(), times, times[:])
            for _ in range(5)]  # fmt: skip
    chosen = []
    for request, time in enumerate(trace.arrivals.tolist()):
        for replica in pool:
            replica.advance(time)
        chosen.append(min(range(5), key=lambda index: amount(pool[index])))
        pool[chosen[-1]].arrive(request, time)

    run = serving_run(engine, trace, replicas=5, routing=routing)

    assert run.replica.tolist() == chosen
    assert run.first[:200] == pytest.approx(times[:200])


def test_intervals_over_replications_hold_the_closed_form_of_one_server():
    engine = Engine(cost=StepCost(base=1 * MS), max_running=1)
    load_ = Load(arrival_rate=3.5, prompts=ONE, answers=answers(ServiceLaw.EXPONENTIAL))
    found = serving_simulation(engine, load_, 5, requests=4000, replications=12)
    again = serving_simulation(engine, load_, 5, requests=4000, replications=12)

    # M/M/1 at 70% but for the tokens' rounding: half of the stays are below ln 2 of the mean.
    expected = math.log(2) * 0.2 / (1 - 0.7)
    assert found == again
    assert found.stay[0].mean == pytest.approx(expected, rel=0.1)
    assert found.stay[0].low < found.stay[0].mean < found.stay[1].mean
    assert found.token_gap[0].mean == pytest.approx(1 * MS)
    assert found.preemptions.mean == 0
    assert found.tokens_per_second.mean == pytest.approx(3.5 * 200, rel=0.05)


def test_a_service_without_replications_has_no_intervals():
    engine, load_ = Engine(cost=REAL), Load(arrival_rate=1.0, prompts=ONE, answers=ONE)

    with pytest.raises(ValueError, match="at least 2 replications"):
        serving_simulation(engine, load_, 1, requests=10, replications=1)
    with pytest.raises(ValueError, match="warm_up must lie"):
        serving_simulation(engine, load_, 1, requests=10, replications=2, warm_up=1.0)


class Stepwise(Replica):
    """The same engine, one step at a time, watching its memory."""

    def _go(self, most: int | None, until: float, tokens: int) -> int:
        assert self.held <= self._engine.kv_tokens
        assert self.cache <= self.held
        assert len(self.running) + len(self.prefilling) <= self._engine.max_running
        return super()._go(1, until, tokens)


@pytest.mark.parametrize("admission", list(Admission))
@pytest.mark.parametrize("prefill", list(Prefill))
@pytest.mark.parametrize("memory", [2500, 8000])
def test_jumping_from_event_to_event_is_stepping_token_by_token(
    admission: Admission, prefill: Prefill, memory: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    trace = draw_trace(
        SEED(10), requests=300, arrival_rate=12.0, prompts=Lengths(mean=300),
        answers=Lengths(mean=80),
    )  # fmt: skip
    engine = Engine(
        cost=REAL, kv_tokens=memory, max_running=24, max_prompt_tokens=256,
        admission=admission, prefill=prefill,
    )  # fmt: skip
    jumped = serving_run(engine, trace)
    monkeypatch.setattr(serving, "Replica", Stepwise)
    stepped = serving_run(engine, trace)

    np.testing.assert_allclose(jumped.first, stepped.first, rtol=1e-9)
    np.testing.assert_allclose(jumped.finish, stepped.finish, rtol=1e-9)
    assert jumped.preemptions == stepped.preemptions
    assert jumped.events < stepped.events / 2


def test_scarce_paged_memory_pushes_out_and_everybody_still_finishes() -> None:
    trace = draw_trace(
        SEED(11), requests=2000, arrival_rate=10.0, prompts=Lengths(mean=300),
        answers=Lengths(mean=150),
    )  # fmt: skip
    engine = Engine(cost=REAL, kv_tokens=5500, prefill=Prefill.MIXED, max_prompt_tokens=512)
    run = serving_run(engine, trace)

    assert 0 < run.preemptions < trace.arrivals.size
    assert (run.first > trace.arrivals).all()
    assert (run.finish >= run.first).all()


@pytest.mark.parametrize("routing", list(Routing))
def test_the_same_seed_gives_the_same_run_and_no_memory_is_lost(
    routing: Routing, monkeypatch: pytest.MonkeyPatch
) -> None:
    pools: list[Replica] = []

    class Kept(Replica):
        def __init__(self, *given: Any) -> None:
            super().__init__(*given)
            pools.append(self)

    monkeypatch.setattr(serving, "Replica", Kept)

    def once() -> ServingRun:
        trace = draw_trace(
            SEED(12), requests=500, arrival_rate=30.0, prompts=Lengths(mean=200),
            answers=Lengths(mean=100),
        )  # fmt: skip
        return serving_run(
            Engine(cost=REAL, kv_tokens=6000), trace, replicas=3, routing=routing, seed=SEED(1)
        )

    first, again = once(), once()

    np.testing.assert_array_equal(first.finish, again.finish)
    np.testing.assert_array_equal(first.replica, again.replica)
    assert {(r.held, r.cache, r.load) for r in pools} == {(0, 0, 0)}


def test_a_full_engine_writes_as_many_tokens_as_the_closed_form() -> None:
    # 40 requests at once, all alike: the cache grows from 100 to 1100 tokens each, 600 on average.
    cost = step_cost(
        parameters=8.03e9, weights=16.06e9, token_bytes=131_072, bandwidth=3.35e12,
        flop_rate=989e12 / 2, overhead=3.2e-4,
    )  # fmt: skip
    trace = Trace(arrivals=np.zeros(40), prompts=np.full(40, 100), answers=np.full(40, 1001))
    run = serving_run(Engine(cost=cost), trace)

    cache = 40 * 600 * 131_072
    gap = float(token_gap(16.06e9, cache, bandwidth=3.35e12, overhead=3.2e-4))
    arithmetic = 40 * 2 * 8.03e9 / (989e12 / 2)
    assert run.time_per_token.mean() == pytest.approx(gap + arithmetic, rel=1e-3)


def test_pieces_of_a_long_prompt_keep_the_others_decoding() -> None:
    trace = Trace(
        arrivals=np.array([0.0, 0.5]),
        prompts=np.array([1, 20_000]),
        answers=np.array([400, 2]),
    )
    alone = serving_run(Engine(cost=REAL), trace)
    mixed = serving_run(Engine(cost=REAL, prefill=Prefill.MIXED, max_prompt_tokens=512), trace)

    # Alone, the first user's answer stalls for the whole prompt; in pieces each step is longer.
    assert alone.first[1] < mixed.first[1]
    steps = math.ceil(20_000 / 512)
    longest = REAL.base + 512 * REAL.per_prompt_token + 21_000 * REAL.per_kv_token + 1e-3
    assert mixed.first[1] - 0.5 < (steps + 1) * longest


def test_a_run_reports_first_token_pace_and_throughput() -> None:
    trace = Trace(arrivals=np.array([1.0]), prompts=np.array([100]), answers=np.array([11]))
    run = serving_run(Engine(cost=StepCost(base=0.01, per_prompt_token=1e-4)), trace)

    assert run.time_to_first_token[0] == pytest.approx(0.01 + 0.01)
    assert run.time_per_token[0] == pytest.approx(0.01)
    assert run.stay[0] == pytest.approx(0.02 + 10 * 0.01)
    assert run.tokens_per_second == pytest.approx(11 / 0.12)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda t: serving_run(Engine(cost=REAL, kv_tokens=50), t), "does not fit into a cache"),
        (lambda t: serving_run(Engine(cost=REAL), t, replicas=0), "at least one replica"),
        (
            lambda t: serving_run(Engine(cost=REAL), t, replicas=2, routing=Routing.RANDOM),
            "give it a seed",
        ),
        (lambda t: Engine(cost=StepCost(base=0.0)), "must be positive"),
        (lambda t: Engine(cost=REAL, max_running=0), "a place"),
        (lambda t: Trace(arrivals=t.arrivals[::-1], prompts=t.prompts, answers=t.answers),
         "must not decrease"),
    ],
)  # fmt: skip
def test_what_cannot_be_served_is_refused(call: Any, message: str) -> None:
    trace = Trace(
        arrivals=np.array([0.0, 1.0]), prompts=np.array([60, 60]), answers=np.array([10, 10])
    )

    with pytest.raises(ValueError, match=message):
        call(trace)


def test_steps_within_is_the_fewest_that_take_that_long() -> None:
    for time, first, growth in ((1.0, 0.3, 0.0), (1.0, 0.3, 0.1), (5.0, 0.01, 0.002)):
        k = serving_replica._steps_within(time, first, growth)
        total = [i * first + growth * i * (i - 1) / 2 for i in (k - 1, k)]
        assert total[0] < time <= total[1] + 1e-9
