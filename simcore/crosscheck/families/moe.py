"""Tokens sent to their experts. W. Fedus et al., Switch, 2022; D. Lepikhin et al., GShard, 2020."""

from typing import Any

from simcore.crosscheck import names
from simcore.crosscheck.case import Case
from simcore.equations.collectives import all_to_all
from simcore.equations.parallelism import expert_dispatch_size

LATENCY = 5e-6
"""Of one message where a case names no fleet whose fabric has one of its own. [s]"""


def solve(case: Case) -> dict[str, Any]:
    work = case.workload()
    imbalance = case.number("imbalance", "routing_imbalance_factor", default=1.0)
    devices = case.whole("ep", "ep_size", default=1)
    active = min(float(work.experts), work.experts_per_token * imbalance)
    multiplier = active / work.experts_per_token
    tokens = case.number("batch", "batch_size") * case.number("seq", "seq_len")
    sent = expert_dispatch_size(
        tokens,
        work.hidden,
        experts_per_token=work.experts_per_token,
        devices=devices,
        element_size=case.element,
        imbalance=multiplier,
    )
    time = None
    if case.has("fabric_Bps") and devices > 1:
        payload = float(sent) * devices / (devices - 1)
        latency = case.number("fabric_latency_s", default=_latency(case.get("fleet")))
        terms = all_to_all(payload, devices, bandwidth=case.number("fabric_Bps"), latency=latency)
        time = float(terms.time)
    return {
        "effective_active_experts": active,
        "effective_active_parameters": work.active_parameters * multiplier,
        "active_parameter_multiplier": multiplier,
        "routing_imbalance_factor": imbalance,
        "token_dispatch_bytes": float(sent),
        "all_to_all_latency": time,
        "ep_size": devices,
    }


def _latency(fleet: Any) -> float:
    if not isinstance(fleet, str):
        return LATENCY
    fabric = names.found("fabrics", names.found("fleets", fleet)["fabric"])
    return float(fabric.get("latency", LATENCY))


SOLVERS = {"MoERoutingModel": solve}
