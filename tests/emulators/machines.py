"""The reference firmware, built and running: in simavr for AVR, in QEMU for Cortex-M and RV32.

An emulated instruction takes 32 ns of QEMU's clock (`-icount shift=5`), so its timers count
instructions; simavr counts cycles.
"""

import fcntl
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.services import LIMIT_S, accepts_connections, free_port, program, wait_for

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "firmware_specs" / "reference"
INSTRUCTION_S = 32e-9
_SHIFT = "5"
_PROGRAMS = {
    "make": "make",
    "gcc": "gcc libc6-dev",
    "avr-gcc": "gcc-avr avr-libc",
    "arm-none-eabi-gcc": "gcc-arm-none-eabi libnewlib-arm-none-eabi",
    "riscv64-unknown-elf-gcc": "gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf",
    "qemu-system-arm": "qemu-system-arm",
    "qemu-system-riscv32": "qemu-system-misc",
}
MACHINES = ("uno", "mps2-an386", "qemu-rv32")
SKETCHES = ("nano33ble", "xiao_esp32s3")


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A running emulator: where its serial line is, and, for AVR, the log of its sync pin."""

    url: str
    process: "subprocess.Popen[bytes]"
    edges: Path | None = None


def images() -> Path:
    """Return the folder of all images and of simavr's host, built once for all tests."""
    folder = ROOT / "var" / "test-firmware"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        firmware_build(folder)
        avr_host_build(folder)
    return folder


def firmware_build(folder: Path, *targets: str, energy: bool = False) -> Path:
    """Build the reference firmware as a user would, and return the folder of its images."""
    for name, packages in _PROGRAMS.items():
        program(name, f"apt-get install {packages}")
    command = ["make", "-C", str(REFERENCE), f"BUILD={folder}", f"ENERGY={int(energy)}", "-j2"]
    done = subprocess.run([*command, *targets], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def avr_host_build(folder: Path) -> Path:
    """Build the program that runs an AVR image in simavr."""
    if not Path("/usr/include/simavr/sim_avr.h").exists():
        pytest.skip("simavr's library is not installed: apt-get install libsimavr-dev")
    host = folder / "avr-host"
    source = Path(__file__).with_name("avr.c")
    command = ["gcc", "-O2", "-Wall", "-Wextra", "-Werror", "-o", str(host), str(source)]
    done = subprocess.run([*command, "-lsimavr", "-lutil"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return host


@contextmanager
def machine(name: str, images: Path, folder: Path) -> Iterator[Machine]:
    """Run one of `MACHINES` or `SKETCHES` until the block ends."""
    start = {"uno": _avr, "qemu-rv32": _rv32}.get(name, _cortex_m)
    yield from start(name, images, folder)


def _avr(name: str, images: Path, folder: Path) -> Iterator[Machine]:
    link, edges = folder / "tty-avr", folder / "edges.txt"
    command = [str(images / "avr-host"), str(images / f"{name}.elf"), str(link), str(edges)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        wait_for(lambda: link.exists() or process.poll() is not None, what="simavr's pty")
        assert process.poll() is None, f"simavr ended with {process.returncode}"
        yield Machine(url=str(link), process=process, edges=edges)
    finally:
        _stop(process)


def _cortex_m(name: str, images: Path, folder: Path) -> Iterator[Machine]:
    port = free_port()
    line = f"tcp:127.0.0.1:{port},server,nowait,nodelay"
    # Arduino sketches are built for the M4 machine.
    kind = name if name.startswith("mps2") else "mps2-an386"
    command = ["qemu-system-arm", "-M", kind, "-kernel", str(images / f"{name}.elf")]
    process = subprocess.Popen([*command, *_common(line)], stdout=subprocess.DEVNULL)
    try:
        wait_for(lambda: accepts_connections(port), what="QEMU's port")
        yield Machine(url=f"socket://127.0.0.1:{port}", process=process)
    finally:
        _stop(process)


def _rv32(name: str, images: Path, folder: Path) -> Iterator[Machine]:
    said = folder / "qemu.txt"
    command = ["qemu-system-riscv32", "-M", "virt", "-bios", "none"]
    command += ["-kernel", str(images / f"{name}.elf"), *_common("pty")]
    with said.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        wait_for(lambda: "/dev/pts/" in said.read_text(), what="QEMU's pty")
        found = re.search(r"/dev/pts/\d+", said.read_text())
        assert found
        yield Machine(url=found[0], process=process)
    finally:
        _stop(process)


def _common(line: str) -> list[str]:
    return ["-nographic", "-monitor", "none", "-serial", line, "-icount", f"shift={_SHIFT}"]


def _stop(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is None:
        process.terminate()
    process.wait(timeout=LIMIT_S)


def stack_bytes(edges: Path) -> int:
    """Return the most stack that an AVR program used, from the log of a stopped emulator."""
    (line,) = (line for line in edges.read_text().splitlines() if line.startswith("stack"))
    return int(line.split()[1])


def windows_cycles(edges: Path) -> list[int]:
    """Return the length of each time the sync pin was high, as the emulator saw it. [cycle]"""
    rises, falls = pin_edges(edges)
    return [min(fall for fall in falls if fall > rise) - rise for rise in rises]


def pin_edges(edges: Path) -> tuple[list[int], list[int]]:
    """Return when the sync pin rose and when it fell. [cycle]"""
    rows = [line.split() for line in edges.read_text().splitlines() if line[0].isdigit()]
    rises = [int(cycle) for cycle, level in rows if level == "1"]
    return rises, [int(cycle) for cycle, level in rows if level == "0"]


def section_bytes(elf: Path, tool: str = "avr-size") -> tuple[int, int]:
    """Return flash (text, data) and RAM (data, bss) that an image takes. [byte]"""
    done = subprocess.run([tool, str(elf)], capture_output=True, text=True, check=True)
    text, data, bss = (int(value) for value in done.stdout.splitlines()[1].split()[:3])
    return text + data, data + bss
