"""Whole installations for flows: embedded, and on PostgreSQL, Redis and Mosquitto."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from unittest.mock import patch

from courseserver.demo.processes import ROOT, Site, install, start_all
from courseserver.demo.supervisor import Supervisor
from tests.services import free_port, mosquitto_broker, postgres_server, redis_server


@contextmanager
def embedded_site(folder: Path, installed: Path | None = None) -> Iterator[Site]:
    """Yield an installation, begun from a copy of what `installed` holds."""
    site = Site(
        var=folder / "var",
        web_port=free_port(),
        lms_port=free_port(),
        mqtt_port=free_port(),
    )
    if installed:
        shutil.copytree(installed, site.var)
    else:
        site.var.mkdir()
    install(site)
    yield site


@contextmanager
def production_site(folder: Path, installed: Path) -> Iterator[Site]:
    """Yield an installation whose broker knows each user and topic, as in production."""
    with ExitStack() as services:
        site = Site(
            var=folder / "var",
            web_port=free_port(),
            lms_port=free_port(),
            mqtt_port=free_port(),
            backing={
                "DATABASE_URL": services.enter_context(postgres_server(folder)),
                "REDIS_URL": services.enter_context(redis_server(folder)),
                "SECRET_KEY": "a secret of this test alone, long enough for every check",
            },
        )
        shutil.copytree(installed / "static", site.var / "static")
        install(site)
        files = folder / "mosquitto"
        _manage(site, "mqtt_credentials", "--folder", str(files))
        extra = (
            f"allow_anonymous false\npassword_file {files / 'passwords'}\n"
            f"acl_file {files / 'acl'}\npersistence true\npersistence_location {folder}/"
        )
        services.enter_context(mosquitto_broker(folder, port=site.mqtt_port, extra=extra))
        yield site


@contextmanager
def running(site: Site) -> Iterator[Supervisor]:
    """Keep a site's processes running until the block ends; its kit measures briefly."""
    supervisor = Supervisor(site.var / "logs")
    with patch.dict(os.environ, DEVICE_AGENT_REHEARSAL="1"):
        try:
            start_all(supervisor, site)
            yield supervisor
        finally:
            supervisor.stop()


def _manage(site: Site, *arguments: str) -> None:
    subprocess.run(
        [sys.executable, "manage.py", *arguments], cwd=ROOT, env=site.full_environment(), check=True
    )
