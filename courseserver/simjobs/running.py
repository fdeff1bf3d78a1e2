"""One worker's turn at a job: unit after unit, each stored once, until done, dropped or too long.

Units take their seeds from the job's seed and their own number, so that a job that was killed
and resumed gives the same result as one that ran through.
"""

import math
import time
from typing import Any

import numpy as np
import structlog

from courseserver.common import clock
from courseserver.common.ids import new_id
from courseserver.simjobs import services
from courseserver.simjobs.models import Job, JobState, JobUnit
from labs.contract import JobResult, LongJob
from labs.loader import UnknownLab, load_lab
from labs.tables import ContentError

log = structlog.get_logger(__name__)

# After this long a run goes to the back of the queue, so that short ones need not wait.
TURN_S = 20.0
_OURS = "The run failed on our side; we keep the reason. Start it again or change its settings."


class StaleJob(LookupError):
    """The installed labs cannot run this job any more."""


def job_run(job_id: str) -> None:
    """Take the job if it is free and work on it for one turn."""
    worker = new_id("wrk")
    job = services.job_claim(job_id=job_id, worker=worker)
    if job is None:
        return
    try:
        finished = _turn(job, worker, model_of(job))
    except StaleJob as error:
        services.job_close(job=job, worker=worker, state=JobState.FAILED, error=str(error)[:500])
    except Exception:
        log.exception("simulation failed", job=job.pk)
        services.job_close(job=job, worker=worker, state=JobState.FAILED, error=_OURS)
    else:
        if not finished:
            services.job_release(job=job, worker=worker)


def model_of(job: Job) -> LongJob:
    """Return the model that runs a job.

    Raises
    ------
    StaleJob
        If its lab, version or part is not installed here.
    """
    try:
        lab = load_lab(job.lab)
    except (UnknownLab, ContentError) as error:
        raise StaleJob(f"The lab {job.lab} is not installed.") from error
    part = lab.part(job.part)
    if lab.version != job.lab_version or part is None or part.model.job is None:
        raise StaleJob(f"The lab has changed to version {lab.version}. Start the run again.")
    return part.model.job


def _turn(job: Job, worker: str, model: LongJob) -> bool:
    """Run units until the end (True), or until the turn is over (False)."""
    ends = time.monotonic() + TURN_S
    seeds = np.random.SeedSequence(int(job.seed, 16)).spawn(job.units_total)
    done = set(job.units.values_list("number", flat=True))
    for number in range(job.units_total):
        if number in done:
            continue
        if not services.job_beat(job=job, worker=worker):
            services.job_cancelled(job=job, worker=worker)
            return True
        if time.monotonic() > ends:
            return False
        result = model.run_unit(job.inputs, seeds[number])
        JobUnit.objects.get_or_create(
            job=job, number=number, defaults={"result": result, "at": clock.now()}
        )
    _finish(job, worker, model)
    return True


def _finish(job: Job, worker: str, model: LongJob) -> None:
    units = list(job.units.order_by("number").values_list("result", flat=True))
    result = model.combine(job.inputs, units)
    services.job_close(
        job=job,
        worker=worker,
        state=JobState.DONE,
        units_done=job.units_total,
        result=result_json(result),
    )


def result_json(result: JobResult) -> dict[str, Any]:
    return {
        "values": {
            name: {
                "value": _finite(estimate.value),
                "low": _finite(estimate.low),
                "high": _finite(estimate.high),
                "evidence": str(estimate.evidence),
            }
            for name, estimate in result.values.items()
        },
        "curves": {name: [_finite(x) for x in line] for name, line in result.curves.items()},
    }


def _finite(x: float | None) -> float | None:
    return float(x) if x is not None and math.isfinite(x) else None
