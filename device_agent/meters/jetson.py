"""The INA3221 of NVIDIA Jetson modules: three rails, of which VDD_IN is the whole module.

Read from the kernel's files (mA and mV): the rail labelled `VDD_IN`, else the sum of those that
carry a label. Other rails feed from VDD_IN and must not be added to it.
"""

from pathlib import Path

from device_agent.energy_budget import RECTANGULAR, Accuracy
from device_agent.meters import sysfs
from device_agent.meters.options import MeterError, Options
from device_agent.meters.sampling import SampledMeter

_RAILS = (1, 2, 3)
_WHOLE = "VDD_IN"
_EVERY_S = 0.02
# Limits of the data sheet (SBOS576): over the shunt 80 uV, of the supply 16 mV, gain 0.25% each,
# one step 40 uV; resistor 1%.
_OFFSET_V, _SUPPLY_OFFSET_V, _GAIN_SHARE, _STEP_V, _SHUNT_SHARE = 80e-6, 16e-3, 0.0025, 40e-6, 0.01


def _sensor(options: Options) -> sysfs.FileSensor:
    places = sorted(sysfs.root.glob("bus/i2c/drivers/ina3221/*/hwmon/hwmon*"))
    chips = [chip for chip in places if _rails(chip)]
    if not chips:
        raise MeterError("no INA3221 of a Jetson under /sys/bus/i2c/drivers/ina3221")
    chip = next((chip for chip in chips if _WHOLE in _rails(chip)), chips[0])
    rails = _rails(chip)
    used = [rails[_WHOLE]] if _WHOLE in rails else list(rails.values())
    which = _WHOLE if _WHOLE in rails else " + ".join(rails)
    return sysfs.FileSensor(
        name=f"Jetson INA3221 {which}",
        every_s=_EVERY_S,
        power_w=lambda: _power(chip, used),
        known=_accuracy(chip, used),
    )


def _rails(chip: Path) -> dict[str, int]:
    """Return the rails with a label and a current, by label."""
    found = {}
    for rail in _RAILS:
        label = sysfs.word(chip / f"in{rail}_label")
        if label and sysfs.number(chip / f"curr{rail}_input") is not None:
            found[label] = rail
    return found


def _power(chip: Path, rails: list[int]) -> float | None:
    power_w = 0.0
    for rail in rails:
        current_ma = sysfs.number(chip / f"curr{rail}_input")
        voltage_mv = sysfs.number(chip / f"in{rail}_input")
        if current_ma is None or voltage_mv is None:
            return None
        power_w += current_ma * voltage_mv * 1e-6
    return power_w


def _accuracy(chip: Path, rails: list[int]) -> Accuracy:
    """Return the data sheet's limits at today's voltages, as standard uncertainties."""
    volts = [(sysfs.number(chip / f"in{rail}_input") or 0.0) * 1e-3 for rail in rails]
    supply_share = _SUPPLY_OFFSET_V / min(volts) if min(volts) > 0 else 0.0
    gain = RECTANGULAR * (2 * _GAIN_SHARE**2 + _SHUNT_SHARE**2 + supply_share**2) ** 0.5
    shunts = {rail: sysfs.number(chip / f"shunt{rail}_resistor") for rail in rails}
    if not all(shunts.values()):
        return Accuracy(gain_share=gain, lacks=("offset",))
    watts_a_volt = sum(
        (sysfs.number(chip / f"in{rail}_input") or 0.0) * 1e-3 / ((ohm or 1.0) * 1e-6)
        for rail, ohm in shunts.items()
    )
    return Accuracy(
        gain_share=gain,
        offset_w=RECTANGULAR * _OFFSET_V * watts_a_volt,
        step_w=_STEP_V * watts_a_volt,
    )


METER = SampledMeter("Jetson INA3221", kind="jetson", sensor=_sensor)
