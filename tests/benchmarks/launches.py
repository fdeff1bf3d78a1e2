"""Launches per second beside the least tool that PyLTI1p3 makes, and beside bare verification."""

import http.client
import json
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt

from courseserver.demo.processes import ROOT
from tests.benchmarks.place import Place
from tests.benchmarks.report import Baseline, Figure, percentile
from tests.doubles.lti_platform import CONTEXT_ROLE, LTI, Answer, LtiPlatform, lti_platform, rsa_key
from tests.doubles.practice import granian, manage
from tests.services import free_port, running

TITLE = "Launches: login and launch of one browser after another, each a new session"
ROUNDS, PER_ROUND, WARM, STUDENTS = 20, 15, 40, 40
CLIENT = "bench-client"
VERIFICATIONS = 2000
KEY_SET_S = 0.02
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass(kw_only=True)
class Tool:
    """A tool under measurement; `seconds` holds each login with its launch."""

    base: str
    login: str
    launch: str
    seconds: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Launches per second of the median round: one stall of the machine does not decide."""
        rounds = [
            self.seconds[at : at + PER_ROUND] for at in range(0, ROUNDS * PER_ROUND, PER_ROUND)
        ]
        return median(len(times) / sum(times) for times in rounds)

    @property
    def p95_ms(self) -> float:
        return 1e3 * percentile(self.seconds, 0.95)


def measure(place: Place) -> list[Figure]:
    with lti_platform() as lms:
        lms.issuer, lms.client_id = "https://bench.lms.test", CLIENT
        lms.answer("/jwks", lambda asked: _far_key_set(lms))
        folder = place.folder / "launches"
        folder.mkdir()
        with _our_tool(folder, lms) as base, _pylti1p3_tool(folder, lms) as other:
            ours = Tool(base=base, login="/lti/login/", launch="/lti/launch/")
            cached = Tool(base=other, login="/cached/login/", launch="/cached/launch/")
            uncached = Tool(base=other, login="/asked/login/", launch="/asked/launch/")
            _walk([ours, cached, uncached], lms)
            return _figures(ours, cached, uncached, _rows(folder), lms)


def _figures(
    ours: Tool, cached: Tool, uncached: Tool, persisted: Mapping[str, int], lms: LtiPlatform
) -> list[Figure]:
    launches = len(ours.seconds)
    counts = {"p95 ms": ours.p95_ms, **persisted}

    def beside(tool: Tool, name: str, at_least: float) -> Figure:
        return Figure(
            name=f"launches beside {name}",
            unit="launches/s",
            value=ours.rate,
            n=launches,
            baseline=Baseline(name=f"{name}, p95 {tool.p95_ms:.1f} ms", value=tool.rate),
            ratio_at_least=at_least,
            counts=counts,
        )

    return [
        beside(cached, "PyLTI1p3 with its key cache on", 1.0),
        beside(uncached, "PyLTI1p3 with its key cache off", 2.0),
        Figure(
            name="launches beside bare arithmetic",
            unit="launches/s",
            value=ours.rate,
            n=launches,
            baseline=Baseline(name="RS256 verifications of one token", value=_bare_rate(lms)),
        ),
    ]


def _walk(tools: list[Tool], lms: LtiPlatform) -> None:
    """Launch from every tool by turns, so that what else the machine does falls on all of them."""
    for tool in tools:
        for number in range(WARM):
            _launch(tool, lms, number)
        tool.seconds.clear()
    for _ in range(ROUNDS):
        for tool in tools:
            for number in range(PER_ROUND):
                _launch(tool, lms, number)


def _launch(tool: Tool, lms: LtiPlatform, number: int) -> None:
    target = f"{tool.base}{tool.launch}"
    query = {
        "iss": lms.issuer,
        "client_id": CLIENT,
        "login_hint": "hint",
        "lti_message_hint": "message",
        "target_link_uri": target,
    }
    connection = http.client.HTTPConnection(urlsplit(tool.base).netloc, timeout=30)
    began = time.perf_counter()
    location, cookies = _sent(connection, "GET", f"{tool.login}?{urlencode(query)}", None, {})
    login_s = time.perf_counter() - began
    asked = {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
    token = lms.sign(_claims(lms, asked["nonce"], target, number))
    body = urlencode({"id_token": token, "state": asked["state"]})
    headers = {**FORM, "Cookie": cookies}
    began = time.perf_counter()
    _sent(connection, "POST", tool.launch, body, headers)
    tool.seconds.append(login_s + time.perf_counter() - began)
    connection.close()


def _sent(
    connection: http.client.HTTPConnection,
    method: str,
    path: str,
    body: str | None,
    headers: Mapping[str, str],
) -> tuple[str, str]:
    """Return where the answer leads, and the cookies it sets."""
    connection.request(method, path, body, dict(headers))
    response = connection.getresponse()
    text = response.read()
    if response.status not in (302, 303):
        raise RuntimeError(f"{method} {path} answered {response.status}: {text[:300]!r}")
    jar: SimpleCookie = SimpleCookie()
    for name, value in response.getheaders():
        if name.lower() == "set-cookie":
            jar.load(value.replace("Partitioned", ""))
    cookies = "; ".join(f"{name}={morsel.value}" for name, morsel in jar.items())
    return response.headers.get("Location", ""), cookies


def _claims(lms: LtiPlatform, nonce: str, target: str, number: int) -> dict[str, Any]:
    return lms.claims(
        nonce,
        target,
        sub=f"bench-student-{number % STUDENTS}",
        **{
            f"{LTI}roles": [f"{CONTEXT_ROLE}Learner"],
            f"{LTI}context": {"id": "bench-course", "title": "Bench"},
            f"{LTI}tool_platform": {"guid": "bench", "product_family_code": "bench"},
        },
    )


def _far_key_set(lms: LtiPlatform) -> Answer:
    """Answer as a platform in the same country does, not one on this machine."""
    time.sleep(KEY_SET_S)
    return Answer(body={"keys": list(lms.published.values())})


def _rows(folder: Path) -> dict[str, int]:
    tables = {
        "people": "courses_identity",
        "enrolments": "courses_enrolment",
        "sessions": "django_session",
        "audit entries": "audit_auditentry",
    }
    with closing(sqlite3.connect(folder / "courseserver.sqlite3")) as database:
        return {
            name: database.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            for name, table in tables.items()
        }


def _bare_rate(lms: LtiPlatform) -> float:
    """Return RS256 verifications per second of one core."""
    token = lms.sign(_claims(lms, "nonce", "https://tool.test/", 0))
    key = rsa_key(lms.kid).public_key()
    began = time.perf_counter()
    for _ in range(VERIFICATIONS):
        jwt.decode(token, key, algorithms=["RS256"], audience=CLIENT)
    return VERIFICATIONS / (time.perf_counter() - began)


@contextmanager
def _our_tool(folder: Path, lms: LtiPlatform) -> Iterator[str]:
    """Run our own web alone, with nobody else at its database; yield its address."""
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    environment = {
        **os.environ,
        "COURSESERVER_VAR": str(folder),
        "DJANGO_SETTINGS_MODULE": "courseserver.settings",
        "PUBLIC_URL": base,
    }
    addresses = {
        "issuer": lms.issuer,
        "client-id": CLIENT,
        "deployment-id": lms.deployment_id,
        "auth-url": f"{lms.url}/auth",
        "token-url": lms.token_url,
        "jwks-url": lms.jwks_url,
    }
    manage(environment, "migrate", "-v0")
    manage(environment, "lti_platform", "add", *(f"--{n}={v}" for n, v in addresses.items()))
    with _served("courseserver.wsgi:application", port, environment):
        yield base


@contextmanager
def _pylti1p3_tool(folder: Path, lms: LtiPlatform) -> Iterator[str]:
    """Run the other tool in the same way; yield its address."""
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    platform = {
        "iss": lms.issuer,
        "client_id": CLIENT,
        "auth_login_url": f"{lms.url}/auth",
        "auth_token_url": lms.token_url,
        "key_set_url": lms.jwks_url,
        "deployment_ids": [lms.deployment_id],
    }
    (folder / "platform.json").write_text(json.dumps(platform))
    environment = {
        **os.environ,
        "PYLTI1P3_TOOL_FOLDER": str(folder),
        "PUBLIC_URL": base,
        "DJANGO_SETTINGS_MODULE": "tests.benchmarks.pylti1p3_tool.settings",
        "PYTHONPATH": str(ROOT),
    }
    django_admin = [sys.executable, "-m", "django", "migrate", "--run-syncdb", "-v0"]
    subprocess.run(django_admin, cwd=ROOT, env=environment, check=True)
    with _served("tests.benchmarks.pylti1p3_tool.wsgi:application", port, environment):
        yield base


@contextmanager
def _served(application: str, port: int, environment: Mapping[str, str]) -> Iterator[None]:
    command = [*granian(application, port), "--workers", "2", "--blocking-threads", "4"]
    with running(command, port, env=environment, cwd=ROOT, stderr=subprocess.DEVNULL):
        yield
