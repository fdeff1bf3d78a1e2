"""What the shunt monitors INA219, INA226 and INA228 have in common.

Their options: `bus` (1), `address` (0x40), `shunt_ohm` (0.1), `shunt_share` (0.01, the resistor's
tolerance) and `max_a` (the largest current expected).
"""

import time
from collections.abc import Callable
from typing import ClassVar

from device_agent.energy_budget import RECTANGULAR, Accuracy
from device_agent.meters.base import Reading
from device_agent.meters.i2c import Bus, LinuxBus, whole
from device_agent.meters.options import MeterError, Options

OPTIONS = ("bus", "address", "shunt_ohm", "shunt_share", "max_a")
_TEXAS_INSTRUMENTS = 0x5449
# Opens a bus by its number; tests put a bus of their own here.
open_bus: Callable[[int], Bus] = LinuxBus


class ShuntMonitor:
    """One chip: voltage over a shunt and voltage of the supply, averaged by the chip itself."""

    name: str
    every_s: float
    # Limits of the data sheet: gain of shunt and supply channel together, offset over the shunt.
    _gain_share: ClassVar[float]
    _offset_v: float
    # The most that the supply's channel is off at no voltage. [V]
    _supply_offset_v: ClassVar[float]
    # One step of the shunt's voltage. [V]
    _step_v: float

    def __init__(self, options: Options) -> None:
        self._bus = open_bus(options.whole("bus", 1))
        self._address = options.whole("address", 0x40)
        if not 0x40 <= self._address <= 0x4F:
            raise MeterError(f"{options.kind}: address {self._address:#x} is not in 0x40 to 0x4f")
        self._shunt_ohm = options.number("shunt_ohm", 0.1)
        self._shunt_share = options.number("shunt_share", 0.01)
        self._max_a = options.number("max_a", self._largest_v() / self._shunt_ohm)
        if self._max_a * self._shunt_ohm > self._largest_v() * (1 + 1e-9):
            raise MeterError(
                f"{options.kind}: {self._max_a:g} A over {self._shunt_ohm:g} ohm are"
                f" {self._max_a * self._shunt_ohm:g} V, the chip takes {self._largest_v():g} V:"
                f" a shunt of at most {self._largest_v() / self._max_a:.3g} ohm"
            )
        self._set_up()

    def _largest_v(self) -> float:
        """Return the largest voltage over the shunt that the chip can show. [V]"""
        raise NotImplementedError

    def _set_up(self) -> None:
        """Check that it is this chip, and start its conversions."""
        raise NotImplementedError

    def shunt_v(self) -> float:
        """Return the voltage over the shunt, negative where the current flows back. [V]"""
        raise NotImplementedError

    def supply_v(self) -> float:
        """Return the voltage of the supply. [V]"""
        raise NotImplementedError

    def watts(self) -> float:
        return self.shunt_v() / self._shunt_ohm * self.supply_v()

    def joules(self) -> Reading | None:
        return None

    def accuracy(self) -> Accuracy:
        """Return the data sheet's limits as standard uncertainties at today's supply voltage."""
        supply_v = self.supply_v()
        # An error of the supply's voltage is one of the power's factor.
        supply_share = self._supply_offset_v / supply_v if supply_v > 0 else 0.0
        parts = (self._gain_share, self._shunt_share, supply_share)
        return Accuracy(
            gain_share=RECTANGULAR * sum(part**2 for part in parts) ** 0.5,
            offset_w=RECTANGULAR * self._offset_v / self._shunt_ohm * supply_v,
            step_w=self._step_v / self._shunt_ohm * supply_v,
        )

    def _clipped(self) -> MeterError:
        return MeterError(
            f"{self.name}: more than {self._max_a:.3g} A; a smaller shunt, or a larger max_a"
        )

    def _read(self, register: int, count: int = 2) -> int:
        return whole(self._bus.read(self._address, register, count))

    def _write(self, register: int, value: int) -> None:
        self._bus.write(self._address, register, value.to_bytes(2, "big"))

    def _must_be(self, maker: int, die: int, wanted: int) -> None:
        """Refuse a chip of another make or kind; the lowest four bits are its revision."""
        if maker != _TEXAS_INSTRUMENTS or die >> 4 != wanted:
            raise MeterError(
                f"at {self._address:#x} is no {self.name}: it says {maker:#06x}, {die:#06x}"
            )


def settle(seconds: float) -> None:
    """Wait for the first conversion after a change of settings."""
    time.sleep(seconds)
