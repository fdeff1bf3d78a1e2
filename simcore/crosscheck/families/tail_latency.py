"""Waiting at several servers. A. K. Erlang, 1917; J. Kingman, 1961.

The convention of these cases is the quantile of the wait plus the mean service, the wait scaled by
Kingman's (1 + cv^2) / 2. It is no quantile of the time in the system, which
`equations.queue_tails.mgc_sojourn_quantile` gives.
"""

from typing import Any

from simcore.crosscheck.case import Case
from simcore.equations.queueing import allen_cunneen_wait_mean, erlang_c, wait_quantile

OBJECTIVE = 5.0
"""Service times that the wait may take."""


def waits(arrivals: float, service: float, servers: int, cv: float) -> tuple[float, float, float]:
    """Return utilisation and the waits at 50% and 99%; infinite where the queue only grows. [s]"""
    rho = arrivals * service / servers
    if rho >= 1:
        return 1.0, float("inf"), float("inf")
    wait = allen_cunneen_wait_mean(service, rho, servers, 1.0, cv**2)
    some = erlang_c(servers, rho)
    half, late = (float(wait_quantile(wait, some, level)) for level in (0.5, 0.99))
    return rho, half, late


def solve(case: Case) -> dict[str, Any]:
    service = case.number("service_ms", "service_latency_ms") / 1e3
    rho, half, late = waits(
        case.number("arrival_qps", "arrival_rate_qps"),
        service,
        case.whole("servers", "num_replicas", default=1),
        case.number("cv", "service_time_cv", default=1.0),
    )
    return {
        "p50_latency": half + service,
        "p99_latency": late + service,
        "queue_utilization": rho,
        "is_stable": rho < 1,
        "slo_headroom_ratio": late / (OBJECTIVE * service) if rho < 1 else 1.0,
    }


SOLVERS = {"TailLatencyModel": solve}
