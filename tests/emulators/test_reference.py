"""The reference firmware in emulators: what fits, what it answers, and that it computes exactly."""

import subprocess
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from courseserver.kits import kernels
from device_agent.boards.dialects.lab import LabBoard
from device_agent.boards.port import SerialPort, address_of
from device_agent.classifier import quantising
from firmware_specs.serial import commands, operands, replies
from firmware_specs.serial.blob import Layer, LayerKind, model_pack
from tests.emulators import machines
from tests.emulators.machines import MACHINES, Machine
from tests.firmware_specs import transcripts
from tests.services import LIMIT_S

pytestmark = pytest.mark.processes
# A bootloader of half a kilobyte; a stack that was seen deep in use still leaves this much RAM.
UNO_FLASH, UNO_RAM, SPARE_RAM = 32 * 1024 - 512, 2048, 64


@pytest.fixture(scope="module")
def images() -> Path:
    return machines.images()


@pytest.fixture(scope="module", params=MACHINES)
def emulator(
    request: pytest.FixtureRequest, images: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Machine]:
    with machines.machine(request.param, images, tmp_path_factory.mktemp("machine")) as running:
        yield running


@pytest.fixture(scope="module")
def port(emulator: Machine) -> Iterator[SerialPort]:
    with SerialPort(address_of(emulator.url)) as line:
        yield line


@pytest.fixture(scope="module")
def board(port: SerialPort) -> LabBoard:
    return LabBoard(port)


def raw_ask(port: SerialPort, command: bytes) -> list[str]:
    """Send a command and return the lines up to `m-ready`, without our codec."""
    port.write(command)
    data, deadline = b"", time.monotonic() + LIMIT_S
    while not data.endswith(b"m-ready\r\n"):
        assert time.monotonic() < deadline, f"{command!r} was answered by {data!r}"
        data += port.read()
    return data.decode("latin-1").split("\r\n")[:-1]


# --- sizes --------------------------------------------------------------------------------------
def test_the_uno_build_fits_its_flash_and_ram(images: Path) -> None:
    flash, ram = machines.section_bytes(images / "uno.elf")

    assert flash <= UNO_FLASH
    assert ram < UNO_RAM


def test_stack_and_data_together_fit_the_uno_while_it_works(images: Path, tmp_path: Path) -> None:
    with machines.machine("uno", images, tmp_path) as uno, SerialPort(address_of(uno.url)) as port:
        board = LabBoard(port)
        for blob, given in _uno_models():
            board.load_model(blob)
            board.infer(given)
        for kernel in commands.KERNELS:
            board.timed(board.kernel(kernel, 64), 2, 1, 0.1)

    _, ram = machines.section_bytes(images / "uno.elf")
    assert uno.edges is not None
    assert 0 < ram + machines.stack_bytes(uno.edges) <= UNO_RAM - SPARE_RAM


def _uno_models() -> Iterator[tuple[bytes, bytes]]:
    rng = np.random.default_rng(3)
    for kind in LayerKind:
        width = 3 if kind is LayerKind.FP32 else 8
        layers = (_layer(rng, kind, 64, width, is_relu=True), _layer(rng, kind, width, 10))
        yield model_pack(layers), rng.integers(-128, 128, 64, dtype=np.int8).tobytes()


# --- the protocol -------------------------------------------------------------------------------
@pytest.mark.parametrize("name", transcripts.OURS + transcripts.DUT)
def test_the_firmware_answers_as_the_golden_transcript(
    board: LabBoard, port: SerialPort, name: str
) -> None:
    assert transcripts.differences(name, lambda command: raw_ask(port, command)) == []


@pytest.mark.parametrize("name", MACHINES)
def test_a_runner_of_others_has_a_model_to_time_from_the_start(
    images: Path, tmp_path: Path, name: str
) -> None:
    with (
        machines.machine(name, images, tmp_path) as fresh,
        SerialPort(address_of(fresh.url)) as line,
    ):
        LabBoard(line)

        assert transcripts.differences("first_model", lambda ask: raw_ask(line, ask)) == []


def test_a_board_gets_in_step_after_half_a_command_and_noise(
    board: LabBoard, port: SerialPort
) -> None:
    port.write(b"\xff\x00infer 10")

    board.sync()

    assert board.model() == "fsm01"


def test_what_is_longer_than_the_buffer_harms_nothing(board: LabBoard) -> None:
    reply = board.ask(b"x" * 300 + b"%")

    assert any("Unknown command" in line.text for line in reply.lines)
    assert board.model() == "fsm01"


def test_no_command_however_odd_keeps_the_firmware_from_the_next_one(
    board: LabBoard, port: SerialPort
) -> None:
    rng = np.random.default_rng(7)
    words = [b"db", b"load", b"print", b"blob", b"infer", b"kernel", b"mac8", b"copy", b"outputs",
             b"results", b"counter", b"0", b"1", b"65", b"4294967296", b"-1", b"ff", b"00", b"zz",
             b"", b"  ", b"\x00", b"\xff"]  # fmt: skip
    for _ in range(60):
        command = b" ".join(rng.choice(np.array(words, dtype=object), rng.integers(1, 8)))
        # More than one run could take for ever, as asked.
        if command.startswith((b"infer", b"kernel")):
            continue
        raw_ask(port, command + b"%")

    assert board.sync().startswith("courseserver")
    assert board.model() == "fsm01"


# --- arithmetic ---------------------------------------------------------------------------------
def _layer(
    rng: np.random.Generator, kind: LayerKind, inputs: int, outputs: int, *, is_relu: bool = False
) -> Layer:
    """Return a layer whose outputs use all of the range and reach both of its ends."""
    size = inputs * outputs
    if kind is LayerKind.FP32:
        weights, bias = rng.standard_normal(size), rng.standard_normal(outputs) * 20
        whole = [tuple(float(np.float32(v)) for v in values) for values in (weights, bias)]
        return Layer(
            kind=kind, inputs=inputs, outputs=outputs, weights=whole[0], bias=whole[1],
            is_relu=is_relu,
        )  # fmt: skip
    most = 8 if kind is LayerKind.INT4 else 128
    weights = rng.integers(-most, most, size)
    if kind is LayerKind.SPARSE8:
        weights *= rng.random(size) < 0.3
    spread = most * 45 * inputs**0.5 * (0.55 if kind is LayerKind.SPARSE8 else 1.0)
    shift = max(0, int(np.log2(spread / 64)))
    return Layer(
        kind=kind,
        inputs=inputs,
        outputs=outputs,
        weights=tuple(weights.tolist()),
        bias=tuple(rng.integers(-int(spread), int(spread), outputs).tolist()),
        is_relu=is_relu,
        multiplier=int(rng.integers(1 << 15, 1 << 16)),
        shift=shift,
        zero=int(rng.integers(-128, 128)) if not is_relu else -128,
    )


@pytest.mark.parametrize("kind", list(LayerKind))
@pytest.mark.parametrize("shape", [(64, 3, 10), (7, 5, 3), (1, 1, 1)], ids=str)
def test_outputs_are_those_of_numpy_to_the_bit(
    board: LabBoard, kind: LayerKind, shape: tuple[int, int, int]
) -> None:
    rng = np.random.default_rng([kind, *shape])
    inputs, width, outputs = shape
    layers = (
        _layer(rng, kind, inputs, width, is_relu=True),
        _layer(rng, kind, width, outputs),
    )
    blob = model_pack(layers)
    board.load_model(blob)

    for given in rng.integers(-128, 128, (4, inputs), dtype=np.int8):
        got = board.infer(given.tobytes())
        expected = quantising.run(layers, given[None])

        assert got.data == expected.astype(expected.dtype.newbyteorder("<")).tobytes()
        assert got.is_of("0", zlib.crc32(blob), given.tobytes())


def test_integer_kinds_mix_in_one_model(board: LabBoard) -> None:
    rng = np.random.default_rng(8)
    layers = (
        _layer(rng, LayerKind.SPARSE8, 16, 12, is_relu=True),
        _layer(rng, LayerKind.INT4, 12, 9, is_relu=True),
        _layer(rng, LayerKind.INT8, 9, 4),
    )
    board.load_model(model_pack(layers))
    given = rng.integers(-128, 128, 16, dtype=np.int8)

    assert board.infer(given.tobytes()).data == quantising.run(layers, given[None]).tobytes()


@pytest.mark.parametrize("kernel", commands.KERNELS)
@pytest.mark.parametrize("size", [1, 31, 128])
def test_a_micro_kernel_gets_the_expected_bits(board: LabBoard, kernel: str, size: int) -> None:
    _, reply = board.timed(board.kernel(kernel, size), 3, 1, 0.1)

    assert replies.kernel_result(reply) == operands.expected(kernel, size)


# The last draws a product of minus zero where the size is 1.
@pytest.mark.parametrize("seed", [0, 1, 77, 2**31 - 2, 2**32 - 1, 901])
@pytest.mark.parametrize("size", [1, 31, 128])
def test_a_seeded_kernel_gets_the_bits_that_numpy_gets(
    board: LabBoard, size: int, seed: int
) -> None:
    for kernel in commands.KERNELS:
        _, reply = board.timed(board.kernel(kernel, size, seed), 2, 1, 0.1)

        got = replies.kernel_result(reply)
        assert got == kernels.result(kernel, size, seed)
        assert replies.kernel_check(reply) == operands.sealed(seed, size, got)


def test_a_seed_takes_no_time_of_the_window(board: LabBoard) -> None:
    plain, *seeded = (
        board.timed(board.kernel("mac8", 128, seed), 200, 1, 0.1)[0] for seed in (None, 0, 99)
    )

    # Drawing 256 numbers would take longer than adding up 128 products.
    assert seeded == pytest.approx([plain] * 2, rel=2e-3)


@pytest.mark.parametrize("sketch", machines.SKETCHES)
def test_an_arduino_sketch_speaks_and_computes_as_the_core_does(
    sketch: str, images: Path, tmp_path: Path
) -> None:
    rng = np.random.default_rng(9)
    layers = (
        _layer(rng, LayerKind.FP32, 64, 12, is_relu=True),
        _layer(rng, LayerKind.FP32, 12, 10),
    )
    given = rng.integers(-128, 128, 64, dtype=np.int8)
    with (
        machines.machine(sketch, images, tmp_path) as machine,
        SerialPort(address_of(machine.url)) as port,
    ):
        board = LabBoard(port)
        board.load_model(model_pack(layers))
        got = board.infer(given.tobytes())
        faults = [
            fault
            for name in ("model", "seeded_kernels")
            for fault in transcripts.differences(name, lambda command: raw_ask(port, command))
        ]

    # Compiled without our flags, as the Arduino IDE does, on a processor with fused products.
    assert got.data == quantising.run(layers, given[None]).tobytes()
    assert faults == []
    assert (images / "arduino" / sketch / f"{sketch}.ino").exists()


def test_the_nanos_motion_is_recorded_beside_its_analogue_input(
    images: Path, tmp_path: Path
) -> None:
    with (
        machines.machine("nano33ble", images, tmp_path) as machine,
        SerialPort(address_of(machine.url)) as port,
    ):
        board = LabBoard(port)
        input_, motion, made = (board.sense(name, 100, 16) for name in board.can.sensors)

        assert board.can.sensors == ("a0", "imu", "synthetic")
    # What the stub of its library says, in thousandths of g; nothing is wired to A0.
    assert motion.values == (250, -500, 875) * 16
    assert (input_.axes, motion.axes, made.axes) == (1, 3, 3)
    assert set(input_.values) == {0}


@pytest.mark.parametrize(("chip", "has_motion"), [(0, False), (1, True)])
def test_the_nanos_sketch_builds_for_the_first_sense_and_without_a_motion_sensor(
    chip: int, has_motion: bool, images: Path, tmp_path: Path
) -> None:
    sketch, stub = images / "arduino" / "nano33ble", machines.REFERENCE / "arduino" / "stub"
    flags = ["-std=c++17", "-mthumb", "-mcpu=cortex-m4", f"-DIMU_CHIP={chip}", f"-I{stub}"]
    out = tmp_path / "sketch.o"

    run = subprocess.run(
        ["arm-none-eabi-g++", *flags, "-include", "Arduino.h", "-I", sketch, "-c", "-x", "c++",
         sketch / "nano33ble.ino", "-o", out],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert run.returncode == 0, run.stderr
    assert (b"board_sense_second" in out.read_bytes()) is has_motion


# --- hostile models -----------------------------------------------------------------------------
def _refusal(board: LabBoard, blob: bytes) -> str:
    with pytest.raises(replies.ReplyError) as caught:
        board.load_model(blob)
    return str(caught.value)


def test_a_damaged_model_is_refused_wherever_it_is_damaged(board: LabBoard) -> None:
    rng = np.random.default_rng(4)
    kinds = (LayerKind.SPARSE8, LayerKind.INT4)
    layers = (_layer(rng, kinds[0], 6, 4, is_relu=True), _layer(rng, kinds[1], 4, 2))
    blob = model_pack(layers)

    for cut in (3, 8, 20, 30, len(blob) - 4):
        assert "Model refused" in _refusal(board, blob[:cut])
    # Rows that promise more than the layer holds, and a weight of an input that is not there.
    first_row = 8 + 16 + 4 * 4
    for place, value in ((first_row, 255), (first_row + 1, 6), (4, 5), (8, 9), (10, 0), (12, 0)):
        assert "Model refused" in _refusal(board, blob[:place] + bytes([value]) + blob[place + 1 :])
    board.load_model(blob)


# --- time ---------------------------------------------------------------------------------------
def test_time_grows_with_the_work_and_not_with_the_runs(board: LabBoard) -> None:
    command = board.kernel("mac8", 256)

    short, _ = board.timed(command, 20, 1, 0.1)
    long, _ = board.timed(command, 200, 1, 0.1)
    once, _ = board.timed(board.kernel("mac8", 128), 200, 1, 0.1)

    assert long == pytest.approx(10 * short, rel=0.02)
    assert long == pytest.approx(2 * once, rel=0.1)


def test_the_counter_agrees_with_the_clock(board: LabBoard) -> None:
    window_s, _ = board.timed(board.kernel("dotf", 64), 400, 1, 0.1)

    ticks = board.ticks(window_s)

    # Reading one clock after the other takes an AVR 12 microseconds.
    assert ticks / board.can.counter_hz == pytest.approx(window_s, abs=2e-5)


def test_the_pin_is_high_for_the_timed_window_alone(images: Path, tmp_path: Path) -> None:
    ticks = []
    with machines.machine("uno", images, tmp_path) as uno, SerialPort(address_of(uno.url)) as port:
        board = LabBoard(port)
        for runs in (10, 40):
            window_s, _ = board.timed(board.kernel("mac8", 200), runs, 2, 0.1)
            ticks.append(board.ticks(window_s))

    assert uno.edges is not None
    windows = machines.windows_cycles(uno.edges)
    # Between edge and clock lie the reading of the clock and its arithmetic: 0.05 ms.
    assert windows == pytest.approx(ticks, abs=800)


def test_in_energy_mode_timestamps_are_falling_edges(tmp_path: Path) -> None:
    images = machines.firmware_build(tmp_path, "uno", energy=True)
    machines.avr_host_build(images)
    address = f"{tmp_path}/tty-avr;baud=9600"
    with machines.machine("uno", images, tmp_path) as uno, SerialPort(address_of(address)) as port:
        answer = LabBoard(port).ask(b"kernel mac8 100 50 1%", timeout_s=LIMIT_S)

    assert answer.messages("lap-us") == []
    assert uno.edges is not None
    _, falls = machines.pin_edges(uno.edges)
    # The banner's timestamp, then both ends of the window: 50 times 100 products.
    assert 15 < (falls[-1] - falls[-2]) / 5000 < 30
