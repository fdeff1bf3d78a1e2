"""Every relative link of the documentation leads somewhere."""

import re
import subprocess
from pathlib import Path

import pytest


def _documents(repository: Path) -> list[Path]:
    names = subprocess.run(
        ["git", "ls-files", "*.md"], cwd=repository, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    return [repository / name for name in names if (repository / name).is_file()]


def test_relative_links_and_pictures_exist(repository: Path) -> None:
    broken = [
        f"{document.relative_to(repository)}: {target}"
        for document in _documents(repository)
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", document.read_text())
        if "://" not in target and not (document.parent / target).exists()
    ]

    assert broken == []


@pytest.mark.parametrize("path", ["docs/images/lab.png"])
def test_pictures_stay_small(repository: Path, path: str) -> None:
    assert (repository / path).stat().st_size < 400_000
