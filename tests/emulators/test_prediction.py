"""simcore's prediction of networks it was not calibrated on, against the emulators' counts.

On the AVR cycles are counted by the emulator at the sync pin, on the Cortex-M instructions. Four
networks calibrate cycles for a product and for an output; ten of other sizes are then predicted by
the solver that answers the same question for any board.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
import pytest

from device_agent.boards.dialects.lab import LabBoard
from device_agent.boards.port import SerialPort, address_of
from firmware_specs.serial import commands
from firmware_specs.serial.blob import Layer, LayerKind, model_pack
from simcore import catalog
from simcore.equations.mcu_calibration import OperatorRates, operator_fit
from simcore.solvers import solve
from tests.emulators import machines

pytestmark = pytest.mark.processes
Shape = tuple[int, ...]
CALIBRATION: Sequence[Shape] = ((64, 9, 10), (16, 16, 8), (48, 2, 3), (8, 8, 8, 8))
TEN: Sequence[Shape] = (
    (64, 4, 10), (64, 6, 10), (64, 8, 10), (64, 11, 10), (32, 10, 10),
    (16, 20, 5), (40, 7, 3), (8, 30, 6), (50, 5, 2), (20, 12, 12, 4),
)  # fmt: skip
FLOAT_CALIBRATION: Sequence[Shape] = ((32, 2, 10), (8, 8, 8), (16, 3, 2))
FLOAT: Sequence[Shape] = ((64, 3, 10), (24, 4, 6), (10, 10, 4))
RUNS = 20
_OTHERS = dict.fromkeys(("first_cycles", "depthwise_cycles", "pointwise_cycles",
                         "convolution_cycles"), 0.0)  # fmt: skip


@pytest.fixture(scope="module", params=["uno", "mps2-an386"])
def board(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LabBoard]:
    folder = tmp_path_factory.mktemp("machine")
    with (
        machines.machine(request.param, machines.images(), folder) as running,
        SerialPort(address_of(running.url)) as port,
    ):
        yield LabBoard(port)


def model(kind: LayerKind, shape: Shape) -> bytes:
    """Return a model of that shape; what its weights are does not change its time."""
    rng = np.random.default_rng(shape)
    layers = []
    for inputs, width in pairwise(shape):
        size = inputs * width
        whole = rng.integers(-8, 8, size).tolist()
        layers.append(
            Layer(
                kind=kind,
                inputs=inputs,
                outputs=width,
                weights=tuple(whole),
                bias=(0,) * width,
                is_relu=True,
                multiplier=0 if kind is LayerKind.FP32 else 40_000,
                shift=0 if kind is LayerKind.FP32 else 6,
            )
        )
    return model_pack(tuple(layers))


def macs(shape: Shape) -> int:
    return sum(a * b for a, b in pairwise(shape))


def outputs(kind: LayerKind, shape: Shape) -> int:
    """Return the elements written; an fp32 model also writes its inputs, as floats."""
    return sum(shape) if kind is LayerKind.FP32 else sum(shape[1:])


def counted(board: LabBoard, kind: LayerKind, shape: Shape) -> float:
    """Return cycles of one inference, instructions where the emulator counts those."""
    board.load_model(model(kind, shape))
    board.load_input(np.random.default_rng(1).integers(1, 17, shape[0], np.int8).tobytes())
    window_s, _ = board.timed(commands.infer, RUNS, 1, 0.1)
    ticks = board.ticks(window_s) / RUNS
    if board.can.core == "avr":
        return ticks
    return ticks / board.can.counter_hz / machines.INSTRUCTION_S


def errors(
    board: LabBoard, kind: LayerKind, known: Sequence[Shape], asked: Sequence[Shape]
) -> list[float]:
    """Return the relative error of each prediction."""
    rates = operator_fit(
        [macs(s) for s in known],
        [outputs(kind, s) for s in known],
        [counted(board, kind, s) for s in known],
    )
    return [predicted(rates, kind, shape) / counted(board, kind, shape) - 1 for shape in asked]


def predicted(rates: OperatorRates, kind: LayerKind, shape: Shape) -> float:
    found = solve(
        "mcu_inference",
        dense_macs=macs(shape),
        outputs=outputs(kind, shape),
        dense_cycles=float(rates.cycles_per_mac),
        output_cycles=float(rates.cycles_per_output),
        clock=1.0,
        weights=0.0,
        activations=0.0,
        **_OTHERS,
    )
    return found.terms["cycles"].value


def test_ten_sizes_it_was_not_calibrated_on_are_predicted_within_a_tenth(board: LabBoard) -> None:
    found = errors(board, LayerKind.INT8, CALIBRATION, TEN)

    assert not set(CALIBRATION) & set(TEN)
    assert len(found) == 10
    assert np.median(np.abs(found)) < 0.10
    assert max(np.abs(found)) < 0.20


# Instructions, which QEMU counts, are no cycles: the catalogue has none of the Cortex-M.
@pytest.mark.parametrize("board", ["uno"], indirect=True)
def test_the_catalogues_figures_of_the_avr_are_those_of_the_emulator(board: LabBoard) -> None:
    facts = catalog.item("cores", "avr-reference-firmware")
    rates = OperatorRates(
        cycles_per_mac=np.asarray(facts.value("cycles.dense")),
        cycles_per_output=np.asarray(facts.value("cycles.output")),
    )

    for shape in TEN[:3]:
        told = predicted(rates, LayerKind.INT8, shape)
        assert told == pytest.approx(counted(board, LayerKind.INT8, shape), rel=0.05)


def test_floats_in_software_and_in_hardware_are_predicted_too(board: LabBoard) -> None:
    found = errors(board, LayerKind.FP32, FLOAT_CALIBRATION, FLOAT)

    # A soft float's sum takes as long as its operands ask for.
    assert np.median(np.abs(found)) < 0.10


def test_a_wrong_rate_would_be_seen(board: LabBoard) -> None:
    shape = TEN[0]
    rates = OperatorRates(cycles_per_mac=np.asarray(2.0), cycles_per_output=np.asarray(0.0))

    assert (
        abs(predicted(rates, LayerKind.INT8, shape) / counted(board, LayerKind.INT8, shape) - 1)
        > 0.2
    )
