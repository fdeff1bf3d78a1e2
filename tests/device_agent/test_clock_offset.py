"""The server's clock against ours: by the date of any answer, or not at all."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from device_agent import config
from device_agent.clock_offset import Offset, ServerClock, offset_by
from device_agent.doctor import Grade, service

# What the server believes: 2026-11-20 10:00:00.
SERVER_S = datetime(2026, 11, 20, 10, tzinfo=UTC).timestamp()


class Dated(BaseHTTPRequestHandler):
    date = format_datetime(datetime.fromtimestamp(SERVER_S, UTC), usegmt=True)
    status = 200

    def do_HEAD(self) -> None:
        self.send_response_only(self.status)
        self.send_header("Date", self.date)
        self.end_headers()

    def log_message(self, *args: object) -> None: ...


@pytest.fixture
def server() -> Iterator[tuple[str, type[Dated]]]:
    handler = type("Mine", (Dated,), {})
    with HTTPServer(("127.0.0.1", 0), handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}", handler
        running.shutdown()


@pytest.mark.parametrize("status", [200, 404, 503])
def test_any_answers_date_tells_the_offset(server: tuple[str, type[Dated]], status: int) -> None:
    address, handler = server
    handler.status = status
    ticks = iter((100.0, 100.2))

    told = offset_by(address, wall=lambda: SERVER_S - 30, clock=lambda: next(ticks))

    # Asked 30 s late, a tenth of a second to there, and a date cut by half a second on average.
    assert told is not None
    assert told.offset_s == pytest.approx(30 + 0.5 - 0.1)
    assert told.within_s == pytest.approx(0.6)


def test_no_server_and_no_date_are_no_offset(server: tuple[str, type[Dated]]) -> None:
    address, handler = server
    handler.date = "yesterday"

    assert offset_by(address) is None
    assert offset_by("http://127.0.0.1:9") is None
    assert offset_by("no address") is None


def test_what_was_known_stays_known_while_the_server_is_away() -> None:
    answers = iter((Offset(offset_s=1.234, within_s=0.5), None))
    clock = ServerClock("https://h", ask=lambda server: next(answers))

    assert clock.facts() == {}
    for _ in range(2):
        clock.look()
        assert clock.facts() == {"clock_offset_s": 1.23, "clock_offset_within_s": 0.5}


@pytest.mark.parametrize(
    ("offset_s", "grade", "words"),
    [(0.4, Grade.GOOD, "0.4 s behind"), (-4000.0, Grade.BAD, "4000.0 s ahead of the server")],
)
def test_the_doctor_compares_with_the_server(
    monkeypatch: pytest.MonkeyPatch, offset_s: float, grade: Grade, words: str
) -> None:
    monkeypatch.setattr(service, "offset_by", lambda url: Offset(offset_s=offset_s, within_s=0.5))
    held = config.Settings(device_id="k", secret="s", server_url="https://h")

    (finding,) = service.server_clock(held)

    assert (finding.grade, words in finding.text) == (grade, True)
    assert list(service.server_clock(config.Settings(device_id="k", secret="s"))) == []
