"""What every test shares. In CI a skipped test fails; elsewhere a skip says its remedy."""

import fcntl
import os
import shutil
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from playwright.sync_api import Playwright

IN_CI = os.environ.get("CI") == "true"

# No example has a time limit: a busy machine is not an error. CI repeats its examples; new ones
# are looked for everywhere else.
settings.register_profile("here", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if IN_CI else "here")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if IN_CI and report.skipped:
        report.outcome = "failed"
        report.longrepr = f"skipped, which CI does not allow: {report.longrepr}"
    return report


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest, so that no process ends long after the others."""
    longest = ("slow", "processes", "browser")
    files = {item.path for item in items if any(item.get_closest_marker(m) for m in longest)}
    items.sort(key=lambda item: (not _whole_stories(item), item.path not in files))


def _whole_stories(item: pytest.Item) -> bool:
    return item.path.parent.name in {"flows", "docker"}


@pytest.fixture(scope="session")
def playwright() -> Iterator["Playwright"]:
    """The one driver of a test process, from which every browser starts; it takes no second."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="session")
def repository() -> Path:
    return Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A folder of state to copy: migrated database and static files, made once for a whole run."""
    from tests.doubles.practice import manage

    shared = tmp_path_factory.getbasetemp()
    if worker_id != "master":
        shared = shared.parent
    folder = shared / "installed"
    with (shared / "installed.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.is_dir():
            unfinished = folder.with_suffix(".unfinished")
            # What a killed process left of it.
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir()
            environment = {"COURSESERVER_VAR": str(unfinished)}
            script = "from courseserver.demo.install import prepare; prepare()"
            manage(environment, "shell", "-v0", "-c", script)
            unfinished.rename(folder)
    return folder
