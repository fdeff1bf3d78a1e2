"""A class at once: everybody launches within a minute, predicts within half a minute, hands in.

The tool runs in its production profile (PostgreSQL, Redis, two web processes, worker, beat), the
LMS is a double of Moodle on a real socket. Each student is a browser of their own that follows
redirects and forms. At the end every prediction stands here once, and every grade equals the LMS's.
"""

import json
import os
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import requests

from courseserver.demo.browser import Browser, Page, StoryError
from courseserver.demo.processes import ROOT
from tests.doubles.lti_platform import CONTEXT_ROLE, LTI, Answer, Asked, Server
from tests.doubles.moodle import Moodle
from tests.doubles.practice import granian, manage
from tests.services import (
    accepts_connections,
    free_port,
    postgres_server,
    redis_server,
    wait_for,
)

LAB = "v1-11-hardware-roofline"
LINK, TEACHER = "link-1", "1"
AGS_CLAIM = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"
GUESS = "10"
# How long the tool may take to start on a busy machine. [s]
START_S = 180.0
CORES = 2
LOG = (
    "I would optimise the small product first, because its intensity lies left of the ridge and "
    "every byte of it is used too rarely: the lab showed a share of the peak far below one half. "
    "Larger tiles move the dot, at the price of on-chip memory, which is the next limit. The large "
    "product I would leave alone, since it already sits at the roof and bandwidth no longer binds "
    "there. I would change my mind if a measured time left the predicted interval."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How many students, and over how long each phase spreads them. [s]"""

    students: int
    launch_s: float
    commit_s: float
    work_s: float
    patience_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One answer of the tool: in which phase, which page, how long it took, how it ended."""

    phase: str
    page: str
    seconds: float
    status: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one rush did and saw; `wrong` lists in words what was lost or doubled."""

    pace: Pace
    seen: tuple[Seen, ...]
    spans: dict[str, float]
    settled_s: float
    counts: dict[str, int]
    wrong: tuple[str, ...]

    def seconds_of(self, phase: str) -> list[float]:
        return sorted(one.seconds for one in self.seen if one.phase == phase)


class ClassLms(Moodle):
    """A Moodle that lets people launch: its log-in page answers with the signed launch."""

    tool: str = ""

    def respond(self, asked: Asked) -> Answer:
        if asked.path != "/auth":
            return super().respond(asked)
        subject = asked.query["login_hint"]
        person = self.people[subject]
        target = f"{self.tool}/lti/launch/"
        claims = self.claims(
            asked.query["nonce"],
            target,
            sub=subject,
            name=person.name,
            email=f"{subject}@lms.test",
            **{
                f"{LTI}roles": [f"{CONTEXT_ROLE}{person.roles[0]}"],
                f"{LTI}resource_link": {"id": LINK, "title": "The hardware roofline"},
                f"{LTI}custom": {"lab": LAB},
                AGS_CLAIM: self.ags_claim(LINK),
            },
        )
        fields = {"id_token": self.sign(claims), "state": asked.query["state"]}
        inputs = "".join(
            f'<input type="hidden" name="{name}" value="{escape(value)}">'
            for name, value in fields.items()
        )
        page = f'<form method="post" action="{target}">{inputs}</form>'
        return Answer(body=page, headers={"Content-Type": "text/html; charset=utf-8"})


@dataclass
class Journal:
    """Every answer of the tool that any browser saw."""

    tool: str
    seen: list[Seen] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, phase: str, reply: requests.Response) -> None:
        for hop in [*reply.history, reply]:
            if hop.url.startswith(self.tool):
                one = Seen(
                    phase=phase,
                    page=_kind(hop.url.removeprefix(self.tool)),
                    seconds=hop.elapsed.total_seconds(),
                    status=hop.status_code,
                )
                with self.lock:
                    self.seen.append(one)


def _kind(path: str) -> str:
    """Return which page an address is, ids left out."""
    words = [word for word in path.partition("?")[0].split("/") if word and "_" not in word]
    return "/".join(words[:4])


class Student(Browser):
    """A browser that times what the tool answers."""

    def __init__(self, journal: Journal, subject: str, rng: random.Random) -> None:
        super().__init__()
        self._session.trust_env = False
        self.journal = journal
        self.subject = subject
        self.rng = rng
        self.phase = ""

    def _send(self, method: str, url: str, **arguments: Any) -> requests.Response:
        reply = super()._send(method, url, **arguments)
        self.journal.add(self.phase, reply)
        return reply

    def launch(self, lms: ClassLms) -> Page:
        self.phase = "launch"
        query = {
            "iss": lms.issuer,
            "client_id": lms.client_id,
            "lti_deployment_id": lms.deployment_id,
            "login_hint": self.subject,
            "lti_message_hint": LINK,
            "target_link_uri": f"{lms.tool}/lti/launch/",
        }
        self.get(f"{lms.tool}/lti/login/?{urlencode(query)}")
        return self.settle()

    def begin(self) -> None:
        """Go to the first part, on a track of one's own."""
        self.phase = "begin"
        form = next(form for form in self.page.forms if "track" in form.choices)
        self.submit(form, track=self.rng.choice(form.choices["track"]), then="begin")

    def commit(self) -> None:
        """Lock in this part's predictions."""
        form = next(f for f in self.page.forms if f.questions() and "/parts/" in f.action)
        answers = {
            name: self.rng.choice(form.choices[name]) if name in form.choices else GUESS
            for name in form.questions()
        }
        self.submit(form, **answers)

    def explore(self) -> None:
        """Release the first knob twice, and try two designs where there is a challenge."""
        found = self.page.data.get("instrument-data")
        for share in (0.25, 0.75) if found else ():
            at = {k["id"]: round(share * (len(k["steps"]) - 1)) for k in found["knobs"][:1]}
            self.api("POST", found["url"], {"at": {**found["at"], **at}})
        challenge = self.page.data.get("challenge-data")
        for share in (0.3, 0.6) if challenge else ():
            at = {k["id"]: int(share * len(k["steps"])) for k in challenge["variables"]}
            self.api("POST", challenge["url"], {"at": at})

    def onward(self) -> bool:
        """Open the next part; False where the synthesis is next."""
        steps = [url for url, _ in self.page.links if "/parts/" in url or "/synthesis/" in url]
        self.get(steps[-1])
        return "/parts/" in self.page.url

    def hand_in(self) -> None:
        form = self.page.form(having="log")
        self.submit(form, log=LOG, action="hand-in")
        if "Submitted" not in self.page.text:
            raise StoryError(f"{self.page.url}: not submitted")


def play(folder: Path, pace: Pace, seed: int) -> Outcome:
    """Play one rush on an installation of its own in `folder`."""
    rng = random.Random(seed)
    with _tool(folder) as (lms, environment):
        journal = Journal(lms.tool)
        students = [
            Student(journal, str(1000 + number), random.Random(rng.random()))
            for number in range(pace.students)
        ]
        for student in students:
            lms.add(student.subject, name=f"Student {student.subject}")
        lms.add(TEACHER, name="Teacher", roles=("Instructor",), is_student=False)
        column = lms.add_column(label="The hardware roofline", link_id=LINK)
        spans, faults = {}, Counter[str]()
        _warm(lms, journal)
        for name, act, over_s in _phases(lms, pace):
            spans[name] = _all(students, act, over_s, rng, faults)
        marker = Student(journal, TEACHER, rng)
        marked = _mark_all(marker, lms)
        began = time.monotonic()
        told = _settled(environment, lms, column, pace)
        wrong = [f"{count} × {fault}" for fault, count in faults.items()]
        wrong += _faults(told, lms, column, pace, marked)
        return Outcome(
            pace=pace,
            seen=tuple(journal.seen),
            spans=spans,
            settled_s=time.monotonic() - began,
            counts=told["counts"],
            wrong=tuple(wrong),
        )


def _phases(lms: ClassLms, pace: Pace) -> list[tuple[str, Callable[[Student], None], float]]:
    def launch(student: Student) -> None:
        student.launch(lms)

    def predict(student: Student) -> None:
        student.phase = "commit"
        student.commit()

    def work(student: Student) -> None:
        student.phase = "work"
        student.explore()
        while student.onward():
            student.commit()
            student.explore()
            time.sleep(student.rng.random() * pace.work_s / 10)
        student.hand_in()

    return [
        ("launch", launch, pace.launch_s),
        ("begin", Student.begin, pace.commit_s),
        ("commit", predict, pace.commit_s),
        ("work", work, pace.work_s / 2),
    ]


def _all(
    students: list[Student],
    act: Callable[[Student], None],
    over_s: float,
    rng: random.Random,
    faults: Counter[str],
) -> float:
    """Let every student act at a moment of their own within `over_s`; return how long it took."""
    starts = [rng.random() * over_s for _ in students]
    began = time.monotonic()

    def one(pair: tuple[Student, float]) -> None:
        student, start = pair
        time.sleep(max(0.0, began + start - time.monotonic()))
        try:
            act(student)
        except (StoryError, StopIteration, LookupError) as error:
            faults[f"{type(error).__name__} in {student.phase}: {str(error)[:160]}"] += 1

    with ThreadPoolExecutor(max_workers=len(students)) as pool:
        list(pool.map(one, zip(students, starts, strict=True)))
    return time.monotonic() - began


def _warm(lms: ClassLms, journal: Journal) -> None:
    """Let the teacher open the lab once, so that both web processes have loaded it."""
    for _ in range(8):
        Student(journal, TEACHER, random.Random(0)).launch(lms)
    journal.seen.clear()


def _mark_all(marker: Student, lms: ClassLms) -> int:
    """Mark every log from the queue, as a marker would; return how many."""
    marker.launch(lms)
    marker.phase = "marking"
    staff = marker.page.url
    count = 0
    marker.get(f"{staff}logs/")
    while any("seen_number" in form.fields for form in marker.page.forms):
        form = next(form for form in marker.page.forms if "seen_number" in form.fields)
        levels = {
            name: marker.rng.choice(values)
            for name, values in form.choices.items()
            if name.startswith("level-")
        }
        marker.submit(form, **levels, comment="Seen.")
        count += 1
    return count


def _settled(environment: dict[str, str], lms: ClassLms, column: Any, pace: Pace) -> dict[str, Any]:
    """Wait until every grade is read back; return what stands here then."""
    deadline = time.monotonic() + pace.patience_s
    while True:
        told: dict[str, Any] = json.loads(_worker(environment, "rows", {}))
        is_done = all(grade["state"] == "in_lms" for grade in told["grades"])
        if (is_done and told["grades"]) or time.monotonic() > deadline:
            return told
        time.sleep(2)


def _faults(
    told: dict[str, Any], lms: ClassLms, column: Any, pace: Pace, marked: int
) -> Iterator[str]:
    """Yield in words what was lost, doubled or differs."""
    from labs.loader import load_lab

    questions = sum(len(part.questions) for part in load_lab(LAB).parts)
    expected = {
        "students": pace.students,
        "attempts": pace.students,
        "predictions": pace.students * questions,
        "submissions": pace.students,
        "scores": pace.students,
    }
    for name, count in expected.items():
        if told["counts"][name] != count:
            yield f"{told['counts'][name]} {name} instead of {count}"
    if marked != pace.students:
        yield f"{marked} logs marked instead of {pace.students}"
    if told["broken"]:
        yield f"{told['broken']} ledgers broken"
    for grade in told["grades"]:
        there = lms.shown(column, grade["subject"])
        if there is None or abs(there - grade["points"]) > 1e-4 or not grade["is_full"]:
            yield f"{grade['subject']} has {there} there, {grade['points']} here: {grade['state']}"


@contextmanager
def _tool(folder: Path) -> Iterator[tuple[ClassLms, dict[str, str]]]:
    """Run the production profile and the LMS; yield the LMS and the tool's environment."""
    with ExitStack() as running:
        server = Server()
        lms = ClassLms(url=server.url)
        lms.keeps_requests = False
        port = free_port()
        lms.tool = f"http://127.0.0.1:{port}"
        environment = {
            "COURSESERVER_VAR": str(folder / "var"),
            "COURSESERVER_DEVELOPMENT": "1",
            "DJANGO_SETTINGS_MODULE": "courseserver.settings",
            "PUBLIC_URL": lms.tool,
            "DATABASE_URL": running.enter_context(postgres_server(folder, durable=True)),
            "REDIS_URL": running.enter_context(redis_server(folder)),
            "SECRET_KEY": "a secret of this rush alone, long enough for every check",
            "OPENBLAS_NUM_THREADS": "1",
            "LOG_LEVEL": "WARNING",
        }
        manage(environment, "migrate", "--verbosity", "0")
        manage(environment, "collectstatic", "--noinput", "--verbosity", "0")
        server.start(lms)
        running.callback(server.stop)
        platform = {
            "issuer": lms.issuer,
            "client_id": lms.client_id,
            "deployment_id": lms.deployment_id,
            "auth_url": f"{lms.url}/auth",
            "token_url": lms.token_url,
            "jwks_url": lms.jwks_url,
        }
        _worker(environment, "seed", platform)
        for command in _processes(port, folder):
            running.enter_context(_process(command, environment))
        wait_for(lambda: accepts_connections(port), timeout_s=START_S, what="the tool")
        yield lms, environment


def _processes(port: int, folder: Path) -> list[list[str]]:
    celery = [sys.executable, "-m", "celery", "-A", "courseserver"]
    schedule = str(folder / "beat-schedule")
    web = granian("courseserver.wsgi:application", port)
    return [
        [*web, "--workers", "2", "--blocking-threads", "4"],
        [*celery, "worker", "--loglevel", "WARNING", "--concurrency", "2"],
        [*celery, "beat", "--loglevel", "WARNING", "--pidfile", "", "--schedule", schedule],
    ]


@contextmanager
def _process(command: list[str], environment: dict[str, str]) -> Iterator[None]:
    process = subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, **environment}, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _worker(environment: dict[str, str], name: str, options: dict[str, Any]) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "tests.soak.rush_worker", name, json.dumps(options)],
        cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout
