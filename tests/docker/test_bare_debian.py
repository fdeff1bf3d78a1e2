"""A Debian with nothing on it: each image's steps, and the README's first command."""

import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services import free_port, program

pytestmark = [pytest.mark.chroot, pytest.mark.slow]

# What lets a root behind a company's proxy reach the same package sources as this machine.
_HOST_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")

# Where the root keeps an index of what is locked.
LOCKED = "file:///opt/index"


@pytest.fixture(scope="module")
def bare_debian(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    debootstrap = program("debootstrap", "apt-get install debootstrap")
    if subprocess.run(["id", "-u"], capture_output=True, text=True).stdout.strip() != "0":
        pytest.skip("a chroot needs root: sudo ./test -m chroot")
    root = tmp_path_factory.mktemp("debian")
    subprocess.run(
        [debootstrap, "--variant=minbase", "bookworm", str(root)],
        check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    shutil.copy("/etc/resolv.conf", root / "etc/resolv.conf")
    shutil.copy(_HOST_CERTIFICATES, root / "opt/host-certificates.crt")
    _write_index(repository, root / "opt/index")
    yield root
    subprocess.run(["rm", "-rf", str(root)], check=True)


def _in_root(
    root: Path, folder: str, *command: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    result = subprocess.run(
        ["chroot", str(root), "sh", "-c", f'cd {folder} && exec "$@"', "-", *command],
        capture_output=True, text=True,
        env={
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "LANG": "C.UTF-8",
            "HOME": "/root",
            "PIP_CERT": "/opt/host-certificates.crt",
            **environment,
        },
    )  # fmt: skip
    assert result.returncode == 0, f"{command}: {result.stdout[-2000:]}{result.stderr[-4000:]}"
    return result


def _copy(repository: Path, root: Path, folder: str, names: list[str]) -> None:
    target = root / folder.lstrip("/")
    target.mkdir(parents=True, exist_ok=True)
    for name in names:
        source = repository / name
        if source.is_dir():
            ignore = shutil.ignore_patterns("__pycache__")
            shutil.copytree(source, target / source.name, ignore=ignore, dirs_exist_ok=True)
        else:
            shutil.copy(source, target / source.name)


def _write_index(repository: Path, folder: Path) -> None:
    """Write a package index of what is locked, at the addresses that the lock names.

    PyPI's lists every release there ever was, which pip takes ten seconds to look through; the
    agent's image finds its packages there.
    """
    locked = tomllib.loads((repository / "uv.lock").read_text())["package"]
    for package in locked:
        page = folder / package["name"] / "index.html"
        page.parent.mkdir(parents=True, exist_ok=True)
        with page.open("a") as written:
            for wheel in package.get("wheels", ()):
                url, name = wheel["url"], wheel["url"].rpartition("/")[2]
                written.write(f'<a href="{url}#{wheel["hash"].replace(":", "=")}">{name}</a>\n')


def test_the_steps_of_every_image_run_in_a_bare_debian(repository: Path, bare_debian: Path) -> None:
    root = bare_debian
    steps = sorted((repository / "docker/steps").glob("*.sh"))
    _copy(repository, root, "/opt/steps", [f"docker/steps/{path.name}" for path in steps])
    project = ["requirements.lock", "manage.py", "courseserver", "simcore", "labs"]
    _copy(repository, root, "/opt/courseserver", [*project, "firmware_specs"])
    agent = ["pyproject.toml", "README.md", "LICENSE", "firmware_specs", "device_agent"]
    _copy(repository, root, "/opt/agent", agent)

    _in_root(root, "/", "sh", "/opt/steps/base.sh")
    # Bytecode of every package is for servers that start often; this one starts once.
    server = ("/opt/courseserver", "sh", "/opt/steps/server.sh")
    _in_root(root, *server, "requirements", PIP_NO_COMPILE="1", PIP_INDEX_URL=LOCKED)
    _in_root(root, *server, "project")
    checked = _in_root(root, "/opt/courseserver", "/opt/venv/bin/python", "manage.py", "check")
    served = _in_root(root, "/opt/courseserver", "/opt/venv/bin/granian", "--version")

    assert "no issues" in checked.stdout + checked.stderr
    assert "granian" in served.stdout

    _in_root(root, "/opt/agent", "sh", "/opt/steps/agent.sh")
    helped = _in_root(root, "/", "/opt/venv/bin/python", "-m", "device_agent", "--help")

    assert "enrol" in helped.stdout


def test_the_first_command_of_the_readme_needs_python_and_venv_alone(
    repository: Path, bare_debian: Path
) -> None:
    root = bare_debian
    subprocess.run(
        ["git", "clone", "--quiet", "--no-hardlinks", str(repository), str(root / "root/clone")],
        check=True,
    )
    ports = [f"--{name}={free_port()}" for name in ("port", "lms-port", "mqtt-port")]

    told = _in_root(
        root,
        "/root/clone",
        "./run",
        "--once",
        *ports,
        DEVICE_AGENT_REHEARSAL="1",
        PIP_INDEX_URL=LOCKED,
    )

    assert "grade read back" in told.stdout
