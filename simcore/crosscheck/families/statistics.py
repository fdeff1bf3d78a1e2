"""Subjects of each arm of an A/B test. J. Fleiss, B. Levin, M. Paik, 2003, ch. 4."""

from typing import Any

from simcore.crosscheck.case import Case
from simcore.equations.evidence import two_sample_size


def solve(case: Case) -> dict[str, Any]:
    size = two_sample_size(
        case.number("baseline", "baseline_rate"),
        case.number("lift", "detectable_lift"),
        z_alpha=case.number("z_alpha", default=1.96),
        z_beta=case.number("z_beta", default=0.84),
    )
    return {"value": float(size)}


SOLVERS = {"calc_two_proportion_sample_size": solve}
