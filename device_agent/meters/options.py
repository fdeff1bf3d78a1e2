"""Which meters are wired where, as the settings say it.

`meters` holds meters separated by commas, each a driver's name and options after semicolons:
`ina226;bus=1;address=0x41;shunt_ohm=0.1;sees=board, ppk2;port=/dev/ttyACM1;mv=3300`. Meters that
need no wiring (RAPL, NVML, the kernel's sensors) are found without being named.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass

METERS = "DEVICE_AGENT_METERS"
_SEES = ("host", "board")
# Of every meter; each driver adds its own.
_COMMON = ("sees", "gain_share", "offset_w")


class MeterError(OSError):
    """A meter that cannot be read as the settings say: what, and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """One entry of the settings."""

    kind: str
    values: Mapping[str, str]

    def text(self, name: str, default: str) -> str:
        return self.values.get(name, default)

    def whole(self, name: str, default: int) -> int:
        """Return an option as a whole number; `0x40` is read as well."""
        try:
            return int(self.values.get(name, str(default)), 0)
        except ValueError as error:
            raise MeterError(f"{self.kind}: {name} = {self.values[name]!r} is no number") from error

    def number(self, name: str, default: float) -> float:
        """Return an option as a number above zero."""
        try:
            value = float(self.values.get(name, default))
        except ValueError as error:
            raise MeterError(f"{self.kind}: {name} = {self.values[name]!r} is no number") from error
        if not 0 < value < float("inf"):
            raise MeterError(f"{self.kind}: {name} = {value:g} must be above 0")
        return value

    def sees(self, default: str) -> str:
        """Return `host` or `board`: whose supply the meter sits in."""
        said = self.values.get("sees", default)
        if said not in _SEES:
            raise MeterError(f"{self.kind}: sees = {said!r} is none of {', '.join(_SEES)}")
        return said

    def checked(self, own: tuple[str, ...]) -> "Options":
        """Return the options, refusing what no driver knows."""
        unknown = sorted(set(self.values) - {*own, *_COMMON})
        if unknown:
            known = ", ".join(sorted({*own, *_COMMON}))
            raise MeterError(f"{self.kind}: unknown {', '.join(unknown)}; known are {known}")
        return self


def options_of(kind: str, environ: Mapping[str, str] = os.environ) -> Options | None:
    """Return what the settings say of a driver, or None where they do not name it."""
    return next((found for found in all_options(environ) if found.kind == kind), None)


def all_options(environ: Mapping[str, str] = os.environ) -> list[Options]:
    """Return every meter that the settings name."""
    found = []
    for entry in environ.get(METERS, "").split(","):
        kind, *pairs = (part.strip() for part in entry.split(";"))
        if kind:
            values = {
                key.strip(): value.strip() for key, _, value in map(_halves, filter(None, pairs))
            }
            found.append(Options(kind=kind, values=values))
    return found


def _halves(pair: str) -> tuple[str, str, str]:
    return pair.partition("=")
