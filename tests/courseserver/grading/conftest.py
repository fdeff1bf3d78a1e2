"""The classroom, with a clock that moves only when told, and no worker."""

from typing import Any

import pytest
from django.db import connection

from courseserver.common import clock
from courseserver.grading import services
from tests.courseserver.grading.classroom import Classroom, Clock

# Where one transaction writes at a time, none can come between two.
collect_ignore = [] if connection.features.has_select_for_update else ["test_at_once.py"]


@pytest.fixture
def stopped_clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    stopped = Clock()
    monkeypatch.setattr(clock, "now", stopped.now)
    return stopped


@pytest.fixture
def room(db: None, stopped_clock: Clock) -> Classroom:
    return Classroom(stopped_clock)


@pytest.fixture
def own_cache(settings: Any, request: pytest.FixtureRequest) -> None:
    """Tokens of this test alone."""
    backend = "django.core.cache.backends.locmem.LocMemCache"
    settings.CACHES = {"default": {"BACKEND": backend, "LOCATION": request.node.nodeid}}


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Platforms a worker was asked to drain, instead of asking one."""
    asked: list[str] = []
    monkeypatch.setattr(services, "drain_soon", asked.append)
    return asked
