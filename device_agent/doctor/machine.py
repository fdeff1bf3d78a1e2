"""Findings about the computer: what would make its figures wrong or unsteady."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import groupby

from device_agent import environment
from device_agent.doctor.finding import Finding

_LOAD_SHARE = 0.25
_HOT_C, _WARM_C = 80.0, 70.0
# No clock that was ever set shows an earlier year than this program's.
_YEAR = 2026
# `vcgencmd get_throttled`: now in the low bits, since boot sixteen bits higher.
_FLAGS = ("under-voltage", "frequency capped", "throttled", "soft temperature limit")
_SINCE_BOOT = 16
_STEADY_CLOCKS = ("tsc", "arch_sys_counter", "kvm-clock", "riscv_clocksource")
_PERFORMANCE = "echo performance | sudo tee /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor"


def look() -> Iterator[Finding]:
    for question in (identity, governor, frequency, load, heat, throttling, clock, clock_source):
        yield from question()


def identity() -> Iterator[Finding]:
    facts = environment.host_facts()
    text = (
        f"{facts['cpu_model']}, {facts['cpu_count']} cores,"
        f" {int(facts['memory_bytes']) / 2**30:.1f} GiB, {facts['system']}"
    )
    yield Finding.good("machine", text)
    if facts["architecture"] in ("armv6l", "armv7l"):
        remedy = "Install 64-bit Raspberry Pi OS: LiteRT has no 32-bit wheels."
        yield Finding.bad("machine", "32-bit system", remedy)


def governor() -> Iterator[Finding]:
    """Look at every core: one that saves power spoils what runs on it."""
    governors = environment.governors()
    if not governors:
        remedy = "In a virtual machine the host decides; expect a wider spread."
        yield Finding.note("governor", "not visible", remedy)
    elif set(governors) == {"performance"}:
        yield Finding.good("governor", f"performance on {len(governors)} cores")
    else:
        named = ", ".join(
            f"{len(list(same))} × {name}" for name, same in groupby(sorted(governors))
        )
        yield Finding.bad("governor", f"{named}: the clock changes while we measure", _PERFORMANCE)


def frequency() -> Iterator[Finding]:
    """Compare the highest frequency allowed with the highest there is."""
    limit, most = environment.frequency_limits_hz()
    if limit and most and limit < 0.99 * most:
        yield Finding.bad(
            "frequency",
            f"capped at {limit / 1e9:.2f} GHz of {most / 1e9:.2f} GHz",
            f"echo {most // 1000} | sudo tee /sys/devices/system/cpu/cpu*/cpufreq/scaling_max_freq",
        )


def load() -> Iterator[Finding]:
    average, cores = os.getloadavg()[0], os.cpu_count() or 1
    if average > _LOAD_SHARE * cores:
        text = f"{average:.2f} on {cores} cores: other work disturbs the measurement"
        yield Finding.bad("load", text, "Stop it (top shows it), or expect unsteady results.")
    else:
        yield Finding.good("load", f"{average:.2f} on {cores} cores")


def heat() -> Iterator[Finding]:
    hottest = max(environment.temperatures_c(), default=None)
    if hottest is None:
        return
    if hottest >= _WARM_C:
        make = Finding.bad if hottest >= _HOT_C else Finding.note
        remedy = "A heat sink or a fan; wait before measuring. Processors slow down near 80 °C."
        yield make("heat", f"{hottest:.0f} °C", remedy)
    else:
        yield Finding.good("heat", f"{hottest:.0f} °C")


def throttling() -> Iterator[Finding]:
    """Ask a Raspberry Pi's firmware about heat and voltage, now and since it started."""
    if shutil.which("vcgencmd") is None:
        return
    output = said(["vcgencmd", "get_throttled"])
    try:
        flags = int(output.partition("=")[2], 16)
    except ValueError:
        text = f"vcgencmd says {output[:60]!r}"
        yield Finding.note("throttling", text, "sudo usermod -aG video $USER, then log in again")
        return
    now, before = _named(flags), _named(flags >> _SINCE_BOOT)
    remedy = "Use the official power supply and its cable, and a fan or heat sink."
    if now:
        yield Finding.bad("throttling", f"{', '.join(now)} now ({flags:#x})", remedy)
    elif before:
        text = f"none now; {', '.join(before)} since the start ({flags:#x})"
        yield Finding.note("throttling", text, remedy)
    else:
        yield Finding.good("throttling", "none now, none since the start")


def clock() -> Iterator[Finding]:
    if datetime.now(UTC).year < _YEAR:
        text = f"the date is {datetime.now(UTC):%Y-%m-%d}"
        remedy = "TLS refuses certificates of the future: connect a network for NTP, or date -s."
        yield Finding.bad("clock", text, remedy)
        return
    if shutil.which("timedatectl") is None:
        text = "whether it is synchronised is not visible (no timedatectl)"
        remedy = "The server stamps what it receives, so nothing depends on it."
        yield Finding.note("clock", text, remedy)
    elif "yes" in said(["timedatectl", "show", "-p", "NTPSynchronized"]):
        yield Finding.good("clock", "synchronised by NTP")
    else:
        remedy = "sudo timedatectl set-ntp true; only dates shown to people depend on it."
        yield Finding.note("clock", "not synchronised by NTP", remedy)


def clock_source() -> Iterator[Finding]:
    """Durations come from the kernel's clock; some are slow to read."""
    source = environment.clock_source()
    if source in _STEADY_CLOCKS:
        yield Finding.good("timer", source)
    elif source:
        remedy = "Short calls will look longer; a kernel with tsc or arch_sys_counter is better."
        yield Finding.note("timer", f"{source} is slow to read", remedy)


def said(command: list[str]) -> str:
    """Return what a program prints, nothing where it cannot be run."""
    try:
        done = subprocess.run(  # noqa: S603
            command, capture_output=True, text=True, timeout=5, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()


def _named(flags: int) -> list[str]:
    return [name for bit, name in enumerate(_FLAGS) if flags >> bit & 1]
