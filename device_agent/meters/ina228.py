"""Texas Instruments INA228 (SLYS021): 20 bits, a supply of up to 85 V, and energy added up inside.

The chip's own accumulator is read, so that no sample of ours is early or late. It adds amounts:
a current that flows back counts as used. Calibration (section 8.1.2 of the data sheet):
`SHUNT_CAL = 13107.2e6 · CURRENT_LSB · R`, four times that in the narrow range; energy counts in
`16 · 3.2 · CURRENT_LSB`. What the rounded register really means is used, not what was wished for.
"""

import time

from device_agent.meters.base import Reading
from device_agent.meters.i2c import signed
from device_agent.meters.options import MeterError, Options
from device_agent.meters.sampling import SampledMeter
from device_agent.meters.shunt import OPTIONS, ShuntMonitor, settle

_CONFIG, _ADC, _CALIBRATION, _SHUNT, _SUPPLY = 0x00, 0x01, 0x02, 0x04, 0x05
_ENERGY, _MAKER, _DIE = 0x09, 0x3E, 0x3F
_RESET, _CLEAR, _NARROW = 1 << 15, 1 << 14, 1 << 4
# Shunt and supply without end, 1052 us each, average 4.
_SETTING = 0xB << 12 | 0b101 << 9 | 0b101 << 6 | 0b101 << 3 | 0b001
# Full scale and step over the shunt: wide and narrow range. [V]
_WIDE_V, _NARROW_V = 0.16384, 0.04096
_WIDE_STEP_V, _NARROW_STEP_V = 312.5e-9, 78.125e-9
_SUPPLY_STEP_V = 195.3125e-6
_SCALE = 13107.2e6
_CALIBRATION_MOST = 0x7FFF
_FULL = (1 << 19) - 1
_ENERGY_BITS = 40


class Ina228(ShuntMonitor):
    name = "INA228"
    every_s = 0.0085
    # Gain of each channel 0.05%, offset over the shunt 1 uV: limits at room temperature.
    _gain_share = (0.0005**2 + 0.0005**2) ** 0.5
    _offset_v = 1e-6
    _supply_offset_v = 2.5e-3

    def _largest_v(self) -> float:
        return _WIDE_V

    def _set_up(self) -> None:
        self._must_be(self._read(_MAKER), self._read(_DIE), 0x228)
        is_narrow = self._max_a * self._shunt_ohm <= _NARROW_V
        self._step_v = _NARROW_STEP_V if is_narrow else _WIDE_STEP_V
        times = 4 if is_narrow else 1
        calibration = round(_SCALE * self._max_a / (1 << 19) * self._shunt_ohm * times)
        if not 0 < calibration <= _CALIBRATION_MOST:
            raise MeterError(
                f"ina228: max_a = {self._max_a:g} over {self._shunt_ohm:g} ohm needs calibration"
                f" {calibration}, the chip takes 1 to {_CALIBRATION_MOST}: another max_a or shunt"
            )
        self._current_step_a = calibration / (_SCALE * self._shunt_ohm * times)
        self._write(_CONFIG, _RESET)
        self._write(_CONFIG, _NARROW if is_narrow else 0)
        self._write(_ADC, _SETTING)
        self._write(_CALIBRATION, calibration)
        self._write(_CONFIG, _CLEAR | (_NARROW if is_narrow else 0))
        settle(2 * self.every_s)

    def shunt_v(self) -> float:
        raw = signed(self._read(_SHUNT, 3) >> 4, 20)
        if raw in (_FULL, -_FULL - 1):
            raise self._clipped()
        return raw * self._step_v

    def supply_v(self) -> float:
        return (self._read(_SUPPLY, 3) >> 4) * _SUPPLY_STEP_V

    def joules(self) -> Reading:
        step_j = 16 * 3.2 * self._current_step_a
        return Reading(
            at_s=time.monotonic(),
            energy_j=self._read(_ENERGY, 5) * step_j,
            wrap_j=(1 << _ENERGY_BITS) * step_j,
        )


def _sensor(options: Options) -> Ina228:
    return Ina228(options)


METER = SampledMeter("INA228", kind="ina228", sensor=_sensor, own_options=OPTIONS, is_found=False)
