"""A file of published measurements, predicted row by row and summed up by family."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from simcore.errors import SimError
from simcore.validation import datacentre, edge, tiny, tiny_rows
from simcore.validation.rows import families


class MeasurementError(SimError):
    """A file of measurements that cannot be read, naming what is missing."""


NEEDED = MappingProxyType({
    "mlperf_tiny": ("round", "submitter", "system", "benchmark"),
    "mlperf_inference": ("round", "submitter", "system", "model", "scenario"),
    "edge": ("board", "model", "precision", "latency_ms"),
})  # fmt: skip
"""Kind of rows: what each must carry."""
NUMBERS = ("latency_ms", "energy_uJ", "tokens_per_s", "samples_per_s", "input")
"""What is read as a number, in every kind; 0 and nothing are no measurement."""
_MOST = 1e15


def validate(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return every row with its prediction, and the errors of each family.

    Raises
    ------
    MeasurementError
        If the file holds none of the kinds of rows known, or a row lacks what it needs.
    """
    if not any(data.get(kind) for kind in NEEDED):
        raise MeasurementError(f"no rows: the file needs a list under one of {', '.join(NEEDED)}")
    tiny_data, served, edges = (_checked(data, kind) for kind in NEEDED)
    rows = [
        *tiny.predictions(tiny_rows.read(tiny_data)),
        *datacentre.predictions(served),
        *edge.predictions(edges),
    ]
    return {"rows": [row.as_json() for row in rows], "families": families(rows)}


def _checked(data: Mapping[str, Any], kind: str) -> list[Mapping[str, Any]]:
    rows = data.get(kind) or []
    if not isinstance(rows, list):
        raise MeasurementError(f"{kind} must be a list, not a {type(rows).__name__}")
    return [_row(row, kind, f"{kind}, row {place}") for place, row in enumerate(rows)]


def _row(row: Any, kind: str, where: str) -> Mapping[str, Any]:
    """Return a row with names as text and numbers as floats, None where there is none."""
    missing = [key for key in NEEDED[kind] if not isinstance(row, dict) or key not in row]
    if missing:
        raise MeasurementError(f"{where}: {', '.join(missing)} is missing")
    texts = {key: str(row[key]) for key in NEEDED[kind] if key not in NUMBERS}
    numbers = {key: _number(row[key], f"{where}: {key}") for key in NUMBERS if key in row}
    return {**row, **texts, **numbers}


def _number(value: Any, where: str) -> float | None:
    if value is None or value == "":
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise MeasurementError(f"{where} must be a number, got {value!r}") from None
    if not 0 <= number <= _MOST:
        raise MeasurementError(f"{where} must be a number from 0 to {_MOST:g}, got {value!r}")
    return number or None
