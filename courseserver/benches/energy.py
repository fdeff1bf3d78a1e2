"""How an energy was measured, in words: meter, window, idle power, and each part of its doubt."""

from collections.abc import Iterator
from dataclasses import dataclass

from courseserver.kits.models import Measurement
from labs.text import quantity

# As `device_agent.energy_budget` names the parts, and what each one is.
_PARTS = (
    ("gain", "the meter's gain"),
    ("offset", "its error at no load"),
    ("timing", "begin and end of a window"),
    ("quantisation", "steps of a reading"),
    ("repeat", "windows differ"),
    ("idle", "the idle power (above idle only)"),
)
_SYNC = {"pin": "by the board's sync pin", "host clock": "by the clock of the kit's computer"}


@dataclass(frozen=True, slots=True, kw_only=True)
class EnergyView:
    """One inference's energy as the meter saw it; doubts are standard uncertainties."""

    meter: str
    # Label and value.
    rows: tuple[tuple[str, str], ...]
    # Part of the doubt, its size, and its share of the largest one in percent.
    parts: tuple[tuple[str, str, int], ...]
    lacks: str


def energy_view(row: Measurement) -> EnergyView | None:
    """Return how a measurement's energy was found, or None where it has none."""
    if row.energy_total_j is None:
        return None
    parts = [(what, _positive(row, f"energy_u_{name}_j")) for name, what in _PARTS]
    known = [(what, size) for what, size in parts if size is not None]
    largest = max((size for _, size in known), default=0.0) or 1.0
    return EnergyView(
        meter=row.energy_meter or "a meter without a name",
        rows=tuple(_rows(row, row.energy_total_j)),
        parts=tuple(
            (what, quantity(size, "si J"), round(100 * size / largest)) for what, size in known
        ),
        lacks=str(row.environment.get("energy_u_lacks", ""))[:80],
    )


def _rows(row: Measurement, total_j: float) -> Iterator[tuple[str, str]]:
    yield "In all", _doubted(total_j, _positive(row, "energy_uncertainty_j"))
    if row.energy_dynamic_j is not None:
        doubt = _positive(row, "energy_dynamic_uncertainty_j")
        yield "Above idle", _doubted(row.energy_dynamic_j, doubt)
    if (idle_w := _positive(row, "idle_w")) is not None:
        yield "Idle power, before and after", quantity(idle_w, "si W")
    if (sync := _SYNC.get(str(row.environment.get("energy_sync", "")))) is not None:
        lag_s = row.environment.get("energy_lag_s")
        late = f", shifted by {quantity(lag_s, 'time')}" if isinstance(lag_s, float) else ""
        yield "Windows found", sync + late
    if (samples := _positive(row, "energy_samples")) is not None:
        yield "Samples in a window", quantity(samples, "int")


def _doubted(value: float, doubt: float | None) -> str:
    text = quantity(value, "si J")
    return text if doubt is None else f"{text} ± {quantity(doubt, 'si J')}"


def _positive(row: Measurement, name: str) -> float | None:
    """Return a fact that is a number and not below nought: a kit may tell anything."""
    told = row.environment.get(name)
    is_number = isinstance(told, int | float) and not isinstance(told, bool)
    return float(told) if is_number and told >= 0 else None
