"""Idle share of a pipeline. D. Narayanan et al., 2021."""

from typing import Any

from simcore.crosscheck.case import Case
from simcore.equations.parallelism import pipeline_bubble


def solve(case: Case) -> dict[str, Any]:
    bubble = pipeline_bubble(
        case.number("stages", "n_stages"),
        case.number("microbatches", "n_microbatches"),
        interleave=case.number("interleave", "v_stages", default=1),
    )
    return {"value": float(bubble)}


SOLVERS = {"calc_pipeline_bubble": solve}
