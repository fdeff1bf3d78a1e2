"""A forward pass on one machine. Roofline: S. Williams et al., CACM 52(4), 2009."""

from typing import Any

from simcore.crosscheck.case import Case
from simcore.crosscheck.roofline_step import step, step_outputs


def solve(case: Case) -> dict[str, Any]:
    found = step(
        case.machine(),
        case.workload(),
        batch=case.whole("batch_size", "batch", default=1),
        precision=case.precision,
        element=case.element,
        efficiency=case.number("efficiency", default=0.5),
    )
    return step_outputs(found)


SOLVERS = {"Engine.solve": solve, "SingleNodeModel": solve}
