"""False positives that equal precision forces on a group. A. Chouldechova, 2017."""

from typing import Any

from simcore.crosscheck.case import Case
from simcore.equations.evidence import false_positive_rate


def solve(case: Case) -> dict[str, Any]:
    args = case.get("args")
    if args:
        base, precision, misses = (float(value) for value in args)
    else:
        base, precision = case.number("base_rate"), case.number("ppv")
        misses = case.number("fnr")
    rate = false_positive_rate(base, precision=precision, miss_rate=misses)
    return {"value": float(rate)}


SOLVERS = {"calc_fpr_from_ppv": solve}
