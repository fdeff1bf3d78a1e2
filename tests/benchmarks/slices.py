"""One full set of slices and curves: what a release of a knob asks of the server."""

import gzip
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from courseserver.labruntime import instrument
from courseserver.labruntime.instances import Draw, PartInstance, part_instance
from labs.content import Lab
from labs.loader import all_labs
from tests.benchmarks.classroom import FIXTURE
from tests.benchmarks.place import Place
from tests.benchmarks.report import Baseline, Figure, percentile

# CPU time, here and for the baseline, so that other work on the machine does not count.
TITLE = "Slices: every step of every knob, with the lines of the plots, by CPU time"
RELEASES, REPEATS = 12, 2000
SEED = 20261120


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """One evaluation: how long it took, how many numbers came, how large their JSON is."""

    part: str
    seconds: float
    points: int
    raw_bytes: int
    gzip_bytes: int


def measure(place: Place) -> list[Figure]:
    return [_figure(lab) for lab in all_labs() if lab.slug != FIXTURE]


def _figure(lab: Lab) -> Figure:
    releases = [release for part in lab.parts if part.knobs for release in _releases(lab, part.id)]
    points = sum(release.points for release in releases)
    mean = points // len(releases)
    slowest = max(releases, key=lambda release: release.seconds)
    largest = max(releases, key=lambda release: release.raw_bytes)
    return Figure(
        name=lab.title,
        unit="points/s",
        value=points / sum(release.seconds for release in releases),
        n=len(releases),
        baseline=Baseline(name=f"numpy's min(R, I × BW) on {mean:,} points", value=bare_rate(mean)),
        counts={
            "points per release": mean,
            "CPU ms per release, p50": percentile([1e3 * r.seconds for r in releases], 0.5),
            "p95": percentile([1e3 * r.seconds for r in releases], 0.95),
            "JSON bytes, mean": sum(r.raw_bytes for r in releases) / len(releases),
            "gzipped": sum(r.gzip_bytes for r in releases) / len(releases),
        },
        note=(
            f"slowest part {slowest.part} ({1e3 * slowest.seconds:.1f} ms); largest part "
            f"{largest.part} ({largest.raw_bytes:,} bytes, gzip {largest.gzip_bytes:,})"
        ),
    )


def _releases(lab: Lab, part_id: str) -> Iterator[Release]:
    part = lab.part(part_id)
    assert part is not None
    reads = tuple(sorted((read.name, read.default) for read in lab.reads))
    draw = Draw(seed="benchmark", shuffle="benchmark", track="cloud", reads=reads)
    instance = part_instance(lab, part, draw)
    for steps in _positions(instance):
        began = time.thread_time()
        moving = instrument.evaluate(part, instance.params, steps, {}).moving
        seconds = time.thread_time() - began
        text = json.dumps(moving).encode()
        yield Release(
            part=part_id,
            seconds=seconds,
            points=points_in(moving),
            raw_bytes=len(text),
            gzip_bytes=len(gzip.compress(text, 6)),
        )


def _positions(instance: PartInstance) -> list[dict[str, int]]:
    """Return different settings, as no two releases of a class need be the same."""
    rng = np.random.default_rng(SEED)
    knobs = instance.part.model.knobs(instance.params)
    found = {tuple(int(rng.integers(len(knob.steps))) for knob in knobs) for _ in range(RELEASES)}
    names = [knob.id for knob in knobs]
    return [dict(zip(names, steps, strict=True)) for steps in sorted(found)]


def points_in(moving: dict[str, Any]) -> int:
    """Return how many values one answer holds: outputs at each step, and points of lines."""
    return _leaves(moving["point"]) + _leaves(moving["slices"]) + _leaves(moving["curves"])


def _leaves(value: Any) -> int:
    if isinstance(value, dict):
        return sum(_leaves(inner) for inner in value.values())
    if isinstance(value, list):
        return sum(_leaves(inner) for inner in value)
    return 1


def bare_rate(points: int) -> float:
    """Return points per second of the roofline's arithmetic alone."""
    intensity = np.geomspace(0.01, 1e4, points)
    began = time.thread_time()
    for _ in range(REPEATS):
        np.minimum(9.9e14, intensity * 3.35e12)
    return REPEATS * points / (time.thread_time() - began)
