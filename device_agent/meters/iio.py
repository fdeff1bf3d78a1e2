"""Power sensors of the kernel's Industrial I/O, such as an INA226 under `ina2xx-adc`.

By its rules (Documentation/ABI/testing/sysfs-bus-iio) raw value, plus offset, times scale is in
milliwatts, milliamperes and millivolts. Power is read where the device shows it, else the product
of current and supply voltage.
"""

import re
from pathlib import Path

from device_agent.meters import sysfs
from device_agent.meters.options import MeterError, Options
from device_agent.meters.sampling import SampledMeter

_EVERY_S = 0.02
_CHANNEL = re.compile(r"in_(power|current|voltage)(\d*)_raw")


def _sensor(options: Options) -> sysfs.FileSensor:
    wanted = options.text("name", "")
    folder = sysfs.root / "bus" / "iio" / "devices"
    for device in sorted(folder.glob("iio:device*")):
        name = sysfs.word(device / "name")
        if wanted and name != wanted:
            continue
        sensor = _of(device, name)
        if sensor is not None:
            return sensor
    raise MeterError(f"no power sensor under {folder}")


def _of(device: Path, name: str) -> sysfs.FileSensor | None:
    channels: dict[str, list[str]] = {}
    for file in sorted(device.glob("in_*_raw")):
        found = _CHANNEL.fullmatch(file.name)
        if found:
            channels.setdefault(found[1], []).append(file.name.removesuffix("_raw"))
    called = f"IIO {name}" if name else "IIO"
    if "power" in channels:
        power = channels["power"][0]
        return sysfs.FileSensor(
            name=called, every_s=_EVERY_S, power_w=lambda: _milli(device, power)
        )
    if "current" in channels and "voltage" in channels:
        # Of several voltages the supply's has the larger number: channel 0 is that over the shunt.
        current, voltage = channels["current"][0], channels["voltage"][-1]

        def product() -> float | None:
            ampere, volt = _milli(device, current), _milli(device, voltage)
            return None if ampere is None or volt is None else ampere * volt

        return sysfs.FileSensor(name=called, every_s=_EVERY_S, power_w=product)
    return None


def _milli(device: Path, channel: str) -> float | None:
    """Return a channel in base units: its scaled value is in thousandths."""
    raw = sysfs.number(device / f"{channel}_raw")
    if raw is None:
        return None
    kind = channel.rstrip("0123456789")
    scale = sysfs.number(device / f"{channel}_scale") or sysfs.number(device / f"{kind}_scale")
    offset = sysfs.number(device / f"{channel}_offset") or 0.0
    return (raw + offset) * (1.0 if scale is None else scale) * 1e-3


METER = SampledMeter("IIO power sensor", kind="iio", sensor=_sensor, own_options=("name",))
