"""Processes killed with SIGKILL at random moments of the story; nothing committed may be lost.

A round is one student's whole story, told by a browser that tries again when nobody answers,
while a killer ends web, worker, beat, bridge, agent and broker at random. What the browser saw
confirmed is compared with what stands there at the end.
"""

import math
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import requests

from courseserver.demo import story
from courseserver.demo.browser import Browser, StoryError
from courseserver.demo.processes import Site
from courseserver.demo.supervisor import Supervisor

VICTIMS = ("web", "worker", "beat", "bridge", "agent", "broker")
STUDENTS = ("amara", "ben", "chen")
_PATIENCE_S = 900.0


class PatientBrowser(Browser):
    """A person who reloads, and who opens the link in the LMS again if a launch was lost half-way.

    Repeating is what a lost reply leads to, so it tests that everything may arrive twice.
    """

    launches = 8

    def __init__(self) -> None:
        super().__init__()
        self.repeated = 0

    def _send(self, method: str, url: str, **arguments: Any) -> requests.Response:
        deadline = time.monotonic() + _PATIENCE_S
        while True:
            try:
                reply = super()._send(method, url, **arguments)
            except StoryError:
                if time.monotonic() > deadline:
                    raise
            else:
                if not _passes(reply):
                    return reply
                if time.monotonic() > deadline:
                    return reply
            self.repeated += 1
            time.sleep(0.3)


def _passes(reply: requests.Response) -> bool:
    """Return whether an answer is due to a process that was killed and is on its way back."""
    no_kit = reply.status_code == 409 and "#nokit" in reply.text
    return no_kit or reply.status_code in {500, 502, 503, 504}


@dataclass(slots=True)
class Killer:
    """Ends a random victim every few seconds, from its own seed, `at_most` so often."""

    supervisor: Supervisor
    rng: random.Random
    victims: tuple[str, ...]
    at_most: float = math.inf
    longest_s: float = 8.0
    killed: Counter[str] = field(default_factory=Counter)
    _over: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def at_work(self) -> Iterator[None]:
        thread = threading.Thread(target=self._work, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            thread.join()

    def _work(self) -> None:
        # The first comes soon: no round ends without one.
        longest_s = min(2.0, self.longest_s)
        while self.killed.total() < self.at_most and not self._over.wait(
            self.rng.uniform(0.5, longest_s)
        ):
            longest_s = self.longest_s
            name = self.rng.choice(self.victims)
            if self.supervisor.is_running(name):
                self.supervisor.kill(name)
                self.killed[name] += 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What one round saw; `wrong` lists what was lost or doubled, in words."""

    number: int
    student: str
    killed: Counter[str]
    repeated: int
    seconds: float
    grade: float | None
    wrong: tuple[str, ...]


def play_round(
    site: Site,
    supervisor: Supervisor,
    rng: random.Random,
    number: int,
    *,
    at_most: float = math.inf,
) -> Round:
    """Play one story on a fresh attempt under `at_most` so many kills, then check what stands."""
    student = STUDENTS[number % len(STUDENTS)]
    _fresh_attempt(site, student)
    victims = tuple(v for v in VICTIMS if v != "broker" or site.is_embedded)
    killer = Killer(supervisor, rng, victims, at_most)
    began = time.monotonic()
    wrong: list[str] = []
    told: story.Story | None = None
    with killer.at_work():
        try:
            told = story.play(
                site.lms_url,
                say=lambda line: None,
                browser=PatientBrowser,
                student_id=student,
                patience=4.0,
                levels=tuple(rng.randrange(3) for _ in range(3)),
            )
        except StoryError as error:
            wrong.append(f"the story broke off: {error}")
    if told is not None:
        wrong += _lost_or_doubled(site, told)
    return Round(
        number=number,
        student=student,
        killed=killer.killed,
        repeated=_repeats(told),
        seconds=time.monotonic() - began,
        grade=told.grade.ours if told and told.grade else None,
        wrong=tuple(wrong),
    )


def _fresh_attempt(site: Site, student: str) -> None:
    """Let the teacher void the student's attempt, if there is one with anything in it."""
    browser = PatientBrowser()
    story.open_lab(browser, site.lms_url, student)
    attempt = _attempt_of(browser)
    teacher = PatientBrowser()
    story.open_lab(teacher, site.lms_url, story.TEACHER)
    teacher.api("POST", _api(teacher, attempt, "/void"), {"reason": "soak round"})


def _attempt_of(browser: Browser) -> str:
    url = browser.page.link("/attempts/")
    return url.split("/attempts/")[1].split("/")[0]


def _api(browser: Browser, attempt: str, tail: str = "") -> str:
    return (
        browser.page.url.split("/", 3)[0]
        + "//"
        + browser.page.url.split("/")[2]
        + (f"/api/attempts/{attempt}{tail}")
    )


def _lost_or_doubled(site: Site, told: story.Story) -> list[str]:
    """Compare what the student saw confirmed with what a new visit finds."""
    student = PatientBrowser()
    story.open_lab(student, site.lms_url, told.student_id)
    attempt = student.api("GET", _api(student, _attempt_of(student)))
    wrong = []
    stored = Counter((row["part"], row["question"]) for row in attempt["commits"])
    wrong += [f"prediction {key} stored {n} times" for key, n in stored.items() if n != 1]
    open_parts = [part["id"] for part in attempt["parts"] if not part["is_committed"]]
    wrong += [f"predictions of part {part} are gone" for part in open_parts]
    if attempt["submitted_at"] is None:
        wrong.append("the submission is gone")
    page = student.get(told.kit_url)
    rows = [row for row in page.rows if len(row) >= 4 and "×" in row[3]]
    names = Counter(row[0] for row in rows)
    wrong += [f"measurement {name} shown {n} times" for name, n in names.items() if n != 1]
    if not names or any(not row[2] or row[2] == "–" for row in rows):
        wrong.append("a measurement is missing")
    if told.grade is None or told.grade.ours != told.grade.lms:
        wrong.append(f"grade {told.grade}")
    return wrong


def _repeats(told: story.Story | None) -> int:
    if told is None:
        return 0
    browsers = (told.student, told.teacher)
    return sum(b.repeated for b in browsers if isinstance(b, PatientBrowser))
