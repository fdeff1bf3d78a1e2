"""Power sensors of the kernel's hwmon: INA2xx on a board's rail, ACPI power meters.

`powerN_input` and `powerN_average` are in microwatts; a driver that shows none but current and
voltage of a rail (`currN_input` in mA, `inN_input` in mV) gives their product.
"""

from pathlib import Path

from device_agent.meters import sysfs
from device_agent.meters.options import MeterError, Options
from device_agent.meters.sampling import SampledMeter

# A Jetson's sensor has three rails of which one is the sum: a driver of its own. Graphics cards
# and disks show their own power, not that of the computer.
_OTHERS = ("ina3221", "amdgpu", "i915", "xe", "nouveau", "nvme")
_EVERY_S = 0.02


def _sensor(options: Options) -> sysfs.FileSensor:
    wanted = options.text("name", "")
    folder = sysfs.root / "class" / "hwmon"
    for chip in sorted(folder.glob("*")):
        name = sysfs.word(chip / "name")
        if name != wanted if wanted else name in _OTHERS:
            continue
        sensor = _of(chip, name)
        if sensor is not None:
            return sensor
    called = f" called {wanted}" if wanted else ""
    raise MeterError(f"no power sensor{called} under {folder} (INA2xx or ACPI)")


def _of(chip: Path, name: str) -> sysfs.FileSensor | None:
    """Return the sensor of a chip: its power in microwatts, else current times voltage."""
    files = [*sorted(chip.glob("power*_input")), *sorted(chip.glob("power*_average"))]
    power = next((file for file in files if sysfs.number(file) is not None), None)
    called = f"hwmon {name}" if name else "hwmon"
    if power is not None:
        return sysfs.FileSensor(
            name=called, every_s=_EVERY_S, power_w=lambda: _scaled(sysfs.number(power), 1e-6)
        )
    current, voltage = chip / "curr1_input", chip / "in1_input"
    if sysfs.number(current) is None or sysfs.number(voltage) is None:
        return None
    return sysfs.FileSensor(
        name=called,
        every_s=_EVERY_S,
        power_w=lambda: _scaled(sysfs.number(current), sysfs.number(voltage), 1e-6),
    )


def _scaled(*factors: float | None) -> float | None:
    product = 1.0
    for factor in factors:
        if factor is None:
            return None
        product *= factor
    return product


METER = SampledMeter("hwmon power sensor", kind="hwmon", sensor=_sensor, own_options=("name",))
