"""Units as the other engine prints them ("GB / s", "flop / B"), in SI."""

from functools import cache

from simcore.errors import UnitError

_PREFIXES = {"": 1.0, "n": 1e-9, "µ": 1e-6, "u": 1e-6, "m": 1e-3, "k": 1e3, "K": 1e3, "M": 1e6,
             "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18}  # fmt: skip
_BINARY = {"Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30, "Ti": 2.0**40}
_PREFIXED = {"B": 1.0, "bit": 0.125, "b": 0.125, "bps": 0.125, "s": 1.0, "W": 1.0, "Wh": 3600.0,
             "J": 1.0, "g": 1e-3, "flop": 1.0, "flops": 1.0, "FLOP": 1.0, "FLOPs": 1.0,
             "FLOPS": 1.0, "op": 1.0, "OPS": 1.0}  # fmt: skip
_WHOLE = {"1": 1.0, "": 1.0, "dimensionless": 1.0, "count": 1.0, "param": 1.0, "token": 1.0,
          "byte": 1.0, "second": 1.0, "min": 60.0, "h": 3600.0, "hour": 3600.0, "d": 86400.0,
          "day": 86400.0, "dollar": 1.0, "USD": 1.0, "Hz": 1.0, "l": 1.0, "L": 1.0}  # fmt: skip


@cache
def factor(unit: str) -> float:
    """Return one of that unit in SI (byte, s, FLOP, J, W, kg, USD).

    Raises
    ------
    UnitError
        If a part of it is unknown.
    """
    first, *below = unit.replace("*", "/ 1 *").split("/")
    value = _part(first.strip(), unit)
    for part in below:
        divisor, *times = part.split("*")
        value /= _part(divisor.strip(), unit)
        for other in times:
            value *= _part(other.strip(), unit)
    return value


def _part(symbol: str, unit: str) -> float:
    if symbol in _WHOLE:
        return _WHOLE[symbol]
    for base, size in _PREFIXED.items():
        prefix = symbol.removesuffix(base)
        if symbol.endswith(base) and prefix in _PREFIXES:
            return _PREFIXES[prefix] * size
        if base == "B" and symbol.endswith(base) and prefix in _BINARY:
            return _BINARY[prefix]
    raise UnitError(f"unknown unit {symbol!r} in {unit!r}; write GB / s, ms, flop / B or alike")
