"""What every test shares. In CI a skipped test fails; elsewhere a skip says its remedy."""

import fcntl
import gc
import os
import shutil
import sqlite3
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from hypothesis import settings

if TYPE_CHECKING:
    from playwright.sync_api import Playwright

MadeOnce = Callable[[str, Callable[[Path], None]], Path]
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


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Spare the garbage collector what is made here to stay: thousands of tests, every module."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


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
def made_once(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> MadeOnce:
    """Return a function that makes a folder for the whole run, whichever process asks first."""
    shared = tmp_path_factory.getbasetemp()
    if worker_id != "master":
        shared = shared.parent

    def made(name: str, make: Callable[[Path], None]) -> Path:
        folder = shared / name
        with (shared / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not folder.is_dir():
                unfinished = folder.with_suffix(".unfinished")
                # What a killed process left of it.
                shutil.rmtree(unfinished, ignore_errors=True)
                unfinished.mkdir()
                make(unfinished)
                unfinished.rename(folder)
        return folder

    return made


@pytest.fixture(scope="session")
def migrated(made_once: MadeOnce) -> Path:
    """A folder of state to copy, whose database has every migration."""
    from tests.doubles.practice import manage

    def migrate(folder: Path) -> None:
        manage({"COURSESERVER_VAR": str(folder)}, "migrate", "-v0")

    return made_once("migrated", migrate)


@pytest.fixture(scope="session")
def installed(made_once: MadeOnce, migrated: Path) -> Path:
    """A folder of state to copy: migrated database and static files."""
    from tests.doubles.practice import manage

    def install(folder: Path) -> None:
        shutil.copytree(migrated, folder, dirs_exist_ok=True)
        script = "from courseserver.demo.install import prepare; prepare()"
        manage({"COURSESERVER_VAR": str(folder)}, "shell", "-v0", "-c", script)

    return made_once("installed", install)


@pytest.fixture(scope="session")
def begun_database(request: pytest.FixtureRequest, worker_id: str) -> Iterator[None]:
    """One of several test processes begins from a copy of what one of them has migrated."""
    if worker_id == "master" or connection.vendor != "sqlite":
        yield
        return
    migrated: Path = request.getfixturevalue("migrated")
    in_memory = connection.creation._get_test_db_name()
    with (
        closing(sqlite3.connect(in_memory, uri=True)) as begun,
        closing(sqlite3.connect(migrated / "courseserver.sqlite3")) as source,
    ):
        source.backup(begun)
        yield


@pytest.fixture(scope="session")
def django_db_setup(begun_database: None, django_db_setup: None) -> None:
    """Migrate what is missing, which after a copy is nothing."""
