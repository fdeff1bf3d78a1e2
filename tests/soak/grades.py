"""Thousands of scores through a failing LMS, with senders killed at random; then count.

The LMS is a double of a real product on a real socket. It answers late, with 5xx, 429 and 403,
drops replies it acted on, and restarts. Senders are processes that run the same drain as the
workers, and are killed with SIGKILL. At the end every grade there equals ours, or the round names
what does not.
"""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

from courseserver.demo.processes import ROOT
from tests.doubles.canvas import Canvas
from tests.doubles.lms import Lms
from tests.doubles.lti_platform import Answer, Asked, Server
from tests.doubles.moodle import Moodle

LEASE_S, PRESS_S = 3.0, 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How large a round is."""

    students: int
    labs: int
    scores_each: int

    @property
    def scores(self) -> int:
        return self.students * self.labs * self.scores_each

    def as_dict(self) -> dict[str, int]:
        return asdict(self)


@dataclass
class Chaos:
    """What happens to a request, from a seed: shares of a thousand, the first that fits."""

    rng: random.Random
    happened: Counter[str] = field(default_factory=Counter)
    is_over: bool = False

    def fate(self) -> str:
        at = self.rng.randrange(1000)
        for name, share in FATES.items():
            at -= share
            if at < 0:
                fate = "good" if self.is_over else name
                self.happened[fate] += 1
                return fate
        self.happened["good"] += 1
        return "good"


FATES = {
    "503": 25,
    "500": 15,
    "429 with Retry-After": 15,
    "403 rate limit": 10,
    "reply dropped after acting": 25,
    "dropped before acting": 15,
    "answered late": 30,
    "acted after the client gave up": 5,
}
_REFUSALS = {
    "503": Answer(status=503, body="busy"),
    "500": Answer(status=500, body="oops"),
    "429 with Retry-After": Answer(status=429, headers={"Retry-After": "1"}),
    "403 rate limit": Answer(
        status=403, body="Rate Limit Exceeded", headers={"X-Rate-Limit-Remaining": "0"}
    ),
    "dropped before acting": Answer(status=0),
}


class _Chaotic(Lms):
    chaos: Chaos

    def handle(self, asked: Asked) -> Answer:
        fate = self.chaos.fate()
        if fate in _REFUSALS:
            return _REFUSALS[fate]
        if fate == "acted after the client gave up":
            time.sleep(1.5)  # the senders' patience is a second
        answer = super().handle(asked)
        if fate == "answered late":
            time.sleep(0.2)
        return Answer(status=0) if fate == "reply dropped after acting" else answer


class ChaoticMoodle(_Chaotic, Moodle):
    """Moodle, troubled."""


class ChaoticCanvas(_Chaotic, Canvas):
    """Canvas, troubled."""


PRODUCTS: dict[str, type[_Chaotic]] = {"moodle": ChaoticMoodle, "canvas": ChaoticCanvas}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one round did and saw; `wrong` lists what was lost, doubled or mixed up, in words."""

    product: str
    size: Size
    seconds: float
    requests: Counter[str]
    posts_applied: int
    kills: int
    restarts: int
    presses: int
    wrong: tuple[str, ...]


def play(
    product: str,
    size: Size,
    environment: dict[str, str],
    seed: int,
    *,
    patience_s: float,
    wave_s: float,
    pace_s: tuple[float, float],
    kills_max: int = 1_000_000,
) -> Outcome:
    """Play one round on the database that the environment names.

    Parameters
    ----------
    patience_s : float
        How long the end is waited for. [s]
    wave_s : float
        How long a wave of scores waits at most for the one before it to leave. [s]
    pace_s : (float, float)
        Least and most time between two kills. [s]
    kills_max : int
        After so many kills the senders and the LMS are left alive. [1]
    """
    rng = random.Random(seed)
    began = time.monotonic()
    server = Server()
    lms = PRODUCTS[product](url=server.url)
    lms.chaos = Chaos(random.Random(rng.random()))
    lms.keeps_requests = False
    for number in range(size.students):
        lms.add(str(1000 + number))
    full = {**os.environ, **environment, "GRADING_LEASE_S": str(LEASE_S), "LOG_LEVEL": "ERROR"}
    _run(full, "seed", {**size.as_dict(), **_addresses(lms, product)})
    server.start(lms)
    try:
        with _trouble(full, server, lms, rng, pace_s, kills_max) as trouble:
            work = {"seed": rng.randrange(2**31), "wave_s": wave_s, **size.as_dict()}
            _run(full, "produce", work)
            waits = {"patience_s": patience_s, "press_s": PRESS_S}
            told = json.loads(_run(full, "settle", waits))
    finally:
        lms.chaos.is_over = True
        server.stop()
    return Outcome(
        product=product,
        size=size,
        seconds=time.monotonic() - began,
        requests=lms.chaos.happened,
        posts_applied=len(lms.journal),
        kills=trouble.kills,
        restarts=trouble.restarts,
        presses=told["presses"],
        wrong=tuple(faults_of(lms, told["rows"], size)),
    )


def _addresses(lms: Any, product: str) -> dict[str, str]:
    return {
        "issuer": lms.issuer,
        "client_id": lms.client_id,
        "url": lms.url,
        "token_url": lms.token_url,
        "line_items_url": lms.line_items_url,
        "product": product,
    }


def _command(name: str, options: dict[str, Any]) -> list[str]:
    return [sys.executable, "-m", "tests.soak.grade_worker", name, json.dumps(options)]


def _run(environment: dict[str, str], name: str, options: dict[str, Any]) -> str:
    done = subprocess.run(
        _command(name, options), cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@dataclass(slots=True)
class _Trouble:
    kills: int = 0
    restarts: int = 0


@contextmanager
def _trouble(
    environment: dict[str, str],
    server: Server,
    lms: _Chaotic,
    rng: random.Random,
    pace_s: tuple[float, float],
    kills_max: int,
) -> Iterator[_Trouble]:
    """Keep two senders alive, killing one every `pace_s` and the LMS now and then."""
    told, over = _Trouble(), threading.Event()
    nursery = subprocess.Popen(
        _command("nursery", {}),
        cwd=ROOT,
        env=environment,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )

    def born() -> int:
        assert nursery.stdin is not None
        assert nursery.stdout is not None
        print(rng.randrange(2**31), file=nursery.stdin, flush=True)
        return int(nursery.stdout.readline())

    def work() -> None:
        rounds, senders = 0, [born(), born()]
        while not over.wait(rng.uniform(*pace_s)):
            if told.kills >= kills_max:
                continue
            rounds += 1
            victim = rng.randrange(2)
            os.kill(senders[victim], signal.SIGKILL)
            told.kills += 1
            senders[victim] = born()
            if rounds % 8 == 3 and not over.is_set():
                server.stop()
                lms.tokens.clear()
                over.wait(rng.uniform(0.5, 2.0))
                server.start(lms)
                told.restarts += 1
        for sender in senders:
            os.kill(sender, signal.SIGKILL)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield told
    finally:
        over.set()
        thread.join()
        nursery.kill()
        nursery.wait()


def faults_of(lms: Any, rows: list[dict[str, Any]], size: Size) -> Iterator[str]:
    """Yield in words what was lost, doubled or mixed up between the LMS and our rows."""
    if len(rows) != size.students * size.labs:
        yield f"{len(rows)} grades instead of {size.students * size.labs}"
    if sum(row["versions"] for row in rows) != size.scores:
        yield "scores of ours are missing"
    if len(lms.columns) != size.labs:
        yield f"{len(lms.columns)} columns instead of {size.labs}"
    yield from _wrong_grades(lms, rows)
    last: dict[tuple[int, str], Any] = {}
    for applied in lms.journal:
        key = (applied.column, applied.subject)
        if key in last and applied.stamp <= last[key]:
            yield f"an older score was applied for {key}"
        last[key] = applied.stamp


def _wrong_grades(lms: Any, rows: list[dict[str, Any]]) -> Iterator[str]:
    columns = {lms.column_url(column): column for column in lms.columns.values()}
    for row in rows:
        column = columns.get(row["column"])
        there = lms.shown(column, row["subject"]) if column else None
        if there is None or abs(there - row["points"]) > 1e-4:
            yield f"{row['subject']} has {there} there and {row['points']} here"
        if row["state"] != "in_lms" or not row["is_newest"]:
            yield f"{row['subject']}: {row['state']} {row['reason']}"
