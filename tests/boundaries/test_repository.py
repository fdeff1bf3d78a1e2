"""What must not be in the repository, and what must."""

import subprocess
from pathlib import Path

import pytest

TOP_LEVEL = ("courseserver", "simcore", "device_agent", "firmware_specs", "labs", "tests", "docker")


def _tracked(repository: Path, *patterns: str) -> list[Path]:
    names = subprocess.run(
        ["git", "ls-files", *patterns], cwd=repository, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    return [repository / name for name in names if (repository / name).is_file()]


@pytest.mark.parametrize("folder", TOP_LEVEL)
def test_every_top_level_folder_says_what_it_is(repository: Path, folder: str) -> None:
    readme = (repository / folder / "README.md").read_text()

    assert "is not" in readme.lower()
    assert "how to add" in readme.lower()


def test_templates_hold_no_inline_script_or_style(repository: Path) -> None:
    offenders = [
        f"{path.relative_to(repository)}: {mark}"
        for path in _tracked(repository, "*.html")
        for mark in ("style=", "onclick=", "onchange=", "onload=", "<style", "javascript:")
        if mark in path.read_text()
    ]

    assert offenders == []


def test_no_module_grows_past_six_hundred_lines(repository: Path) -> None:
    lengths = {
        str(path.relative_to(repository)): len(path.read_text().splitlines())
        for path in _tracked(repository, "*.py")
        if "migrations" not in path.parts
    }

    assert {name: n for name, n in lengths.items() if n > 600} == {}
