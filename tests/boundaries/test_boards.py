"""Boards in firmware_specs, machines in simcore, firmware in C: three views of one thing agree.

firmware_specs may not import simcore, so the agreement is proven here.
"""

import re
from pathlib import Path

import pytest

from firmware_specs.boards import Board, all_boards
from simcore import catalog

BOARDS = list(all_boards().values())


@pytest.mark.parametrize("board", BOARDS, ids=lambda b: b.id)
def test_a_board_is_a_machine_of_the_catalogue(board: Board) -> None:
    machine = catalog.hardware(board.catalogue)

    if "clock" in machine.item and board.kind != "accelerator":
        assert machine.item.value("clock") == board.compute.clock_hz
    if board.kind == "microcontroller":
        assert machine.capacity == board.memory.ram_bytes
        for fact, size in (("flash.capacity", board.memory.flash_bytes),
                           ("psram.capacity", board.memory.psram_bytes)):  # fmt: skip
            if fact in machine.item:
                assert machine.item.value(fact) == size
    if board.memory.accelerator_bytes:
        assert machine.capacity == board.memory.accelerator_bytes
    assert machine.power is not None
    assert max(point.watts for point in board.power) < 20 * machine.power


def test_every_machine_that_is_a_board_of_the_kits_has_its_folder() -> None:
    sold = {id_ for id_ in catalog.names("hardware") if "kit" in catalog.item("hardware", id_).tags}

    assert sold <= {board.catalogue for board in BOARDS}


def test_the_reference_firmware_names_boards_and_fits_them(repository: Path) -> None:
    headers = [*(repository / "firmware_specs" / "reference").glob("*/*/board.h")]
    said = [
        dict(re.findall(r"#define (\w+) \"?([\w-]+?)(?:UL)?\"?\n", h.read_text())) for h in headers
    ]
    real = [macros for macros in said if macros["IS_EMULATOR"] == "0"]

    assert {m["BOARD_ID"] for m in real} == {b.id for b in BOARDS if "reference" in b.firmware}
    for macros in real:
        board = all_boards()[macros["BOARD_ID"]]
        room = sum(int(macros[name]) for name in ("INPUT_BYTES", "BLOB_BYTES", "ACTIVATION_BYTES"))
        assert float(macros["CLOCK_HZ"]) == board.compute.clock_hz
        assert room < (board.memory.ram_free_bytes or board.memory.ram_bytes)
