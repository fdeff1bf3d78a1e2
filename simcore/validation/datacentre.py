"""Serving throughput of data-centre systems: one fitted efficiency per model and scenario.

What accelerators differ in is computed: matrix rate at the precision served, bandwidth, the
capacity that decides how many requests share a pass, and the gap between tokens that a scenario
allows. What is left is one factor of model and scenario: the median over the other systems' rows,
those of the file and those of the catalogue. It lies near 1, and above it where work overlaps that
is added up here. Runs of the same system under another accuracy limit are left out with the row.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np

from simcore import catalog
from simcore.catalog import Hardware
from simcore.validation.language import REQUESTS, Passes, narrowest, passes, sustained
from simcore.validation.rows import Row

KNOWLEDGE = "one fitted efficiency per model and scenario"

ACCELERATORS = (
    ("GB200", "gb200"), ("GH200", "gh200"), ("B200", "b200"), ("H200", "h200-sxm"),
    ("H100-PCIe", "h100-pcie"), ("H100", "h100-sxm"), ("MI355X", "mi355x"), ("MI325X", "mi325x"),
    ("MI300X", "mi300x"), ("MI250X", "mi250x"), ("L40S", "l40s"), ("L4", "l4"),
    ("A100-PCIe", "a100-pcie-80gb"), ("A100", "a100-sxm-80gb"), ("T4", "t4"),
    ("Orin", "jetson-agx-orin-64gb"),
)  # fmt: skip
"""What a system's name says, and the machine meant, where it says no machine's id in full; the
first that matches counts."""

_SHORTEST_ID = 4  # shorter ids, such as "l4", stand in too many names
_COUNTS = (r"(\d+)\s?x[\s_-]?(?:[a-z]+[\s_-])*?{name}", r"{name}.*?x\s?(\d+)(?![\da-z])",
           r"{name}[_-](\d+)(?![\da-z])", r"x\s?(\d+)(?:_|$)")  # fmt: skip
"""How many there are: before the name, after it, or at the end."""
_RACK = "rack"  # an item that counts many accelerators as one
_WHOLE_MACHINES = re.compile(r"[dh]gx", re.IGNORECASE)
_DEVICES_OF_A_MACHINE = 8

_BOUND_BY_MEMORY = ("dlrm", "rgat")  # look-ups, not products
_ACCURACY = re.compile(r"-99(\.9)?$")


def predictions(rows: Sequence[Mapping[str, Any]]) -> list[Row]:
    """Return each throughput predicted with the efficiency of the other systems."""
    present = {str(row["system"]) for row in rows}
    known = [*rows, *(row for row in catalogued() if row["system"] not in present)]
    return [_predict(row, known) for row in rows]


@cache
def catalogued() -> tuple[Mapping[str, Any], ...]:
    """Return the results the catalogue holds, which a file's rows may be learned from as well."""
    found = []
    for id_ in catalog.names("inference_results"):
        item = catalog.item("inference_results", id_)
        said = dict(tag.split(": ", 1) for tag in item.tags)
        for name, fact in item.items():
            model, scenario = name.removeprefix("throughput.").rsplit(".", 1)
            key = "tokens_per_s" if fact.unit.startswith("token") else "samples_per_s"
            found.append({**said, "model": model, "scenario": scenario, key: fact.value})
    return tuple(found)


def _predict(row: Mapping[str, Any], known: Sequence[Mapping[str, Any]]) -> Row:
    published, unit = throughput(row)
    found = machine_of(row["system"])
    fitted = [efficiency for other in known
              if _task(other) == _task(row) and other["system"] != row["system"]
              and (efficiency := fitted_efficiency(other))]  # fmt: skip
    reason = ""
    if published is None:
        reason = "no throughput published; one system's latency fits no efficiency"
    elif found is None:
        reason = f"no accelerator of the catalogue in {row['system']}"
    elif not fitted:
        reason = "no other system with this model and scenario"
    predicted = None
    if not reason and found:
        predicted = expected_throughput(row, float(np.median(fitted)), unit=unit)
    model, scenario = _task(row)
    return Row(id="/".join(str(row[key]) for key in ("round", "submitter", "system", "model",
                                                     "scenario")),
               family=f"{model} {scenario}", knowledge=KNOWLEDGE, quantity="throughput", unit=unit,
               published=published, predicted=predicted, learned_from=len(fitted),
               reason=reason)  # fmt: skip


def throughput(row: Mapping[str, Any]) -> tuple[float | None, str]:
    """Return what was published, tokens where there are any, with its unit."""
    if row.get("tokens_per_s"):
        return float(row["tokens_per_s"]), "token/s"
    samples = row.get("samples_per_s")
    return (float(samples) if samples else None), "1/s"


def fitted_efficiency(row: Mapping[str, Any]) -> float | None:
    """Return the efficiency that makes the expected throughput the published; None if unknown."""
    published, unit = throughput(row)
    found = machine_of(row["system"])
    if published is None or found is None:
        return None
    requests = REQUESTS.get(_benchmark(row))
    if requests is None:
        return published / _plain_rate(row, *found)
    tokens = published if unit == "token/s" else published * requests.tokens_out
    return _passes(row, *found).efficiency(tokens / found[1], _gap(row))


def expected_throughput(
    row: Mapping[str, Any], efficiency: float = 1.0, *, unit: str = "token/s"
) -> float | None:
    """Return the throughput of a row's system at an efficiency; None of an unknown machine."""
    found = machine_of(row["system"])
    if found is None:
        return None
    requests = REQUESTS.get(_benchmark(row))
    if requests is None:
        return efficiency * _plain_rate(row, *found)
    tokens = found[1] * _passes(row, *found).rate(efficiency, _gap(row))
    return tokens if unit == "token/s" else tokens / requests.tokens_out


def machine_of(system: str) -> tuple[Hardware, int] | None:
    """Return the accelerator that a system's name says, and how many it has."""
    plain = _plain(system)
    ids = [id_ for id_ in catalog.names("hardware")
           if len(id_) >= _SHORTEST_ID and _plain(id_) in plain
           and _RACK not in catalog.item("hardware", id_).tags]  # fmt: skip
    if ids:
        known = max(ids, key=len)
        said = known
    else:
        said, known = next(((text, id_) for text, id_ in ACCELERATORS
                            if text.lower() in system.lower()), ("", ""))  # fmt: skip
    if not known:
        return None
    return catalog.hardware(known), _count(system, said)


def _count(system: str, said: str) -> int:
    name = r"[\W_]?".join(map(re.escape, re.split(r"[\W_]+", said)))
    for pattern in _COUNTS:
        found = re.search(pattern.format(name=name), system, re.IGNORECASE)
        if found:
            return int(found[1])
    return _DEVICES_OF_A_MACHINE if _WHOLE_MACHINES.search(system) else 1


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())


def _passes(row: Mapping[str, Any], machine: Hardware, count: int) -> Passes:
    return passes(machine, REQUESTS[_benchmark(row)], devices=count)


def _gap(row: Mapping[str, Any]) -> float | None:
    return REQUESTS[_benchmark(row)].gaps.get(str(row.get("scenario")))


def _plain_rate(row: Mapping[str, Any], machine: Hardware, count: int) -> float:
    """Return what bounds a benchmark that is no language model, up to a constant of the model."""
    if _benchmark(row).startswith(_BOUND_BY_MEMORY):
        return machine.bandwidth * count
    return sustained(machine, narrowest(machine, served="fp8")) * count


def _benchmark(row: Mapping[str, Any]) -> str:
    return _ACCURACY.sub("", str(row["model"]))


def _task(row: Mapping[str, Any]) -> tuple[str, str]:
    """Return model and scenario, a model without its accuracy limit where that changes no result.

    Both limits of a language model are often one run; a recommender's differ in precision.
    """
    name = _benchmark(row)
    return (name if name in REQUESTS else str(row["model"])), str(row["scenario"])
