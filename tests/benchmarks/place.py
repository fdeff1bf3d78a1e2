"""Where the benchmarks happen: a whole embedded installation of their own, and a class in it.

This process shares the installation's settings, so that it can prepare rows directly; what is
measured goes through the running processes unless a figure says otherwise.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import django

from courseserver.demo.processes import ROOT, Site
from courseserver.demo.supervisor import Supervisor
from tests.flows.sites import embedded_site, running

if TYPE_CHECKING:
    from tests.benchmarks.classroom import Classroom

FIXTURE_LABS = ROOT / "tests" / "labs" / "fixture_lab"


@dataclass(kw_only=True)
class Place:
    """A running installation; `classroom` is filled when first asked for."""

    folder: Path
    site: Site
    supervisor: Supervisor

    @cached_property
    def classroom(self) -> "Classroom":
        from tests.benchmarks.classroom import prepare

        return prepare(self.site)


@contextmanager
def opened(folder: Path) -> Iterator[Place]:
    """Run an installation in `folder` and join this process to its database and queue."""
    # A lab whose simulation costs next to nothing, beside the real ones.
    os.environ["LABS_PATH"] = str(FIXTURE_LABS)
    with embedded_site(folder) as site, running(site) as supervisor:
        _join(site)
        yield Place(folder=folder, site=site, supervisor=supervisor)


def _join(site: Site) -> None:
    os.environ.update(site.environment())
    os.environ["DJANGO_SETTINGS_MODULE"] = "courseserver.settings"
    # Playwright runs an event loop in this thread; the database is used between its calls only.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    os.environ["LOG_LEVEL"] = "WARNING"
    django.setup()
