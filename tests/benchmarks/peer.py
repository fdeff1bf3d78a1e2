"""simcore beside mlsysim 0.3.0 from PyPI, which gets an environment of its own, in the same run.

Both sides count CPU time, so that other work on the machine does not count. The roofline sweep has
the peer's own points, and its answers are compared with the peer's.
"""

import json
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from courseserver.demo.processes import ROOT
from simcore.tools import blocks, pareto, sweep
from tests.benchmarks.place import Place
from tests.benchmarks.report import Baseline, Figure, percentile

TITLE = "simcore beside mlsysim 0.3.0, by CPU time"
PEER = "mlsysim==0.3.0"
FASTER, BARE, IMPORT_MOST_MS = 1e4, 3.0, 150.0
REPEATS, STARTS, PEER_STARTS = 30, 7, 2
SIDE = 1000  # of the grid of a million points
GROWTH = 1.1  # of memory, from a million points streamed to ten million
MACHINE = {"peak_flop_rate": 989e12, "bandwidth": 3.35e12, "capacity": 80e9, "efficiency": 0.5}
LLAMA = {"model": "llama-3-8b", "answer": 256.0, "efficiency": 0.5}
CLUSTER = {"model": "llama-3-70b", "hardware": "h100-sxm", "link": "infiniband-ndr", "devices": 256,
           "sequence": 2048.0, "efficiency": 0.5, "node_bandwidth": 450e9}  # fmt: skip

Axes = Mapping[Any, Sequence[Any]]


def measure(place: Place) -> list[Figure]:
    python = peer_environment(place.folder / "peer")
    found = json.loads(_output([str(python), str(Path(__file__).with_name("peer_side.py"))]))
    return [
        _roofline(found["roofline"]),
        _against("serving sweep", found["serving"], "serving", _serving_axes(10), LLAMA,
                 _serving_axes(500)),
        _against("distributed sweep", found["distributed"], "distributed_step", _splits(10),
                 CLUSTER, _splits(6250)),
        _design_space(found["search"]),
        *_million_points(),
        *_memory(),
        *_starts(python),
    ]  # fmt: skip


def peer_environment(folder: Path) -> Path:
    """Return the Python of a new environment with the peer in it, made by uv or by venv and pip.

    Where it cannot be made, the section is skipped with what was said.
    """
    python = folder / "bin" / "python"
    uv = shutil.which("uv")
    make = [uv, "venv", "--quiet"] if uv else [sys.executable, "-m", "venv"]
    install = ([uv, "pip", "install", "--quiet", "--python", str(python)] if uv
               else [str(python), "-m", "pip", "install", "--quiet"])  # fmt: skip
    for command in ([*make, str(folder)], [*install, PEER]):
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            said = (done.stderr.strip().splitlines() or ["no message"])[-1]
            pytest.skip(f"{PEER} could not be installed (it needs PyPI or a mirror of it): {said}")
    return python


def _roofline(peer: Mapping[str, Any]) -> Figure:
    points = len(peer["latencies"])
    axes = {
        ("peak_flop_rate", "bandwidth", "overhead", "capacity"): peer["machines"],
        ("flop", "traffic"): peer["work"],
    }
    ours = sweep("single_node", axes, efficiency=peer["efficiency"]).value
    gap = float(np.max(np.abs(ours / np.asarray(peer["latencies"]) - 1)))
    seconds = _fastest(lambda: sweep("single_node", axes, efficiency=peer["efficiency"]).value)
    rate, theirs = 1e9 * seconds / points, 1e9 * peer["seconds"] / points
    return Figure(
        name=f"roofline sweep of {points:,} points",
        unit="ns/point",
        value=rate,
        n=points,
        baseline=Baseline(name="the peer's Engine.sweep over the same points", value=theirs),
        at_most=theirs / FASTER,
        counts={"times faster": theirs / rate, "largest relative difference of a latency": gap},
    )


def _against(
    name: str, peer: Mapping[str, Any], solver: str, axes: Axes, fixed: Mapping[str, Any],
    dense: Axes,
) -> Figure:  # fmt: skip
    points, many = _size(axes), _size(dense)
    rate = 1e9 * _fastest(lambda: sweep(solver, axes, **fixed).value) / points
    streamed = 1e9 * _fastest(lambda: _streamed(solver, dense, fixed), 3) / many
    theirs = 1e9 * peer["seconds"] / peer["points"]
    return Figure(
        name=f"{name} of {points:,} points",
        unit="ns/point",
        value=rate,
        n=points,
        baseline=Baseline(name=f"the peer's solver, {peer['points']} points", value=theirs),
        counts={
            "times faster": theirs / rate,
            f"ns/point over {many:,} points": streamed,
            "times faster there": theirs / streamed,
        },
    )


def _design_space(peer: Mapping[str, Any]) -> Figure:
    axes = {"flop": np.geomspace(1e9, 1e15, SIDE), "traffic": np.geomspace(1e6, 1e12, SIDE)}
    options = {"minimize": ["value"], "maximize": ["utilisation"]}

    def front() -> int:
        return len(pareto("single_node", axes, constraints=["value < 1 s"], **options, **MACHINE))

    kept = front()
    seconds = _fastest(front, 5)
    theirs = 1e9 * peer["seconds"] / peer["points"]
    rate = 1e9 * seconds / SIDE**2
    return Figure(
        name=f"design space of {SIDE**2:,} points, constraint, front of two objectives",
        unit="ns/point",
        value=rate,
        n=SIDE**2,
        baseline=Baseline(
            name=f"the peer's DSE, one objective, {peer['points']} points", value=theirs
        ),
        counts={"times faster": theirs / rate, "ms in all": 1e3 * seconds, "on the front": kept},
    )


def _million_points() -> list[Figure]:
    axes = {"flop": np.geomspace(1e9, 1e15, SIDE), "traffic": np.geomspace(1e6, 1e12, SIDE)}
    flop, traffic = (column.ravel() for column in np.broadcast_arrays(
        axes["flop"][:, None], axes["traffic"]))  # fmt: skip
    rate, bandwidth = MACHINE["peak_flop_rate"] * MACHINE["efficiency"], MACHINE["bandwidth"]
    bare = 1e3 * _fastest(lambda: np.maximum(flop / rate, traffic / bandwidth) + 0.0, 15)
    ways = {
        "a million points at once, time alone": lambda: sweep("single_node", axes, **MACHINE).value,
        "a million points in blocks": lambda: _streamed("single_node", axes, MACHINE),
        "a million points at once, what bounds each named": lambda: (
            sweep("single_node", axes, **MACHINE).bound
        ),
    }
    return [
        Figure(
            name=name,
            unit="ms",
            value=1e3 * _fastest(way, 15),
            n=SIDE**2,
            baseline=Baseline(name="numpy's max(F / R, T / B) + t on columns", value=bare),
            at_most=None if "named" in name else BARE * bare,
        )
        for name, way in ways.items()
    ]


def _memory() -> list[Figure]:
    least, one, ten = (_most_mebibytes(millions) for millions in (0, 1, 10))
    whole = _most_mebibytes(1, at_once=True)
    return [
        Figure(
            name="memory of ten million points streamed",
            unit="MiB",
            value=ten,
            n=10_000_000,
            baseline=Baseline(name="a million points streamed", value=one),
            at_most=GROWTH * one,
            counts={"one point": least, "a million points at once": whole},
            note="most that Python and numpy had allocated at once, beyond what they need to start",
        )
    ]


def _most_mebibytes(millions: int, *, at_once: bool = False) -> float:
    code = f"""
import tracemalloc, numpy as np
from simcore.tools import blocks, sweep
fixed = {MACHINE!r}
axes = {{"flop": np.geomspace(1e9, 1e15, max(1, {1000 * millions})),
        "traffic": np.geomspace(1e6, 1e12, 1000 if {millions} else 1)}}
sweep("single_node", {{"flop": [1e9]}}, traffic=1e6, **fixed)
tracemalloc.start()
parts = [sweep("single_node", axes, **fixed)] if {at_once} else blocks("single_node", axes, **fixed)
assert min(float(part.value.min()) for part in parts) > 0
print(tracemalloc.get_traced_memory()[1] / 2**20)
"""
    return float(_output([sys.executable, "-c", code]))


def _starts(peer: Path) -> list[Figure]:
    ours = "import simcore, simcore.catalog, simcore.solvers, simcore.tools"
    nothing = _start_ms([sys.executable, "-c", "pass"], STARTS)
    counts = {
        "an empty Python": nothing,
        "one that imports numpy": _start_ms([sys.executable, "-c", "import numpy"], STARTS),
    }
    command = str(peer.with_name("mlsysim"))
    listed = _start_ms([command, "zoo", "hardware"], PEER_STARTS)
    return [
        Figure(
            name="import of simcore with catalogue, solvers and tools, after Python's start",
            unit="ms",
            value=_start_ms([sys.executable, "-c", ours], STARTS) - nothing,
            n=STARTS,
            baseline=Baseline(
                name="import of mlsysim",
                value=_start_ms([str(peer), "-c", "import mlsysim"], PEER_STARTS) - nothing,
            ),
            at_most=IMPORT_MOST_MS,
            counts=counts,
        ),
        *(
            Figure(
                name=f"command line, {' '.join(words)}",
                unit="ms",
                value=_start_ms([sys.executable, "-m", "simcore", *words], STARTS),
                n=STARTS,
                baseline=Baseline(name="mlsysim zoo hardware", value=listed),
            )
            for words in (("zoo", "hardware"), ("schema",), ("schema", "serving"))
        ),
    ]


def _start_ms(command: Sequence[str], repeats: int) -> float:
    """Return the median CPU time of a command. [ms]"""
    found = []
    for _ in range(repeats):
        before = _children_seconds()
        _output(command)
        found.append(1e3 * (_children_seconds() - before))
    return percentile(found, 0.5)


def _children_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _output(command: Sequence[str]) -> str:
    plain = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(command, cwd=ROOT, env=plain, capture_output=True, text=True, check=True)
    return done.stdout


def _serving_axes(side: int) -> Axes:
    return {
        "hardware": ["h100-sxm", "a100-sxm-80gb", "mi300x", "b200"],
        "batch": np.arange(1.0, side + 1),
        "prompt": np.linspace(512.0, 8192.0, side),
    }


def _splits(batches: int) -> Axes:
    return {
        "tensor": [1.0, 2.0, 4.0, 8.0],
        "pipeline": [1.0, 2.0, 4.0, 8.0],
        "global_batch": 256.0 * np.arange(1, batches + 1),
    }


def _size(axes: Axes) -> int:
    return int(np.prod([len(values) for values in axes.values()]))


def _streamed(solver: str, axes: Axes, fixed: Mapping[str, Any]) -> float:
    return max(float(part.answer.value.flat[0]) for part in blocks(solver, axes, **fixed))


def _fastest(work: Callable[[], object], repeats: int = REPEATS) -> float:
    """Return the least CPU time of some repeats, the first of which warms caches. [s]"""
    work()
    found = []
    for _ in range(repeats):
        began = time.thread_time()
        work()
        found.append(time.thread_time() - began)
    return min(found)
