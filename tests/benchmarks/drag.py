"""Dragging a knob on every instrument of every lab, in headless Chromium."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from statistics import fmean
from typing import Any

from playwright.sync_api import Browser, Page

from tests.benchmarks.chromium import launched, page_of
from tests.benchmarks.classroom import real_labs
from tests.benchmarks.place import Place
from tests.benchmarks.report import Baseline, Figure, percentile, timed

TITLE = "Drag: input handler and draw in headless Chromium"
SCRIPT = (Path(__file__).parent / "drag.js").read_text()
MOVES = 90
FRAME_MS = 1000 / 60
DRAW_MOST_MS = 5.0


@dataclass(slots=True)
class Drags:
    """What was seen on the instruments of one lab."""

    script: list[float] = field(default_factory=list)
    settled: list[float] = field(default_factory=list)
    p95_of_part: dict[str, float] = field(default_factory=dict)
    missed: int = 0
    missed_in_a_row: int = 0
    requests: int = 0


def measure(place: Place) -> list[Figure]:
    classroom = place.classroom
    figures = []
    with launched() as browser:
        for lab in real_labs():
            ours, bare = Drags(), Drags()
            for part, url in classroom.instrument_urls(lab).items():
                _drag_part(place, browser, part, url, ours, bare)
            figures += _figures(lab, ours, bare)
    return figures


def _drag_part(
    place: Place, browser: Browser, part: str, url: str, ours: Drags, bare: Drags
) -> None:
    with page_of(browser, place.classroom.ahead, url) as page:
        page.goto(url)
        page.wait_for_selector(".instrument svg[width]")
        page.evaluate("document.fonts.ready.then(() => true)")
        if not page.locator(".instrument .knob input[type=range]").count():
            return
        # Once to warm the code up: a student drags more than a second, too.
        page.evaluate(SCRIPT, {"moves": MOVES // 3, "bare": False})
        _drag(page, part, bare, is_bare=True)
        _drag(page, part, ours, is_bare=False)


def _drag(page: Page, part: str, drags: Drags, *, is_bare: bool) -> None:
    made: list[Any] = []
    page.on("request", lambda request: made.append(request))
    seen = page.evaluate(SCRIPT, {"moves": MOVES, "bare": is_bare})
    drags.script += seen["script"]
    drags.settled += seen["settled"]
    drags.p95_of_part[part] = percentile(seen["script"], 0.95)
    missed = missed_frames(seen["frames"])
    drags.missed += sum(missed)
    drags.missed_in_a_row = max(drags.missed_in_a_row, *missed)
    drags.requests += len(made)


def _figures(lab: str, ours: Drags, bare: Drags) -> list[Figure]:
    worst = max(ours.p95_of_part, key=lambda part: ours.p95_of_part[part])
    # The browser's clock has steps of 0.1 ms, so the empty handler's median would be 0.
    empty = "an empty input handler in the same page, mean"
    return [
        timed(
            f"{lab}, handler and draw",
            ours.script,
            Baseline(name=empty, value=fmean(bare.script)),
            at_most=DRAW_MOST_MS,
            counts={"requests": ours.requests},
            note=f"slowest part {worst}: p95 {ours.p95_of_part[worst]:.2f} ms",
        ),
        Figure(
            name=f"{lab}, frames missed in a row",
            unit="frames",
            value=ours.missed_in_a_row,
            n=len(ours.script),
            baseline=Baseline(name="with the empty handler", value=bare.missed_in_a_row),
            at_most=1,
            counts={"missed in all": ours.missed, "with the empty handler": bare.missed},
        ),
        timed(
            f"{lab}, with style and layout",
            ours.settled,
            Baseline(name=empty, value=fmean(bare.settled)),
        ),
    ]


def missed_frames(stamps_ms: Sequence[float]) -> list[int]:
    """Return how many 60 Hz frames were missed between each two that were shown."""
    return [round((later - earlier) / FRAME_MS) - 1 for earlier, later in pairwise(stamps_ms)]
