"""Simulation jobs per second, beside tasks that do nothing on the same broker and worker."""

import time
from collections.abc import Sequence

from courseserver.celery import app
from courseserver.courses.models import Person
from courseserver.simjobs.models import Job, JobState
from courseserver.simjobs.services import job_request
from labs.loader import load_lab
from tests.benchmarks.classroom import FIXTURE
from tests.benchmarks.place import Place
from tests.benchmarks.report import Baseline, Figure, percentile
from tests.services import wait_for

TITLE = "Simulation jobs"
JOBS, NOTHINGS, ALONE = 40, 80, 10
# A task of Celery's own that returns what it is given.
NOTHING = "celery.accumulate"
_PART = "b"


def measure(place: Place) -> list[Figure]:
    person = place.classroom.ahead
    _until_done([_asked(person, 0)])
    nothings = _rate_of_nothing(person)
    began = time.perf_counter()
    jobs = [_asked(person, number) for number in range(100, 100 + JOBS)]
    _until_done(jobs)
    seconds = time.perf_counter() - began
    alone = [_alone_ms(person, number) for number in range(200, 200 + ALONE)]
    units = jobs[0].units_total
    return [
        Figure(
            name=f"jobs of {units} units",
            unit="jobs/s",
            value=JOBS / seconds,
            n=JOBS,
            baseline=Baseline(name="bare Celery tasks that do nothing", value=nothings),
            counts={
                "units/s": JOBS * units / seconds,
                "one job alone, ms from request to result, p50": percentile(alone, 0.5),
                "p95": percentile(alone, 0.95),
            },
            note="each unit is one committed row; every job has inputs of its own",
        )
    ]


def _asked(person: Person, number: int) -> Job:
    """Ask for a simulation that nobody asked for before and that computes next to nothing."""
    lab = load_lab(FIXTURE)
    part = lab.part(_PART)
    assert part is not None
    assert part.model.job is not None
    inputs = {"loss": 0.1 + 1e-6 * number, "packets": 1000}
    return job_request(person=person, lab=lab, part_id=_PART, model=part.model.job, inputs=inputs)


def _rate_of_nothing(person: Person) -> float:
    """Return tasks per second; the broker keeps order, so a job behind them tells the end."""
    began = time.perf_counter()
    for _ in range(NOTHINGS):
        app.send_task(NOTHING)
    _until_done([_asked(person, 1)])
    return NOTHINGS / (time.perf_counter() - began)


def _alone_ms(person: Person, number: int) -> float:
    began = time.perf_counter()
    _until_done([_asked(person, number)])
    return 1e3 * (time.perf_counter() - began)


def _until_done(jobs: Sequence[Job]) -> None:
    ids = [job.pk for job in jobs]
    unfinished = Job.objects.filter(pk__in=ids, finished_at=None)
    wait_for(lambda: not unfinished.exists(), timeout_s=120, what=f"{len(ids)} simulation jobs")
    states = set(Job.objects.filter(pk__in=ids).values_list("state", flat=True))
    assert states == {JobState.DONE}, states
