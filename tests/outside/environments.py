"""A Python environment for a package that is none of ours, made once for each list of pins."""

import fcntl
import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
FOLDER = HERE.parents[1] / "build" / "outside"


def python_of(name: str) -> Path:
    """Return the Python that has what `NAME.txt` lists; skip where it cannot be installed."""
    pins = HERE / f"{name}.txt"
    marks = hashlib.sha256(pins.read_bytes() + sys.version.encode()).hexdigest()[:12]
    place = FOLDER / f"{name}-{marks}"
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (place / "made").exists():
            shutil.rmtree(place, ignore_errors=True)
            _make(place, pins)
            (place / "made").touch()
    return place / "bin" / "python"


def _make(place: Path, pins: Path) -> None:
    uv = shutil.which("uv")
    python = str(place / "bin" / "python")
    # The list is complete: nothing to resolve.
    options = ["--quiet", "--no-deps", "--require-hashes", "--requirement", str(pins)]
    if uv:
        commands = [
            [uv, "venv", "--quiet", "--no-project", "--python", sys.executable, str(place)],
            [uv, "pip", "install", "--python", python, *options],
        ]
    else:
        commands = [
            [sys.executable, "-m", "venv", str(place)],
            [python, "-m", "pip", "install", "--no-compile", *options],
        ]
    for command in commands:
        # From a folder without a project of its own: uv would apply this one's constraints.
        done = subprocess.run(command, cwd="/", capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"{pins.name} cannot be installed (is PyPI within reach?): {done.stderr}")
