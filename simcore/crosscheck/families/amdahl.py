"""One stage of a sequential path made faster. G. Amdahl, AFIPS 1967."""

from typing import Any

from simcore.crosscheck.case import Case
from simcore.equations.parallelism import amdahl_speedup


def solve(case: Case) -> dict[str, Any]:
    stages = {name: float(ms) / 1e3 for name, ms in case.get("stages_ms").items()}
    stage, factor = stages[str(case.get("stage"))], case.number("speedup")
    total = sum(stages.values())
    rest = total - stage
    overall = float(amdahl_speedup(stage / total, factor))
    return {
        "total_time": total,
        "stage_time": stage,
        "upgraded_stage_time": stage / factor,
        "upgraded_total_time": rest + stage / factor,
        "untouched_time": rest,
        "stage_fraction": stage / total,
        "overall_speedup": overall,
        "end_to_end_reduction": 1 - 1 / overall,
        "stage_reduction": 1 - 1 / factor,
        "speedup_bound": float(amdahl_speedup(stage / total, float("inf"))),
    }


SOLVERS = {"AmdahlModel": solve}
