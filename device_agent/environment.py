"""What the machine was like while we measured."""

import os
import platform
from pathlib import Path

from firmware_specs.wire import Scalar

_CPU = Path("/sys/devices/system/cpu/cpu0/cpufreq")


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
    frequency = _read(_CPU / "scaling_cur_freq")
    if frequency.isdigit():
        facts["frequency_hz"] = int(frequency) * 1000
    temperature = _read(Path("/sys/class/thermal/thermal_zone0/temp"))
    if temperature.lstrip("-").isdigit():
        facts["temperature_c"] = int(temperature) / 1000
    return facts


def cpu_model() -> str:
    for line in _read(Path("/proc/cpuinfo")).splitlines():
        key, _, value = line.partition(":")
        if key.strip() in ("model name", "Model", "Hardware"):
            return value.strip()
    return platform.processor() or "unknown"


def governor() -> str:
    return _read(_CPU / "scaling_governor") or "not visible"


def memory_bytes() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
