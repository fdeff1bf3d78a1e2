"""Texas Instruments INA219 (SBOS448): 12 bits, a supply of up to 26 V, 320 mV over the shunt.

The voltage over the shunt is read as it is and divided by the resistance here: the chip's
calibration register, which rounds, stays unused. Sixteen samples are averaged, 8.5 ms each channel.
"""

from device_agent.meters.i2c import signed
from device_agent.meters.options import MeterError, Options
from device_agent.meters.sampling import SampledMeter
from device_agent.meters.shunt import OPTIONS, ShuntMonitor, settle

_CONFIG, _SHUNT, _SUPPLY = 0x00, 0x01, 0x02
_RESET, _AFTER_RESET = 0x8000, 0x399F
_SUPPLY_32_V = 1 << 13
_GAIN_AT = 11
# Full scale of the shunt channel at each gain, and the most that version A is off there. [V]
_RANGES_V = (0.04, 0.08, 0.16, 0.32)
_OFFSETS_V = (100e-6, 125e-6, 150e-6, 200e-6)
_AVERAGE_16 = 0b1100
_CONTINUOUS = 0b111
_STEP_V, _SUPPLY_STEP_V = 10e-6, 4e-3


class Ina219(ShuntMonitor):
    name = "INA219"
    every_s = 0.0171
    # Version A at room temperature: current 0.5%, supply 0.5%.
    _gain_share = (0.005**2 + 0.005**2) ** 0.5
    # Half a step; its error as a whole is in the gain.
    _supply_offset_v = 2e-3
    _step_v = _STEP_V

    def _largest_v(self) -> float:
        return _RANGES_V[-1]

    def _set_up(self) -> None:
        wanted_v = self._max_a * self._shunt_ohm
        gain = next(i for i, full in enumerate(_RANGES_V) if wanted_v <= full * (1 + 1e-9))
        self._full = round(_RANGES_V[gain] / _STEP_V)
        self._offset_v = _OFFSETS_V[gain]
        self._write(_CONFIG, _RESET)
        said = self._read(_CONFIG)
        if said != _AFTER_RESET:
            raise MeterError(
                f"at {self._address:#x} is no INA219: after a reset it says {said:#06x},"
                f" not {_AFTER_RESET:#06x}"
            )
        averaging = _AVERAGE_16 << 7 | _AVERAGE_16 << 3
        self._write(_CONFIG, _SUPPLY_32_V | gain << _GAIN_AT | averaging | _CONTINUOUS)
        settle(2 * self.every_s)

    def shunt_v(self) -> float:
        raw = signed(self._read(_SHUNT), 16)
        if abs(raw) >= self._full:
            raise self._clipped()
        return raw * _STEP_V

    def supply_v(self) -> float:
        return (self._read(_SUPPLY) >> 3) * _SUPPLY_STEP_V


def _sensor(options: Options) -> Ina219:
    return Ina219(options)


METER = SampledMeter("INA219", kind="ina219", sensor=_sensor, own_options=OPTIONS, is_found=False)
