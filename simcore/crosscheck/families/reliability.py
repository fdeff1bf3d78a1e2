"""A job that any failed part of any node stops. J. Young, 1974; J. Daly, 2006.

Power supplies are redundant (4 of 6 carry a node of eight H100): one that fails stops nothing, so
they are left out of the series.
"""

from math import expm1
from typing import Any

from simcore.crosscheck.case import Case
from simcore.equations.checkpoint import goodput, young_interval

HOUR = 3600.0

DESIGN = {
    "goodput_ratio": "repeated work counts: 1 - write/interval - recovery/MTBF leaves out the half "
    "interval lost with each failure, and rises with the interval for ever",
}


def solve(case: Case) -> dict[str, Any]:
    rate = sum(
        case.number(count, default=0) / (case.number(mttf) * HOUR)
        for count, mttf in (("accel", "gpu_mttf_h"), ("nics", "nic_mttf_h"))
    )
    mtbf = 1 / (rate * case.number("nodes"))
    job = case.number("job_h", "job_duration_hours") * HOUR
    save, restart = case.number("ckpt_s", default=60), case.number("recovery_s", default=300)
    interval = float(young_interval(save, mtbf))
    return {
        "fleet_mtbf": mtbf,
        "failure_probability": -expm1(-job / mtbf),
        "optimal_checkpoint_interval": interval,
        "expected_failures": job / mtbf,
        "goodput_ratio": float(goodput(interval, save, mtbf, restart=restart)),
    }


SOLVERS = {"ReliabilityModel": solve}
