"""Boards on lines that fail: getting in step, wraps, deadlines, unplugging; to a result."""

import random
from collections.abc import Iterator
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_agent import worker
from device_agent.boards import dialects, find
from device_agent.boards.dialects.dut import Dut
from device_agent.boards.dialects.edge_impulse import EdgeImpulseBoard
from device_agent.boards.dialects.lab import LabBoard
from device_agent.boards.errors import BoardError, BoardGone, BoardSilent
from device_agent.boards.port import Address
from firmware_specs.serial import commands, replies
from firmware_specs.serial import edge_impulse as speech
from firmware_specs.serial.replies import ReplyError
from tests.doubles.fake_board import (
    BootingPort,
    DutFirmware,
    Faults,
    ImpulseFirmware,
    MemoryPort,
    board_on_pty,
)
from tests.firmware_specs import transcripts


def dut_at(port: MemoryPort) -> Dut:
    return Dut(port, clock=port.clock)


# --- the double itself --------------------------------------------------------------------------
@pytest.mark.parametrize("name", transcripts.DUT)
def test_the_fake_board_answers_as_the_golden_transcript(name: str) -> None:
    firmware = DutFirmware()

    def ask(command: bytes) -> list[str]:
        return firmware.receive(command).decode().split("\r\n")[:-1]

    assert transcripts.differences(name, ask) == []


# --- getting in step ----------------------------------------------------------------------------
@pytest.mark.parametrize(
    "waiting",
    [
        b"",
        DutFirmware().banner(),
        b"\x00\xff\xfe noise without an end",
        b"m-ready\r\n" * 3,
        b"m-name-dut-[somebody else]\r\nm-ready\r\nm-re",
    ],
    ids=["quiet", "banner", "noise", "readies", "stale answer"],
)
def test_a_board_gets_in_step_whatever_waits_on_the_line(waiting: bytes) -> None:
    port = MemoryPort(DutFirmware(name="ours"), waiting=waiting)

    assert dut_at(port).sync() == "ours"


def test_half_a_command_of_somebody_before_us_does_no_harm() -> None:
    firmware = DutFirmware(name="ours")
    firmware.receive(b"db loa")

    assert dut_at(MemoryPort(firmware)).sync() == "ours"


@pytest.mark.parametrize("boots_s", [0.0, 0.1, 0.5, 1.9, 2.4, 4.0])
def test_a_board_that_resets_when_its_port_is_opened_is_waited_for(boots_s: float) -> None:
    port = BootingPort(DutFirmware(name="ours"), boots_s=boots_s)

    assert dut_at(port).sync() == "ours"


@given(noise=st.binary(max_size=60))
def test_no_noise_keeps_a_board_from_getting_in_step(noise: bytes) -> None:
    firmware = DutFirmware(name="ours")
    firmware.receive(noise)
    port = MemoryPort(firmware, Faults(noise_before=noise), waiting=noise)

    assert dut_at(port).sync() == "ours"


@pytest.mark.parametrize("keeps", [0, 1, 10, 40, -1])
def test_after_a_broken_answer_the_next_one_is_its_own(keeps: int) -> None:
    port = MemoryPort(DutFirmware())
    dut = dut_at(port)
    dut.sync()
    port.faults.keeps = keeps

    with pytest.raises(BoardSilent, match="no m-ready"):
        dut.ask(b"profile%")

    assert dut.model() == "kws01"


def test_a_silent_board_is_given_up_in_the_time_that_the_work_should_take() -> None:
    port = MemoryPort(DutFirmware(run_us=2_000_000))
    dut = dut_at(port)
    dut.sync()
    port.faults.is_silent = True
    began = port.now_s

    with pytest.raises(BoardSilent, match=r"within 71\.0 s"):
        dut.timed(commands.infer, 10, 1, once_s=2.0)

    assert port.now_s - began == pytest.approx(71.0, abs=0.1)


def test_a_board_that_talks_for_ever_is_given_up() -> None:
    port = MemoryPort(DutFirmware())
    dut = dut_at(port)
    dut.sync()
    port.faults.is_endless = True

    with pytest.raises(BoardSilent, match="still thinking"):
        dut.ask(b"results%")


@given(after=st.integers(0, 150))
def test_unplugged_after_any_byte_of_its_answer_no_part_of_it_counts(after: int) -> None:
    port = MemoryPort(DutFirmware())
    dut = dut_at(port)
    dut.sync()
    whole = DutFirmware().receive(b"infer 5 1%")
    port.faults.unplugged_after = min(after, len(whole) - 1)

    with pytest.raises(BoardGone):
        dut.timed(commands.infer, 5, 1, once_s=0.0025)


# --- what it says -------------------------------------------------------------------------------
@given(start=st.integers(0, 2**33), runs=st.integers(1, 1000))
def test_a_window_is_right_wherever_the_clock_of_32_bits_wraps(start: int, runs: int) -> None:
    port = MemoryPort(DutFirmware(clock_us=start, run_us=2500, results=(0.1, 0.7, 0.2)))

    window_s, reply = dut_at(port).timed(commands.infer, runs, 0, once_s=0.0025)

    assert window_s == pytest.approx(runs * 2.5e-3)
    assert replies.results(reply) == (0.1, 0.7, 0.2)


def test_an_input_is_loaded_byte_for_byte_within_the_board_s_buffer() -> None:
    port = MemoryPort(DutFirmware())
    data = bytes(range(256)) * 3

    dut_at(port).load_input(data)

    firmware = port.firmware
    assert isinstance(firmware, DutFirmware)
    assert bytes(firmware.loaded) == data
    assert max(len(command) for command in port.sent) <= 66


def test_an_input_that_the_board_does_not_confirm_is_refused() -> None:
    port = MemoryPort(DutFirmware())

    with pytest.raises(BoardError, match="exceeds maximum of 27648"):
        dut_at(port).load_input(bytes(27_649))

    assert not any(command.startswith(b"db 00") for command in port.sent)


def test_firmware_in_energy_mode_is_refused_before_it_is_loaded() -> None:
    port = MemoryPort(DutFirmware(is_energy_mode=True))

    with pytest.raises(BoardError, match="EE_CFG_ENERGY_MODE 0"):
        dut_at(port).check_clock()


def test_an_input_of_a_size_that_the_board_does_not_expect_is_not_timed() -> None:
    dut = dut_at(MemoryPort(DutFirmware(input_bytes=490)))
    dut.load_input(bytes(250))

    with pytest.raises(BoardError, match="expected 490"):
        dut.first(commands.infer)


@pytest.mark.parametrize("run_us", [1, 40, 600, 2500])
def test_a_clock_of_whole_milliseconds_tells_a_run_that_is_shorter(run_us: int) -> None:
    dut = dut_at(MemoryPort(DutFirmware(run_us=run_us, tick_us=1000, clock_us=300)))

    assert dut.first(commands.infer) == pytest.approx(run_us * 1e-6, rel=0.06)


def test_a_clock_that_stands_still_is_said() -> None:
    dut = dut_at(MemoryPort(DutFirmware(tick_us=0)))

    with pytest.raises(BoardError, match="clock shows 0 s for 1000000000 runs"):
        dut.first(commands.infer)
    with pytest.raises(BoardError, match="stood still over 10 runs"):
        dut.timed(commands.infer, 10, 1, once_s=1e-3)


def _golden_port(name: str) -> MemoryPort:
    """Return a board that answers as a transcript does."""
    said = {exchange.command: exchange.lines for exchange in transcripts.transcript(name)}

    class Golden:
        def receive(self, data: bytes) -> bytes:
            return "".join(f"{line}\r\n" for line in said[data]).encode()

    return MemoryPort(Golden())


def test_the_firmware_of_the_streaming_wake_word_is_refused_in_words() -> None:
    port = _golden_port("outside_streaming")
    assert isinstance(dialects.board_at(port, Address(url="memory")), Dut)
    dut = dut_at(port)

    assert dut.model() == "sww01"
    with pytest.raises(BoardError, match="microphone"):
        dut.check_clock()


def test_firmware_in_energy_mode_has_no_laps_to_read() -> None:
    with pytest.raises(ReplyError, match="energy mode"):
        dut_at(MemoryPort(DutFirmware(is_energy_mode=True))).first(commands.infer)


class FastCounter(DutFirmware):
    """Our firmware's words on a chip whose counter of 240 MHz wraps every 17.9 s."""

    def _obey(self, words: list[str]) -> list[str]:
        if words == ["caps"]:
            said = {"board": "fast", "core": "x", "emulated": 1, "clock-hz": 240_000_000,
                    "counter-hz": 240_000_000, "input-bytes": 64, "blob-bytes": 64,
                    "kernels": "mac8", "layers": "int8"}  # fmt: skip
            return [f"m-cap-{key}-[{value}]" for key, value in said.items()]
        if words == ["counter"]:
            end = self.clock_us * 240
            return [f"m-counter-[{(end - self.last_us * 240) % 2**32},{end % 2**32}]"]
        if words[0] == "infer":
            self.last_us = int(words[1]) * self.run_us
        return super()._obey(words)

    last_us = 0


@given(runs=st.integers(1, 40_000))
def test_ticks_are_right_over_any_number_of_wraps(runs: int) -> None:
    port = MemoryPort(FastCounter(run_us=2500))
    board = LabBoard(port, clock=port.clock)

    window_s, _ = board.timed(commands.infer, runs, 0, once_s=2.5e-3)

    assert board.ticks(window_s) == runs * 2500 * 240


# --- Edge Impulse -------------------------------------------------------------------------------
def impulse_at(port: MemoryPort) -> EdgeImpulseBoard:
    return EdgeImpulseBoard(port, clock=port.clock)


@pytest.mark.parametrize(
    ("line", "expected_s"),
    [
        ("Predictions (DSP: 12 ms., Classification: 34 ms., Anomaly: 0 ms.):", 0.034),
        ("Timing: DSP 12 ms, inference 34 ms, anomaly 1 ms", 0.034),
        ("Timing: DSP 800 us, inference 1500 us", 0.0015),
    ],
)
def test_the_timings_that_edge_impulse_prints_are_read(line: str, expected_s: float) -> None:
    board = impulse_at(MemoryPort(ImpulseFirmware(line=line)))

    assert board.greet() == "ARDUINO_NANO33BLE"
    assert [t.classification_s for t in board.impulses(5, each_s=30.0)] == [expected_s] * 5


def test_an_impulse_that_stops_printing_is_given_up() -> None:
    board = impulse_at(MemoryPort(ImpulseFirmware(prints=2)))

    with pytest.raises(BoardSilent, match="2 of 5"):
        board.impulses(5, each_s=30.0)


def test_a_board_silent_in_our_protocol_is_asked_in_it_by_one_dialect_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("device_agent.boards.dialects.dut._ANSWER_S", 0.02)
    monkeypatch.setattr(speech, "PIECE_PAUSE_S", 0.0)
    port = MemoryPort(ImpulseFirmware())

    board = dialects.board_at(port, Address(url="memory"))

    assert board.name == "ARDUINO_NANO33BLE"
    assert port.sent.count(commands.NAME) == 3


class ColourfulFirmware(ImpulseFirmware):
    """Colours its prompt, as consoles do."""

    def receive(self, data: bytes) -> bytes:
        answer = ImpulseFirmware.receive(self, data)
        return answer.replace(b"> ", b"\x1b[1;32m> \x1b[0m")


def test_a_prompt_in_colours_is_one() -> None:
    board = impulse_at(MemoryPort(ColourfulFirmware()))

    assert board.greet() == "ARDUINO_NANO33BLE"


class ChattyFirmware(ImpulseFirmware):
    """Gives a prompt for each key of a stop, and logs after a prompt."""

    def receive(self, data: bytes) -> bytes:
        answer = ImpulseFirmware.receive(self, data)
        return answer and b"\r\n> " + answer + b"\r\n> I (1234) wifi: connected\r\n"


def test_prompts_too_many_and_logs_between_do_not_hide_a_boards_type() -> None:
    board = impulse_at(MemoryPort(ChattyFirmware()))

    assert board.greet() == "ARDUINO_NANO33BLE"
    assert len(board.impulses(5, each_s=30.0)) == 5


# --- odd lines ----------------------------------------------------------------------------------
class OddLine:
    """Firmware on a line that inserts, loses, repeats and changes what is said."""

    def __init__(self, firmware: DutFirmware | ImpulseFirmware, rng: random.Random) -> None:
        self._firmware, self._rng = firmware, rng

    def receive(self, data: bytes) -> bytes:
        said = bytearray(self._firmware.receive(data))
        for _ in range(self._rng.randrange(4)):
            at = self._rng.randrange(len(said) + 1)
            self._rng.choice([
                lambda at=at: said.__setitem__(slice(at, at), self._rng.randbytes(9)),
                lambda at=at: said.__delitem__(slice(at, at + 9)),
                lambda at=at: said.__setitem__(slice(at, at), said[at : at + 40]),
                lambda at=at: said.__setitem__(slice(at, at), b"m-ready\r\n"),
                lambda: said.__setitem__(slice(None), said.replace(b"0", b"-99999999999")),
            ])()  # fmt: skip
        return bytes(said)


@pytest.mark.parametrize("seed", range(40))
def test_however_odd_a_line_is_a_driver_fails_in_words_only(
    monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr(speech, "PIECE_PAUSE_S", 0.0)
    rng = random.Random(seed)
    port = MemoryPort(OddLine(DutFirmware(), rng))
    with suppress(BoardError, ReplyError):
        dut = dut_at(port)
        dut.sync()
        dut.load_input(bytes(60))
        _, reply = dut.timed(commands.infer, 10, 1, dut.first(commands.infer))
        replies.results(reply)
    with suppress(BoardError):
        board = impulse_at(MemoryPort(OddLine(ImpulseFirmware(), rng)))
        board.greet()
        board.impulses(5, each_s=5.0)


# --- the whole way to a result ------------------------------------------------------------------
@pytest.fixture
def attached(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    yield monkeypatch
    find.detach()


def run_on(monkeypatch: pytest.MonkeyPatch, path: str, task: str) -> dict[str, object]:
    monkeypatch.setenv(find.PORTS, f"{path};dialect=dut")
    return worker.run_one(task, {"window_s": 0.5})


def test_shipped_firmware_is_timed_by_its_own_clock(attached: pytest.MonkeyPatch) -> None:
    with board_on_pty(DutFirmware(model="kws01", run_us=2500)) as fake:
        outcome = run_on(attached, fake.path, "kws")

    assert (outcome["outcome"], outcome["evidence"]) == ("measured", "emulated")
    assert outcome["value"] == pytest.approx(2.5e-3)
    environment = outcome["environment"]
    assert isinstance(environment, dict)
    assert environment["model"] == "kws01"
    assert environment["calls"] == 5 * 200


@pytest.mark.parametrize(
    ("firmware", "task", "arguments"),
    [(DutFirmware(), "kws", {"window_s": 0.1}), (ImpulseFirmware(), "impulse", {"impulses": 2})],
)
def test_whoever_knows_which_board_it_is_says_so(
    attached: pytest.MonkeyPatch,
    firmware: DutFirmware | ImpulseFirmware,
    task: str,
    arguments: dict[str, float],
) -> None:
    dialect = "dut" if task == "kws" else "edge-impulse"
    with board_on_pty(firmware) as fake:
        attached.setenv(find.PORTS, f"{fake.path};dialect={dialect};board=nucleo-l4r5zi")
        outcome = worker.run_one(task, arguments)

    assert outcome["environment"]["board"] == "nucleo-l4r5zi"


def test_a_board_with_another_model_is_an_outcome_in_words(attached: pytest.MonkeyPatch) -> None:
    with board_on_pty(DutFirmware(model="vww01")) as fake:
        outcome = run_on(attached, fake.path, "kws")
        told = {row["task"]: row["available"] for row in worker.listing()}

    assert outcome["outcome"] == "unavailable"
    assert "vww01" in str(outcome["detail"])
    assert [task for task in ("kws", "vww", "ic", "ad", "sww") if told[task]] == ["vww"]


def test_a_listing_says_which_board_would_do_a_task(attached: pytest.MonkeyPatch) -> None:
    with board_on_pty(DutFirmware()) as fake:
        attached.setenv(find.PORTS, f"{fake.path};board=nucleo-l4r5zi")
        told = {row["task"]: row["board"] for row in worker.listing()}

    assert (told["kws"], told["vww"], told["mac8"], told["gemm"]) == ("nucleo-l4r5zi", "", "", "")


def test_a_board_plugged_in_again_is_found_by_the_next_run(attached: pytest.MonkeyPatch) -> None:
    with board_on_pty(DutFirmware()) as fake:
        assert run_on(attached, fake.path, "kws")["outcome"] == "measured"
        fake.unplug()

        assert "gone" in str(run_on(attached, fake.path, "kws")["detail"])
    with board_on_pty(DutFirmware()) as fake:
        assert run_on(attached, fake.path, "kws")["outcome"] == "measured"


def test_without_a_board_its_tasks_say_why_not(attached: pytest.MonkeyPatch) -> None:
    attached.setenv(find.PORTS, "/dev/ttyNone")

    outcome = worker.run_one("mac8", {})

    assert outcome["outcome"] == "unavailable"
    assert "/dev/ttyNone" in str(outcome["detail"])
