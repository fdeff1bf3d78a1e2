"""Rows of MLPerf Tiny results as numbers: core, clock, runtime, network, latency, energy."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any

from simcore import catalog

NETWORKS = MappingProxyType({
    "kws": "dscnn-kws", "vww": "mobilenet-v1-025-vww", "ic": "resnet8-ic",
    "ad": "fc-autoencoder-ad",
})  # fmt: skip
"""Benchmark: its network in the catalogue."""

CORES = MappingProxyType({
    "M0+": r"m0\s?(\+|plus)", "M33": r"m33", "M55": r"m55", "M85": r"m85", "M23": r"m23",
    "M7": r"m7", "M4": r"m4", "M3": r"m3(?!\d)", "M0": r"m0(?!\d)",
})  # fmt: skip
"""Core class: how the text of a system's processor names it; the first that matches counts."""

_RUNTIMES = (
    ("hale", r"hale|hardware-aware lowering", "tuned"),
    ("plumerai", r"plumerai", "tuned"),
    ("onnc", r"onnc", "library"),
    ("tvm native", r"(?=.*tvm).*native", "compiled"),
    ("tvm with cmsis-nn", r"tvm", "library"),
    ("x-cube-ai", r"x-cube-ai", "tuned"),
    (
        "tflite micro",
        r"(?=.*(cmsis|nn library|esp-nn|gecko))(?=.*(lite for micro|tflite-micro|tflm))",
        "library",
    ),
    ("tflite micro", r"lite for micro|tflite-micro|tflm", "portable"),
)
"""Name, how a text names it, and its kind; without a library of its chip TensorFlow Lite for
Microcontrollers runs its own kernels in portable C."""
_ROUNDS = ("v0.5", "v0.7", "v1.0", "v1.1", "v1.2", "v1.3", "v1.4")  # in time; later ones come after
_FLOAT = re.compile(r"float|fp32", re.IGNORECASE)
_HERTZ = {"g": 1e9, "m": 1e6, "k": 1e3, "": 1e6}


@dataclass(frozen=True, slots=True, kw_only=True)
class TinyRow:
    """One result: what the system is, and what was published."""

    id: str
    core: str
    """Core class with its arithmetic, such as "M4" or "M4 fp32"; else the processor's text."""
    family: str
    network: str
    is_open: bool
    """Whether the division lets a submitter change the network."""
    clock: float | None
    runtime: str | None
    """None where the row names none."""
    kind: str
    """Kernels tuned for the chip, a common library's, compiled ones, or portable C."""
    round: float
    """Place of the round in time."""
    board: str
    submitter: str
    system: tuple[str, ...]
    latency: float | None
    """Of one inference. [s]"""
    energy: float | None
    """Of one inference. [J]"""


def read(rows: Sequence[Mapping[str, Any]]) -> list[TinyRow]:
    """Return the rows as numbers, in their order."""
    return [_row(row) for row in rows]


@cache
def catalogued() -> tuple[TinyRow, ...]:
    """Return the results the catalogue holds, which a file's rows may be learned from as well."""
    found = []
    for id_ in catalog.names("tiny_results"):
        item = catalog.item("tiny_results", id_)
        said = dict(tag.split(": ", 1) for tag in item.tags)
        found += [
            _row({**said, "benchmark": network, "latency_ms": time * 1e3})
            for network, time in item.under("latency").items()
        ]
    return tuple(found)


def _row(row: Mapping[str, Any]) -> TinyRow:
    text = " ".join(str(row.get(k) or "") for k in ("framework", "system", "libs", "variant"))
    runtime, kind = runtime_of(text)
    is_float = bool(_FLOAT.search(" ".join(str(row.get(k) or "") for k in ("system", "variant"))))
    core = _core(row)
    plain = core in CORES and not is_float and not _accelerator(row)
    is_open = str(row.get("division") or "closed").lower() == "open"
    energy, latency = row.get("energy_uJ"), row.get("latency_ms")
    board = plain_name(str(row.get("board") or row["system"]))
    return TinyRow(
        id="/".join(map(str, (row["round"], row.get("division"), row["submitter"], row["system"],
                              row.get("variant") or row["benchmark"]))),
        core=f"{core} fp32" if is_float else core,
        family="mcu int8" if plain and not is_open else "mcu other",
        network=str(row["benchmark"]),
        is_open=is_open,
        clock=clock_of(row.get("processor_freq")) or _clock_named(row),
        runtime=runtime,
        kind=kind,
        round=float(_ROUNDS.index(row["round"])) if row["round"] in _ROUNDS else len(_ROUNDS),
        board=board,
        submitter=plain_name(str(row["submitter"])),
        system=tuple(str(x) for x in (row["round"], row.get("division"), row["submitter"],
                                      row["system"], board, row.get("framework"))),
        latency=latency / 1e3 if latency else None,
        energy=energy / 1e6 if energy else None,
    )  # fmt: skip


def runtime_of(text: str) -> tuple[str | None, str]:
    """Return which runtime a system's text names, and the kind of its kernels.

    A result that names none is the chip maker's: its own tuned engine.
    """
    for name, pattern, kind in _RUNTIMES:
        if re.search(pattern, text, re.IGNORECASE | re.DOTALL):
            return name, kind
    return None, "tuned"


def plain_name(text: str) -> str:
    """Return a name as compared: letters and digits only, in lower case."""
    return re.sub(r"[^a-z0-9]", "", text.lower())


def clock_of(text: object) -> float | None:
    """Return a clock [1/s] from texts such as "120 MHz", "1.0 GHz", "20M"; None from none."""
    found = re.match(r"\s*([\d.]+)\s*([gmk]?)", str(text or ""), re.IGNORECASE)
    return float(found[1]) * _HERTZ[found[2].lower()] if found else None


def _clock_named(row: Mapping[str, Any]) -> float | None:
    """Return a clock that stands in the processor's or the system's text."""
    text = f"{row.get('processor') or ''} {row['system']}"
    found = re.search(r"([\d.]+\s?[mg]hz)", text, re.IGNORECASE)
    return clock_of(found[1]) if found else None


def _accelerator(row: Mapping[str, Any]) -> str:
    text = str(row.get("accelerator") or "").strip()
    return "" if text.lower() in ("none", "no", "n/a", "na", "-") else text


def _core(row: Mapping[str, Any]) -> str:
    """Return the core class; an accelerator, or a processor of another make, is its own class."""
    if accelerator := _accelerator(row):
        return plain_name(accelerator)
    text = str(row.get("processor") or "unknown")
    known = (name for name, pattern in CORES.items() if re.search(pattern, text, re.IGNORECASE))
    return next(known, plain_name(text))
