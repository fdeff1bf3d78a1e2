"""Run by the Python of an environment that holds mlsysim 0.3.0: its sweeps, timed, as JSON.

CPU time, as on our side. Beside the times stand the numbers the peer computed with, so that our
sweep is given the same points and its answers are compared with these.
"""

import json
import sys
import time

from mlsysim import Hardware, Models, Systems
from mlsysim.engine.dse import DSE
from mlsysim.engine.engine import Engine
from mlsysim.solvers import DistributedModel, ServingModel

MACHINES, BATCHES, EFFICIENCY = 30, 334, 0.5
BYTES, ACTIVATION_SHARE = 2, 0.1  # fp16; the peer counts a tenth of the weights for each sample
SEARCHED = 1000


def main():
    found = {
        "roofline": roofline(),
        "serving": serving(),
        "distributed": distributed(),
        "search": search(),
    }
    json.dump(found, sys.stdout)


def machines():
    names = sorted(name for name in dir(Hardware.Cloud) if not name.startswith("_"))
    found = [getattr(Hardware.Cloud, name) for name in names]
    return [machine for machine in found if hasattr(machine, "compute")][:MACHINES]


def roofline():
    model, chosen = Models.Vision.ResNet50, machines()
    batches = list(range(1, BATCHES + 1))
    began = time.process_time()
    results = Engine.sweep(model, chosen, batches, ["fp16"], efficiency=EFFICIENCY)
    seconds = time.process_time() - began
    profiles = [result["profile"] for result in results]
    weights = number(model.parameters, "param") * BYTES
    flop = number(model.inference_flops, "flop")
    return {
        "seconds": seconds,
        "latencies": [number(profile.latency, "s") for profile in profiles],
        "machines": [described(profile, weights) for profile in profiles[::BATCHES]],
        "work": [[flop * batch, weights * (1 + ACTIVATION_SHARE * batch)] for batch in batches],
        "efficiency": EFFICIENCY,
    }


def described(profile, weights):
    """Return peak, bandwidth, overhead and memory; the peer's rate is after the efficiency."""
    return [
        number(profile.peak_flops_actual, "flop/s") / EFFICIENCY,
        number(profile.peak_bw_actual, "byte/s"),
        number(profile.latency_overhead, "s"),
        weights,
    ]


def serving():
    model, solver = Models.Language.Llama3_8B, ServingModel()
    chosen = [Hardware.Cloud.H100, Hardware.Cloud.A100, Hardware.Cloud.MI300X, Hardware.Cloud.B200]
    began = time.process_time()
    count = 0
    for machine in chosen:
        for batch in range(1, 11):
            for length in range(512, 8192, 768):
                solver.solve(model, machine, seq_len=length, batch_size=batch)
                count += 1
    return {"seconds": time.process_time() - began, "points": count}


def distributed():
    model, solver = Models.Language.Llama3_70B, DistributedModel()
    fleet = Systems.Clusters.Research_256
    began = time.process_time()
    count = 0
    for tensor in (1, 2, 4, 8):
        for pipeline in (1, 2, 4, 8):
            for batch in range(256, 2560, 256):
                solver.solve(model, fleet, batch_size=batch, tp_size=tensor, pp_size=pipeline,
                             microbatch_count=8)  # fmt: skip
                count += 1
    return {"seconds": time.process_time() - began, "points": count}


def search():
    model, machine = Models.Vision.ResNet50, Hardware.Cloud.H100

    def evaluate(point):
        return Engine.solve(
            model, machine, batch_size=point["batch"], efficiency=point["efficiency"]
        )

    space = {"batch": list(range(1, 101)), "efficiency": [0.1 * i for i in range(1, 11)]}
    began = time.process_time()
    DSE(space, "minimize: latency").search(evaluate)
    return {"seconds": time.process_time() - began, "points": SEARCHED}


def number(quantity, unit):
    return float(quantity.to(unit).magnitude)


if __name__ == "__main__":
    main()
