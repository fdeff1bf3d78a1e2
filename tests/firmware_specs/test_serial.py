"""The codec of the serial line: lines of any pieces, commands a board can hold, replies read."""

import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_specs.datasets import digits
from firmware_specs.serial import commands, operands, replies
from firmware_specs.serial.blob import Layer, LayerKind, model_pack
from firmware_specs.serial.edge_impulse import score, timings
from firmware_specs.serial.lines import Line, LineCutter, LineKind, line_of
from firmware_specs.serial.replies import Reply, ReplyError
from tests.firmware_specs import transcripts


def reply(*lines: str) -> Reply:
    return Reply(tuple(line_of(line.encode()) for line in lines))


# --- lines --------------------------------------------------------------------------------------
@given(st.data())
def test_lines_are_the_same_in_whatever_pieces_they_come(data: st.DataObject) -> None:
    whole = b"m-name-dut-[x]\r\nfree text\ne-[no]\r\n\xff\x00\r\nm-ready\r\n"
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=8)))
    pieces = [whole[a:b] for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
    cutter = LineCutter()

    lines = [line for piece in pieces for line in cutter.feed(piece)]

    assert lines == [
        Line(LineKind.MESSAGE, "name-dut-[x]"),
        Line(LineKind.TEXT, "free text"),
        Line(LineKind.ERROR, "no"),
        Line(LineKind.TEXT, "??"),
        Line(LineKind.READY, ""),
    ]


def test_colours_and_an_echo_of_the_command_are_left_out() -> None:
    cutter = LineCutter()
    cutter.echo = b"name%"

    said = list(cutter.feed(b"name%\x1b[0;32mm-name-dut-[x]\x1b[0m\r\n\x1b[1mm-ready\r\n"))

    assert said == [Line(LineKind.MESSAGE, "name-dut-[x]"), Line(LineKind.READY, "")]


def test_a_line_without_an_end_is_not_kept_for_ever() -> None:
    cutter = LineCutter()
    for _ in range(100):
        assert list(cutter.feed(b"x" * 1000)) == []

    assert [line.kind for line in cutter.feed(b"\nm-ready\r\n")][-1] is LineKind.READY


# --- commands -----------------------------------------------------------------------------------
@given(st.binary(min_size=1, max_size=400))
def test_a_load_carries_every_byte_in_commands_a_board_can_hold(data: bytes) -> None:
    first, *parts = commands.input_load(data)

    assert first == b"db load %d%%" % len(data)
    assert bytes.fromhex(b"".join(part[3:-1] for part in parts).decode()) == data
    assert all(len(part) <= commands.COMMAND_MOST + 1 for part in parts)


@pytest.mark.parametrize("word", ["", "a b", "50%", "line\n", "ü", "x" * 90])
def test_a_word_that_would_break_the_line_is_refused(word: str) -> None:
    with pytest.raises(ValueError, match="command"):
        commands.command("outputs", word)


def test_a_window_of_no_runs_is_refused() -> None:
    with pytest.raises(ValueError, match="below 1"):
        commands.infer(0, 0)
    with pytest.raises(ValueError, match="none of"):
        commands.kernel("sort", 8, 1, 0)


def test_a_seed_is_a_last_word_of_32_bits_and_may_be_left_out() -> None:
    assert commands.kernel("mac8", 8, 2, 1) == b"kernel mac8 8 2 1%"
    assert commands.kernel("mac8", 8, 2, 1, seed=0) == b"kernel mac8 8 2 1 0%"
    assert commands.kernel("copy", 8, 2, 1, seed=2**32 - 1) == b"kernel copy 8 2 1 4294967295%"
    for seed in (-1, 2**32):
        with pytest.raises(ValueError, match=f"seed {seed} is not within 0 and 4294967295"):
            commands.kernel("mac8", 8, 2, 1, seed=seed)


# --- replies ------------------------------------------------------------------------------------
def test_the_golden_transcripts_read_as_what_they_mean() -> None:
    by_command = {
        exchange.command: reply(*(line.replace("*", "7") for line in exchange.lines[:-1]))
        for name in ("dut", "model", "kernels", "seeded_kernels")
        for exchange in transcripts.transcript(name)
    }

    assert replies.name(by_command[b"name%"]) == "7"
    assert replies.results(by_command[b"infer 3 1%"]) == (0.671, 0.503)
    assert replies.counter_ticks(by_command[b"counter%"]) == 0
    assert replies.outputs(by_command[b"outputs abc%"]).data == bytes([44, 1])
    assert replies.kernel_result(by_command[b"kernel mac8 256 10 2%"]) == 0x180DC
    seeded = by_command[b"kernel mac8 256 10 2 0%"]
    assert replies.kernel_result(seeded) == 0xFFFE12DF
    assert replies.kernel_check(seeded) == operands.sealed(0, 256, 0xFFFE12DF)
    with pytest.raises(ReplyError, match="no m-kernel-check-"):
        replies.kernel_check(by_command[b"kernel mac8 256 10 2%"])
    with pytest.raises(ReplyError, match="seed must be 0 to 4294967295"):
        replies.kernel_result(by_command[b"kernel mac8 8 1 0 -1%"])


@pytest.mark.parametrize(
    ("laps", "expected_s"),
    [
        ((5, 1_000_005), 1.0),
        ((4_294_967_290, 4), 10e-6),
        ((7, 7), 0.0),
        # Firmware on a computer: microseconds of the day's clock, in 64 bits.
        ((1_780_000_000_000_000, 1_780_000_000_250_000), 0.25),
        ((4_294_967_290, 4_294_967_306), 16e-6),
    ],
)
def test_a_window_is_the_difference_over_one_wrap(laps: tuple[int, int], expected_s: float) -> None:
    lines = [f"m-lap-us-{lap}" for lap in laps]

    assert replies.window_s(reply(*lines)) == pytest.approx(expected_s)


@pytest.mark.parametrize(
    "lines",
    [
        ["m-lap-us-1"],
        ["m-lap-us-1", "m-lap-us-2", "m-lap-us-3"],
        ["m-lap-us-1", "m-lap-us-x"],
        ["m-lap-us-1", "m-lap-us--5"],
        ["m-lap-us-1", "m-lap-us-99999999999"],
        ["m-lap-us-99999999999", "m-lap-us-1"],
        ["m-lap-us-1", "m-lap-us-" + "9" * 5000],
        ["m-lap-us-1", "e-[No model is loaded]", "m-lap-us-2"],
    ],
)
def test_laps_that_make_no_window_are_refused(lines: list[str]) -> None:
    with pytest.raises(ReplyError):
        replies.window_s(reply(*lines))


def test_outputs_are_those_of_one_nonce_one_model_and_one_input() -> None:
    check = zlib.crc32(b"abc" + struct.pack("<I", 77) + b"\x04\x08" + bytes([44, 1]))
    told = replies.outputs(reply("m-outputs-[2c01]", f"m-check-{check:08x}"))

    assert told.is_of("abc", 77, b"\x04\x08")
    assert not told.is_of("abd", 77, b"\x04\x08")
    assert not told.is_of("abc", 78, b"\x04\x08")
    assert not told.is_of("abc", 77, b"\x04\x09")


def test_results_that_shipped_firmware_writes_oddly_are_read() -> None:
    assert replies.results(reply("m-results-[0.1000,0.003, 1.25]")) == (1.0, 0.003, 1.25)
    assert replies.results(reply("m-results-[0.1005,0.100]")) == (1.005, 0.1)
    # Four decimals everywhere are only that.
    assert replies.results(reply("m-results-[0.1000,0.9000]")) == (0.1, 0.9)


def test_a_board_that_leaves_out_a_capability_is_told_to_update() -> None:
    with pytest.raises(ReplyError, match="counter-hz"):
        replies.capabilities(
            reply("m-cap-board-[x]", "m-cap-core-[y]", "m-cap-emulated-[0]", "m-cap-clock-hz-[16]")
        )


@pytest.mark.parametrize(("said", "seeds"), [([], ()), (["m-cap-seeds-[kernel]"], ("kernel",))])
def test_a_board_says_which_commands_take_a_seed(said: list[str], seeds: tuple[str, ...]) -> None:
    told = {"board": "x", "core": "y", "emulated": "0", "clock-hz": "16", "counter-hz": "16",
            "input-bytes": "1", "blob-bytes": "8", "kernels": "mac8", "layers": "int8"}  # fmt: skip

    can = replies.capabilities(reply(*(f"m-cap-{k}-[{v}]" for k, v in told.items()), *said))

    assert can.seeds == seeds


# --- models and operands ------------------------------------------------------------------------
def test_the_public_implementation_on_a_computer_is_read_as_it_answers() -> None:
    said = {
        exchange.command: reply(*exchange.lines[:-1])
        for exchange in transcripts.transcript("outside_dut")
    }

    assert replies.name(said[b"name%"]) == "unspecified"
    assert replies.model(said[b"profile%"]) == "kws01"
    # The counter of 32 bits wraps within this window.
    assert replies.window_s(said[b"infer 2 0%"]) == pytest.approx(6_209e-6)
    assert replies.results(said[b"infer 2 0%"])[:3] == (1.0, 0.001, 0.002)
    assert [line.kind for line in said[b"infer%"].lines][:1] == [LineKind.TEXT]


def test_every_form_in_which_edge_impulse_prints_timings_is_read() -> None:
    (run,) = transcripts.transcript("edge_impulse")
    found = [timing for line in run.lines if (timing := timings(line))]

    assert [timing.classification_s for timing in found] == pytest.approx(
        [34e-3, 1e-3, 1.5e-3, 45e-6, 6e-3, 7e-3, 8e-3, 1e-3, 9e-3, 4.27e-3]
    )
    assert found[0].dsp_s == pytest.approx(12e-3)
    assert len(found) == sum("DSP" in line for line in run.lines)


def test_the_blob_of_the_golden_transcript_is_packed_byte_for_byte() -> None:
    sent = [
        exchange.command[5:-1]
        for exchange in transcripts.transcript("model")
        if exchange.command.startswith(b"blob 4") or exchange.command.startswith(b"blob 6")
    ]
    layer = Layer(
        kind=LayerKind.INT8, inputs=2, outputs=2, weights=(5, 7, -1, 2), bias=(100, -8),
        multiplier=32768, shift=1,
    )  # fmt: skip

    blob = model_pack((layer,))

    assert blob.hex() == b"".join(sent).decode()
    assert f"{zlib.crc32(blob):08x}" == "db0394a7"


def _layer(kind: LayerKind, inputs: int, outputs: int, weight: float = 1) -> Layer:
    return Layer(
        kind=kind,
        inputs=inputs,
        outputs=outputs,
        weights=(weight,) * (inputs * outputs),
        bias=(0,) * outputs,
    )


@pytest.mark.parametrize(
    ("layers", "words"),
    [
        ((), "0 layers"),
        ((_layer(LayerKind.INT8, 2, 3), _layer(LayerKind.INT8, 2, 3)), "fit together"),
        ((_layer(LayerKind.INT8, 2, 3), _layer(LayerKind.FP32, 3, 1)), "fit together"),
        ((_layer(LayerKind.INT8, 2, 2, 128),), "does not fit INT8"),
        ((_layer(LayerKind.INT4, 2, 2, 8),), "outside -8 to 7"),
        ((_layer(LayerKind.SPARSE8, 257, 1),), "at most 256 inputs"),
        ((_layer(LayerKind.SPARSE8, 256, 1),), "send it dense"),
    ],
    ids=["none", "shapes", "kinds", "int8", "int4", "wide", "full"],
)
def test_a_model_that_no_board_could_run_is_not_packed(
    layers: tuple[Layer, ...], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        model_pack(layers)


def test_a_layer_whose_parts_do_not_match_is_refused() -> None:
    with pytest.raises(ValueError, match="3 weights and 1 biases"):
        Layer(kind=LayerKind.INT8, inputs=2, outputs=2, weights=(1, 2, 3), bias=(0,))


def test_the_operands_use_all_of_their_range() -> None:
    values = [value for value, _ in zip(operands.whole(), range(4000), strict=False)]

    assert (min(values), max(values)) == (-128, 127)
    with pytest.raises(ValueError, match="no kernel"):
        operands.expected("sort", 3)


# Worked out by numpy, from the generator's steps written out as powers.
EXPECTED = {
    ("mac8", 256, 0): 0xFFFE12DF, ("mac8", 31, 77): 0xFFFFF37E, ("mac8", 32_000, 5): 0x001551AD,
    ("dotf", 64, 77): 0xC0D56000, ("dotf", 1, 901): 0, ("copy", 256, 2**31 - 2): 0x797905DA,
}  # fmt: skip


@pytest.mark.parametrize("case", EXPECTED, ids=str)
def test_a_seed_decides_the_operands_and_so_the_result(case: tuple[str, int, int]) -> None:
    assert operands.expected(*case) == EXPECTED[case]


def test_another_seed_or_size_has_another_seal_and_without_a_seed_the_state_is_one() -> None:
    seals = {operands.sealed(seed, size, 7) for seed in (0, 1, 2**32 - 1) for size in (1, 2)}

    assert len(seals) == 6
    assert operands.expected("mac8", 9) == operands.expected("mac8", 9, 1)
    assert operands.expected("mac8", 9) != operands.expected("mac8", 9, 0)


# --- Edge Impulse, data -------------------------------------------------------------------------
def test_a_line_that_only_looks_like_timings_is_none() -> None:
    assert timings("DSP takes its time: inference follows") is None
    # An infinity is no time.
    assert timings(f"Timing: DSP 1 ms, inference {'9' * 400} ms") is None
    loud = timings("TIMING: DSP 1 MS, INFERENCE 2 Us")
    assert loud is not None
    assert loud.classification_s == pytest.approx(2e-6)
    assert score("    yes:    0.91016") == ("yes", 0.91016)
    assert score("Predictions:") is None


def test_the_digits_are_whole_and_the_held_out_ones_are_others() -> None:
    training, held_out = digits()

    assert (len(training.labels), len(held_out.labels)) == (1297, 500)
    assert {len(row) for row in training.pixels + held_out.pixels} == {64}
    assert max(max(row) for row in training.pixels) == 16
    assert set(held_out.labels) == set(range(10))
    assert not set(training.pixels) & set(held_out.pixels)
