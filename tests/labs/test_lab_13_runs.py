"""V1-13's serving plan and its two long runs: optima, scores, units in any order."""

import itertools
from typing import Any

import numpy as np
import pytest

from labs.content import Lab
from labs.contract import TRACKS, Json, Knob, LongJob, Params, Part
from labs.explore.vol1.lab_13_model_serving import plan_job, queue_job
from labs.explore.vol1.lab_13_model_serving.part_a import A
from labs.explore.vol1.lab_13_model_serving.part_d import D
from labs.explore.vol1.lab_13_model_serving.plan import SCENARIOS, Plan
from labs.explore.vol1.lab_13_model_serving.tracks import SERVICES
from labs.loader import load_lab
from labs.text import fill
from simcore.stochastic.batch_server import BatchPlan, batch_stays

SEED = np.random.SeedSequence


@pytest.fixture
def lab() -> Lab:
    return load_lab("v1-13-tail-latency")


def grid(knobs: tuple[Knob, ...], limit: int = 200_000) -> dict[str, np.ndarray]:
    axes = [np.arange(len(knob.steps)) for knob in knobs]
    assert np.prod([axis.size for axis in axes]) <= limit
    places = np.meshgrid(*axes, indexing="ij")
    return {k.id: np.asarray(k.steps)[i.ravel()] for k, i in zip(knobs, places, strict=True)}


def all_plans() -> list[Any]:
    return [
        pytest.param(track, rate, promise, id=f"{track}-{rate:.0f}-{promise * 1e3:.0f}ms")
        for track in TRACKS
        for rate, promise in SCENARIOS[track]
    ]


every_plan = pytest.mark.parametrize(("track", "rate", "promise"), all_plans())


def scenario(track: str, rate: float, promise: float) -> Params:
    return {"place": track, "rate": rate, "promise": promise}


@pytest.mark.parametrize(
    ("track", "rate", "promise", "feasible", "design", "cost", "p99"),
    [
        ("cloud", 9000.0, 0.050, 47, ("half", 64, 4), 4 * 2.69, 0.0379),
        ("cloud", 12_000.0, 0.030, 22, ("half", 32, 6), 6 * 2.69, 0.0201),
        ("edge", 900.0, 0.100, 88, ("half", 16, 2), 0.50, 0.0770),
        ("mobile", 180.0, 0.150, 49, ("half", 4, 3), 0.06, 0.1393),
        ("tiny", 90.0, 0.300, 19, ("half", 1, 5), 0.020, 0.2667),
    ],
)
def test_the_published_optima_hold(
    track: str, rate: float, promise: float, feasible: int, design: tuple[Any, ...], cost: float,
    p99: float,
) -> None:  # fmt: skip
    plan, p = Plan(), scenario(track, rate, promise)
    every = plan.assess(p, grid(plan.variables(p)))
    _, best = plan.optimum(p)
    names = ("precision", "batch", "replicas")
    at = plan.assess(p, {n: np.asarray([v]) for n, v in zip(names, design, strict=True)})

    assert len(every["objective"]) == 252
    assert int(every["feasible"].sum()) == feasible
    assert best == pytest.approx(cost)
    assert at["feasible"][0]
    assert at["objective"][0] == pytest.approx(cost)
    assert at["p99"][0] == pytest.approx(p99, rel=5e-3)


@every_plan
def test_the_optimum_is_what_a_plain_search_finds(track: str, rate: float, promise: float) -> None:
    plan, p = Plan(), scenario(track, rate, promise)
    precisions, batches, replicas = (knob.steps for knob in plan.variables(p))
    costs = []
    for precision, batch, count in itertools.product(precisions, batches, replicas):
        design = {"precision": precision, "batch": batch, "replicas": count}
        found = plan.assess(p, {name: np.asarray([value]) for name, value in design.items()})
        if found["feasible"][0]:
            costs.append(float(found["objective"][0]))

    assert plan.optimum(p)[1] == pytest.approx(min(costs))
    assert 0.2 <= np.mean(min(costs) / np.asarray(costs)) <= 0.8


@every_plan
def test_the_closed_form_is_on_the_safe_side_of_the_simulated_optimum(
    track: str, rate: float, promise: float
) -> None:
    plan, p = Plan(), scenario(track, rate, promise)
    design, _ = plan.optimum(p)
    closed = plan.assess(p, {name: np.asarray([value]) for name, value in design.items()})
    service = SERVICES[track]
    batch = int(design["batch"])
    run = BatchPlan(
        arrival_rate=rate, batch=batch, replicas=int(design["replicas"]),
        service=service.setup + batch * service.slope(str(design["precision"])),
    )  # fmt: skip
    simulated = np.mean(
        [
            np.quantile(batch_stays(run, seed, requests=200_000).total, 0.99)
            for seed in SEED(5).spawn(8)
        ]
    )

    assert 1.0 <= float(closed["p99"][0]) / simulated <= 1.6


def test_a_plan_that_breaks_a_promise_scores_nothing() -> None:
    plan, p = Plan(), scenario("cloud", 9000.0, 0.050)

    broken: list[Params] = [
        {"precision": "quarter", "batch": 64, "replicas": 12},
        {"precision": "half", "batch": 1, "replicas": 12},
        {"precision": "half", "batch": 64, "replicas": 3},
    ]

    assert [plan.score(p, design) for design in broken] == [0.0, 0.0, 0.0]


def test_an_overloaded_plan_shows_the_wait_after_ten_minutes() -> None:
    plan, p = Plan(), scenario("cloud", 9000.0, 0.050)
    found = plan.assess(
        p,
        {
            "precision": np.asarray(["half"]),
            "batch": np.asarray([64]),
            "replicas": np.asarray([3]),
        },
    )

    assert found["overloaded"][0]
    assert not found["late"][0]
    assert found["queue"][0] == pytest.approx((found["busy"][0] - 1) * 600)


# ----------------------------------------------------------------------------------- the jobs


def default_inputs(job: LongJob, p: Params, **change: Any) -> dict[str, Any]:
    """As the server gives them: the part's parameters, then the settings."""
    return {**p, **{knob.id: knob.steps[knob.default] for knob in job.inputs(p)}, **change}


def run(job: LongJob, inputs: Params, order: list[int] | None = None) -> Any:
    seeds = SEED(21).spawn(job.units(inputs))
    units: dict[int, Json] = {}
    for i in order or range(len(seeds)):
        units[i] = job.run_unit(inputs, seeds[i])
    return job.combine(inputs, list(units.values()))


@pytest.mark.parametrize(
    ("job", "part"), [(queue_job.QueueJob(), A()), (plan_job.PlanJob(), D())], ids=["queue", "plan"]
)
@pytest.mark.parametrize("track", TRACKS)
def test_a_job_resumes_in_any_order_to_the_same_result(
    job: LongJob, part: Part, track: str
) -> None:
    inputs = default_inputs(job, part.combinations(track)[0], requests=5000)
    count = job.units(inputs)

    forward = run(job, inputs)
    shuffled = run(job, inputs, [int(i) for i in np.random.default_rng(1).permutation(count)])

    assert forward == shuffled
    assert count == 20


@pytest.mark.parametrize("load", [0.5, 0.7, 0.8, 0.9])
def test_the_simulated_queue_meets_its_closed_form(load: float) -> None:
    job, p = queue_job.QueueJob(), A().combinations("cloud")[0]
    found = run(job, default_inputs(job, p, load=load, requests=1_000_000)).values

    assert found["ratio"].value == pytest.approx(1.0, abs=0.03)
    assert found["mean"].value == pytest.approx(found["closed_mean"].value, rel=0.03)
    assert found["p99"].low < found["p99"].value < found["p99"].high


def test_fixed_service_halves_the_simulated_tail_and_log_normal_stretches_it() -> None:
    job, p = queue_job.QueueJob(), A().combinations("cloud")[0]
    by_law = {
        law: run(job, default_inputs(job, p, load=0.8, law=law, requests=100_000)).values
        for law in ("fixed", "exponential", "log_normal")
    }
    random = by_law["exponential"]["p99"].value

    assert by_law["fixed"]["p99"].value / random == pytest.approx(0.5, abs=0.03)
    assert by_law["log_normal"]["p99"].value / random == pytest.approx(1.54, abs=0.12)
    # Two moments fix the mean, not the tail.
    assert by_law["log_normal"]["ratio"].low > 1.03


def test_a_run_that_would_take_too_long_is_refused_in_words() -> None:
    job, p = queue_job.QueueJob(), A().combinations("cloud")[0]

    job.check(default_inputs(job, p, requests=10_000_000))
    with pytest.raises(ValueError, match="take fewer requests a seed"):
        job.check(default_inputs(job, p, servers=8, requests=10_000_000))


def test_the_simulated_plan_keeps_the_promise_it_was_bought_for() -> None:
    job = plan_job.PlanJob()
    p = scenario("cloud", 9000.0, 0.050)
    inputs = default_inputs(job, p, precision="half", batch=64, replicas=4, requests=200_000)

    found = run(job, inputs).values

    assert found["p99"].value == pytest.approx(0.0341, rel=0.02)
    assert found["closed_p99"].value == pytest.approx(0.0379, rel=5e-3)
    assert found["late"].value < 0.001
    assert found["p99"].value < found["first_p99"].value < found["closed_p99"].value * 1.05


def test_a_plan_that_cannot_keep_up_is_not_simulated() -> None:
    job = plan_job.PlanJob()
    p = scenario("cloud", 9000.0, 0.050)

    with pytest.raises(ValueError, match="122% busy"):
        job.check(default_inputs(job, p, precision="half", batch=64, replicas=3))


@pytest.mark.parametrize("track", TRACKS)
def test_every_plan_job_starts_from_inputs_it_accepts(track: str) -> None:
    job = plan_job.PlanJob()
    for p in D().combinations(track):
        job.check(default_inputs(job, p))


def test_job_words_name_what_the_jobs_return(lab: Lab) -> None:
    for part_id, p in (("a", A().combinations("edge")[0]), ("d", D().combinations("edge")[0])):
        part = lab.part(part_id)
        assert part is not None
        assert part.job is not None
        assert part.model.job is not None
        result = run(part.model.job, default_inputs(part.model.job, p, requests=5000))
        assert {value.id for value in part.job.values} <= set(result.values)
        assert [k.id for k in part.job.inputs] == [k.id for k in part.model.job.inputs(p)]
        for plot in part.job.plots:
            values = {name: estimate.value for name, estimate in result.values.items()}
            fill(plot["summary"], values)
            for series in plot["series"]:
                x, y = result.curves[series["x"]], result.curves[series["y"]]
                assert len(x) == len(y) <= 60
