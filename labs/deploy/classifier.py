"""The classifier of digits on a microcontroller: what two activities share."""

from collections.abc import Mapping, Sequence
from typing import Any

from labs.activities import Design, Figure, Past, Told
from labs.contract import BenchTask, Estimate, Knob, Measured
from labs.explore.vol1.lab_05_nn_compute.measured import MEASURED, accuracy
from simcore import catalog
from simcore.equations.roofline import step_terms
from simcore.solvers import solve
from simcore.tools.calibration import calibrate, predict

PIXELS, CLASSES = 64, 10
WIDTHS = (4, 8, 16, 32)
SPARSITIES = (0.0, 0.5, 0.8)
BITS = {"int8": 8, "int4": 4, "fp32": 32}
# The core whose kernels a board runs, and how far its figure may be off before anything was
# measured there: fitted in an emulator, or a median of runtimes that differ by a factor of two.
CORES: Mapping[str, tuple[str, float]] = {
    "arduino-uno-r3": ("avr-reference-firmware", 1.15),
    "arduino-nano-33-ble-sense": ("cortex-m4", 2.0),
    "nucleo-l4r5zi": ("cortex-m4", 2.0),
    "nrf5340-dk": ("cortex-m33", 2.0),
    "arduino-nicla-vision": ("cortex-m7", 2.0),
    "xiao-esp32s3-sense": ("xtensa-lx7-reference", 2.0),
}
# Computers that compute the same network in numpy on one thread, and how many calls one inference
# takes there (`device_agent.classifier.hosting`): both casts, and each layer's operations.
HOSTS = ("raspberry-pi-5", "raspberry-pi-4")
_CALLS = {"int8": 20.0, "int4": 20.0, "fp32": 12.0}
# One thread of four, and whole numbers without the vector unit. Assumed.
_HOST_SHARE = 0.02
# A call that makes a new array costs more than the catalogue's, which fills one: both timed beside
# one another on a Xeon gave 2.1 (int8) and 2.3 (fp32).
_NEW_ARRAY = 2.2
# The cost of a call is known for its kind and not for its size.
_CALLS_OFF = 3.0
# Of ln(time): a kit's scatter around a model of one rate. Where the model was fitted to the same
# firmware it is small; elsewhere one measurement leaves some 30%.
_SCATTER, _SCATTER_FITTED = 0.13, 0.05
# Of a board's power while it infers: published boards lie within it over four networks.
_POWER = 1.1
_HEAD, _LAYER_HEAD, _BIAS = 8, 16, 4
_NO_CONVOLUTIONS = {
    f"{name}_cycles": 0.0 for name in ("first", "depthwise", "pointwise", "convolution")
}


def knobs(precisions: Sequence[str] = ("int8", "int4", "fp32")) -> tuple[Knob, ...]:
    return (
        Knob(id="width", steps=WIDTHS, default=1),
        Knob(id="precision", steps=tuple(precisions)),
        Knob(id="sparsity", steps=SPARSITIES),
    )


def tasks(design: Design, board: str, *, images: int = 100) -> tuple[BenchTask, ...]:
    arguments = {**settled(design), "images": images}
    if board in HOSTS:
        return (BenchTask(id="digits", task="digits_host", arguments=arguments, use="compare"),)
    arguments["window_s"] = 2.0
    return (BenchTask(id="digits", task="digits", arguments=arguments, use="compare"),)


def settled(design: Design) -> dict[str, Any]:
    """Return a design that boards have kernels for: only int8 skips zeros."""
    sparse = float(design["sparsity"]) if design["precision"] == "int8" else 0.0
    return {**design, "sparsity": sparse}


def products(design: Design) -> float:
    """Return multiply-accumulates of one inference. [1]"""
    given = settled(design)
    return float((PIXELS + CLASSES) * given["width"] * (1.0 - given["sparsity"]))


def model_bytes(design: Design) -> float:
    """Return the size of the blob that is sent to a board. [byte]"""
    given = settled(design)
    width = float(given["width"])
    # A weight that is kept is sent with its place in the row; a row begins with their number.
    weights = (
        2.0 * products(design) + width + CLASSES
        if given["sparsity"]
        else products(design) * BITS[str(given["precision"])] / 8
    )
    return _HEAD + 2 * _LAYER_HEAD + _BIAS * (width + CLASSES) + weights


def asked(design: Design, board: str) -> dict[str, Any]:
    """Return what simcore's solver is asked for a design on a board."""
    return {
        "dense_macs": products(design),
        "outputs": float(design["width"]) + CLASSES,
        "weights": model_bytes(design),
        "activations": PIXELS + float(design["width"]) + CLASSES,
        "hardware": board,
        "core": CORES[board][0],
        **_NO_CONVOLUTIONS,
    }


def predicted(
    design: Design, board: str, past: Sequence[Past] = (), *, images: int = 100
) -> tuple[Figure, ...]:
    latency = _on_host(design, board, past) if board in HOSTS else _on_board(design, board, past)
    time = latency.predicted
    power = catalog.item("hardware", board)["power"].value
    energy = Estimate(
        value=power * time.value,
        low=power * (time.low or time.value) / _POWER,
        high=power * (time.high or time.value) * _POWER,
    )
    return (
        latency,
        Figure(id="energy", predicted=energy),
        Figure(id="accuracy", predicted=_accuracy(design, images)),
        Figure(id="memory", predicted=Estimate(value=model_bytes(design))),
    )


def _on_board(design: Design, board: str, past: Sequence[Past]) -> Figure:
    """Return the time on a microcontroller: cycles of products and of outputs."""
    given = asked(design, board)
    if design["precision"] == "fp32":
        given["dense_cycles"] = _float_cycles(board)
    time = _time(design, board, given, past)
    solved = solve("mcu_inference", **given)
    outputs = given["outputs"] * solved.inputs["output_cycles"] / solved.inputs["clock"]
    return Figure(
        id="latency",
        predicted=time,
        bound="arithmetic" if outputs < time.value / 2 else "outputs",
        terms={"arithmetic": max(0.0, time.value - outputs), "outputs": outputs},
    )


def _on_host(design: Design, board: str, past: Sequence[Past]) -> Figure:
    """Return the time in numpy: calls, each of which costs more than what it computes."""
    terms, off = _host_terms(design, board), _CALLS_OFF
    same = [row for row in past if row.design["precision"] == design["precision"]]
    if same:
        # What this kit's others took over what was expected of them, as a factor.
        ratios = sorted(row.time_s / sum(_host_terms(row.design, board).values()) for row in same)
        terms = {name: x * ratios[len(ratios) // 2] for name, x in terms.items()}
        off = 1.0 + 2.0 * _SCATTER
    value = sum(terms.values())
    return Figure(
        id="latency",
        predicted=Estimate(value=value, low=value / off, high=value * off),
        bound=max(terms, key=lambda name: terms[name]),
        terms=terms,
    )


def _host_terms(design: Design, board: str) -> dict[str, float]:
    item = catalog.item("hardware", board)
    # numpy multiplies zeros, too.
    found = step_terms(
        2.0 * (PIXELS + CLASSES) * float(design["width"]),
        0.0,
        peak_flop_rate=item.value("peak.fp32"),
        bandwidth=item.value("bandwidth"),
        efficiency=_HOST_SHARE,
        overhead=_NEW_ARRAY * _CALLS[str(design["precision"])] * item.value("overhead"),
    )
    return {"calls": float(found.overhead), "arithmetic": float(found.compute)}


def _float_cycles(board: str) -> float:
    """Return cycles of one fp32 product, from the board's peak: two operations each."""
    item = catalog.item("hardware", board)
    return 2.0 * item.value("clock") / item.value("peak.fp32")


def _time(design: Design, board: str, given: dict[str, Any], past: Sequence[Past]) -> Estimate:
    same = [row for row in past if row.design["precision"] == design["precision"]]
    if not same:
        value = solve("mcu_inference", **given).value.value
        off = CORES[board][1]
        return Estimate(value=value, low=value / off, high=value * off)
    points = [{**_varying(asked(row.design, board)), "measured": row.time_s} for row in same]
    shared = {k: v for k, v in given.items() if k not in _VARYING and k != "dense_cycles"}
    scatter = _SCATTER if CORES[board][1] > 1.5 else _SCATTER_FITTED
    fitted = calibrate("mcu_inference", "dense_cycles", points, scatter=scatter, **shared)
    (found,) = predict(fitted, [_varying(given)])
    return Estimate(value=found.value, low=found.low, high=found.high)


_VARYING = ("dense_macs", "outputs", "weights", "activations")


def _varying(given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: given[name] for name in _VARYING}


def _accuracy(design: Design, images: int) -> Estimate:
    """Return what ten networks trained here reached; pruning was not among them."""
    width, bits = int(design["width"]), BITS[str(design["precision"])]
    value = accuracy("relu", 1, width, bits)
    error = 2.0 * MEASURED["relu", 1, width][-1]
    # So few held-out images alone scatter by as much.
    luck = 2.0 * (value * (1.0 - value) / images) ** 0.5
    # Zeros take accuracy that nobody has measured here: the interval says so downwards.
    pruned = 0.1 if settled(design)["sparsity"] else 0.0
    return Estimate(
        value=value,
        low=max(0.0, value - error - luck - pruned),
        high=min(1.0, value + error + luck),
    )


def read(told: Mapping[str, Told]) -> dict[str, Measured]:
    """Return the four figures that a kit's answer holds."""
    if "digits" not in told:
        return {}
    answer = told["digits"]
    found = {"latency": answer.measured}
    n, evidence = answer.measured.n, answer.measured.evidence

    def exactly(value: float) -> Measured:
        return Measured(value=value, low=value, high=value, n=1, evidence=evidence)

    if answer.energy_j is not None:
        found["energy"] = Measured(
            value=answer.energy_j,
            low=answer.energy_j - 2 * answer.energy_spread_j,
            high=answer.energy_j + 2 * answer.energy_spread_j,
            n=n,
            evidence=evidence,
        )
    if "accuracy" in answer.facts:
        found["accuracy"] = exactly(float(answer.facts["accuracy"]))
    if "model_bytes" in answer.facts:
        found["memory"] = exactly(float(answer.facts["model_bytes"]))
    return found
