"""Broken files, meters and servers: said in words, nothing lost, no crash that comes back."""

import json
import math
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from queue import Queue
from typing import Any

import pytest
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.reasoncodes import ReasonCode

from device_agent import config, energy, enrolment
from device_agent.agent import will_of
from device_agent.commands import run as run_command
from device_agent.config import ConfigError, Settings
from device_agent.energy_budget import UNKNOWN
from device_agent.energy_windows import Recording, energy_of_windows
from device_agent.meters import Reading
from device_agent.spool import Spool, SpoolFull, Waiting
from device_agent.transport.mqtt import Broker, MqttTransport
from device_agent.work import RunDone
from firmware_specs.wire import Config, JobAnswer, Result, Status, topics
from tests.device_agent.scripted import DEVICE, command
from tests.device_agent.test_agent import Bench

MESSAGE = Waiting(msg_id="m", kind="result", topic="t", payload=b"x")


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


# --- the spool ------------------------------------------------------------------------------------
@pytest.mark.parametrize("damage", ["garbage", "truncated", "a page"])
def test_a_damaged_spool_is_put_aside_and_the_agent_starts(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "spool.sqlite3"
    spool = Spool(path)
    for n in range(200):
        spool.put(replace(MESSAGE, msg_id=f"m{n}", payload=b"x" * 500))
    spool.close()
    whole = path.read_bytes()
    path.write_bytes(
        {"garbage": b"no database" * 999, "truncated": whole[: len(whole) // 2],
         "a page": whole[:4096] + b"\xff" * 4096 + whole[8192:]}[damage]
    )  # fmt: skip

    spool = Spool(path)

    spool.put(MESSAGE)
    assert [w.msg_id for w in spool.waiting(limit=9)] == ["m"]
    (kept,) = tmp_path.glob("spool.sqlite3.damaged-*")
    assert kept.stat().st_size > 0


def test_a_spool_that_cannot_be_written_is_said_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for spool in (tmp_path / "file" / "spool.sqlite3", tmp_path):
        settings = Settings(device_id="kit_1", secret="s", spool=str(spool), ports="none")
        with pytest.raises(ConfigError, match="cannot be opened or written"):
            run_command.build(settings)


@pytest.mark.parametrize("code", [sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN])
def test_a_disk_that_turns_read_only_is_waited_for(tmp_path: Path, code: int) -> None:
    spool = Spool(tmp_path / "spool.sqlite3")

    error = sqlite3.OperationalError("attempt to write a readonly database")
    error.sqlite_errorcode = code

    with pytest.raises(SpoolFull), spool._transaction():
        raise error
    spool.put(MESSAGE)


def test_a_disk_that_cannot_be_read_for_a_while_does_not_end_the_agent(bench: Bench) -> None:
    bench.tell(command())
    bench.finish("a")

    class Dead:
        """A connection whose disk is gone."""

        in_transaction = False

        def execute(self, *given: Any) -> Any:
            error = sqlite3.OperationalError("disk I/O error")
            error.sqlite_errorcode = sqlite3.SQLITE_IOERR
            raise error

    alive, bench.spool._db = bench.spool._db, Dead()  # type: ignore[assignment]
    bench.now += 100
    bench.settle()
    bench.finish("b")
    bench.spool._db = alive
    bench.finish("c")
    bench.end()

    assert {r.request_id for r in bench.said(Result)} >= {"a", "b", "c"}
    assert bench.answers()[-1] is JobAnswer.FINISHED


def test_a_kept_job_that_nobody_can_read_any_more_is_dropped_and_the_next_one_done(
    bench: Bench,
) -> None:
    bench.spool.job_receive(command())
    bench.spool._db.execute("UPDATE job SET payload = ?", (b'{"v": 99}',))
    bench.spool.job_receive(replace(command(), job_id="kjb_2"))

    bench.boot()

    assert [job.job_id for job, _ in bench.started] == ["kjb_2"]


# --- results --------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "broken",
    [
        {"energy": {"total_j": math.nan}},
        {"value": math.inf},
        {"environment": {f"f{i}": "x" * 4000 for i in range(30)}},
        {"environment": {"text": "\ud800"}},
        {"n": "many"},
        {"energy": {"what": 1}},
        {"outcome": "triumph"},
    ],
)
def test_an_outcome_that_cannot_be_told_fails_its_run_in_words(
    bench: Bench, broken: Mapping[str, Any]
) -> None:
    bench.tell(command())
    outcome = {"outcome": "measured", "value": 2.0, "low": 1.9, "high": 2.2, "n": 5, "unit": "s"}

    bench.inbox.put(
        RunDone(job_id=command().job_id, attempt=1, request_id="a", outcome=outcome | broken)
    )
    bench.settle()
    bench.finish("b", "c")
    bench.end()

    first = next(r for r in bench.said(Result) if r.request_id == "a")
    assert (first.outcome, first.value) == ("failed", None)
    assert "cannot be told" in first.detail
    assert bench.answers()[-1] is JobAnswer.FINISHED


def test_a_server_that_asks_for_silence_is_answered_every_minute_all_the_same(
    bench: Bench,
) -> None:
    bench.tell(Config(status_every_s=1e12))
    before = len(bench.said(Status))

    bench.now += 61
    bench.settle()
    bench.now += 61
    bench.settle()

    assert len(bench.said(Status)) >= before + 1


@pytest.mark.parametrize("payload", [b"", b"\xff" * 2**20, b"[" * 2**20, b"{}", b"null"])
def test_garbage_kept_on_every_topic_is_read_past(bench: Bench, payload: bytes) -> None:
    for channel in topics.Down:
        bench.broker.say(DEVICE, topics.down(DEVICE, channel), payload)
    bench.settle()
    bench.tell(command())

    assert len(bench.started) == 1


def test_two_agents_with_one_identity_are_told_of_each_other(tmp_path: Path) -> None:
    transport = MqttTransport(
        Broker.from_url("mqtt://127.0.0.1:1", None), device_id=DEVICE, secret="s",
        subscribe="x", will=will_of(DEVICE), inbox=(inbox := Queue()),
    )  # fmt: skip
    taken_over = ReasonCode(PacketTypes.DISCONNECT, identifier=0x8E)  # type: ignore[no-untyped-call]

    transport._on_disconnect(None, None, None, taken_over, None)  # type: ignore[arg-type]

    assert "another agent runs with this kit's identity" in inbox.get_nowait().reason


# --- settings and secrets -------------------------------------------------------------------------
def test_what_an_owner_wrote_over_several_lines_survives_a_rotation(tmp_path: Path) -> None:
    path = tmp_path / "agent.toml"
    strange = 'a,\n\tb;x="ü"\\ 🧪 \x7f'
    config.write(path, {"device_id": "kit_1", "secret": "s", "ports": strange})

    assert config.load(path, environ={}).ports == strange


def test_settings_that_are_no_text_are_said(tmp_path: Path) -> None:
    path = tmp_path / "agent.toml"
    path.touch(mode=0o600)
    path.write_bytes(b"\xff\xfe\x00")

    with pytest.raises(ConfigError, match="not TOML"):
        config.load(path, environ={})


def test_a_place_that_takes_no_secret_is_said_before_a_code_is_shown(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(ConfigError, match="cannot be written"):
        config.check_writable(tmp_path / "file" / "agent.toml")
    config.check_writable(tmp_path / "new" / "agent.toml")
    assert list((tmp_path / "new").iterdir()) == []


class Server:
    """A server that rotates, and whose answers may get lost."""

    def __init__(self, secret: str) -> None:
        self.secret = secret
        self.loses = False

    def post(self, url: str, payload: bytes) -> tuple[int, dict[str, Any]]:
        asked = json.loads(payload)
        if asked["secret"] != self.secret:
            return 403, {"detail": "wrong secret"}
        self.secret = asked["fresh"]
        if self.loses:
            raise enrolment.EnrolmentFailed("the line went dead")
        return 200, {"device_id": asked["device_id"], "secret": self.secret}


@pytest.mark.parametrize("cut", ["answer lost", "killed before it was written"])
def test_a_rotation_that_was_cut_off_goes_on_where_it_stood(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cut: str
) -> None:
    path, server = tmp_path / "agent.toml", Server("old")
    config.write(path, {"device_id": "kit_1", "secret": "old"})
    monkeypatch.setattr(enrolment, "_post", server.post)
    settings = config.load(path, environ={})
    server.loses = cut == "answer lost"
    if server.loses:
        with pytest.raises(enrolment.EnrolmentFailed):
            enrolment.credentials_rotate("https://h", settings, path)
    else:
        enrolment.credentials_rotate("https://h", settings, path)
    server.loses = False
    assert server.secret != "old"
    assert enrolment.rotating_path(path).stat().st_mode & 0o777 == 0o600

    told = enrolment.credentials_rotate("https://h", settings, path)

    assert told["secret"] == server.secret


# --- meters ---------------------------------------------------------------------------------------
def recording(**changes: Any) -> Recording:
    """Twelve seconds at 100 a second: idle 0.1 W, five windows of a second at 0.5 W."""
    times = tuple(i / 100 for i in range(1201))
    busy = [(1 + 2 * k, 2 + 2 * k) for k in range(5)]
    powers = tuple(0.5 if any(a <= t <= b for a, b in busy) else 0.1 for t in times)
    rises, falls = zip(*busy, strict=True)
    made = Recording(meter="double", times_s=times, powers_w=powers, rises_s=rises, falls_s=falls)
    return replace(made, **changes)


def test_a_recording_that_is_whole_gives_its_energy() -> None:
    found = energy_of_windows(recording(), windows=5, runs=10)

    assert found.energy.total_j == pytest.approx(0.05, rel=0.02)


WHOLE = recording()


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"powers_w": tuple(math.nan if i == 150 else p for i, p in enumerate(WHOLE.powers_w))},
         "no number"),
        ({"powers_w": tuple(-p for p in WHOLE.powers_w)}, "wired the other way round"),
        ({"times_s": tuple(t if i < 600 else t - 3 for i, t in enumerate(WHOLE.times_s))},
         "goes back"),
        ({"energies_j": (7.0,) * 1201}, "does not move"),
        ({"times_s": (), "powers_w": ()}, "nothing"),
    ],
)  # fmt: skip
def test_a_meter_that_tells_nonsense_gives_a_reason_and_no_energy(
    changes: dict[str, Any], why: str
) -> None:
    found = energy_of_windows(recording(**changes), windows=5, runs=10)

    assert found.energy.total_j is None
    assert why in found.energy.why_not


def test_a_meter_that_shows_one_power_idle_or_busy_is_doubted() -> None:
    found = energy_of_windows(recording(powers_w=(0.3,) * 1201), windows=5, runs=10)

    assert "0.3 W all the time" in str(found.facts["energy_doubt"])
    assert "energy_doubt" not in energy_of_windows(WHOLE, windows=5, runs=10).facts


def test_samples_that_come_twice_change_nothing() -> None:
    twice = [t for t in WHOLE.times_s for _ in range(2)]
    powers = [p for p in WHOLE.powers_w for _ in range(2)]

    found = energy_of_windows(
        recording(times_s=tuple(twice), powers_w=tuple(powers)), windows=5, runs=10
    )

    whole = energy_of_windows(WHOLE, windows=5, runs=10)
    assert found.energy.total_j == pytest.approx(whole.energy.total_j)


class Counter:
    """A meter of this machine whose counter goes as told."""

    NAME, MEASURES, WINDOW_S = "counter", "cpu", 0.001

    def __init__(self, joules: Callable[[int], float]) -> None:
        self._joules, self._reads = joules, 0

    def read(self) -> Reading:
        self._reads += 1
        return Reading(at_s=float(self._reads), energy_j=self._joules(self._reads))

    def why_not(self) -> str:
        return ""

    def accuracy(self) -> Any:
        return UNKNOWN


@pytest.mark.parametrize(
    ("joules", "why"),
    [
        (lambda n: 5.0, "does not move"),
        (lambda n: 500.0 - n, "does not move"),
        (lambda n: math.nan, "no number"),
    ],
)
def test_a_counter_of_this_machine_that_stands_still_or_falls_is_no_energy(
    monkeypatch: pytest.MonkeyPatch, joules: Callable[[int], float], why: str
) -> None:
    monkeypatch.setattr(energy, "_BUSY_S", 0.0)
    monkeypatch.setattr(energy.time, "sleep", lambda s: None)

    found = energy.energy_of(lambda: None, call_s=1.0, meter=Counter(joules))

    assert found.energy.total_j is None
    assert why in found.energy.why_not
