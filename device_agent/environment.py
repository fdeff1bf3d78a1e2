"""What the machine was like while we measured."""

import os
import platform
from pathlib import Path

from firmware_specs.wire import Scalar

# The machine's files; tests put a tree of their own here.
root = Path("/")


def host_facts() -> dict[str, Scalar]:
    """Return what does not change: processor, cores, memory, system."""
    return {
        "cpu_model": cpu_model(),
        "cpu_count": os.cpu_count() or 0,
        "memory_bytes": memory_bytes(),
        "architecture": platform.machine(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }


def environment() -> dict[str, Scalar]:
    """Return what does change: load, governor, frequency, temperature, throttling."""
    facts: dict[str, Scalar] = {
        "cpu_model": cpu_model(),
        "governor": governor(),
        "load_1min": round(os.getloadavg()[0], 2),
        "cpu_count": os.cpu_count() or 0,
    }
    frequency = _read(_core(0) / "scaling_cur_freq")
    if frequency.isdigit():
        facts["frequency_hz"] = int(frequency) * 1000
    temperatures = temperatures_c()
    if temperatures:
        facts["temperature_c"] = temperatures[0]
    return facts


def cpu_model() -> str:
    for line in _read(root / "proc/cpuinfo").splitlines():
        key, _, value = line.partition(":")
        if key.strip() in ("model name", "Model", "Hardware"):
            return value.strip()
    return platform.processor() or "unknown"


def governor() -> str:
    return _read(_core(0) / "scaling_governor") or "not visible"


def governors() -> list[str]:
    """Return the governor of every core that shows one."""
    files = root.glob("sys/devices/system/cpu/cpu[0-9]*/cpufreq/scaling_governor")
    return [_read(path) for path in files]


def frequency_limits_hz() -> tuple[int, int]:
    """Return the highest frequency allowed and the highest there is, 0 where not visible. [Hz]"""
    allowed, most = (_read(_core(0) / name) for name in ("scaling_max_freq", "cpuinfo_max_freq"))
    return (
        int(allowed) * 1000 if allowed.isdigit() else 0,
        int(most) * 1000 if most.isdigit() else 0,
    )


def temperatures_c() -> list[float]:
    """Return what each thermal zone shows, the processor's first on most boards. [°C]"""
    texts = [_read(path) for path in sorted(root.glob("sys/class/thermal/thermal_zone*/temp"))]
    return [int(text) / 1000 for text in texts if text.lstrip("-").isdigit()]


def clock_source() -> str:
    return _read(root / "sys/devices/system/clocksource/clocksource0/current_clocksource")


def process_names() -> set[str]:
    """Return the names of the programs that run now."""
    return {_read(path) for path in root.glob("proc/[0-9]*/comm")}


def memory_bytes() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _core(number: int) -> Path:
    return root / f"sys/devices/system/cpu/cpu{number}/cpufreq"


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
