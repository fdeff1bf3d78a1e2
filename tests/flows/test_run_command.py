"""`./run` where something is in the way: one clear sentence, no traceback."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import courseserver.demo.__main__ as command
from courseserver.demo.__main__ import _stop_on_signals, main
from courseserver.demo.browser import StoryError
from courseserver.demo.processes import hold_folder
from tests.services import free_port

COMMAND_FILES = ("run", "test", "requirements.lock", "requirements-dev.lock", "docker")


@pytest.fixture
def bare_clone(repository: Path, tmp_path: Path) -> Path:
    """What a clone holds of the command itself, without an environment."""
    clone = tmp_path / "clone"
    clone.mkdir()
    for name in COMMAND_FILES:
        source = repository / name
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, clone / name)  # type: ignore[operator]
    return clone


def _run(clone: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", str(clone / "run")],
        env={"HOME": str(clone), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def _tools(folder: Path, *names: str) -> str:
    """Return a PATH that holds these programs and nothing else."""
    folder.mkdir()
    for name in names:
        path = shutil.which(name)
        assert path, name
        (folder / name).symlink_to(path)
    return str(folder)


def _fake_python(folder: Path, script: str) -> None:
    path = folder / "python3"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def test_a_missing_python_is_named_with_its_remedy(bare_clone: Path, tmp_path: Path) -> None:
    tools = _tools(tmp_path / "bin", "dirname", "cksum", "grep")

    result = _run(bare_clone, PATH=tools)

    assert result.returncode == 1
    assert "Python 3.11 or newer is needed" in result.stderr
    assert "apt-get install python3 python3-venv" in result.stderr


def test_an_old_python_does_not_count(bare_clone: Path, tmp_path: Path) -> None:
    tools = _tools(tmp_path / "bin", "dirname", "cksum", "grep")
    _fake_python(Path(tools), "exit 1")

    assert "Python 3.11 or newer is needed" in _run(bare_clone, PATH=tools).stderr


def test_a_python_without_venv_is_named_with_its_remedy(bare_clone: Path, tmp_path: Path) -> None:
    tools = _tools(tmp_path / "bin", "dirname", "cksum", "grep", "pwd")
    _fake_python(Path(tools), 'case "$2" in *ensurepip*) exit 1;; esac; exit 0')

    assert "apt-get install python3-venv" in _run(bare_clone, PATH=tools).stderr


# Says what it is told, knows of no pip, and makes environments of itself.
_RECORDER = """
echo "${0##*/} $*" >>calls
case "$*" in *"import pip") exit 1 ;; esac
case "$1 $2" in "venv "* | "-m venv") ;; *) exit 0 ;; esac
for folder; do :; done
mkdir -p "$folder/bin"
cp "$0" "$folder/bin/python"
"""


def _made_environment(clone: Path, tools: Path) -> str:
    """Make an environment with these tools; return what they were told."""
    script = ". ./docker/python-environment.sh; python_environment .venv requirements.lock"
    done = subprocess.run(
        ["/bin/sh", "-c", script], env={"PATH": str(tools)}, cwd=clone, capture_output=True
    )
    assert done.returncode == 0, done.stderr
    assert (clone / ".venv/.made-from").read_text()
    return (clone / "calls").read_text()


@pytest.fixture
def recorders(tmp_path: Path) -> Path:
    """Tools that make an environment: Python, and uv beside it."""
    tools = Path(_tools(tmp_path / "bin", "cksum", "grep", "mkdir", "cp", "mv"))
    for name in ("python3", "uv"):
        (tools / name).write_text(f"#!/bin/sh\n{_RECORDER}")
        (tools / name).chmod(0o755)
    return tools


def test_who_has_uv_gets_the_environment_from_it(bare_clone: Path, recorders: Path) -> None:
    told = _made_environment(bare_clone, recorders)

    assert "uv pip install" in told
    assert f"--require-hashes --requirement {bare_clone}/requirements.lock" in told
    assert "python -m pip" not in told


@pytest.mark.parametrize("why", ["none", "refuses"])
def test_without_uv_or_where_it_finds_nothing_pip_makes_the_environment(
    bare_clone: Path, recorders: Path, why: str
) -> None:
    (recorders / "uv").write_text("#!/bin/sh\nexit 2\n")
    if why == "none":
        (recorders / "uv").unlink()

    told = _made_environment(bare_clone, recorders)

    assert "python3 -m venv .venv" in told
    (pip,) = (line for line in told.splitlines() if line.startswith("python -m pip install"))
    assert "--require-hashes --requirement requirements.lock" in pip


def test_an_environment_is_made_once_for_each_lock(bare_clone: Path, recorders: Path) -> None:
    first = _made_environment(bare_clone, recorders)
    again = _made_environment(bare_clone, recorders)
    (bare_clone / "requirements.lock").write_text("another\n")

    assert again == first
    assert len(_made_environment(bare_clone, recorders)) > len(first)


@pytest.mark.skipif(os.geteuid() == 0 and not shutil.which("setpriv"), reason="needs setpriv")
def test_a_read_only_folder_is_named(bare_clone: Path, tmp_path: Path) -> None:
    bare_clone.chmod(0o555)
    for folder in [bare_clone, *bare_clone.parents]:
        if folder == Path("/tmp"):
            break
        folder.chmod(folder.stat().st_mode | 0o055)
    command = ["/bin/sh", str(bare_clone / "run")]
    if os.geteuid() == 0:
        # Root may write everywhere; nobody may not.
        command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *command]
    tools = f"/usr/bin:/bin:{Path(sys.executable).resolve().parent}"

    result = subprocess.run(command, env={"PATH": tools}, capture_output=True, text=True)

    assert result.returncode == 1
    assert "This folder is read-only" in result.stderr


def test_a_busy_port_is_named_with_the_option_that_chooses_another(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as occupied:
        occupied.bind(("127.0.0.1", 0))
        occupied.listen()
        port = occupied.getsockname()[1]

        code = main(["--once", "--var", str(tmp_path), "--port", str(port)])

    assert code == 1
    assert f"Port {port} is in use" in capsys.readouterr().err


def test_one_port_for_two_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    port = str(free_port())

    code = main(["--once", "--var", str(tmp_path), "--port", port, "--lms-port", port])

    assert code == 1
    assert "--port, --lms-port, --mqtt-port name one port twice" in capsys.readouterr().err


@pytest.mark.parametrize("port", ["0", "65536", "-1", "web"])
def test_what_is_no_port_is_named(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--once", "--port", port])

    assert "--port" in capsys.readouterr().err


def test_a_second_run_in_the_same_folder_is_told_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with hold_folder(tmp_path):
        code = main(["--once", "--var", str(tmp_path)])

    assert code == 1
    said = capsys.readouterr().err
    assert f"Another ./run keeps its state in {tmp_path}" in said
    assert "./run --var FOLDER --port 8100" in said


@pytest.mark.parametrize(("once", "code"), [(["--once"], 1), ([], 0)])
def test_a_story_that_stops_leaves_the_service_running(
    once: list[str],
    code: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def stop(*_: object, **__: object) -> None:
        raise StoryError("the marks are gone")

    pressed = threading.Event()
    pressed.set()
    monkeypatch.setattr(command, "_stop_on_signals", lambda: pressed)
    monkeypatch.setattr(command, "install", lambda site: None)
    monkeypatch.setattr(command, "start_all", lambda supervisor, site: None)
    monkeypatch.setattr(command.story, "play", stop)
    ports = ["--port", "--lms-port", "--mqtt-port"]
    chosen = [part for port in ports for part in (port, str(free_port()))]

    ended = main([*once, "--var", str(tmp_path), *chosen])

    said = capsys.readouterr()
    assert ended == code
    assert "the marks are gone" in said.out + said.err
    assert ("Still serving" in said.out) is (not once)


def test_ctrl_c_again_does_not_interrupt_the_stopping() -> None:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        stopped = _stop_on_signals()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)

        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGTERM)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

    assert stopped.is_set()


def test_a_state_folder_that_cannot_be_written_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()

    code = main(["--once", "--var", str(tmp_path / "file" / "var"), "--port", str(free_port())])

    assert code == 1
    assert "Choose another: ./run --var FOLDER" in capsys.readouterr().err
