"""Time in an M/M/1 station. J. Little, 1961."""

from typing import Any

from simcore.crosscheck.case import Case
from simcore.equations.queueing import mm1_sojourn_mean


def solve(case: Case) -> dict[str, Any]:
    service = case.number("service_ms") / 1e3
    return {"value": float(mm1_sojourn_mean(service, case.number("rho", "utilization")))}


SOLVERS = {"calc_mm1_time_in_system": solve}
