"""`make bench`: figures of one run, each beside a baseline of the same run, and no verdict.

python -m tests.benchmarks [--json FILE] [--only NAME ...]
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from courseserver.demo.processes import ROOT
from tests.benchmarks.place import Place, opened
from tests.benchmarks.report import Figure, Section, json_of, lines_of

# One module each, with TITLE and measure(place); imported when the settings are known.
SECTIONS = (
    "peer",
    "engines",
    "slices",
    "pages",
    "weight",
    "drag",
    "jobs",
    "mqtt",
    "idle",
    "grades",
    "launches",
)


def main(argv: Sequence[str] | None = None) -> int:
    """Return 1 if a section failed; a missed target or program is reported and returns 0."""
    arguments = _arguments(argv)
    about = about_run()
    print(f"# Benchmarks of commit {about['commit']}, {about['at_utc']}, {about['machine']}\n")
    began = time.perf_counter()
    sections = []
    with tempfile.TemporaryDirectory() as folder, opened(Path(folder)) as place:
        for name in arguments.only or SECTIONS:
            sections.append(_section(name, place))
            print("\n".join(lines_of(sections[-1])) + "\n", flush=True)
    missed = [figure for section in sections for figure in section.figures if figure.is_missed]
    print(f"{time.perf_counter() - began:.0f} s in all; {missed_words(missed)}")
    if arguments.json:
        arguments.json.write_text(json.dumps(json_of(sections, about), indent=2) + "\n")
    return 1 if any(section.failed for section in sections) else 0


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, help="also write everything to this file")
    parser.add_argument("--only", nargs="+", choices=SECTIONS, help="measure these alone")
    return parser.parse_args(argv)


def _section(name: str, place: Place) -> Section:
    module = import_module(f"tests.benchmarks.{name}")
    before, began = os.getloadavg()[0], time.perf_counter()
    figures: tuple[Figure, ...] = ()
    not_measured = failed = ""
    try:
        figures = tuple(module.measure(place))
    except pytest.skip.Exception as missing:
        not_measured = str(missing)
    except Exception as error:  # noqa: BLE001 - the other sections are still worth measuring
        traceback.print_exc()
        failed = f"{type(error).__name__}: {error}"
    return Section(
        name=name,
        title=module.TITLE,
        seconds=time.perf_counter() - began,
        load_before=before,
        load_after=os.getloadavg()[0],
        figures=figures,
        not_measured=not_measured,
        failed=failed,
    )


def missed_words(missed: Sequence[Figure]) -> str:
    if not missed:
        return "no target missed"
    return "missed: " + "; ".join(figure.name for figure in missed)


def about_run() -> dict[str, Any]:
    """Return what the figures depend on besides the code under test."""
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True
    ).stdout.strip()
    return {
        "commit": commit or "unknown",
        "at_utc": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "machine": f"{os.cpu_count()} cores, {platform.machine()}",
        "load_average_at_start": os.getloadavg()[0],
    }


if __name__ == "__main__":
    sys.exit(main())
