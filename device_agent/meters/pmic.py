"""The power chip of a Raspberry Pi 5: current and voltage of its rails, by `vcgencmd`.

Power is the sum over rails that show both. What the 5 V input feeds directly (USB, HDMI, fan) and
what the chip itself loses is not in it: a meter at the plug shows more. Starting the program costs
some milliseconds of processor time, so ten readings a second are the most.
"""

import re
import shutil
import subprocess

from device_agent.meters import sysfs
from device_agent.meters.options import MeterError, Options
from device_agent.meters.sampling import SampledMeter

_PROGRAM = "vcgencmd"
_EVERY_S = 0.1
# `3V7_WL_SW_A current(0)=0.00292796A` and `3V7_WL_SW_V volt(8)=3.73297600V`.
_LINE = re.compile(
    r"^\s*(\S+)_([AV])\s+(?:current|volt)\(\d+\)=([-+0-9.eE]+)[AV]\s*$", re.MULTILINE
)


def power_in(text: str) -> float | None:
    """Return the power that `pmic_read_adc` prints, or None where no rail shows both. [W]"""
    told: dict[str, dict[str, float]] = {"A": {}, "V": {}}
    for rail, kind, value in _LINE.findall(text):
        told[kind][rail] = float(value)
    both = told["A"].keys() & told["V"].keys()
    return sum(told["A"][rail] * told["V"][rail] for rail in both) if both else None


def _sensor(options: Options) -> sysfs.FileSensor:
    if shutil.which(_PROGRAM) is None:
        raise MeterError("no vcgencmd: not a Raspberry Pi, or not its system")
    if power_in(_said()) is None:
        raise MeterError(
            "vcgencmd pmic_read_adc shows no rails: only a Raspberry Pi 5 has them"
            " (where it says no permission: sudo usermod -aG video $USER)"
        )
    return sysfs.FileSensor(
        name="Raspberry Pi 5 power chip", every_s=_EVERY_S, power_w=lambda: power_in(_said())
    )


def _said() -> str:
    try:
        done = subprocess.run(  # noqa: S603  a fixed command, no shell
            [_PROGRAM, "pmic_read_adc"], capture_output=True, text=True, timeout=2, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise MeterError(f"vcgencmd pmic_read_adc: {error}") from error
    return done.stdout


METER = SampledMeter("Raspberry Pi 5 power chip", kind="pmic", sensor=_sensor)
