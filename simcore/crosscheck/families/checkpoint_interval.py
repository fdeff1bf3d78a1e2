"""The first-order best interval and its waste. J. Young, 1974. The exact one is
`checkpoint.best_interval`.
"""

from typing import Any

from simcore.crosscheck.case import Case
from simcore.equations.checkpoint import loss_first_order, young_interval

HOUR = 3600.0


def solve(case: Case) -> dict[str, Any]:
    write, mtbf = case.number("write_s"), case.number("mtbf_h") * HOUR
    interval = float(young_interval(write, mtbf))
    return {
        "write_time": write,
        "mtbf": mtbf,
        "interval": interval,
        "write_share": write / interval,
        "rework_share": interval / (2 * mtbf),
        "waste": float(loss_first_order(interval, write, mtbf)),
    }


SOLVERS = {"CheckpointIntervalModel": solve}
