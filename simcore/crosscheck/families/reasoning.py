"""Thinking before answering: a prompt, then steps of fifty tokens. J. Wei et al., 2022."""

from typing import Any

from simcore.crosscheck.case import Case
from simcore.crosscheck.serving_step import serve


def solve(case: Case) -> dict[str, Any]:
    machine = case.machine()
    steps, tokens = (
        case.whole("steps", "reasoning_steps", default=8),
        case.whole("tokens_per_step", default=50),
    )
    found = serve(
        machine,
        case.workload(),
        tokens=case.whole("context_length", "seq_len", default=2048),
        precision=case.precision,
        element=case.element,
        efficiency=case.number("efficiency", default=0.5),
    )
    each = tokens * found.gap
    time = found.first_token + steps * each
    return {
        "total_reasoning_time": time,
        "ttft": found.first_token,
        "itl": found.gap,
        "tokens_generated": steps * tokens,
        "reasoning_steps": steps,
        "time_per_step": each,
        "energy_per_query": machine.power * time,
        "feasible": found.fits,
    }


SOLVERS = {"InferenceScalingModel": solve}
