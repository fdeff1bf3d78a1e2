"""Part A: what a dear activation function costs, by where its argument lies."""

from collections.abc import Mapping, Sequence

import numpy as np

from labs.contract import (
    RIGHT,
    Choice,
    Curves,
    Knob,
    Knobs,
    Option,
    Outputs,
    Params,
    Part,
    Question,
    Scalar,
    lookup,
)
from labs.explore.vol1.lab_05_nn_compute.ladder import (
    COMPARE,
    COMPARE_INT8,
    DRAM,
    ELEMENT,
    HBM2,
    KIB8,
    KIB32,
    LPDDR5,
    MIB1,
    MULTIPLY_ADD,
    MULTIPLY_ADD_INT8,
    ROUGH,
    TABLE_READ,
    Array,
    Level,
    picojoules,
)
from labs.explore.vol1.lab_05_nn_compute.measured import accuracy, standard_error
from simcore.equations.activation import (
    NeuronTerms,
    activation_multiply_adds,
    function_cost_ratio,
    neuron_energy,
)

FUNCTIONS: Mapping[str, str] = {
    "sigmoid": "sigmoid",
    "gelu": "GELU (tanh form)",
    "silu": "SiLU",
}
FUSED = "fused"
FAR: Mapping[str, Level] = {"cloud": HBM2, "edge": DRAM, "mobile": LPDDR5, "tiny": MIB1}
"""Where a kernel of its own finds its tensor on each track."""

PLACES: Mapping[str, Sequence[str]] = {
    "cloud": ("far", FUSED),
    "edge": ("far", "near"),
    "mobile": ("far", "near"),
    "tiny": ("near", FUSED),
}
WHERE: Mapping[str, str] = {
    "far": "in a kernel of its own, from and to {name}",
    "near": "tile by tile, from and to {name}",
    FUSED: "fused into the loop that makes it, in a register",
}
FAN_INS = (3, 6, 9, 16, 27, 32, 64, 128, 256, 512, 1024, 2048, 4096)
"""9 is a depthwise 3 × 3, 27 the first convolution of a colour image."""


class A(Part):
    def combinations(self, track: str) -> Sequence[Params]:
        return [
            {
                "track": track,
                "function": function,
                "function_name": FUNCTIONS[function],
                "multiply_adds": activation_multiply_adds(function),
                "place": place,
                "where": WHERE[place].format(name=_name(track, place)),
                "byte_text": _byte_text(track, place),
                "multiply_text": picojoules(ROUGH.value("multiply.fp32")),
                "add_text": picojoules(ROUGH.value("add.fp32")),
                "compare_text": picojoules(COMPARE),
                "place_known": _known(track, place),
            }
            for function in FUNCTIONS
            for place in PLACES[track]
        ]

    def questions(self, p: Params) -> tuple[Question, ...]:
        place, ratios = str(p["place"]), _ratios(p)
        named = {"far": "main_memory_hides", "near": "near_memory", FUSED: "memory_forgotten"}
        wrong = [Option(id=named[at], value=x) for at, x in ratios.items() if at != place]
        counted = Option(id="operations_counted", value=2 * float(p["multiply_adds"]))
        right = Option(id=RIGHT, value=ratios[place])
        return (Choice(id="ratio", options=(right, *wrong, counted)),)

    def facts(self, p: Params) -> dict[str, Scalar]:
        ratios, track = _ratios(p), str(p["track"])
        own = {"far": "far_ratio", "near": "near_ratio", FUSED: "fused_ratio"}
        return {
            **{own[at]: ratio for at, ratio in ratios.items()},
            "ratio": ratios[str(p["place"])],
            "function_energy": float(p["multiply_adds"]) * MULTIPLY_ADD,
            "multiply_add_energy": MULTIPLY_ADD,
            "compare_energy": COMPARE,
            "operation_ratio": MULTIPLY_ADD / COMPARE,
            "traffic": _traffic(track, str(p["place"])),
            "far_traffic": _traffic(track, "far"),
            "near_traffic": _traffic(track, "near"),
            "far_name": FAR[track].name,
            "relu_accuracy": accuracy("relu", 1, 32),
            "sigmoid_accuracy": accuracy("logistic", 1, 32),
            "tanh_accuracy": accuracy("tanh", 1, 32),
            "accuracy_error": 100 * standard_error("relu", 1, 32),
            "is_fused": str(p["place"]) == FUSED,
        }

    def knobs(self, p: Params) -> tuple[Knob, ...]:
        functions = ("relu", *FUNCTIONS, "tanh")
        places = tuple(_levels(str(p["track"])))
        asked = _level_id(str(p["track"]), str(p["place"]))
        return (
            Knob(id="function", steps=functions, default=functions.index(str(p["function"]))),
            Knob(id="place", steps=places, default=places.index(asked)),
            Knob(id="fan_in", steps=FAN_INS, default=FAN_INS.index(512)),
            Knob(id="precision", steps=("fp32", "int8")),
        )

    def evaluate(self, p: Params, k: Knobs) -> Outputs:
        terms = _neuron(p, k, np.asarray(k["fan_in"], dtype=float))
        plain = _neuron(p, {**k, "function": np.full_like(k["function"], "relu")}, 1.0)
        return {
            "step_ratio": function_cost_ratio(
                terms.function, plain.function, traffic_energy=terms.traffic
            ),
            "share": terms.function / terms.total,
            "products": terms.products,
            "function_energy": terms.function,
            "traffic": terms.traffic,
            "total": terms.total,
            "fan_in_at": np.asarray(k["fan_in"], dtype=float),
            "dominates": terms.function > terms.products,
        }

    def curves(self, p: Params, k: Knobs) -> Curves:
        fan_in = np.geomspace(FAN_INS[0], FAN_INS[-1], 41)
        many = {name: values[:, None] for name, values in k.items()}
        terms = _neuron(p, many, fan_in)
        return {
            "fan_ins": np.broadcast_to(fan_in, terms.total.shape),
            "shares": terms.function / terms.total,
            "traffic_shares": terms.traffic / terms.total,
        }


def _levels(track: str) -> dict[str, Level | None]:
    """Return every place of the instrument, nearest first; none stands for a register."""
    found = (KIB8, KIB32, MIB1, FAR[track])
    return {FUSED: None, **{level.id: level for level in found}}


def _level_id(track: str, place: str) -> str:
    return {"far": FAR[track].id, "near": KIB8.id, FUSED: FUSED}[place]


def _name(track: str, place: str) -> str:
    return FAR[track].name if place == "far" else KIB8.name


def _known(track: str, place: str) -> str:
    level = _levels(track)[_level_id(track, place)]
    return "given" if level is None else level.known


def _byte_text(track: str, place: str) -> str:
    if place == FUSED:
        return "A register is taken to cost nothing beside the arithmetic"
    level = FAR[track] if place == "far" else KIB8
    # 8 KiB stands in the sentence before; the price of a byte is what counts.
    return f"A byte read or written there costs {picojoules(level.energy)} ({level.known})"


def _traffic(track: str, place: str) -> float:
    """Return the energy of reading and writing one 32-bit element. [J]"""
    level = _levels(track)[_level_id(track, place)]
    return 0.0 if level is None else 2 * ELEMENT * level.energy


def _ratios(p: Params) -> dict[str, float]:
    """Return the answer for each place there is to be wrong about."""
    energy = float(p["multiply_adds"]) * MULTIPLY_ADD
    return {
        place: float(
            function_cost_ratio(energy, COMPARE, traffic_energy=_traffic(str(p["track"]), place))
        )
        for place in ("far", "near", FUSED)
    }


def _neuron(p: Params, k: Knobs, fan_in: Array | float) -> NeuronTerms:
    is_int8 = k["precision"] == "int8"
    dear = {name: activation_multiply_adds(name) * MULTIPLY_ADD for name in (*FUNCTIONS, "tanh")}
    in_fp32 = lookup({"relu": COMPARE, **dear}, k["function"])
    in_int8 = np.where(k["function"] == "relu", COMPARE_INT8, TABLE_READ)
    per_byte = {
        name: 0.0 if level is None else level.energy
        for name, level in _levels(str(p["track"])).items()
    }
    size = np.where(is_int8, 1.0, ELEMENT)
    return neuron_energy(
        fan_in,
        multiply_add_energy=np.where(is_int8, MULTIPLY_ADD_INT8, MULTIPLY_ADD),
        function_energy=np.where(is_int8, in_int8, in_fp32),
        traffic_energy=2 * size * lookup(per_byte, k["place"]),
    )
