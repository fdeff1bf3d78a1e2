"""Boards and what fits on them: each folder is whole, each refusal says why, the page is fresh."""

import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from firmware_specs import boards, needs, page, tasks
from firmware_specs.fit import Verdict, fit, size_text
from firmware_specs.serial.blob import Layer, LayerKind, model_pack

BOARDS = boards.all_boards()
ASKED_FOR = {
    "arduino-nano-33-ble-sense", "xiao-esp32s3-sense", "arduino-nicla-vision",
    "grove-vision-ai-v2", "arduino-uno-r3", "esp32-classic", "esp32-c3", "nucleo-l4r5zi",
    "nrf5340-dk", "raspberry-pi-zero-2-w", "raspberry-pi-4", "raspberry-pi-5", "coral-usb",
    "coral-dev-board", "jetson-orin-nano-8gb", "host-linux",
}  # fmt: skip
WHOLE = """
name = "A"
about = "a"
kind = "microcontroller"
catalogue = "a"
families = ["dut"]
parts = []
meters = []
firmware = []
power = []
[usb]
ids = ["2341:0043"]
source = "sheet"
[compute]
core = "c"
clock_hz = 1e6
source = "sheet"
[memory]
ram_bytes = 2048
source = "sheet"
[flashing]
tool = "t"
steps = []
source = "sheet"
[wiring]
meter = "m"
meter_source = "sheet"
sync_pin = "1"
sync_volts = 3.3
source = "sheet"
[sources.sheet]
kind = "estimate"
text = "guessed"
"""


def test_every_board_of_the_course_is_there() -> None:
    assert set(BOARDS) >= ASKED_FOR


@pytest.mark.parametrize("board", BOARDS.values(), ids=lambda b: b.id)
def test_a_board_says_how_to_power_flash_and_wire_it(board: boards.Board) -> None:
    assert board.power
    assert all(0 < point.watts < 60 for point in board.power)
    assert board.flashing.steps
    assert board.wiring.meter
    assert board.kind == "host" or board.wiring.sync_pin != "none"
    assert board.memory.ram_free_bytes <= board.memory.ram_bytes
    assert board.memory.flash_free_bytes <= board.memory.flash_bytes
    links = [source.url for source in board.sources if source.url]
    assert len(set(links)) == len(links), "one page is one source"


def test_a_usb_identity_leads_to_one_board() -> None:
    probed = [usb for board in BOARDS.values() for usb in board.usb_ids]
    other = {usb for board in BOARDS.values() for usb in board.usb.not_probed}

    assert len(set(probed)) == len(probed)
    assert all(re.fullmatch(r"[0-9a-f]{4}:[0-9a-f]{4}", usb) for usb in {*probed, *other})
    assert "10c4:ea60" not in probed, "a bridge that anything may have"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("ram_bytes = 2048", "ram = 2048", "memory has no ram"),
        ('source = "sheet"\n[compute]', 'source = "shet"\n[compute]', "no source 'shet'"),
        ('kind = "microcontroller"', 'kind = "toaster"', "kind is 'toaster'"),
        ('kind = "estimate"', 'kind = "datasheet"', "needs url and read"),
        ('kind = "estimate"', 'kind = "rumour"', "source of kind 'rumour'"),
        ('about = "a"', "", "about"),
        ("[memory]\nram_bytes = 2048\n", "[memory]\n", "ram_bytes"),
    ],
)
def test_a_board_described_badly_is_refused_by_name(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    path = tmp_path / "one" / "board.toml"
    path.parent.mkdir()
    path.write_text(WHOLE)
    assert boards._load(path).memory.ram_bytes == 2048

    path.write_text(WHOLE.replace(old, new))

    with pytest.raises(boards.BoardError, match=message) as caught:
        boards._load(path)
    assert "one/board.toml" in str(caught.value)


@pytest.mark.parametrize(
    ("board", "header"),
    [
        ("arduino-uno-r3", "boards/avr/board.h"),
        ("arduino-nano-33-ble-sense", "arduino/nano33ble/board.h"),
        ("xiao-esp32s3-sense", "arduino/xiao_esp32s3/board.h"),
    ],
)
def test_the_room_for_a_model_is_that_of_our_firmware(board: str, header: str) -> None:
    source = (Path(boards.__file__).parents[1] / "reference" / header).read_text()
    (room,) = re.findall(r"#define BLOB_BYTES (\d+)", source)

    assert boards.board(board).memory.model_bytes == int(room)


# --- what fits


@pytest.mark.parametrize(
    ("board", "need", "verdict"),
    [
        ("arduino-uno-r3", "mac8", Verdict.FITS),
        ("arduino-uno-r3", "classifier_smallest", Verdict.FITS),
        ("arduino-uno-r3", "classifier_middle", Verdict.TOO_SMALL),
        ("arduino-uno-r3", "kws", Verdict.TOO_SMALL),
        ("arduino-nano-33-ble-sense", "vww", Verdict.FITS),
        ("arduino-nano-33-ble-sense", "sensor_imu", Verdict.FITS),
        ("arduino-nano-33-ble-sense", "sensor_image", Verdict.NO_PART),
        ("xiao-esp32s3-sense", "sensor_image", Verdict.FITS),
        ("raspberry-pi-5", "kws", Verdict.OTHER_KIND),
        ("raspberry-pi-zero-2-w", "inference_llama_1b", Verdict.TOO_SMALL),
        ("raspberry-pi-4", "inference_llama_1b", Verdict.FITS),
        ("raspberry-pi-4", "edge_tpu_mobilenet_v2", Verdict.NO_PART),
        ("coral-usb", "edge_tpu_mobilenet_v2", Verdict.FITS),
        ("coral-usb", "edge_tpu_resnet_50", Verdict.SLOWLY),
        ("host-linux", "triad", Verdict.FITS),
    ],
)
def test_what_fits_where(board: str, need: str, verdict: Verdict) -> None:
    found = fit(boards.board(board), needs.need(need))

    assert found.verdict == verdict
    assert bool(found.reason) == (verdict != Verdict.FITS)


def test_the_uno_takes_micro_kernels_and_the_smallest_dense_model_only() -> None:
    uno = boards.board("arduino-uno-r3")
    possible = (Verdict.FITS, Verdict.SLOWLY)
    taken = {n.id for n in needs.all_needs().values() if fit(uno, n).verdict in possible}

    # `digits` at its defaults: eight units, fewer than the smallest classifier of the table.
    assert taken == {"mac8", "dotf", "copy", "classifier_smallest", "digits"}


def test_memory_decides_byte_by_byte_and_activations_may_lie_outside() -> None:
    board = boards.board("xiao-esp32s3-sense")
    free = board.memory.ram_free_bytes
    exact = replace(needs.need("vww"), ram_bytes={"activations": free - 10, "runtime": 10})
    more = replace(exact, ram_bytes={"activations": free, "runtime": 10})

    assert fit(board, exact).verdict == Verdict.FITS
    assert fit(board, more).verdict == Verdict.SLOWLY
    assert fit(board, replace(more, ram_bytes={"runtime": free + 1})).verdict == Verdict.TOO_SMALL
    psram = board.memory.psram_bytes
    whole = replace(more, ram_bytes={"activations": free + psram + 1})
    assert "of RAM and PSRAM" in fit(board, whole).reason
    flash = replace(exact, flash_bytes={"model": board.memory.flash_free_bytes + 1})
    assert fit(board, flash).reason.startswith("needs 3.34 MB of program memory")


def test_the_model_of_a_classifier_is_as_large_as_its_blob() -> None:
    shapes = {"classifier_smallest": (LayerKind.INT8, (64, 12, 10)),
              "classifier_middle": (LayerKind.INT8, (64, 32, 10)),
              "classifier_wide": (LayerKind.FP32, (64, 64, 32, 10))}  # fmt: skip
    for need_id, (kind, widths) in shapes.items():
        layers = tuple(_empty_layer(kind, *ends) for ends in pairwise(widths))
        assert needs.need(need_id).ram_bytes["model"] == len(model_pack(layers))


def _empty_layer(kind: LayerKind, inputs: int, outputs: int) -> Layer:
    return Layer(
        kind=kind, inputs=inputs, outputs=outputs, weights=(0,) * (inputs * outputs),
        bias=(0,) * outputs, multiplier=1,
    )  # fmt: skip


def test_every_task_says_what_it_needs_and_is_of_its_family() -> None:
    for task_id, task in tasks.all_tasks().items():
        assert needs.need(task_id).family == task.family, f"firmware_specs/needs/{task_id}.toml"


def test_a_need_without_a_source_or_of_no_task_is_refused(tmp_path: Path) -> None:
    text = 'title = "T"\nfamily = "dut"\n[flash_bytes]\nmodel = 1\n[ram_bytes]\n[sources]\n'
    path = tmp_path / "kws.toml"

    path.write_text(text)
    with pytest.raises(needs.NeedError, match=r"kws.toml: no source says where model comes from"):
        needs.need_from_file(path)
    other = tmp_path / "nothing.toml"
    other.write_text(text.replace("model = 1", "") + "[ram_of]\nargument = 'bytes'\ntimes = 2\n")
    with pytest.raises(needs.NeedError, match="no task 'nothing'"):
        needs.need_from_file(other)
    with pytest.raises(needs.NeedError, match="there are ad,"):
        needs.need("fly")


def test_sizes_read_as_people_read_them() -> None:
    read = [size_text(size) for size in (999, 2048, 983_040, 8e9)]

    assert read == ["999 B", "2.05 kB", "983 kB", "8 GB"]


def test_the_page_of_boards_is_what_the_folders_say(repository: Path) -> None:
    written = (repository / "docs" / "boards.md").read_text()

    assert written == page.page(), "python -m firmware_specs.page > docs/boards.md"
