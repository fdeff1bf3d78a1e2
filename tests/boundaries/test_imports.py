"""The architecture, as arrows: who may import whom. The contracts live in `pyproject.toml`."""

import subprocess
import sys
import tomllib
from pathlib import Path


def test_every_arrow_points_down(repository: Path) -> None:
    linter = Path(sys.executable).with_name("lint-imports")

    result = subprocess.run(
        [linter, "--no-cache"], cwd=repository, capture_output=True, text=True, check=False
    )

    assert result.returncode == 0, result.stdout


def test_every_app_has_its_floor(repository: Path) -> None:
    contracts = tomllib.loads((repository / "pyproject.toml").read_text())["tool"]["importlinter"]
    layers = next(c for c in contracts["contracts"] if c["type"] == "layers")["layers"]
    floors = {name.strip() for layer in layers for name in layer.split("|")}
    apps = {path.parent.name for path in (repository / "courseserver").glob("*/apps.py")}

    assert apps - {"practice_lms"} <= floors


def test_the_small_packages_import_without_their_neighbours(repository: Path) -> None:
    heavy = {"django", "celery", "requests"}
    for package, allowed in {"simcore": {"numpy"}, "firmware_specs": set()}.items():
        code = (
            f"import sys, {package}; "
            "print(','.join({m.split('.')[0] for m in sys.modules} & "
            f"{heavy | {'numpy', 'paho'} - allowed!r}))"
        )
        loaded = subprocess.run(
            [sys.executable, "-c", code], cwd=repository, capture_output=True, text=True, check=True
        ).stdout.strip()

        assert loaded == "", f"{package} loads {loaded}"
