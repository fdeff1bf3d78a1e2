"""`bench`: measure now, without a server, and print a table or write JSON."""

import argparse
import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from device_agent import __version__, config
from device_agent.benchmarks import board_dut, cuda
from device_agent.benchmarks.cuda_clock import GpuClock
from device_agent.boards import find
from device_agent.boards.dialects.dut import INPUT_BYTES, Dut
from device_agent.boards.dialects.edge_impulse import EdgeImpulseBoard
from device_agent.boards.dialects.lab import LabBoard
from device_agent.boards.errors import BoardError
from device_agent.boards.port import Address
from device_agent.config import ConfigError
from device_agent.energy import HostEnergy
from device_agent.environment import environment, host_facts
from device_agent.measure import SPREAD_LIMIT
from firmware_specs.serial.replies import ReplyError
from firmware_specs.wire import Energy, Outcome

SCHEMA = "device_agent.bench/1"
_QUICK = 0.1
Runs = list[tuple[str, dict[str, Any]]]
# What lab 11 asks of a host, and a little more.
_HOST_RUNS: Runs = [
    ("call_overhead", {}),
    ("copy_bandwidth", {}),
    ("triad", {}),
    *[("gemm", {"m": n, "n": n, "k": n}) for n in (64, 128, 256, 512, 1024, 1536, 2048)],
    *[("gemm", {"m": n, "n": n, "k": n, "dtype": "float64"}) for n in (256, 1024)],
    *[("gemm", {"m": 2048, "n": n, "k": 2048}) for n in (4, 16)],
    *[("gemv", {"n": n}) for n in (2048, 3072)],
    *[("fused_chain", {"k": k, "fused": fused}) for k in (3, 5) for fused in (False, True)],
    ("mlp", {}),
    ("int8_gemm", {}),
    *[("onnx_gemm", {"dtype": dtype}) for dtype in ("float32", "int8")],
]
# Every kernel, and classifiers that the smallest board has room for.
_LAB_RUNS: Runs = [
    ("mac8", {}),
    ("dotf", {"size": 64}),
    ("copy", {}),
    *[("digits", {"width": width}) for width in (4, 8, 12)],
    ("digits", {"width": 20, "precision": "int4"}),
    ("digits", {"width": 3, "precision": "fp32"}),
    ("digits", {"width": 32, "sparsity": 0.85}),
]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--suite", choices=("host", "board", "cuda"), default="host")
    parser.add_argument("--ports", default="", help="for --suite board: ports or URLs, else USB")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the results here")
    parser.add_argument(
        "--bundle", type=Path, metavar="FILE", help="sign the results for staff to import"
    )
    parser.add_argument(
        "--config", type=Path, help="settings file: ports, meters, and for --bundle the secret"
    )
    parser.add_argument("--quick", action="store_true", help="small sizes, to try it out")
    parser.add_argument("--no-energy", action="store_true")
    parser.add_argument("--device", default="cuda:0", help="for --suite cuda")


def main(arguments: argparse.Namespace) -> int:
    _wire(arguments)
    settings = _signer(arguments)
    facts, results = {"host": _host, "board": _board, "cuda": _cuda}[arguments.suite](arguments)
    rows: list[dict[str, Any]] = []
    for row in results:
        rows.append(row)
        print(line_of(row), flush=True)
        # Written after every row, so that an interrupted run keeps what it has.
        if arguments.json:
            _write(arguments.json, arguments.suite, facts, rows)
    if settings is not None:
        _sign(arguments.bundle, rows, settings)
    measured = sum(row["outcome"] == Outcome.MEASURED.value for row in rows)
    print(f"{measured} of {len(rows)} measured", flush=True)
    return 0 if measured else 1


def _wire(arguments: argparse.Namespace) -> None:
    """Take ports and meters from the settings where there are any, enrolled or not."""
    held = config.file_values(arguments.config or config.default_path())
    config.hand_on(held.get("meters", ""))
    arguments.ports = arguments.ports or os.environ.get(find.PORTS, "") or held.get("ports", "")


def _signer(arguments: argparse.Namespace) -> "config.Settings | None":
    """Return the kit's settings where results shall be signed: before measuring for minutes."""
    if not arguments.bundle:
        return None
    settings = config.load(arguments.config)
    if not arguments.bundle.parent.is_dir():
        raise ConfigError(f"there is no folder {arguments.bundle.parent} for the bundle")
    return settings


def _sign(path: Path, rows: list[dict[str, Any]], settings: config.Settings) -> None:
    from device_agent.bundles import bundle_of, bundle_write

    # A board that did not answer was asked for no task.
    bundle_write(path, bundle_of(settings, [row for row in rows if "task" in row]), settings)
    print(f"signed by {settings.device_id}: {path}")
    print("Import it on the course's kits page (Offline results), or: manage.py kit_bundle_import")


def line_of(row: dict[str, Any]) -> str:
    """Return one result as a line of text."""
    if row["outcome"] != Outcome.MEASURED.value:
        return f"{row['id']:28} {row['outcome']}: {row['detail']}"
    spread = (row["high"] - row["low"]) / row["value"]
    text = f"{row['id']:28} {row['value']:12.4g} {row['unit']:4} spread {spread:6.1%} n={row['n']}"
    for name, unit in (("flop_per_s", "FLOP/s"), ("bytes_per_s", "B/s")):
        rate = row.get("environment", {}).get(name)
        text += f"  {rate:10.4g} {unit}" if rate else ""
    if row["energy"]["total_j"] is not None:
        text += f"  {row['energy']['total_j']:.4g} J"
    return text + (f"  [{row['detail']}]" if row["detail"] else "")


def _write(path: Path, suite: str, facts: dict[str, Any], rows: list[dict[str, Any]]) -> None:
    body = {
        "schema": SCHEMA,
        "agent_version": __version__,
        "at_utc": datetime.now(UTC).isoformat(timespec="seconds"),
        "suite": suite,
        "facts": facts,
        "results": rows,
    }
    path.write_text(json.dumps(body, indent=1) + "\n", encoding="utf-8")


# --- host ---------------------------------------------------------------------------------------
def _host(arguments: argparse.Namespace) -> tuple[dict[str, Any], Iterator[dict[str, Any]]]:
    # The worker pins the libraries to one thread by environment before they load.
    from device_agent.work import run_alone

    runs = _HOST_RUNS[:1] if arguments.quick else _HOST_RUNS
    named = [(_name(task, given), task, given) for task, given in runs]
    return dict(host_facts()), run_alone(named)


def _board(arguments: argparse.Namespace) -> tuple[dict[str, Any], Iterator[dict[str, Any]]]:
    addresses = find.addresses({find.PORTS: arguments.ports})
    return dict(host_facts()), _board_rows(addresses, is_quick=arguments.quick)


def _board_rows(addresses: list[Address], *, is_quick: bool) -> Iterator[dict[str, Any]]:
    """Ask each board who it is, and measure what its firmware can do."""
    from device_agent.work import run_alone

    if not addresses:
        yield _unavailable("board", "no board is attached: none on USB, none in `ports`")
    for number, address in enumerate(addresses, start=1):
        try:
            dialect, runs = _runs_of(address, is_quick=is_quick)
        except (BoardError, ReplyError) as error:
            yield _unavailable(address.url, str(error))
            continue
        suffix = f"_{number}" if number > 1 else ""
        named = [(_name(task, given) + suffix, task, given) for task, given in runs]
        # Known by now, it need not be found anew.
        known = replace(address, options=dict(address.options) | {"dialect": dialect})
        yield from run_alone(named, ports=str(known))


def _runs_of(address: Address, *, is_quick: bool) -> tuple[str, Runs]:
    """Return a board's dialect and what its firmware can do."""
    board, port = find.opened(address)
    try:
        print(f"{address.url}: {board.name} speaks {board.dialect}", flush=True)
        if isinstance(board, LabBoard):
            runs = [("mac8", {"window_s": 0.01})] if is_quick else _LAB_RUNS
            return board.dialect, runs
        if isinstance(board, Dut):
            return board.dialect, [(_task_of(board), {"window_s": 0.1} if is_quick else {})]
        if isinstance(board, EdgeImpulseBoard):
            return board.dialect, [("impulse", {"impulses": 1} if is_quick else {})]
    finally:
        port.close()
    raise BoardError(f"{board.name} speaks {board.dialect}, for which there is no suite")


def _task_of(board: Dut) -> str:
    model = board.model()
    task = board_dut.task_of(model)
    if not task:
        known = ", ".join(INPUT_BYTES)
        raise BoardError(
            f"the firmware holds {model}, of which no task is known; there are {known}"
        )
    return task


def _unavailable(row_id: str, why: str) -> dict[str, Any]:
    return {"id": row_id, "outcome": Outcome.UNAVAILABLE.value, "detail": why}


def _name(task: str, given: dict[str, Any]) -> str:
    return "_".join([task, *(str(value) for value in given.values())])


# --- GPU ----------------------------------------------------------------------------------------
def _cuda(arguments: argparse.Namespace) -> tuple[dict[str, Any], Iterator[dict[str, Any]]]:
    why = cuda.why_not(arguments.device)
    if why:
        raise ConfigError(why)
    import torch

    clock = GpuClock(torch, arguments.device)
    clock.take()
    if not arguments.no_energy:
        clock.measure_idle()
    idle = {} if clock.idle_w is None else {"idle_w": clock.idle_w}
    facts = dict(host_facts()) | cuda.facts(torch, arguments.device) | idle
    return facts, _cuda_rows(clock, facts, arguments)


def _cuda_rows(
    clock: GpuClock, facts: dict[str, Any], arguments: argparse.Namespace
) -> Iterator[dict[str, Any]]:
    with clock.torch.inference_mode():
        for case in cuda.cases(quick=arguments.quick):
            yield _cuda_row(clock, case, facts, arguments)
            if clock.is_cuda:
                clock.torch.cuda.empty_cache()


def _cuda_row(
    clock: GpuClock, case: cuda.Case, facts: dict[str, Any], arguments: argparse.Namespace
) -> dict[str, Any]:
    row: dict[str, Any] = {"id": case.id, "task": "gpu", "arguments": case.arguments}
    began_s = time.monotonic()
    try:
        call = case.build(clock.torch, clock.device)
        timing = clock.timing_of(call, scale=_QUICK if arguments.quick else 1.0)
        state = clock.state_under(call, timing.median_s)
        energy = _energy(clock, call, timing.median_s, case, arguments)
    # A case that this GPU, driver or PyTorch cannot do must not end the suite; RuntimeError is
    # also what PyTorch raises for a full memory and for an unsupported kernel.
    except (RuntimeError, NotImplementedError, AttributeError, TypeError, ImportError) as error:
        return row | {"outcome": Outcome.UNAVAILABLE.value, "detail": str(error)[:300]}
    doubts = {}
    if timing.spread > SPREAD_LIMIT:
        doubts["unsteady"] = f"spread {timing.spread:.0%} exceeds {SPREAD_LIMIT:.0%}"
    if state.get("gpu_limited_by"):
        doubts["limited"] = f"clocks held down by {state['gpu_limited_by']}"
    told = {"gpu", "torch", "cuda", "driver", "device", "idle_w"}
    return row | {
        "outcome": Outcome.MEASURED.value,
        "evidence": "measured",
        "unit": "s",
        "value": timing.median_s,
        "low": timing.low_s,
        "high": timing.high_s,
        "n": timing.n,
        "flags": list(doubts),
        "detail": "; ".join(doubts.values()),
        "energy": {
            "total_j": energy.energy.total_j,
            "dynamic_j": energy.energy.dynamic_j,
            "meter": energy.energy.meter,
            "why_not": energy.energy.why_not,
        },
        "environment": {
            **environment(),
            **{name: value for name, value in facts.items() if name in told},
            "calls": timing.calls,
            **case.facts(timing.median_s),
            **state,
            **energy.facts,
        },
        "elapsed_s": time.monotonic() - began_s,
    }


def _energy(
    clock: GpuClock,
    call: Callable[[], object],
    call_s: float,
    case: cuda.Case,
    arguments: argparse.Namespace,
) -> HostEnergy:
    if arguments.no_energy or not case.with_energy:
        return HostEnergy(energy=Energy(why_not="not asked for"))
    return clock.energy_of(call, call_s=call_s)
