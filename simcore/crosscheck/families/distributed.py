"""A training step over a cluster. M. Shoeybi et al., 2019; D. Narayanan et al., 2021."""

from dataclasses import dataclass, replace
from math import ceil
from typing import Any

from simcore.crosscheck.case import Case, Fleet, Workload
from simcore.crosscheck.roofline_step import Step, step
from simcore.crosscheck.training_state import Split, lora_share, state
from simcore.equations.collectives import all_to_all, hierarchical_allreduce, ring_allreduce
from simcore.equations.parallelism import pipeline_bubble

NODE_LATENCY = 5e-7
"""Of one message inside a node. [s]"""
ALLREDUCES_PER_LAYER = 4
"""Of tensor parallelism: two forward, two backward."""
LORA_GRADIENTS = 0.01
"""Gradients of adapters over those of all weights."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """What is trained and how it is spread."""

    work: Workload
    fleet: Fleet
    split: Split
    batch: int
    sequence: int
    precision: str
    element: float
    efficiency: float
    microbatches: int = 1
    interleave: int = 1
    recompute: bool = False
    lora: bool = False
    overlap: float = 0.0
    """Share of the gradients' traffic hidden behind the backward pass."""
    congestion: float = 1.0
    straggler: float = 1.0
    imbalance: float = 1.0

    @property
    def local_batch(self) -> int:
        return max(1, self.batch // self.split.data)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterStep:
    """Times in s."""

    replica: Step
    data: float
    tensor: float
    expert: float
    bubble_share: float
    bubble: float
    time: float

    @property
    def efficiency(self) -> float:
        return self.replica.time / self.time


def cluster_step(run: Training) -> ClusterStep:
    """Return one step: a replica's time, its communication, its idle pipeline."""
    replica = _replica(run)
    data = _gradients(run) * run.congestion / run.split.accumulation
    tensor, expert = _tensor(run) * run.congestion, _expert(run) * run.congestion
    share = float(pipeline_bubble(run.split.pipeline, run.microbatches, interleave=run.interleave))
    bubble = replica.time * share / (1 - share) if run.split.pipeline > 1 else 0.0
    exposed = data * (1 - run.overlap)
    time = (replica.time + exposed + tensor + expert + bubble) * max(1.0, run.straggler)
    return ClusterStep(
        replica=replica,
        data=data,
        tensor=tensor,
        expert=expert,
        bubble_share=share,
        bubble=bubble,
        time=time,
    )


def _replica(run: Training) -> Step:
    """Return one copy's step. Of a pipeline's micro-batches, as many are kept as it has stages."""
    split = run.split
    in_flight = max(1, run.microbatches // split.pipeline) if split.pipeline > 1 else 1
    footprint = state(
        run.work,
        replace(split, accumulation=split.accumulation * in_flight),
        batch=run.local_batch * split.data,
        sequence=run.sequence,
        element=run.element,
        recompute="full" if run.recompute else "selective",
        trainable=lora_share(run.work) if run.lora else 1.0,
    )
    return step(
        run.fleet.accelerator,
        run.work,
        batch=run.local_batch,
        precision=run.precision,
        element=run.element,
        efficiency=run.efficiency,
        footprint=footprint.total if run.work.is_transformer else footprint.static,
        training=True,
        recompute=run.recompute,
        tokens=run.sequence if run.work.is_transformer else 1,
        devices=split.model,
    )


def _gradients(run: Training) -> float:
    """Return the all-reduce of the gradients among data ranks, inside nodes first. [s]"""
    split, fleet = run.split, run.fleet
    if split.data == 1:
        return 0.0
    message = run.work.size(run.element) / (split.tensor * split.pipeline)
    message *= LORA_GRADIENTS if run.lora else 1.0
    per_node = max(1, fleet.per_node // split.model)
    nodes = ceil(split.data / per_node)
    inside = {"bandwidth": fleet.node_bandwidth, "latency": NODE_LATENCY}
    between = {"bandwidth": fleet.fabric_bandwidth, "latency": fleet.fabric_latency}
    if nodes == 1:
        return float(ring_allreduce(message, split.data, **inside).time)
    if per_node == 1:
        return float(ring_allreduce(message, split.data, **between).time)
    terms = hierarchical_allreduce(
        message,
        nodes=nodes,
        devices_per_node=per_node,
        node_bandwidth=fleet.node_bandwidth,
        node_latency=NODE_LATENCY,
        **between,
    )
    return float(terms.time)


def _tensor(run: Training) -> float:
    """Return the activations' all-reduces of the layers of one stage, none overlapped. [s]"""
    split, fleet = run.split, run.fleet
    if split.tensor == 1:
        return 0.0
    inside = split.tensor <= fleet.per_node
    message = run.local_batch * run.sequence * run.work.hidden * run.element
    one = ring_allreduce(
        message,
        split.tensor,
        bandwidth=fleet.node_bandwidth if inside else fleet.fabric_bandwidth,
        latency=NODE_LATENCY if inside else fleet.fabric_latency,
    )
    return float(one.time) * ALLREDUCES_PER_LAYER * ceil(run.work.layers / split.pipeline)


def _expert(run: Training) -> float:
    """Return one exchange of the tokens with their experts. [s]"""
    if run.split.expert == 1:
        return 0.0
    copies = run.local_batch * run.sequence * run.work.experts_per_token * run.imbalance
    terms = all_to_all(
        copies * run.work.hidden * run.element,
        run.split.expert,
        bandwidth=run.fleet.fabric_bandwidth,
        latency=run.fleet.fabric_latency,
    )
    return float(terms.time)


def training(case: Case) -> Training:
    fleet = case.fleet()
    tensor, pipeline, expert = (
        case.whole(f"{name}_size", name, default=1) for name in ("tp", "pp", "ep")
    )
    if fleet.total % (tensor * pipeline * expert):
        raise ValueError(
            f"tensor {tensor} x pipeline {pipeline} x expert {expert} must divide the "
            f"{fleet.total} accelerators"
        )
    overlaps = bool(case.get("overlap_comm", default=case.has("overlap")))
    return Training(
        work=case.workload(),
        fleet=fleet,
        split=Split(
            tensor=tensor,
            pipeline=pipeline,
            expert=expert,
            data=fleet.total // (tensor * pipeline * expert),
            zero_stage=case.whole("zero_stage", default=0),
            accumulation=case.whole("gradient_accumulation_steps", default=1),
        ),
        batch=case.whole("batch_size", "batch", default=1),
        sequence=case.whole("seq_len", "seq", default=2048),
        precision=case.precision,
        element=case.element,
        efficiency=case.number("efficiency", default=0.5),
        microbatches=case.whole("microbatch_count", "microbatches", default=1),
        interleave=case.whole("v_stages", "interleave", default=1),
        recompute=bool(case.get("activation_recomputation", "recompute", default=False)),
        lora=bool(case.get("is_lora", default=False)),
        overlap=case.number("overlap_efficiency", "overlap", default=0.85) if overlaps else 0.0,
        congestion=case.number("congestion_factor", "congestion", default=1.0),
        straggler=case.number("straggler_factor", "straggler", default=1.0),
        imbalance=case.number("moe_routing_imbalance_factor", "imbalance", default=1.0),
    )


def solve(case: Case) -> dict[str, Any]:
    run = training(case)
    found = cluster_step(run)
    per_replica = run.local_batch / found.replica.time
    return {
        "dp_communication_latency": found.data,
        "tp_communication_latency": found.tensor,
        "ep_communication_latency": found.expert,
        "communication_latency": found.data + found.tensor + found.expert,
        "pipeline_bubble_latency": found.bubble,
        "bubble_fraction": found.bubble_share,
        "step_latency_total": found.time,
        "scaling_efficiency": found.efficiency,
        "effective_throughput": run.split.data * per_replica * found.efficiency,
    }


SOLVERS = {"DistributedModel": solve}
