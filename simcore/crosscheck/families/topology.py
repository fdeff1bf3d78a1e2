"""Bandwidth across a network's middle, and hops. W. Dally, B. Towles, 2003."""

from typing import Any

from simcore.crosscheck import names
from simcore.crosscheck.case import Case
from simcore.equations.topology import bisection_share, mean_hops


def solve(case: Case) -> dict[str, Any]:
    topology = str(case.get("topology", default="fat_tree"))
    nodes = case.whole("nodes", "num_nodes", default=64)
    fabric = {} if case.has("bw_Bps") else names.found("fabrics", str(case.get("fabric")))
    link = case.number("bw_Bps", default=fabric.get("bandwidth")) / case.number(
        "oversub", default=fabric.get("oversubscription", 1.0)
    )
    share = float(bisection_share(nodes, topology=topology))
    return {
        "effective_bw": link * share,
        "bisection_bw": link * share * nodes / 2,
        "bisection_bw_fraction": share,
        "hops_avg": float(mean_hops(nodes, topology=topology)),
        "topology": topology,
        "num_nodes": nodes,
    }


SOLVERS = {"TopologyModel": solve}
