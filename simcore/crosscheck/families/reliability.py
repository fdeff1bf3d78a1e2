"""A job that any failed part of any node stops. J. Young, 1974; J. Daly, 2006.

Power supplies of most nodes are redundant (4 of 6 carry a node of eight H100): one that fails stops
nothing, so they are left out of the series, unless the case or the table of fleets says otherwise.
"""

from math import expm1
from typing import Any

from simcore.crosscheck import names
from simcore.crosscheck.case import Case
from simcore.equations.checkpoint import goodput, young_interval

HOUR = 3600.0

HOURS_TO_FAILURE = {"gpu_mttf_h": 50e3, "nic_mttf_h": 150e3, "psu_mttf_h": 100e3}
"""Where a case names none."""

DESIGN = {
    "goodput_ratio": "repeated work counts: 1 - write/interval - recovery/MTBF leaves out the half "
    "interval lost with each failure, and rises with the interval for ever",
}


def solve(case: Case) -> dict[str, Any]:
    supplies = case.number("series_psus", default=_series_supplies(case.get("fleet")))
    parts = (
        (case.number("accel", default=0), "gpu_mttf_h"),
        (case.number("nics", default=0), "nic_mttf_h"),
        (supplies, "psu_mttf_h"),
    )
    rate = sum(
        count / (case.number(mttf, default=HOURS_TO_FAILURE[mttf]) * HOUR)
        for count, mttf in parts
        if count
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


def _series_supplies(fleet: Any) -> float:
    known = names.table("fleets")
    return float(known[fleet].get("series_psus", 0)) if fleet in known else 0.0


SOLVERS = {"ReliabilityModel": solve}
