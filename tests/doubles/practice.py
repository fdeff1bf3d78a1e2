"""The practice LMS and the tool as real processes on free ports, stopped after the block."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.doubles.certificates import Certificates, make_certificates
from tests.services import free_port, running

ROOT = Path(__file__).resolve().parents[2]
LMS_SETTINGS = "courseserver.practice_lms.settings"


@dataclass(frozen=True, kw_only=True)
class World:
    """Where both answer, and the environment that the tool's commands need."""

    tool: str
    lms: str
    environment: Mapping[str, str]

    def manage(self, *arguments: str) -> str:
        return manage(self.environment, *arguments)


def manage(environment: Mapping[str, str], *arguments: str) -> str:
    """Run a management command; return what it prints."""
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def granian(application: str, port: int, certificates: Certificates | None = None) -> list[str]:
    options = ["--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port)]
    if certificates:
        options += ["--ssl-certificate", str(certificates.certificate)]
        options += ["--ssl-keyfile", str(certificates.key)]
    return [sys.executable, "-m", "granian", *options, application]


@contextmanager
def practice_lms(
    folder: Path,
    tool: str,
    *,
    host: str = "127.0.0.1",
    with_faults: bool = False,
    certificates: Certificates | None = None,
) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the practice LMS's address and the options of the tool's `lti_platform add`."""
    port = free_port()
    url = f"{'https' if certificates else 'http'}://{host}:{port}"
    environment = {
        "COURSESERVER_VAR": str(folder),
        "DJANGO_SETTINGS_MODULE": LMS_SETTINGS,
        "PRACTICE_LMS_FAULTS": "1" if with_faults else "",
        **({"SSL_CERT_FILE": str(certificates.authority)} if certificates else {}),
    }
    values = json.loads(
        manage(environment, "practice_setup", "--tool", tool, "--lms", url, "--json")
    )
    command = granian("courseserver.practice_lms.wsgi:application", port, certificates)
    with running(command, port, env={**os.environ, **environment}, cwd=ROOT):
        yield url, values


@contextmanager
def world(
    folder: Path,
    installed: Path,
    *,
    lms_host: str = "127.0.0.1",
    labs_path: str = "",
    tls: bool = False,
) -> Iterator[World]:
    """Run tool and practice LMS, registered with each other, on a copy of what is installed."""
    shutil.copytree(installed, folder, dirs_exist_ok=True)
    certificates = make_certificates(folder) if tls else None
    port = free_port()
    tool = f"{'https' if tls else 'http'}://127.0.0.1:{port}"
    environment = {
        "COURSESERVER_VAR": str(folder),
        "DJANGO_SETTINGS_MODULE": "courseserver.settings",
        "PUBLIC_URL": tool,
        "LABS_PATH": labs_path,
        "OUTGOING_CA_FILE": str(certificates.authority) if certificates else "",
    }
    with practice_lms(folder, tool, host=lms_host, certificates=certificates) as (lms, values):
        options = [f"--{name}={value}" for name, value in values.items()]
        manage(environment, "lti_platform", "add", *options)
        command = granian("courseserver.wsgi:application", port, certificates)
        with running(command, port, env={**os.environ, **environment}, cwd=ROOT):
            yield World(tool=tool, lms=lms, environment=environment)
