"""What a page transfers, with fonts, into an empty cache, in headless Chromium."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser

from courseserver.courses.models import Person
from tests.benchmarks.chromium import launched, page_of
from tests.benchmarks.classroom import Classroom, http_session, real_labs
from tests.benchmarks.place import Place
from tests.benchmarks.report import Baseline, Figure

TITLE = "Page load into an empty cache"
PAGES = ("part, revealed", "part, locked", "briefing", "synthesis", "marking", "board")
PAGE_MOST_BYTES = 300_000


# Without slots: Playwright writes on the object whose method it calls back.
@dataclass
class Transfer:
    """Bytes on the wire, headers included, by what they are for."""

    kinds: dict[str, str] = field(default_factory=dict)
    bytes_by_kind: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    requests: int = 0

    def answered(self, event: dict[str, Any]) -> None:
        self.kinds[event["requestId"]] = event["type"]

    def finished(self, event: dict[str, Any]) -> None:
        self.requests += 1
        self.bytes_by_kind[self.kinds[event["requestId"]]] += event["encodedDataLength"]

    @property
    def total(self) -> float:
        return sum(self.bytes_by_kind.values())


def measure(place: Place) -> list[Figure]:
    classroom = place.classroom
    pages = {name: classroom.pages()[name] for name in PAGES}
    for lab in real_labs():
        part, url = _largest(classroom, lab)
        pages[f"{lab}, its largest part {part}"] = (classroom.ahead, url)
    with launched() as browser:
        return [_figure(browser, name, *pages[name]) for name in pages]


def _largest(classroom: Classroom, lab: str) -> tuple[str, str]:
    """Return the revealed part whose page has most characters, and its address."""
    http = http_session(classroom.ahead)
    pages = classroom.instrument_urls(lab).items()
    return max(pages, key=lambda page: len(http.get(page[1], timeout=30).content))


def _figure(browser: Browser, name: str, person: Person, url: str) -> Figure:
    transfer = Transfer()
    with page_of(browser, person, url) as page:
        protocol = page.context.new_cdp_session(page)
        protocol.on("Network.responseReceived", transfer.answered)
        protocol.on("Network.loadingFinished", transfer.finished)
        protocol.send("Network.enable")
        page.goto(url, wait_until="networkidle")
        page.evaluate("document.fonts.ready.then(() => true)")
        load_ms = page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd")
    kinds = dict(sorted(transfer.bytes_by_kind.items(), key=lambda item: -item[1]))
    return Figure(
        name=name,
        unit="bytes",
        value=transfer.total,
        n=1,
        baseline=Baseline(name="its HTML alone", value=kinds.get("Document", 0.0)),
        at_most=PAGE_MOST_BYTES,
        counts={
            "requests": transfer.requests,
            "ms to the load event": load_ms,
            **{kind.lower(): amount for kind, amount in kinds.items()},
        },
    )
