"""Writes docs/boards.md: which board takes which task, and a sheet for each board.

python -m firmware_specs.page > docs/boards.md
"""

from collections.abc import Iterator

from firmware_specs.boards import Board, Source, all_boards
from firmware_specs.fit import Fit, Verdict, fit, size_text
from firmware_specs.needs import Need, all_needs

_SIGNS = {
    Verdict.FITS: "yes",
    Verdict.SLOWLY: "slowly",
    Verdict.TOO_SMALL: "too small",
    Verdict.NO_PART: "no part",
    Verdict.OTHER_KIND: "·",
}
_FAMILIES = {
    "kernel": "Micro-kernels and the classifier that students deploy",
    "classifier": "Micro-kernels and the classifier that students deploy",
    "dut": "Benchmarks of the MLPerf Tiny kind, with TensorFlow Lite Micro",
    "sensor": "Sensor data",
    "inference": "Inference under Linux",
    "edge_tpu": "Inference on an Edge TPU",
    "gpu": "GPU",
    "host": "Benchmarks of the host",
}


def page() -> str:
    """Return the whole page in Markdown."""
    return "\n".join([*_head(), *_tables(), *_reasons(), *_sheets()]).rstrip() + "\n"


def _head() -> Iterator[str]:
    yield "# Boards"
    yield ""
    yield (
        "Written by `python -m firmware_specs.page` from `firmware_specs/boards` and "
        "`firmware_specs/needs`; a test compares."
    )
    yield ""
    yield (
        "**No board was at hand** when this was written: what is marked *estimate* was not read at "
        "its source. Check wiring against the maker's drawing before you connect a supply."
    )
    yield ""
    yield "## What fits where"
    yield (
        "*yes*: program memory and RAM suffice beside boot loader and system. *slowly*: it fits in "
        "slower memory. *too small*, *no part*: the reason is below. *·*: another kind of board."
    )


def _tables() -> Iterator[str]:
    for title in dict.fromkeys(_FAMILIES.values()):
        needs = [n for n in all_needs().values() if _FAMILIES[n.family] == title]
        boards = [b for b in all_boards().values() if any(n.family in b.families for n in needs)]
        needs.sort(key=lambda n: (list(_FAMILIES).index(n.family), n.ram))
        yield ""
        yield f"### {title}"
        yield "| | program | RAM | " + " | ".join(_short(board) for board in boards) + " |"
        yield "|---|---:|---:|" + "---|" * len(boards)
        for need in needs:
            signs = [_SIGNS[fit(board, need).verdict] for board in boards]
            program = size_text(need.flash) if need.flash else "·"
            yield (
                f"| {need.title} | {program} | {size_text(need.ram)} | " + " | ".join(signs) + " |"
            )


def _reasons() -> Iterator[str]:
    yield ""
    yield "### Why not, or why slowly"
    for board in all_boards().values():
        by_reason: dict[str, list[str]] = {}
        for need, found in _of(board):
            if found.verdict not in (Verdict.FITS, Verdict.OTHER_KIND):
                by_reason.setdefault(found.reason, []).append(need.title)
        for reason, titles in by_reason.items():
            yield f"- **{board.name}**, {'; '.join(titles)}: {reason}."


def _of(board: Board) -> list[tuple[Need, Fit]]:
    return [(need, fit(board, need)) for need in all_needs().values()]


def _sheets() -> Iterator[str]:
    yield ""
    yield "## Sheets"
    for board in all_boards().values():
        yield from _sheet(board)


def _sheet(board: Board) -> Iterator[str]:
    numbers = {source: n for n, source in enumerate(board.sources, 1)}

    def cited(text: str, source: Source) -> str:
        return f"{text} [{numbers[source]}]"

    yield ""
    yield f"### {board.name}"
    yield f"`{board.id}`; in simcore's catalogue `hardware/{board.catalogue}`. {board.about}"
    yield ""
    yield "| | |"
    yield "|---|---|"
    yield f"| USB | {cited(_usb(board), board.usb.source)} |"
    yield f"| compute | {cited(_compute(board), board.compute.source)} |"
    yield f"| memory | {cited(_memory(board), board.memory.source)} |"
    for point in board.power:
        note = f" ({point.note})" if point.note else ""
        text = f"{point.state}: {point.volts:g} V, {point.amperes * 1e3:g} mA{note}"
        yield f"| power | {cited(text, point.source)} |"
    yield f"| meters | {', '.join(board.meters)} |"
    if board.kind == "microcontroller":
        known = ", ".join(board.firmware).replace("reference", "this package's reference firmware")
        yield f"| firmware | {known or 'none known to us yet'} |"
    steps = " ".join(f"{n}. {step}" for n, step in enumerate(board.flashing.steps, 1))
    yield f"| flash | {cited(f'{board.flashing.tool}: {steps}', board.flashing.source)} |"
    yield f"| meter goes | {cited(board.wiring.meter, board.wiring.meter_source)} |"
    yield f"| sync pin | {cited(_pin(board), board.wiring.source)} |"
    yield ""
    for source, number in numbers.items():
        link = f", <{source.url}>, read {source.read}" if source.url else ""
        yield f"{number}. {source.kind}: {source.text}{link}"


def _usb(board: Board) -> str:
    ids = ", ".join(f"`{id_}`" for id_ in board.usb.ids) or "none of its own"
    other = ", ".join(f"`{id_}`" for id_ in board.usb.not_probed)
    return " ".join(
        filter(None, [ids + ".", f"Not probed: {other}." if other else "", board.usb.note])
    )


def _compute(board: Board) -> str:
    cores = f"{board.compute.cores} x " if board.compute.cores > 1 else ""
    clock = board.compute.clock_hz
    rate = f"{clock / 1e9:g} GHz" if clock >= 1e9 else f"{clock / 1e6:g} MHz"
    vector = f"; {board.compute.vector}" if board.compute.vector else ""
    return f"{cores}{board.compute.core}, {rate}{vector}"


def _memory(board: Board) -> str:
    memory = board.memory
    free = f" ({size_text(memory.ram_free_bytes)} free)" if memory.ram_free_bytes else ""
    parts = [f"RAM {size_text(memory.ram_bytes)}{free}"]
    if memory.flash_bytes:
        free = f" ({size_text(memory.flash_free_bytes)} free)" if memory.flash_free_bytes else ""
        parts.append(f"program {size_text(memory.flash_bytes)}{free}")
    if memory.psram_bytes:
        parts.append(f"PSRAM {size_text(memory.psram_bytes)}")
    if memory.model_bytes:
        parts.append(f"room for a model in this package's firmware {size_text(memory.model_bytes)}")
    if memory.accelerator_bytes:
        parts.append(f"weights on the accelerator {size_text(memory.accelerator_bytes)}")
    note = f". {memory.note}" if memory.note else ""
    return ", ".join(parts) + note


def _pin(board: Board) -> str:
    note = f" {board.wiring.note}" if board.wiring.note else ""
    volts = f", {board.wiring.sync_volts:g} V." if board.wiring.sync_volts else "."
    return f"{board.wiring.sync_pin}{volts}{note}"


def _short(board: Board) -> str:
    for maker in ("Arduino ", "Seeed ", "NVIDIA ", "Nordic ", "ST ", "Raspberry "):
        if board.name.startswith(maker):
            return board.name.removeprefix(maker)
    return board.name


if __name__ == "__main__":
    print(page(), end="")
