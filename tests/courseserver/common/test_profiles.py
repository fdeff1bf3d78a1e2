"""The two profiles of one settings module."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PRODUCTION = {
    "DATABASE_URL": "postgres://courseserver@127.0.0.1:5/none",
    "REDIS_URL": "redis://127.0.0.1:5/0",
    "MQTT_URL": "mqtts://bridge@broker.example.edu:8883",
    "MQTT_CA_FILE": "/etc/ssl/certs/ca-certificates.crt",
    "PUBLIC_URL": "https://labs.example.edu",
    "ALLOWED_HOSTS": "labs.example.edu",
    "SECRET_KEY": "0123456789abcdef" * 4 + "~!@#$%^&*()_+=-QWERTY",
    "ENCRYPTION_KEY": "fedcba9876543210" * 4,
}


def _manage(
    repository: Path, tmp_path: Path, *arguments: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    # Browser tests in the same run set Django's async switch for themselves.
    theirs = {*PRODUCTION, "DJANGO_ALLOW_ASYNC_UNSAFE"}
    clean = {k: v for k, v in os.environ.items() if k not in theirs}
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=repository,
        env={**clean, "COURSESERVER_VAR": str(tmp_path), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_production_settings_pass_every_deployment_check(repository: Path, tmp_path: Path) -> None:
    result = _manage(
        repository, tmp_path, "check", "--deploy", "--fail-level", "WARNING", **PRODUCTION
    )

    assert result.returncode == 0, result.stdout + result.stderr


def test_production_without_a_secret_refuses_to_start(repository: Path, tmp_path: Path) -> None:
    result = _manage(repository, tmp_path, "check", **{**PRODUCTION, "SECRET_KEY": ""})

    assert result.returncode != 0
    assert "export SECRET_KEY=$(openssl rand -hex 32)" in result.stderr


def test_an_embedded_installation_makes_its_secret_once(repository: Path, tmp_path: Path) -> None:
    _manage(repository, tmp_path, "check")
    first = (tmp_path / "secret-key").read_text()
    _manage(repository, tmp_path, "check")

    assert (tmp_path / "secret-key").read_text() == first
    assert (tmp_path / "secret-key").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("length", [0, 63])
def test_a_damaged_secret_is_named(repository: Path, tmp_path: Path, length: int) -> None:
    (tmp_path / "secret-key").write_text("x" * length)

    result = _manage(repository, tmp_path, "check")

    assert result.returncode != 0
    assert "delete it to renew it" in result.stderr


def test_secure_cookies_of_frames_are_partitioned(repository: Path, tmp_path: Path) -> None:
    code = (
        "from django.http import HttpResponse\n"
        "from courseserver.common.cookies import PartitionedCookieMiddleware as M\n"
        "r = HttpResponse(); r.set_cookie('c', 'v', secure=True, samesite='None')\n"
        "print(M(lambda q: r)(None).cookies['c'].OutputString())"
    )
    result = _manage(repository, tmp_path, "shell", "--no-imports", "-c", code, **PRODUCTION)

    assert "Partitioned" in result.stdout, result.stderr
