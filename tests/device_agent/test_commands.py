"""Settings, doctor and bench; and that the agent installs alone."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from device_agent import config
from device_agent.__main__ import main
from device_agent.boards import find
from device_agent.boards.errors import BoardError
from device_agent.boards.port import Address
from device_agent.commands import bench
from device_agent.enrolment import credentials_keep
from firmware_specs.wire import bundle_read, signing_key
from tests.doubles.fake_board import DutFirmware, board_on_pty

ROOT = Path(__file__).resolve().parents[2]
KIT = {"device_id": "kit_1", "secret": 'odd "secret" \\ here'}


# --- settings -----------------------------------------------------------------------------------
def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "agent.toml"
    config.write(path, KIT)

    settings = config.load(path, environ={})

    assert (settings.device_id, settings.secret) == ("kit_1", KIT["secret"])
    assert path.stat().st_mode & 0o777 == 0o600


def test_the_environment_beats_the_file(tmp_path: Path) -> None:
    path = tmp_path / "agent.toml"
    config.write(path, KIT)

    settings = config.load(path, environ={"DEVICE_AGENT_SECRET": "fresh"})

    assert settings.secret == "fresh"


def test_a_file_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "agent.toml"
    config.write(path, KIT)
    path.chmod(0o644)

    with pytest.raises(config.ConfigError, match="chmod 600"):
        config.load(path, environ={})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("device_id = 'kit_1'", "secret not found"),
        ("device_id = 'kit_1'\nsecret = 's'\ncolour = 'red'", "unknown colour"),
        ("device_id = ", "not TOML"),
    ],
)
def test_a_senseless_file_is_refused_with_the_remedy(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "agent.toml"
    path.touch(mode=0o600)
    path.write_text(text)

    with pytest.raises(config.ConfigError, match=words):
        config.load(path, environ={})


def test_an_agent_that_is_not_enrolled_says_how(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["run", "--config", str(tmp_path / "none.toml")])

    assert code == 2
    assert "enrol --server" in capsys.readouterr().err


def test_an_address_in_the_clear_stops_the_agent_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "agent.toml"
    config.write(path, KIT | {"mqtt_url": "mqtt://broker.example"})

    assert main(["run", "--config", str(path)]) == 2
    assert "use mqtts://" in capsys.readouterr().err


def test_a_new_secret_leaves_what_the_owner_wrote(tmp_path: Path) -> None:
    path = tmp_path / "agent.toml"
    told = {"device_id": "kit_1", "secret": "new", "mqtt_url": "mqtts://h", "board": "esp32-c3"}
    config.write(path, KIT | {"ports": "/dev/ttyACM0", "meters": "ppk2;port=x"})

    credentials_keep(path, told, server="https://h")

    kept = config.load(path, environ={})
    assert (kept.secret, kept.ports, kept.meters) == ("new", "/dev/ttyACM0", "ppk2;port=x")


# --- bench --------------------------------------------------------------------------------------
def test_bench_writes_what_it_prints(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "out.json"

    code = main(["bench", "--quick", "--json", str(path)])

    body = json.loads(path.read_text())
    assert code == 0
    assert body["schema"] == bench.SCHEMA
    assert body["facts"]["cpu_count"] >= 1
    assert [row["id"] for row in body["results"]] == ["call_overhead"]
    assert "call_overhead" in capsys.readouterr().out


def test_bench_signs_what_it_measured_for_staff_to_import(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = tmp_path / "agent.toml"
    config.write(settings, {"device_id": "kit_far", "secret": "s3cret"})
    row = {"id": "call_overhead", "task": "call_overhead", "arguments": {}, "outcome": "measured",
           "value": 4e-7, "low": 4e-7, "high": 5e-7, "unit": "s", "n": 15,
           "detail": "", "energy": {"total_j": None, "why_not": "none"}}  # fmt: skip
    monkeypatch.setattr("device_agent.work.run_alone", lambda runs: iter([row]))
    path = tmp_path / "far.bundle"

    assert main(["bench", "--quick", "--bundle", str(path), "--config", str(settings)]) == 0

    bundle = bundle_read(path.read_bytes()).opened(signing_key("s3cret"))
    assert (bundle.device_id, bundle.board) == ("kit_far", "host-linux")
    assert bundle.results[0].value == 4e-7
    assert bundle.results[0].msg_id == f"{bundle.bundle_id}.1.call_overhead"
    assert "Offline results" in capsys.readouterr().out


def test_bench_takes_ports_and_meters_from_the_settings_enrolled_or_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = tmp_path / "agent.toml"
    config.write(settings, {"ports": "socket://h:1", "meters": "ina226"})
    asked: list[str] = []

    def opened(address: Address) -> None:
        asked.append(str(address))
        raise BoardError("it is asleep")

    monkeypatch.setattr(find, "opened", opened)
    # Set and taken away again by the end of the test.
    monkeypatch.setenv("DEVICE_AGENT_METERS", "")
    monkeypatch.delenv("DEVICE_AGENT_METERS")

    main(["bench", "--suite", "board", "--quick", "--config", str(settings)])
    main(["bench", "--suite", "board", "--quick", "--config", str(settings), "--ports", "/dev/x"])

    assert asked == ["socket://h:1", "/dev/x"]
    assert os.environ["DEVICE_AGENT_METERS"] == "ina226"


def test_the_board_suite_measures_what_the_firmware_of_each_port_can_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written = tmp_path / "bench.json"
    with (
        board_on_pty(DutFirmware(model="vww01", run_us=4000)) as first,
        board_on_pty(DutFirmware(model="mine01")) as second,
        board_on_pty(DutFirmware(model="kws01", run_us=2000)) as third,
    ):
        ports = ",".join(f"{fake.path};dialect=dut" for fake in (first, second, third))
        code = main(
            ["bench", "--suite", "board", "--quick", "--ports", ports, "--json", str(written)]
        )

    rows = json.loads(written.read_text())["results"]
    assert code == 0
    assert [row["id"] for row in rows] == ["vww_0.1", second.path, "kws_0.1_3"]
    assert [row.get("value") for row in rows] == [pytest.approx(4e-3), None, pytest.approx(2e-3)]
    assert "mine01" in rows[1]["detail"]
    assert f"{first.path}: unspecified speaks dut" in capsys.readouterr().out


def test_what_cannot_be_signed_is_said_before_measuring(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, settings = str(tmp_path / "b"), str(tmp_path / "none.toml")

    assert main(["bench", "--bundle", path, "--config", settings]) == 2
    assert "enrol this kit first" in capsys.readouterr().err


def test_bench_asks_of_a_host_only_what_the_specs_allow() -> None:
    from firmware_specs import tasks

    for task_id, arguments in bench._HOST_RUNS:
        tasks.task(task_id).check(arguments)


def test_without_pytorch_the_cuda_suite_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)

    assert main(["bench", "--suite", "cuda"]) == 2
    assert "pip install torch" in capsys.readouterr().err


# --- installs alone -----------------------------------------------------------------------------
@pytest.mark.parametrize("command", ["doctor", "bench", "enrol", "run"])
def test_the_agent_loads_without_numpy_torch_and_the_server(command: str) -> None:
    code = (
        "import sys\n"
        "for name in ('numpy', 'torch', 'django', 'courseserver', 'simcore', 'labs'):\n"
        "    sys.modules[name] = None\n"
        f"import device_agent.commands.{command}\n"
        "import device_agent.__main__\n"
    )

    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)

    assert done.returncode == 0, done.stderr


def test_the_cuda_bench_needs_neither_broker_library_nor_serial() -> None:
    code = (
        "import sys\n"
        "for name in ('paho', 'serial', 'threadpoolctl'):\n"
        "    sys.modules[name] = None\n"
        "from device_agent.__main__ import main\n"
        "sys.modules['torch'] = None\n"
        "sys.exit(main(['bench', '--suite', 'cuda']))\n"
    )

    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)

    assert "PyTorch is not installed" in done.stderr
