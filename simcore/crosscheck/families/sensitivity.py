"""Which resource shortens a step, each made larger by some per cent. G. Ofenbeck et al., 2014."""

from typing import Any

from simcore.crosscheck.case import Case, Machine
from simcore.crosscheck.roofline_step import Step, step


def solve(case: Case) -> dict[str, Any]:
    machine = case.machine()
    percent = case.number("pct", "perturbation_pct", default=10.0)
    larger = 1 + percent / 100
    found = _step(case, machine)
    base = found.time
    changed = {
        "peak_flops": machine.scaled(arithmetic=larger),
        "memory_bandwidth": machine.scaled(bandwidth=larger),
        "memory_capacity": machine.scaled(capacity=larger),
    }
    shares = {name: (_step(case, other).time - base) / base for name, other in changed.items()}
    binding = max(shares, key=lambda name: abs(shares[name]))
    return {
        "feasible": found.fits,
        "sensitivities": shares,
        "binding_constraint": binding if found.fits else "memory_capacity",
        "baseline_latency": base,
        "perturbation_pct": percent,
    }


def _step(case: Case, machine: Machine) -> Step:
    return step(
        machine,
        case.workload(),
        batch=1,
        precision=case.precision,
        element=case.element,
        efficiency=case.number("efficiency", default=0.5),
    )


SOLVERS = {"SensitivitySolver": solve}
