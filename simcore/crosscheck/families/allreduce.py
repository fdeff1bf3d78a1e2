"""Collectives in the alpha-beta model. P. Patarasuk, X. Yuan, 2009; R. Thakur et al., 2005."""

from typing import Any

from simcore.crosscheck.case import Case
from simcore.equations.collectives import (
    CollectiveTerms,
    all_to_all,
    hierarchical_allreduce,
    ring_allreduce,
    tree_allreduce,
)


def ring(case: Case) -> dict[str, Any]:
    return _seconds(ring_allreduce(**_flat(case)))


def tree(case: Case) -> dict[str, Any]:
    return _seconds(tree_allreduce(**_flat(case)))


def exchange(case: Case) -> dict[str, Any]:
    return _seconds(all_to_all(**_flat(case)))


def hierarchical(case: Case) -> dict[str, Any]:
    terms = hierarchical_allreduce(
        case.number("bytes", "message_bytes"),
        nodes=case.number("nodes", "n_nodes"),
        devices_per_node=case.number("gpus_per_node", "g"),
        node_bandwidth=case.number("intra_Bps", "intra_bw"),
        node_latency=case.number("intra_alpha", "intra_alpha_s", default=5e-7),
        bandwidth=case.number("inter_Bps", "inter_bw"),
        latency=case.number("inter_alpha", "inter_alpha_s", default=5e-6),
    )
    return _seconds(terms)


def _flat(case: Case) -> dict[str, float]:
    return {
        "message": case.number("bytes", "message_bytes"),
        "devices": case.number("n", "n_gpus"),
        "bandwidth": case.number("bw_Bps", "bw"),
        "latency": case.number("alpha_s", "alpha"),
    }


def _seconds(terms: CollectiveTerms) -> dict[str, Any]:
    return {"value": float(terms.time)}


SOLVERS = {
    "calc_ring_allreduce_time": ring,
    "calc_tree_allreduce_time": tree,
    "calc_hierarchical_allreduce_time": hierarchical,
    "calc_all_to_all_time": exchange,
}
