"""A registered platform with real keys, and a browser that launches from it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from courseserver.lti import launch
from labs import loader
from tests.courseserver.lti.launching import Launcher, Reasons
from tests.doubles.lti_platform import LtiPlatform, lti_platform

FIXTURE_LABS = Path(__file__).resolve().parents[2] / "labs" / "fixture_lab"


@pytest.fixture(autouse=True)
def fixture_lab(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(loader, "roots", lambda: (FIXTURE_LABS,))
    loader.forget()
    yield
    loader.forget()


@pytest.fixture(autouse=True)
def memory_cache(settings: Any, request: pytest.FixtureRequest) -> None:
    backend = "django.core.cache.backends.locmem.LocMemCache"
    settings.CACHES = {"default": {"BACKEND": backend, "LOCATION": request.node.nodeid}}


@pytest.fixture
def lms() -> Iterator[LtiPlatform]:
    with lti_platform() as platform:
        yield platform


@pytest.fixture
def launcher(lms: LtiPlatform, db: None) -> Launcher:
    launcher = Launcher(lms)
    launcher.register()
    return launcher


@pytest.fixture
def reasons(monkeypatch: pytest.MonkeyPatch) -> Reasons:
    """Collect why launches were refused, as the log tells it."""
    recorder = Reasons()
    monkeypatch.setattr(launch, "log", recorder)
    return recorder
