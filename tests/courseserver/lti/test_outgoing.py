"""Requests to platforms: where they may go, how long they may take, how much may come back."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from courseserver.lti import outgoing
from tests.doubles.lti_platform import Answer, LtiPlatform


@pytest.fixture
def public(settings: Any) -> Iterator[None]:
    settings.DEVELOPMENT = False
    outgoing._shared = None
    yield
    outgoing._shared = None


def test_a_reply_carries_status_headers_and_body(lms: LtiPlatform) -> None:
    lms.answer("/x", Answer(status=418, body={"a": 1}, headers={"X-Kind": "teapot"}))

    reply = outgoing.send("GET", f"{lms.url}/x")

    assert (reply.status, reply.json(), reply.headers["x-kind"]) == (418, {"a": 1}, "teapot")


def test_a_redirect_is_not_followed(lms: LtiPlatform) -> None:
    lms.answer("/x", Answer(status=302, headers={"Location": f"{lms.url}/y"}))

    assert outgoing.send("GET", f"{lms.url}/x").status == 302
    assert lms.requests_to("/y") == []


def test_a_platforms_cookie_is_not_kept(lms: LtiPlatform) -> None:
    lms.answer("/x", Answer(headers={"Set-Cookie": "MoodleSession=abc; Path=/"}))

    outgoing.send("GET", f"{lms.url}/x")
    outgoing.send("GET", f"{lms.url}/x")

    assert all("Cookie" not in asked.headers for asked in lms.requests_to("/x"))


def test_a_reply_that_is_too_large_is_cut_off(
    lms: LtiPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outgoing, "MAX_REPLY_BYTES", 1000)
    lms.answer("/x", Answer(body=b"a" * 1001))

    with pytest.raises(outgoing.Unreachable):
        outgoing.send("GET", f"{lms.url}/x")


def test_a_silent_platform_is_given_up(lms: LtiPlatform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outgoing, "READ_TIMEOUT_S", 0.2)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()

        with pytest.raises(outgoing.Unreachable, match="Timeout"):
            outgoing.send("GET", f"http://127.0.0.1:{silent.getsockname()[1]}/")


@pytest.mark.parametrize(
    "begins",
    [b"HTTP/1.1 200 OK\r\nX-Slow: ", b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n"],
    ids=["head", "body"],
)
def test_a_reply_that_drips_is_given_up(begins: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each byte comes in time, all of them together would take for ever."""
    monkeypatch.setattr(outgoing, "TOTAL_TIMEOUT_S", 0.3)
    given_up = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as platform:
        dripping = threading.Thread(target=_drip, args=(platform, begins, given_up))
        dripping.start()

        with pytest.raises(outgoing.Unreachable):
            outgoing.send("GET", f"http://127.0.0.1:{platform.getsockname()[1]}/")

        given_up.set()
        dripping.join()


def _drip(platform: socket.socket, begins: bytes, given_up: threading.Event) -> None:
    connection, _ = platform.accept()
    with connection, contextlib.suppress(OSError):
        connection.sendall(begins)
        while not given_up.wait(0.05):
            connection.sendall(b"1")


def test_a_lost_reply_is_unreachable(lms: LtiPlatform) -> None:
    lms.answer("/x", Answer(status=0))

    with pytest.raises(outgoing.Unreachable):
        outgoing.send("POST", f"{lms.url}/x", body=b"{}")


@pytest.mark.parametrize(
    "url",
    [
        "ftp://lms.test/x",
        "file:///etc/passwd",
        "//lms.test/x",
        "",
        "https://",
        "gopher://x",
        "https://[",
    ],
)
def test_other_schemes_are_never_asked(url: str) -> None:
    with pytest.raises(outgoing.AddressRefused):
        outgoing.send("GET", url)


def test_a_name_that_cannot_be_one_is_unreachable() -> None:
    with pytest.raises(outgoing.Unreachable):
        outgoing.send("GET", f"http://{'x' * 70}.test/")


def test_an_address_with_a_password_is_never_asked() -> None:
    with pytest.raises(outgoing.AddressRefused, match="password"):
        outgoing.send("GET", "https://user:secret@lms.test/")


@pytest.mark.usefixtures("public")
def test_plain_http_is_for_development_only(lms: LtiPlatform) -> None:
    with pytest.raises(outgoing.AddressRefused, match="https"):
        outgoing.send("GET", f"{lms.url}/x")


@pytest.mark.usefixtures("public")
@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "[::1]",
        "10.0.0.7",
        "192.168.1.1",
        "172.16.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "[fd00::1]",
        "[fe80::1]",
        "[::ffff:127.0.0.1]",
        "2130706433",
    ],
)
def test_private_addresses_are_never_connected_to(
    host: str, lms: LtiPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    dialled: list[Any] = []
    monkeypatch.setattr(outgoing.sockets, "create_connection", lambda *a, **k: dialled.append(a))

    with pytest.raises(outgoing.Unreachable):
        outgoing.send("GET", f"https://{host}/")

    assert dialled == []


@pytest.mark.usefixtures("public")
def test_a_name_that_leads_into_a_private_network_is_not_followed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    inside = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.1.2.3", 443))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: inside)
    dialled: list[Any] = []
    monkeypatch.setattr(outgoing.sockets, "create_connection", lambda *a, **k: dialled.append(a))

    with pytest.raises(outgoing.Unreachable):
        outgoing.send("GET", "https://lms.example/")

    assert dialled == []
