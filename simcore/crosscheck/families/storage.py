"""Stalls of a step, a storm of checkpoints, the rate that training reads. J. Mohan et al., 2021."""

from typing import Any

from simcore.crosscheck.case import Case
from simcore.equations.ingestion import input_demand, step_in_sequence, step_overlapped


def stall(case: Case) -> dict[str, Any]:
    compute, reading = case.number("compute_ms") / 1e3, case.number("io_ms") / 1e3
    serial, overlapped = step_in_sequence(compute, reading), step_overlapped(compute, reading)
    return {
        "sequential_step": float(serial.time),
        "sequential_stall": float(serial.stall),
        "overlapped_step": float(overlapped.time),
        "overlapped_stall": float(overlapped.stall),
    }


def storm(case: Case) -> dict[str, Any]:
    state, rate = case.number("state_B"), case.number("ingest_Bps")
    replicas = case.number("replicas")
    return {
        "state_bytes": state,
        "storm_bytes": state * replicas,
        "storm_time": state * replicas / rate,
        "single_copy_time": state / rate,
        "slowdown": replicas,
    }


def demand(case: Case) -> dict[str, Any]:
    samples, size = case.number("samples", "samples_per_step"), case.number("B", "sample_B")
    rate = input_demand(
        case.number("consumers"),
        samples,
        size,
        case.number("step_s"),
        busy=case.number("busy", default=1.0),
    )
    return {"batch_bytes": samples * size, "bandwidth": float(rate)}


SOLVERS = {"DataStallModel": stall, "CheckpointStormModel": storm, "InputDemandModel": demand}
