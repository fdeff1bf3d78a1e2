"""PostgreSQL, bridge and broker killed with SIGKILL while a kit reports; each line becomes one row.

The kit does what agents do: it says again whatever has no acknowledgement.
"""

import getpass
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import paho.mqtt.client as mqtt
import psycopg
from paho.mqtt.enums import CallbackAPIVersion

from courseserver.demo.processes import ROOT
from firmware_specs.wire import Ack, Log, decode, encode, new_msg_id, topics
from tests.services import accepts_connections, free_port, program, wait_for

VICTIMS = ("database", "bridge", "broker", "nothing")
LINES, SAID_IN_S, AGAIN_S, PATIENCE_S = 600, 3.0, 1.0, 600.0
_NEW_KIT = (
    "import django; django.setup()\n"
    "from courseserver.kits.enrolment import kit_create\n"
    "print(kit_create(name='Soak', board_id='host-linux', course=None, actor='system')[0].pk)"
)


@dataclass(slots=True)
class IngestRound:
    """What was killed, and what is wrong with the rows."""

    number: int
    victim: str
    seconds: float = 0.0
    repeated: int = 0
    wrong: list[str] = field(default_factory=list)


class Room:
    """Three processes that can be killed and started again, and a kit that reports."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "postgres"
        self.ports = {"database": free_port(), "broker": free_port()}
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.waiting: dict[str, bytes] = {}
        self.kit_id = ""
        binaries = [str(path) for path in sorted(Path("/usr/lib/postgresql").glob("*/bin"))]
        self.initdb = program("initdb", "apt-get install postgresql", binaries)
        self.mosquitto = program("mosquitto", "apt-get install mosquitto")
        # PostgreSQL refuses to run as root.
        self.user = "postgres" if getpass.getuser() == "root" else None

    @property
    def url(self) -> str:
        return f"postgres://courseserver@127.0.0.1:{self.ports['database']}/postgres"

    @property
    def environment(self) -> dict[str, str]:
        return os.environ | {
            "DATABASE_URL": self.url,
            "REDIS_URL": "redis://127.0.0.1:1/0",
            "SECRET_KEY": "a secret of this proof alone, long enough for every check",
            "COURSESERVER_DEVELOPMENT": "1",
            "COURSESERVER_VAR": str(self.folder / "var"),
            "MQTT_URL": f"mqtt://127.0.0.1:{self.ports['broker']}",
            "DJANGO_SETTINGS_MODULE": "courseserver.settings",
        }

    def prepare(self) -> None:
        for folder in (self.data, self.folder / "var"):
            folder.mkdir()
        if self.user:
            self.folder.chmod(0o711)
            shutil.chown(self.data, self.user)
        subprocess.run(
            [self.initdb, "-D", str(self.data), "-U", "courseserver", "-A", "trust"],
            check=True, stdout=subprocess.DEVNULL, user=self.user, cwd=self.data,
        )  # fmt: skip
        (self.folder / "mosquitto.conf").write_text(
            f"user {getpass.getuser()}\nlistener {self.ports['broker']} 127.0.0.1\n"
            "allow_anonymous true\nmax_inflight_messages 1000\n"
        )
        for name in ("database", "broker"):
            self.start(name)
        manage = [sys.executable, "manage.py", "migrate", "-v0"]
        subprocess.run(manage, env=self.environment, cwd=ROOT, check=True)
        made = subprocess.run(
            [sys.executable, "-c", _NEW_KIT],
            env=self.environment, cwd=ROOT, check=True, capture_output=True, text=True,
        )  # fmt: skip
        self.kit_id = made.stdout.strip().splitlines()[-1]
        self.start("bridge")

    def start(self, name: str) -> None:
        """Start a process; a database whose orphans still hold its memory is tried again."""

        def is_there() -> bool:
            process = self.processes.get(name)
            if process is None or process.poll() is not None:
                self.processes[name] = self._spawn(name)
                time.sleep(0.2)
            return name == "bridge" or accepts_connections(self.ports[name])

        wait_for(is_there, what=name)

    def _spawn(self, name: str) -> "subprocess.Popen[bytes]":
        port = str(self.ports.get(name, ""))
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        if name == "database":
            server = str(Path(self.initdb).with_name("postgres"))
            command = [server, "-D", str(self.data), "-p", port, "-k", str(self.data)]
            return subprocess.Popen(command, user=self.user, cwd=self.data, **quiet)  # type: ignore[call-overload,no-any-return]
        command = {
            "broker": [self.mosquitto, "-c", str(self.folder / "mosquitto.conf")],
            "bridge": [sys.executable, "manage.py", "mqtt_bridge"],
        }[name]
        return subprocess.Popen(command, env=self.environment, cwd=ROOT, **quiet)  # type: ignore[call-overload,no-any-return]

    def kill(self, name: str) -> None:
        process = self.processes.pop(name)
        process.send_signal(signal.SIGKILL)
        process.wait()

    def stop(self) -> None:
        for process in self.processes.values():
            process.send_signal(signal.SIGINT)
        for process in self.processes.values():
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=60)
            process.kill()

    @contextmanager
    def kit(self) -> Iterator[mqtt.Client]:
        """Keep a kit connected; it forgets what is acknowledged."""
        client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=self.kit_id)
        client.reconnect_delay_set(1, 1)
        client.on_connect = lambda *_: client.subscribe(topics.all_down(self.kit_id), qos=1)
        client.on_message = lambda _c, _u, message: self._heard(bytes(message.payload))
        client.connect("127.0.0.1", self.ports["broker"])
        client.loop_start()
        yield client
        client.loop_stop()

    def _heard(self, payload: bytes) -> None:
        for msg_id in decode(payload, Ack).ids:
            self.waiting.pop(msg_id, None)

    def rows(self, ids: list[str]) -> int:
        with psycopg.connect(self.url) as connection:
            query = "SELECT count(*) FROM kits_kitlog WHERE message_id = ANY(%s)"
            found = connection.execute(query, [ids]).fetchone()
        return int(found[0]) if found else 0


@contextmanager
def room_in(folder: Path) -> Iterator[Room]:
    room = Room(folder)
    try:
        room.prepare()
        yield room
    finally:
        room.stop()


def play_ingest_round(
    room: Room, rng: random.Random, number: int, victims: tuple[str, ...] = VICTIMS
) -> IngestRound:
    """Let a kit report, kill one of `victims` meanwhile, and count."""
    round_ = IngestRound(number=number, victim=rng.choice(victims))
    began = time.monotonic()
    said: list[str] = []
    kill_at = rng.randrange(LINES)
    topic = topics.up(room.kit_id, topics.Up.LOG)
    with room.kit() as client:
        for n in range(LINES):
            line = Log(msg_id=new_msg_id(), at_utc="now", level="info", text=f"line {n}")
            said.append(line.msg_id)
            room.waiting[line.msg_id] = encode(line)
            client.publish(topic, room.waiting[line.msg_id], qos=1)
            if n == kill_at and round_.victim != "nothing":
                room.kill(round_.victim)
            time.sleep(SAID_IN_S / LINES)
        if round_.victim != "nothing":
            room.start(round_.victim)
        while room.waiting and time.monotonic() - began < PATIENCE_S:
            time.sleep(AGAIN_S)
            for payload in list(room.waiting.values()):
                client.publish(topic, payload, qos=1)
                round_.repeated += 1
    if room.waiting:
        round_.wrong.append(f"{len(room.waiting)} lines without acknowledgement")
        room.waiting.clear()
    rows = room.rows(said)
    if rows != LINES:
        round_.wrong.append(f"{rows} rows of {LINES} lines")
    round_.seconds = time.monotonic() - began
    return round_
