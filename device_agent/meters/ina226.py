"""Texas Instruments INA226 (SBOS547): 16 bits, a supply of up to 36 V, 81.92 mV over the shunt.

The voltage over the shunt is read as it is and divided by the resistance here: the chip's
calibration register, which rounds, stays unused. Four conversions of 1.1 ms are averaged.
"""

from device_agent.meters.i2c import signed
from device_agent.meters.options import Options
from device_agent.meters.sampling import SampledMeter
from device_agent.meters.shunt import OPTIONS, ShuntMonitor, settle

_CONFIG, _SHUNT, _SUPPLY, _MAKER, _DIE = 0x00, 0x01, 0x02, 0xFE, 0xFF
_RESET = 0x8000
# Average 4, both conversions 1.1 ms, both channels without end; bit 14 always reads 1.
_SETTING = 0x4000 | 0b001 << 9 | 0b100 << 6 | 0b100 << 3 | 0b111
_STEP_V, _SUPPLY_STEP_V = 2.5e-6, 1.25e-3
_FULL = 0x7FFF


class Ina226(ShuntMonitor):
    name = "INA226"
    every_s = 0.0088
    # Gain of each channel 0.1%, offset over the shunt 10 uV: limits at room temperature.
    _gain_share = (0.001**2 + 0.001**2) ** 0.5
    _offset_v = 10e-6
    _supply_offset_v = 7.5e-3
    _step_v = _STEP_V

    def _largest_v(self) -> float:
        return (_FULL + 1) * _STEP_V

    def _set_up(self) -> None:
        self._must_be(self._read(_MAKER), self._read(_DIE), 0x226)
        self._write(_CONFIG, _RESET)
        self._write(_CONFIG, _SETTING)
        settle(2 * self.every_s)

    def shunt_v(self) -> float:
        raw = signed(self._read(_SHUNT), 16)
        if raw in (_FULL, -_FULL - 1):
            raise self._clipped()
        return raw * _STEP_V

    def supply_v(self) -> float:
        return self._read(_SUPPLY) * _SUPPLY_STEP_V


def _sensor(options: Options) -> Ina226:
    return Ina226(options)


METER = SampledMeter("INA226", kind="ina226", sensor=_sensor, own_options=OPTIONS, is_found=False)
