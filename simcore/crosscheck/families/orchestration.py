"""Jobs of one length that wait for a cluster: M/D/1. J. Little, 1961."""

from typing import Any

from simcore.crosscheck.case import Case
from simcore.equations.facility import DAY
from simcore.equations.queueing import md1_wait_mean


def solve(case: Case) -> dict[str, Any]:
    arrivals = case.number("arrival_per_day", "arrival_rate_jobs_per_day") / DAY
    service = case.number("days", "avg_job_duration_days") * DAY
    rho = arrivals * service
    wait = float(md1_wait_mean(service, rho))
    return {
        "cluster_utilization": rho,
        "avg_wait_time_days": wait,
        "avg_queue_length": arrivals * wait,
        "is_stable": rho < 1,
    }


SOLVERS = {"OrchestrationModel": solve}
