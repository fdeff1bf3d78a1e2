"""Launch to lab page through the practice LMS, and the server's time for each kind of page."""

import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import cycle, islice

import requests
from django.test import Client

from courseserver.courses.models import Person
from courseserver.demo import story
from courseserver.demo.browser import Browser
from labs.loader import warm
from tests.benchmarks.classroom import STUDENTS, http_session, real_labs, session_key
from tests.benchmarks.place import Place
from tests.benchmarks.report import Baseline, Figure, percentile, timed

TITLE = "Launch and pages"
LAUNCHES, VISITS, PROBES = 24, 40, 60
PAGE_MOST_MS = 60.0


def measure(place: Place) -> list[Figure]:
    classroom = place.classroom
    pages = {name: (person, [url]) for name, (person, url) in classroom.pages().items()}
    for lab in real_labs():
        pages[f"revealed parts of {lab}"] = (
            classroom.ahead,
            list(classroom.instrument_urls(lab).values()),
        )
    health = _health_ms(place)
    baseline = Baseline(name="/healthz/ of the same server", value=percentile(health, 0.5))
    figures = [
        timed(
            "launch to lab page",
            [_launch_ms(place, name) for name in islice(cycle(STUDENTS), LAUNCHES)],
            baseline,
            note="from the link's frame, through login and launch, to the lab page",
        )
    ]
    warm()
    for name, (person, urls) in pages.items():
        figures += [_over_http(name, person, urls, baseline), _on_the_cpu(name, person, urls)]
    return figures


def _health_ms(place: Place) -> list[float]:
    http = requests.Session()
    http.trust_env = False
    url = f"{place.site.tool_url}/healthz/"
    return [milliseconds(lambda: http.get(url).raise_for_status()) for _ in range(PROBES)]


def _launch_ms(place: Place, name: str) -> float:
    browser = Browser()
    browser.get(f"{place.site.lms_url}/as/{name}/")
    browser.get(browser.page.link(story.LAB))
    frame = browser.page.frames[0]

    def launch() -> None:
        browser.get(frame)
        browser.settle()

    spent = milliseconds(launch)
    assert "/labs/" in browser.page.url, browser.page.url
    return spent


def _over_http(name: str, person: Person, urls: list[str], baseline: Baseline) -> Figure:
    """Visit one page after another, each as often, as one person."""
    http = http_session(person)
    first = [milliseconds(partial(_visit, http, url)) for url in urls]
    return timed(
        f"page over HTTP, {name}",
        [milliseconds(partial(_visit, http, url)) for url in _in_turn(urls)],
        baseline,
        at_most=PAGE_MOST_MS,
        counts={
            "HTML bytes, unpacked": max(len(http.get(url).content) for url in urls),
            # Whatever the server's process keeps of a student's numbers is not there yet.
            "ms of the slowest first visit": max(first),
        },
    )


def _in_turn(urls: list[str]) -> Iterator[str]:
    return islice(cycle(urls), VISITS)


def _on_the_cpu(name: str, person: Person, urls: list[str]) -> Figure:
    """Count this thread's CPU time in the application: what the page costs on any load."""
    client = Client(SERVER_NAME="127.0.0.1", headers={"accept-encoding": "gzip"})
    client.cookies["courseserver"] = session_key(person)
    paths = ["/" + url.split("/", 3)[3] for url in urls]

    def visit(wanted: str) -> None:
        status = client.get(wanted).status_code
        assert status == 200, f"{wanted} answered {status}"

    for path in paths * 3:
        visit(path)
    probes = [milliseconds(lambda: visit("/healthz/"), time.thread_time) for _ in range(VISITS)]
    return timed(
        f"page on the CPU, {name}",
        [milliseconds(partial(visit, path), time.thread_time) for path in _in_turn(paths)],
        Baseline(name="/healthz/ on the CPU", value=percentile(probes, 0.5)),
        at_most=PAGE_MOST_MS,
        note="in this process, CPU time of the thread",
    )


def _visit(http: requests.Session, url: str) -> None:
    reply = http.get(url, timeout=30)
    assert reply.status_code == 200, f"{url} answered {reply.status_code}"
    assert reply.url == url, f"{url} led to {reply.url}"


def milliseconds(action: Callable[[], object], clock: Callable[[], float] | None = None) -> float:
    clock = clock or time.perf_counter
    began = clock()
    action()
    return 1e3 * (clock() - began)
