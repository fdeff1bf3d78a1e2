"""From a kit's message to its row in PostgreSQL, beside a bare subscriber on the same broker.

Throughput is that of a backlog: the broker holds the same messages for the bridge and for a bare
paho subscriber with an empty callback, and each takes them in turn. The bridge's ends with the last
acknowledgement that reaches the kit, after the rows are committed. Latencies compare with a bare
subscriber that answers.
"""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from statistics import median
from typing import Any

import paho.mqtt.client as mqtt
import psycopg
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from courseserver.demo.processes import ROOT
from firmware_specs.wire import (
    Birth,
    Command,
    KitState,
    Log,
    Outcome,
    Result,
    Status,
    TaskInfo,
    decode,
    encode,
    new_msg_id,
    topics,
)
from tests.benchmarks import mqtt_bare
from tests.benchmarks.place import Place
from tests.benchmarks.report import Baseline, Figure, percentile, timed
from tests.services import mosquitto_broker, postgres_server, wait_for

TITLE = "MQTT: message to stored row, PostgreSQL"
PACED, PACE_S = 60, 0.05
BACKLOG, ROUNDS = 6000, 3
JOBS, KITS = 20, 200
IN_FLIGHT = 100
TARGET = 0.6
AT = "2026-11-20T10:00:00.000+00:00"
# As in `docker/mosquitto`, but anybody may connect, and a backlog fits.
_CONFIGURATION = (
    "allow_anonymous true\nset_tcp_nodelay true\nmax_inflight_messages 1000\n"
    "max_queued_messages 0\nmax_connections -1"
)
_NEW_KITS = """
from courseserver.kits.enrolment import kit_create
answer = [kit_create(name=f"Bench {i}", board_id="host-linux", course=None, actor="system")[0].pk
          for i in range(%d)]
"""
_ASK = """
import time
from courseserver.courses.models import Course, Enrolment, Person
from courseserver.lti.models import Platform
from courseserver.kits.models import KitJob
from courseserver.kits.services import TaskRequest, kit_job_request
url = "https://lms.example/x"
platform = Platform.objects.create(issuer="https://lms.example", client_id="c", deployment_id="d",
    auth_url=url, token_url=url, jwks_url=url, approved=True)
course = Course.objects.create(platform=platform, context_id="1")
person = Person.objects.create()
Enrolment.objects.create(person=person, course=course, role="learner")
answer = []
for n in range(%d):
    task = TaskRequest(id="a", task="gemm", arguments={"m": 64, "n": 64, "k": 64})
    began = time.perf_counter()
    job = kit_job_request(person=person, course=course, tasks=[task], purpose=f"benchmark {n}")
    while KitJob.objects.values_list("state", flat=True).get(pk=job.pk) != "done":
        time.sleep(0.002)
        assert time.perf_counter() - began < 30, "no answer"
    answer.append(1e3 * (time.perf_counter() - began))
"""


@dataclass(slots=True)
class Speaker:
    """A kit's connection: publishes messages and notes when each was acknowledged."""

    kit_id: str
    client: mqtt.Client
    sent: dict[str, float] = field(default_factory=dict)
    answered: dict[str, float] = field(default_factory=dict)

    def say(self) -> None:
        """Publish a log line of 200 bytes."""
        msg_id = new_msg_id()
        line = Log(msg_id=msg_id, at_utc=AT, level="info", text="benchmark".ljust(63, "."))
        self.sent[msg_id] = time.perf_counter()
        self.client.publish(topics.up(self.kit_id, topics.Up.LOG), encode(line), qos=1)

    def introduce(self) -> None:
        """Say what the kit is, and that it is there."""
        msg_id = new_msg_id()
        birth = Birth(
            msg_id=msg_id, at_utc=AT, agent_version="bench", board="host-linux", host={},
            tasks=(TaskInfo(task="gemm", available=True),), meters=(),
        )  # fmt: skip
        self.sent[msg_id] = time.perf_counter()
        for channel, message in (
            (topics.Up.BIRTH, birth),
            (topics.Up.STATUS, Status(state=KitState.ONLINE, at_utc=AT)),
        ):
            self.client.publish(topics.up(self.kit_id, channel), encode(message), qos=1)

    def hear(self, client: mqtt.Client, userdata: object, message: mqtt.MQTTMessage) -> None:
        now = time.perf_counter()
        if message.topic.endswith(topics.Down.CMD.value):
            self._do(decode(bytes(message.payload), Command))
            return
        for msg_id in ids_of(message.payload):
            self.answered.setdefault(msg_id, now)

    def _do(self, command: Command) -> None:
        """Answer a command at once, as a board that needs no time would."""
        for run in command.runs:
            result = Result(
                msg_id=f"{command.job_id}.{command.attempt}.{run.request_id}",
                job_id=command.job_id, attempt=command.attempt, request_id=run.request_id,
                task=run.task, outcome=Outcome.MEASURED, at_utc=AT, arguments=run.arguments,
                value=2e-4, low=1.9e-4, high=2.1e-4, unit="s", n=15,
            )  # fmt: skip
            self.client.publish(topics.up(self.kit_id, topics.Up.RESULT), encode(result), qos=1)

    def latencies_ms(self) -> list[float]:
        return [1e3 * (self.answered[msg_id] - at) for msg_id, at in self.sent.items()]

    def forget(self) -> None:
        self.sent, self.answered = {}, {}

    @property
    def is_answered(self) -> bool:
        return self.sent.keys() <= self.answered.keys()

    def until_answered(self) -> None:
        wait_for(lambda: self.is_answered, timeout_s=120, what="acknowledgements")


def ids_of(payload: bytes | bytearray) -> list[str]:
    """Return the messages that an answer names: an acknowledgement's, or an echoed message's."""
    body: dict[str, Any] = json.loads(payload)
    return list(body.get("ids") or [body["msg_id"]])


@dataclass(slots=True)
class Bench:
    """A broker, a database, and a bridge between them that starts and stops when told."""

    place: Place
    port: int
    database: str
    kits: list[str]
    speaker: Speaker
    has_session: bool = False

    @property
    def environment(self) -> dict[str, str]:
        told = {"MQTT_URL": f"mqtt://127.0.0.1:{self.port}"}
        return _environment(self.place, self.database) | told

    @contextmanager
    def bridge(self) -> Iterator[None]:
        """Run the bridge for a while."""
        command = [sys.executable, "manage.py", "mqtt_bridge"]
        with subprocess.Popen(
            command, env=self.environment, cwd=ROOT, stderr=subprocess.DEVNULL
        ) as process:
            try:
                wait_for(self._answers, timeout_s=60, what="the bridge")
                yield
            finally:
                process.terminate()

    def _answers(self) -> bool:
        if not self.has_session:
            # Until the broker holds the bridge's subscription, what is said is lost.
            self.speaker.introduce()
        self.has_session = self.has_session or bool(self.speaker.answered)
        return bool(self.speaker.answered)

    def rows(self) -> int:
        with psycopg.connect(self.database) as connection:
            found = connection.execute("SELECT count(*) FROM kits_kitlog").fetchone()
        return int(found[0]) if found else 0


def measure(place: Place) -> list[Figure]:
    with ExitStack() as stack:
        bench = _opened(place, stack)
        figures = [*_backlogs(bench)]
        with _answering_subscriber(bench.port):
            bare_ms = _latencies(bench.speaker)
            bare_storm_s = _storm(bench)
        bench.speaker.forget()
        bench.speaker.introduce()
        with bench.bridge():
            ours_ms = _latencies(bench.speaker)
            jobs_ms = _in_django(bench.environment, _ASK % JOBS)
            storm_s = _storm(bench)
    answering = "a bare subscriber that answers"
    return [
        *figures,
        timed(
            f"message to acknowledgement, one every {1e3 * PACE_S:.0f} ms",
            ours_ms,
            Baseline(name=answering, value=percentile(bare_ms, 0.5)),
        ),
        timed(
            "a job from its request to its stored result, by a board that needs no time",
            jobs_ms,
            Baseline(name=f"twice {answering}", value=2 * percentile(bare_ms, 0.5)),
        ),
        Figure(
            name=f"{KITS} kits connect at once and are introduced",
            unit="s",
            value=storm_s,
            n=KITS,
            baseline=Baseline(name=answering, value=bare_storm_s),
            note="until the last one has its acknowledgement",
        ),
    ]


def _opened(place: Place, stack: ExitStack) -> Bench:
    folder = place.folder / "mqtt"
    folder.mkdir()
    database = stack.enter_context(postgres_server(folder, durable=True))
    port = stack.enter_context(mosquitto_broker(folder, extra=_CONFIGURATION))
    environment = _environment(place, database)
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "-v0"], env=environment, cwd=ROOT, check=True
    )
    kits = _in_django(environment, _NEW_KITS % (KITS + 1))
    speaker = stack.enter_context(speaking(port, kits[0]))
    return Bench(place=place, port=port, database=database, kits=kits, speaker=speaker)


def _environment(place: Place, database: str) -> dict[str, str]:
    production = {
        "DATABASE_URL": database,
        # No worker runs here.
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "SECRET_KEY": "a secret of this benchmark alone, long enough for every check",
    }
    return place.site.full_environment() | production


def _in_django(environment: dict[str, str], code: str) -> Any:
    """Run code in a Django process with that database; it assigns `answer`."""
    wrapped = f"import django, json; django.setup()\nexec({code!r}, globals())\n"
    done = subprocess.run(
        [sys.executable, "-c", wrapped + "print(json.dumps(answer))"],
        env={**environment, "DJANGO_SETTINGS_MODULE": "courseserver.settings"},
        cwd=ROOT, check=True, capture_output=True, text=True,
    )  # fmt: skip
    return json.loads(done.stdout.strip().splitlines()[-1])


# --- a backlog ----------------------------------------------------------------------------------
def _backlogs(bench: Bench) -> Iterator[Figure]:
    """Let the bridge and a bare subscriber take the same backlog, a few times in turn."""
    with bench.bridge():
        pass
    subscriber = mqtt_bare.connected(bench.port)
    subscriber.subscribe(topics.all_up(), qos=1)
    subscriber.loop_start()
    time.sleep(0.5)
    subscriber.disconnect()
    subscriber.loop_stop()
    ratios, bare, ours = [], [], []
    for _ in range(ROUNDS):
        before = bench.rows()
        _publish(bench.speaker)
        bare.append(_bare_rate(bench.port))
        with bench.bridge():
            bench.speaker.until_answered()
        ours.append(_rate(bench.speaker))
        stored = bench.rows() - before
        assert stored == BACKLOG, f"{stored} rows of {BACKLOG} messages"
        ratios.append(ours[-1] / bare[-1])
    yield Figure(
        name=f"rows from a backlog of {BACKLOG} messages of 200 bytes, QoS 1",
        unit="messages/s",
        value=median(ours),
        n=ROUNDS,
        baseline=Baseline(name="a bare paho subscriber, empty callback", value=median(bare)),
        ratio_at_least=TARGET,
        counts={"least ratio of a round": min(ratios), "greatest": max(ratios)},
        note="each message has its row, committed before it was acknowledged to broker and kit",
    )


def _publish(speaker: Speaker) -> None:
    speaker.forget()
    for _ in range(BACKLOG):
        speaker.say()
    client = speaker.client
    wait_for(lambda: not client._out_messages, timeout_s=60, what="the broker to have it all")


def _rate(speaker: Speaker) -> float:
    """Return acknowledged messages per second, from the first batch's answer to the last's."""
    at = sorted(speaker.answered[msg_id] for msg_id in speaker.sent)
    first = sum(moment == at[0] for moment in at)
    return (len(at) - first) / (at[-1] - at[0])


def _bare_rate(port: int) -> float:
    done = subprocess.run(
        [sys.executable, "-m", mqtt_bare.__name__, str(port), topics.all_up(), str(BACKLOG)],
        cwd=ROOT, check=True, capture_output=True, text=True,
    )  # fmt: skip
    return float(done.stdout)


# --- one at a time, and all kits at once --------------------------------------------------------
def _latencies(speaker: Speaker) -> list[float]:
    speaker.forget()
    for _ in range(PACED):
        speaker.say()
        time.sleep(PACE_S)
    speaker.until_answered()
    return speaker.latencies_ms()


def _storm(bench: Bench) -> float:
    """Return how long until all kits, connecting at once, are acknowledged. [s]"""
    with ExitStack() as stack:
        began = time.perf_counter()
        speakers = [stack.enter_context(speaking(bench.port, kit)) for kit in bench.kits[1:]]
        for speaker in speakers:
            speaker.introduce()
        for speaker in speakers:
            speaker.until_answered()
        return time.perf_counter() - began


@contextmanager
def speaking(port: int, kit_id: str) -> Iterator[Speaker]:
    with _connected(port, kit_id, topics.all_down(kit_id)) as client:
        speaker = Speaker(kit_id=kit_id, client=client)
        client.on_message = speaker.hear
        yield speaker


@contextmanager
def _answering_subscriber(port: int) -> Iterator[None]:
    """Subscribe as the bridge does, and answer each message with itself."""

    def answer(client: mqtt.Client, userdata: object, message: mqtt.MQTTMessage) -> None:
        if b"msg_id" in message.payload:
            kit_id = topics.parse(message.topic).device_id
            client.publish(topics.down(kit_id, topics.Down.ACK), message.payload, qos=1)

    with _connected(port, "answering-subscriber", topics.all_up()) as client:
        client.on_message = answer
        yield


@contextmanager
def _connected(port: int, client_id: str, topic: str) -> Iterator[mqtt.Client]:
    client = mqtt.Client(
        CallbackAPIVersion.VERSION2, client_id=client_id, protocol=MQTTProtocolVersion.MQTTv311
    )
    subscribed = threading.Event()
    client.max_inflight_messages_set(IN_FLIGHT)
    client.on_subscribe = lambda *_: subscribed.set()
    client.connect("127.0.0.1", port)
    client.subscribe(topic, qos=1)
    client.loop_start()
    try:
        assert subscribed.wait(10), f"no subscription to {topic}"
        yield client
    finally:
        client.disconnect()
        client.loop_stop()
