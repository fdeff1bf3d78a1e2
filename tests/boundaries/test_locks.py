"""Plain pip and uv install the same versions."""

import re
import tomllib
from pathlib import Path

import pytest


def _locked(repository: Path) -> set[tuple[str, str]]:
    """Every locked (name, version); a package may have one version per Python."""
    packages = tomllib.loads((repository / "uv.lock").read_text())["package"]
    return {(package["name"], package["version"]) for package in packages if "version" in package}


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_the_exported_requirements_agree_with_the_lock(repository: Path, name: str) -> None:
    locked = _locked(repository)
    pins = re.findall(r"^([a-z0-9._-]+)==(\S+)", (repository / name).read_text(), re.MULTILINE)

    assert pins
    assert set(pins) - locked == set()


def test_every_pin_has_a_hash_and_no_address(repository: Path) -> None:
    text = (repository / "requirements.lock").read_text()

    assert text.count("==") <= text.count("--hash=sha256:")
    assert "://" not in text


def test_the_development_lock_contains_the_runtime_lock(repository: Path) -> None:
    pins = [
        set(re.findall(r"^\S+==\S+", (repository / name).read_text(), re.MULTILINE))
        for name in ("requirements.lock", "requirements-dev.lock")
    ]

    assert pins[0] <= pins[1]
