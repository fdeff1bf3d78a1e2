"""Figures of the solvers that a pencil gives, or that somebody has published."""

import numpy as np
import pytest

from simcore import solvers
from tests.simcore.test_solvers import DAY, POINTS

BY_HAND = [
    # T = max(40, 10 / 4) + 2: arithmetic four times as fast changes nothing.
    ("iron_law", {}, "value", 0.042),
    ("iron_law", {"overlap": 0}, "value", 0.0445),
    # 55% of the time ten times as fast (Amdahl, 1967): 1.98, at most 2.22.
    ("amdahl", {}, "value", 1 / 0.505),
    ("amdahl", {}, "most", 1 / 0.45),
    # 1 TFLOP at half of 989 TFLOP/s beside 500 launches of 5 us.
    ("kernel_efficiency", {}, "launches", 2.5e-3),
    # M/M/1 at 80%: 5 ms / 0.2, and ln 100 times that at 99%.
    ("tail_latency", {"arrival_rate": 160.0}, "mean", 0.025),
    ("tail_latency", {"arrival_rate": 160.0}, "value", 0.025 * np.log(100)),
    # A layer of 251 million weights: 502 MB at 1.2 TB/s, 32 of them for a token of 16 requests.
    ("weight_streaming", {}, "value", 16 * 1.2e12 / (2 * 8030261248)),
    # Dally and Towles: a torus of 64 nodes keeps 2 / 4 across its middle, 3 x 4 / 4 hops.
    ("network_topology", {}, "value", 25e9),
    ("network_topology", {}, "hops", 3),
    # Chinchilla: 1e21 FLOP pay for 2.89 billion parameters and 57.7 billion tokens.
    ("scaling_law", {}, "parameters", (1e21 / 120) ** 0.5),
    ("reasoning", {}, "tokens", 256 + 400),
    ("pruning", {"sparsity": 0.9, "structure": "unstructured"}, "speedup", 1),
    # 7 of 8 copies leave: 2048 x 2 x 4096 x 2 byte, half again for the busiest expert.
    ("expert_routing", {}, "sent", 2048 * 2 * 4096 * 2 * 1.5 * 7 / 8),
    # Patarasuk and Yuan: 2 x 63 / 64 of 280 GB at 50 GB/s, 126 messages of 5 us.
    ("allreduce", {}, "ring", 2 * 63 / 64 * 5.6 + 126 * 5e-6),
    # M/M/1 at 20%: a quarter of a job's length.
    ("job_queue", {}, "value", 0.5 * DAY),
    ("job_queue", {"duration_scv": 0}, "value", 0.25 * DAY),
    # 175 billion x 14 byte through 16 writers of 7 GB/s.
    ("checkpoint_write", {}, "value", 21.875),
    ("decode_bound", {}, "memory_over_compute", 989e12 / 3.35e12),
    ("required_machine", {}, "bandwidth", 800e9),
    ("required_machine", {}, "value", 1.6e12),
    ("network_roofline", {}, "network", 0.2),
    # 8 / 50,000 + 8 / 150,000 an hour for each of 1024 nodes: 4.58 h.
    ("failure_interval", {}, "value", 4.57763671875 * 3600),
    ("recovery_budget", {}, "value", 60 + 120 + 57 + 120 + 900),
    # 6.4 preemptions a day of 1200 s each, and a save of 30 s in 1830.
    ("preemption", {}, "useful", (1 - 6.4 * 1200 / DAY) / (1 + 30 / 1800)),
    ("fleet_goodput", {}, "value", 0.9 * 0.9 * 0.4),
    ("placement", {"carbon_price": 0.1}, "carbon", 1586.479104),
    ("mcu_inference", {}, "cycles", 2656768 * 3.41),
    # s = 1 - (25 + 100 s^2 - 85) / 15: 100 s^2 + 15 s - 75 = 0.
    ("thermal_throttle", {}, "value", (-15 + (225 + 30000) ** 0.5) / 200),
    # Half speed: (4 / 8 + 1) W for 2 s against 5 W for 1 s.
    ("voltage_scaling", {}, "best", 3.0),
    ("voltage_scaling", {}, "race", 5.0),
    # H_100 = 5.187 of half of 148 s.
    ("federated_training", {}, "waiting", 74 * (5.187377517639621 - 1)),
    ("retraining", {}, "value", 40**0.5 * DAY),
    ("drift_alarm", {}, "drift", 0.36),
    ("drift_alarm", {}, "noise", 9 * (1 / 100e3 + 1 / 5000)),
    # Abadi et al., 2016: q = 0.01, sigma = 4, 100 epochs, delta 1e-5: epsilon 1.26.
    ("private_training", {"epochs": 100, "noise": 4.0}, "value", 1.2586),
    # Megatron-LM (SC 2021, sec. 5.1): GPT-3 on 1024 A100 at 140 TFLOP/s, a third of it computed
    # again, reads 300 billion tokens in 34 days.
    (
        "training_run",
        {
            "parameters": 175e9,
            "tokens": 300e9,
            "devices": 1024,
            "goodput": 1.0,
            "peak_flop_rate": 312e12,
            "mfu": 140 / 312 * 6 / 8,
        },
        "value",
        33.9084 * DAY,
    ),
    ("fairness", {"base_rate_a": 0.5, "base_rate_b": 0.5, "separation": 2}, "value", 0.841345),
    ("robustness", {"agreement": 1.0, "samples": 100000}, "value", 0.5 * 3.812),
    ("silent_corruption", {}, "value", 1 - np.exp(-1)),
    ("radio_energy", {}, "send_over_compute", 16),
    ("speculative_decoding", {"accepted": 0.0}, "value", 56e-3),
    # 32 layers x 8 heads x 128 x 2 x 2 byte for each of 8192 tokens at 50 GB/s.
    ("disaggregated_serving", {}, "transfer", 131072 * 8192 / 50e9),
    # 16 byte a parameter on 32 accelerators of a replica; ZeRO-3 shards it over 8 replicas more.
    ("distributed_step", {}, "state", 16 * 70553706496 / 32),
    ("distributed_step", {"zero_stage": 3}, "state", 16 * 70553706496 / 256),
    ("distributed_step", {}, "activations", 34 * 2048 * 8192 * 20 * 4 / 8),
    # 0.75 pJ a FLOP and 31.4 pJ a byte: 0.75 J and 0.785 J.
    ("step_energy", {}, "compute", 0.75),
    ("step_energy", {}, "memory", 0.785),
    # 2 n^3 / (3 n^2 x 2 byte) = n / 3, below the ridge of 295.
    ("matrix_product", {}, "intensity", 512 / 3),
    ("matrix_product", {}, "flop", 2 * 512**3),
    ("attention", {}, "scores", 32 * 4096**2 * 2),
    # 4 S d + 4 S^2 against 2 S d (1 + S / rows) elements.
    ("attention", {}, "traffic_ratio", (4 + 4 * 32) / (2 + 2 * 32)),
    ("convolution", {}, "flop", 2 * 14**2 * 512**2 * 9),
    ("convolution", {}, "separable_flop", 2 * 14**2 * 512**2 * 9 * (1 / 512 + 1 / 9)),
    # Fleiss: 2 (1.96 + 0.8416)^2 0.95 x 0.05 / 0.02^2 subjects for each arm.
    ("canary_release", {}, "samples", 2 * (1.959964 + 0.841621) ** 2 * 0.0475 / 4e-4),
    ("chunked_prefill", {"decodes": 0, "piece": 8192}, "steps", 1),
    ("long_sequence", {}, "value", 34 * 131072 * 4096 * 32 / 64),
    ("cold_start", {}, "read", 2 * 70553706496 / 7e9),
    # 4000 USD of egress; the 60 USD that machines there save are worth 0.75 TB.
    ("data_transfer", {}, "move", 4200),
    ("data_transfer", {}, "break_even", 0.75e12),
]


@pytest.mark.parametrize(("name", "change", "column", "expected"), BY_HAND)
def test_figures_that_a_pencil_gives(name, change, column, expected):
    found = solvers.solve(name, **{**POINTS[name], **change})

    shown = found.value if column == "value" else found.terms[column]
    assert shown.value == pytest.approx(expected, rel=2e-4)
