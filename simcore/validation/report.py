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
    for place, row in enumerate(rows):
        missing = [key for key in NEEDED[kind] if not isinstance(row, dict) or key not in row]
        if missing:
            raise MeasurementError(f"{kind}, row {place}: {', '.join(missing)} is missing")
    return rows
