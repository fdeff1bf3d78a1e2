"""Every solver of the folder walks: one point, an array, JSON, refusals; figures by hand beside."""

import importlib
import json
import re
from pathlib import Path

import numpy as np
import pytest

from simcore import solvers
from simcore.errors import NotInCatalogue, UnitError
from simcore.solvers.asking import ask
from simcore.tools import pareto
from simcore.units import parse

DAY, YEAR, KWH = 86400.0, 365 * 86400.0, 3.6e6

POINTS = {
    "single_node": {"hardware": "h100-sxm", "flop": 2.1e12, "traffic": 25e9, "efficiency": 0.5},
    "training_memory": {"model": "llama-3-8b", "hardware": "h100-sxm", "sequence": 2048},
    "training_step": {"model": "llama-3-8b", "hardware": "h100-sxm", "sequence": 2048,
                      "batch": 8, "efficiency": 0.4},
    "serving": {"model": "llama-3-8b", "hardware": "h100-sxm", "prompt": 2048, "answer": 256,
                "batch": 16, "efficiency": 0.5},
    "serving_capacity": {"model": "llama-3-8b", "hardware": "h100-sxm", "prompt": 2048,
                         "answer": 256, "batch": 16, "efficiency": 0.5, "arrival_rate": 20.0,
                         "deadline": 5.0},
    "distributed_step": {"model": "llama-3-70b", "hardware": "h100-sxm", "link": "infiniband-ndr",
                         "devices": 256, "tensor": 8, "pipeline": 4, "global_batch": 1024,
                         "sequence": 2048, "efficiency": 0.5, "node_bandwidth": 450e9},
    "checkpoint_interval": {"save": 120.0, "mtbf": 5 * 3600.0},
    "cluster_goodput": {"devices": 16384, "device_mttf": 50000 * 3600.0, "state": 5.7e12,
                        "write_bandwidth": 100e9},
    "input_pipeline": {"consumers": 8, "samples": 256, "sample_size": 110e3, "compute": 0.1,
                       "storage_bandwidth": 7e9, "host_rate": 1e9},
    "compression": {"model": "llama-3-8b", "hardware": "h100-sxm", "bits": 4, "efficiency": 0.5,
                    "compressed_peak": 989e12},
    "tco": {"machines": 256, "machine_price": 25000.0, "power": 700.0, "duration": 30 * DAY,
            "energy_price": 0.12 / KWH, "utilisation": 0.4},
    "carbon": {"machines": 256, "power": 700.0, "duration": 30 * DAY,
               "grid_intensity": 0.4 / KWH, "utilisation": 0.4},
    "continuous_batching": {"model": "llama-3-8b", "hardware": "h100-sxm", "longest": 8192,
                            "mean_share": 0.125},
    "edge_offload": {"flop": 0.6e9, "device_rate": 5e9, "server_rate": 1e12, "upload": 150e3,
                     "radio_rate": 2.5e6, "distance": 1e6, "device_power": 2.0,
                     "radio_power": 1.0},
    "disaggregated_serving": {"model": "llama-3-8b", "hardware": "h100-sxm", "prompt": 8192,
                              "answer": 256, "writer": "h200-sxm", "link": "infiniband-ndr",
                              "efficiency": 0.5},
    "step_energy": {"hardware": "h100-sxm", "technology": "hbm2-accelerator", "flop": 1e12,
                    "traffic": 25e9, "efficiency": 0.5, "idle_power": 80.0},
    "matrix_product": {"hardware": "h100-sxm", "rows": 512, "columns": 512, "inner": 512,
                       "efficiency": 1.0},
    "attention": {"model": "llama-3-8b", "hardware": "h100-sxm", "sequence": 4096,
                  "efficiency": 0.5},
    "convolution": {"hardware": "h100-sxm", "side": 14, "channels": 512, "filters": 512,
                    "efficiency": 0.5},
    "canary_release": {"traffic": 1e6 / 3600, "canary_share": 0.01, "success": 0.95,
                       "drop": 0.02},
    "iron_law": {"memory": 0.04, "compute": 0.01, "overhead": 0.002, "compute_speedup": 4},
    "amdahl": {"stage": 0.055, "rest": 0.045, "factor": 10},
    "kernel_efficiency": {"hardware": "h100-sxm", "flop": 1e12, "kernels": 500, "efficiency": 0.5},
    "tail_latency": {"arrival_rate": 20.0, "service": 5e-3, "servers": 1},
    "weight_streaming": {"model": "llama-3-8b", "batch": 16, "sequence": 2048,
                         "injection_bandwidth": 1.2e12, "peak_flop_rate": 125e15,
                         "capacity": 44e9, "efficiency": 0.5},
    "network_topology": {"nodes": 64, "topology": "torus_3d", "link": "infiniband-ndr",
                         "payload": 1e9},
    "scaling_law": {"budget": 1e21},
    "reasoning": {"model": "llama-3-8b", "hardware": "h100-sxm", "prompt": 2048, "answer": 256,
                  "steps": 8, "efficiency": 0.5},
    "pruning": {"model": "llama-3-8b", "hardware": "h100-sxm", "sparsity": 0.2,
                "efficiency": 0.5},
    "expert_routing": {"tokens": 2048, "hidden": 4096, "experts": 8, "experts_per_token": 2,
                       "devices": 8, "imbalance": 1.5, "link": "infiniband-ndr"},
    "allreduce": {"message": 280e9, "devices": 64, "node_bandwidth": 450e9,
                  "link": "infiniband-ndr"},
    "job_queue": {"arrival_rate": 0.1 / DAY, "duration": 2 * DAY},
    "checkpoint_write": {"parameters": 175e9, "writers": 16, "writer_rate": 7e9,
                         "store_rate": 500e9},
    "decode_bound": {"model": "llama-3-8b", "hardware": "h100-sxm", "devices": 1},
    "required_machine": {"flop": 16e9, "traffic": 16e9, "deadline": 0.02, "efficiency": 0.5},
    "network_roofline": {"hardware": "h100-sxm", "link": "infiniband-ndr", "flop": 1e14,
                         "traffic": 1e11, "sent": 1e10, "efficiency": 0.5},
    "failure_interval": {"nodes": 1024, "duration": 30 * DAY},
    "recovery_budget": {"state": 5.7e12, "read_bandwidth": 100e9, "interval": 1800.0,
                        "mtbf": 5 * 3600.0},
    "preemption": {"devices": 64, "spot_price": 1 / 3600, "price": 3 / 3600, "rate": 0.1 / DAY},
    "fleet_goodput": {"scheduling": 0.9, "runtime": 0.9, "program": 0.4, "devices": 1000},
    "placement": {"machines": 256, "machine_price": 25000.0, "power": 700.0,
                  "duration": 30 * DAY, "energy_price": 0.12 / KWH, "utilisation": 0.4,
                  "grid": "quebec", "facility": "liquid-cooled"},
    "mcu_inference": {"model": "dscnn-kws", "hardware": "nucleo-l4r5zi", "core": "cortex-m4",
                      "battery": 2700.0},
    "thermal_throttle": {"power": 5.0, "ambient": 25.0, "thermal_resistance": 20.0,
                         "heat_capacity": 20.0},
    "voltage_scaling": {"work": 1.0, "deadline": 8.0, "dynamic_power": 4.0, "static_power": 1.0},
    "federated_training": {"model": 40e6, "rounds": 200, "clients": 100, "download_rate": 5e6,
                           "upload_rate": 1e6, "flop": 1e12, "flop_rate": 1e10, "uneven": 0.5},
    "retraining": {"cost": 10e3, "decay": 500 / DAY**2},
    "drift_alarm": {"shift": 0.6, "reference": 100e3, "window": 5000},
    "private_training": {"epochs": 10, "examples": 50e3, "batch": 500, "noise": 1.1},
    "fairness": {"base_rate_a": 0.2, "base_rate_b": 0.1, "separation": 1.9},
    "robustness": {"samples": 10000, "noise": 0.5, "attack_steps": 7},
    "silent_corruption": {"devices": 10000, "duration": 3600.0, "rate": 1e-4 / 3600},
    "radio_energy": {"payload": 16e3, "radio_rate": 125e3, "radio_power": 0.1,
                     "inference_time": 0.02, "active_power": 0.04, "sleep_power": 1e-5,
                     "events": 0.01, "battery": 2700.0},
    "speculative_decoding": {"gap": 40e-3, "draft_gap": 4e-3, "accepted": 0.8},
    "chunked_prefill": {"model": "llama-3-8b", "hardware": "h100-sxm", "prompt": 8192,
                        "piece": 512, "decodes": 32, "efficiency": 0.5},
    "long_sequence": {"model": "llama-3-8b", "hardware": "h100-sxm", "sequence": 131072,
                      "devices": 64, "node_bandwidth": 450e9, "efficiency": 0.5},
    "cold_start": {"model": "llama-3-70b", "storage": "nvme-gen4", "link": "pcie-5-x16",
                   "devices": 8},
    "data_transfer": {"size": 50e12, "rate": 1.25e9, "egress": 8e-11, "compute_there": 200.0,
                      "compute_here": 260.0},
    "training_run": {"model": "llama-3-70b", "hardware": "h100-sxm", "tokens": 15e12,
                     "devices": 16384, "mfu": 0.4, "goodput": 0.9},
}  # fmt: skip


def test_every_solver_has_a_point_here():
    assert set(solvers.names()) == set(POINTS)


def test_the_table_of_walls_names_every_solver_and_nothing_else(repository):
    text = (repository / "simcore" / "README.md").read_text(encoding="utf-8")
    table = text.partition("## Which wall, which solver")[2].partition("## ")[0]
    named = set(re.findall(r"`(\w+)`", table))

    assert named == set(solvers.names())


def test_the_titles_read_from_the_sources_are_those_of_the_questions():
    modules = [path.stem for path in Path(solvers.__file__).parent.glob("*.py")]
    loaded = {name: importlib.import_module(f"simcore.solvers.{name}") for name in sorted(modules)}
    asking = [name for name, module in loaded.items() if hasattr(module, "QUESTION")]

    assert solvers.titles() == {name: solvers.question(name).title for name in asking}


@pytest.mark.parametrize("name", POINTS)
def test_a_solver_answers_with_all_that_is_needed_to_judge_it(name):
    found = solvers.solve(name, **POINTS[name])

    described = solvers.question(name)
    assert found.value.unit == described.unit
    assert {key: term.unit for key, term in found.terms.items()} == dict(described.terms)
    assert found.low <= found.value.value <= found.high
    assert found.bound
    assert found.reason.startswith("feasible") == found.feasible
    assert "{" not in described.limits.format(**dict.fromkeys([*found.inputs, *found.terms], ""))
    assert found.sources
    assert found.evidence in {"simulated", "assumed"}


@pytest.mark.parametrize("name", POINTS)
def test_a_term_with_the_name_of_an_input_is_that_input(name):
    found, described = solvers.solve(name, **POINTS[name]), solvers.question(name)

    for entry in described.inputs:
        if entry.name in found.terms:
            assert found.terms[entry.name].unit == entry.unit
            assert found.terms[entry.name].value == found.inputs[entry.name]
    assert not {"value", "bound", "feasible"} & {*found.terms, *found.inputs}


@pytest.mark.parametrize("name", POINTS)
def test_a_result_comes_back_from_json_as_it_went(name):
    found = solvers.solve(name, **POINTS[name])

    assert solvers.Result.from_json(found.to_json()) == found


@pytest.mark.parametrize("name", POINTS)
def test_an_array_of_points_is_its_points(name):
    described = solvers.question(name)
    entry = next(e for e in described.inputs if not e.choices and e.name in POINTS[name]
                 and 4 * POINTS[name][e.name] <= e.high)  # fmt: skip
    axis = np.asarray([POINTS[name][entry.name] * factor for factor in (1, 2, 4)])
    array = ask(name, {**POINTS[name], entry.name: axis})

    for i, value in enumerate(axis):
        one = ask(name, {**POINTS[name], entry.name: value})
        assert np.broadcast_to(array.value, 3)[i] == pytest.approx(float(one.value), rel=1e-12)
        assert np.broadcast_to(array.feasible, 3)[i] == one.feasible
        assert np.broadcast_to(array.bound, 3)[i] == str(one.bound)


@pytest.mark.parametrize("name", POINTS)
def test_units_that_solvers_state_are_units(name):
    described = solvers.question(name)

    for unit in (described.unit, *described.terms.values(), *(e.unit for e in described.inputs)):
        assert parse(f"1 {unit}").value == pytest.approx(1), unit


@pytest.mark.parametrize("name", POINTS)
def test_numbers_without_a_meaning_are_refused_with_value_and_limit(name):
    for entry in solvers.question(name).inputs:
        if not entry.choices:
            for bad in (np.nan, entry.low - 1, entry.low - 1e18):
                hint = "nearest valid: |default: |give a number"
                with pytest.raises(ValueError, match=rf"{entry.name} must be .*got .*; ({hint})"):
                    solvers.solve(name, **{**POINTS[name], entry.name: bad})


@pytest.mark.parametrize("name", POINTS)
def test_texts_are_read_in_their_unit_and_refused_in_another(name):
    entry = next(
        e for e in solvers.question(name).inputs if not e.choices and e.name in POINTS[name]
    )
    text = f"{POINTS[name][entry.name]!r} {entry.unit}"

    assert solvers.solve(name, **{**POINTS[name], entry.name: text}) == solvers.solve(
        name, **POINTS[name]
    )
    other = "K" if entry.unit != "K" else "s"
    with pytest.raises(UnitError, match=rf"{entry.name}: .* is in {other}, but .* is needed"):
        solvers.solve(name, **{**POINTS[name], entry.name: f"3 {other}"})
    with pytest.raises(UnitError, match=f"{entry.name}: .* is no number"):
        solvers.solve(name, **{**POINTS[name], entry.name: {}})


@pytest.mark.parametrize("name", POINTS)
def test_an_unknown_input_is_refused_with_the_nearest(name):
    entry = solvers.question(name).inputs[0].name

    with pytest.raises(NotInCatalogue, match="did you mean"):
        solvers.solve(name, **{**POINTS[name], f"{entry}x": 1.0})


def test_a_tail_in_closed_form_is_that_of_the_transform():
    given = {**POINTS["tail_latency"], "arrival_rate": 160.0}
    closed = solvers.solve("tail_latency", **given).value.value
    nearly = solvers.solve("tail_latency", **given, service_scv=1.0 + 1e-9).value.value

    assert nearly == pytest.approx(closed, rel=1e-6)


def test_by_hand():
    step = solvers.solve("single_node", **POINTS["single_node"])
    assert step.value.value == pytest.approx(25e9 / 3.35e12)
    assert step.bound == "memory"
    assert solvers.solve("tco", **POINTS["tco"]).terms["upkeep"].value == pytest.approx(
        26301.369863013697
    )
    memory = solvers.solve("training_memory", **POINTS["training_memory"])
    assert memory.terms["optimizer"].value == pytest.approx(12 * 8030261248)
    assert not memory.feasible
    assert "an accelerator has 80 GB; weights take 16.06 GB" in memory.reason


def test_a_distant_server_costs_the_light_its_way_there_and_back():
    found = solvers.solve("edge_offload", **POINTS["edge_offload"])

    assert found.terms["propagation"].value == pytest.approx(0.01)
    assert found.terms["local"].value == pytest.approx(0.12)
    assert found.terms["offloaded"].value == pytest.approx(0.06 + 0.01 + 0.02 + 0.0006)
    assert found.bound == "sending"


def test_pages_give_more_requests_a_place_than_reservation():
    found = solvers.solve("continuous_batching", **POINTS["continuous_batching"])

    assert found.terms["places"].value > 4 * found.terms["reserved_places"].value
    assert found.terms["gain_over_reserved"].value > 1
    tiny = solvers.solve("continuous_batching", **{**POINTS["continuous_batching"],
                                                   "capacity": 16e9})  # fmt: skip
    assert not tiny.feasible


def test_uncertain_inputs_widen_what_depends_on_them():
    step = {**POINTS["single_node"], "efficiency": 0.5}
    by_memory = solvers.solve("single_node", **step)
    by_compute = solvers.solve("single_node", **{**step, "flop": 1e15})

    # 10% either way of the bandwidth that binds; of the efficiency where arithmetic does.
    assert by_memory.high - by_memory.value.value == pytest.approx(
        by_memory.value.value * (1 / 0.9 - 1 / 1.1) / 2
    )
    assert by_compute.low < by_compute.value.value < by_compute.high


RATIOS = {"kernel_efficiency", "compression", "pruning"}
"""Their value compares with the same machine, so a faster one may go either way."""


@pytest.mark.parametrize("name", sorted(set(POINTS) - RATIOS))
def test_faster_machines_links_and_stores_never_make_it_worse(name):
    described = solvers.question(name)
    now = solvers.solve(name, **POINTS[name])
    better = 1 if described.less_is_better else -1

    for entry in described.inputs:
        if entry.unit in {"byte/s", "FLOP/s"}:
            doubled = ask(name, {**POINTS[name], entry.name: 2 * now.inputs[entry.name]})
            assert better * float(doubled.value) <= better * now.value.value * (1 + better * 1e-12)
            assert bool(doubled.feasible) or not now.feasible


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("distributed_step", {"tensor": 3},
         "tensor must divide devices, 256, got 3; nearest valid: 2"),
        ("distributed_step", {"tensor": 16}, "at most per_node, 8, got 16; nearest valid: 8"),
        ("distributed_step", {"pipeline": 5}, "pipeline must divide devices / tensor, 32, got 5"),
        ("expert_routing", {"devices": 3}, "devices must divide experts, 8, got 3"),
        ("expert_routing", {"experts_per_token": 9}, "at most experts, 8, got 9"),
        ("allreduce", {"devices": 60}, "per_node must divide devices, 60, got 8"),
        ("long_sequence", {"devices": 100}, "devices must divide sequence, 131072, got 100"),
        ("pruning", {"structure": "2:4"}, "sparsity must be 0.5 for the 2:4 structure, got 0.2"),
        ("private_training", {"batch": 1e6}, "batch must be at most examples, 50000"),
        ("thermal_throttle", {"idle_power": 9.0}, "idle_power must be at most power, 5 W"),
    ],
)  # fmt: skip
def test_what_does_not_go_together_is_refused_at_a_point_and_infeasible_in_a_sweep(
    name, change, message
):
    given = {**POINTS[name], **change}

    with pytest.raises(ValueError, match=message):
        solvers.solve(name, **given)
    assert not np.all(ask(name, given).feasible)


def test_no_number_of_replicas_beats_a_deadline_below_the_service_itself():
    found = solvers.solve("serving_capacity", **{**POINTS["serving_capacity"], "deadline": 0.5})

    assert not found.feasible
    assert found.value.value == np.inf
    assert json.loads(found.to_json())["value"]["value"] is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"hardware": "h100"}, "did you mean 'h100-sxm'"),
        ({"bandwith": 1e9}, "did you mean 'bandwidth'"),
        ({"precision": "fp12"}, "did you mean 'fp"),
    ],
)
def test_unknown_names_are_refused_with_the_nearest(change, message):
    with pytest.raises(NotInCatalogue, match=message):
        solvers.solve("single_node", **{**POINTS["single_node"], **change})


def test_what_is_missing_is_named_with_what_could_give_it():
    with pytest.raises(ValueError, match=r"needs .*peak_flop_rate.*, or hardware"):
        solvers.solve("single_node", flop=1e12, traffic=1e9, efficiency=0.5)
    with pytest.raises(ValueError, match=r"needs flop \(arithmetic of the step\)$"):
        solvers.solve("single_node", hardware="h100-sxm", traffic=1e9, efficiency=0.5)
    with pytest.raises(UnitError, match="flop: '2 TB' is in byte"):
        solvers.solve("single_node", **{**POINTS["single_node"], "flop": "2 TB"})
    with pytest.raises(NotInCatalogue, match="did you mean 'single_node'"):
        solvers.solve("single_nod")


def test_a_text_that_is_no_result_is_refused():
    with pytest.raises(ValueError, match="missing"):
        solvers.Result.from_json("{}")


def test_a_split_that_does_not_fit_the_memory_says_so_and_another_is_found():
    small = solvers.solve("distributed_step", **{**POINTS["distributed_step"], "tensor": 1,
                                                 "pipeline": 1})  # fmt: skip
    axes = {"tensor": [1, 2, 4, 8], "pipeline": [1, 2, 4, 8, 16]}
    fixed = {k: v for k, v in POINTS["distributed_step"].items() if k not in axes}
    best = pareto("distributed_step", axes, minimize=["value"], **fixed)[0]

    assert not small.feasible
    assert "a state of 1.129 TB with activations" in small.reason
    assert best["state"] + best["activations"] <= 80e9
    assert best["tensor"] * best["pipeline"] >= 16


def test_a_region_is_chosen_by_its_cost_with_carbon():
    axes = {"grid": ["quebec", "poland", "united-states"]}
    fixed = {k: v for k, v in POINTS["placement"].items() if k != "grid"}
    found = pareto("placement", axes, minimize=["value"], **fixed)

    assert [row["grid"] for row in found] == ["quebec"]
    free = pareto("placement", axes, minimize=["value"], carbon_price=0.0, **fixed)
    assert len(free) == 3


def test_stragglers_and_congestion_lengthen_a_step_by_what_they_say():
    plain, slow = (
        solvers.solve("distributed_step", **{**POINTS["distributed_step"], **change})
        for change in ({}, {"straggler": 1.25, "congestion": 2.0})
    )

    assert slow.terms["straggling"].value == pytest.approx(0.25 * plain.terms["compute"].value)
    # Eight replicas of tensor 8 and pipeline 4: one to a node, so all their traffic is congested.
    assert slow.terms["gradients"].value == pytest.approx(2 * plain.terms["gradients"].value)
