"""Alice teaches, Bob learns, Charlie is in another course; all three arrive by launches."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from labs import loader
from tests.courseserver.lti.launching import Launcher
from tests.doubles.lti_platform import CONTEXT_ROLE, LTI, LtiPlatform, lti_platform

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


@dataclass
class Visitor:
    """Somebody with a browser of their own and a seat in one course."""

    launcher: Launcher
    subject: str
    role: str
    course: str = "course-1"

    @property
    def client(self) -> Client:
        return self.launcher.client

    def open(self, **changes: Any) -> Any:
        claims = {
            "sub": self.subject,
            "name": self.subject.title(),
            f"{LTI}roles": [f"{CONTEXT_ROLE}{self.role}"],
            f"{LTI}context": {"id": self.course, "title": f"Title of {self.course}"},
            **changes,
        }
        return self.launcher.launch(**claims)


@pytest.fixture
def alice(lms: LtiPlatform, db: None) -> Visitor:
    launcher = Launcher(lms)
    launcher.register()
    return Visitor(launcher, "alice", "Instructor")


@pytest.fixture
def bob(alice: Visitor, lms: LtiPlatform) -> Visitor:
    return Visitor(Launcher(lms), "bob", "Learner")


@pytest.fixture
def charlie(alice: Visitor, lms: LtiPlatform) -> Visitor:
    return Visitor(Launcher(lms), "charlie", "Learner", course="course-2")
