"""Every solver of the folder walks: one point, an array, JSON, refusals; figures by hand beside."""

import json

import numpy as np
import pytest

from simcore import solvers
from simcore.errors import NotInCatalogue
from simcore.solvers.asking import ask
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
    "training_run": {"model": "llama-3-70b", "hardware": "h100-sxm", "tokens": 15e12,
                     "devices": 16384, "mfu": 0.4, "goodput": 0.9},
}  # fmt: skip


def test_every_solver_has_a_point_here():
    assert set(solvers.names()) == set(POINTS)


@pytest.mark.parametrize("name", POINTS)
def test_a_solver_answers_with_all_that_is_needed_to_judge_it(name):
    found = solvers.solve(name, **POINTS[name])

    described = solvers.question(name)
    assert found.value.unit == described.unit
    assert {key: term.unit for key, term in found.terms.items()} == dict(described.terms)
    assert found.low <= found.value.value <= found.high
    assert found.bound
    assert found.reason
    assert found.sources
    assert found.evidence in {"simulated", "estimated"}


@pytest.mark.parametrize("name", POINTS)
def test_a_result_comes_back_from_json_as_it_went(name):
    found = solvers.solve(name, **POINTS[name])

    assert solvers.Result.from_json(found.to_json()) == found


@pytest.mark.parametrize("name", POINTS)
def test_an_array_of_points_is_its_points(name):
    described = solvers.question(name)
    entry = next(e for e in described.inputs if not e.choices and e.name in POINTS[name])
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
            for bad in (np.nan, entry.low - 1):
                with pytest.raises(ValueError, match=rf"{entry.name} must be .*got"):
                    solvers.solve(name, **{**POINTS[name], entry.name: bad})


def test_by_hand():
    step = solvers.solve("single_node", **POINTS["single_node"])
    assert step.value.value == pytest.approx(25e9 / 3.35e12)
    assert step.bound == "memory"
    assert solvers.solve("tco", **POINTS["tco"]).terms["maintenance"].value == pytest.approx(
        26301.369863013697
    )
    memory = solvers.solve("training_memory", **POINTS["training_memory"])
    assert memory.terms["optimizer"].value == pytest.approx(12 * 8030261248)
    assert not memory.feasible
    assert "an accelerator has 8e+10 byte" in memory.reason


def test_a_distant_server_costs_the_light_its_way_there_and_back():
    found = solvers.solve("edge_offload", **POINTS["edge_offload"])

    assert found.terms["propagation"].value == pytest.approx(0.01)
    assert found.terms["local"].value == pytest.approx(0.12)
    assert found.terms["offloaded"].value == pytest.approx(0.06 + 0.01 + 0.02 + 0.0006)
    assert found.bound == "upload"


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


def test_better_resources_never_make_it_worse():
    for name, resource in [
        ("single_node", "bandwidth"), ("serving", "bandwidth"), ("training_step", "peak_flop_rate"),
        ("distributed_step", "link_bandwidth"), ("input_pipeline", "storage_bandwidth"),
    ]:  # fmt: skip
        now = solvers.solve(name, **POINTS[name])
        doubled = solvers.solve(name, **{**POINTS[name], resource: 2 * now.inputs[resource]})
        assert doubled.value.value <= now.value.value, name


def test_an_impossible_split_is_infeasible_in_words():
    found = solvers.solve("distributed_step", **{**POINTS["distributed_step"], "tensor": 3})

    assert not found.feasible
    assert "must divide the 256 accelerators" in found.reason


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
    with pytest.raises(NotInCatalogue, match="did you mean 'single_node'"):
        solvers.solve("single_nod")


def test_a_text_that_is_no_result_is_refused():
    with pytest.raises(ValueError, match="missing"):
        solvers.Result.from_json("{}")
