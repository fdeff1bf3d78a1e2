"""Requests that no browser sends: a page with a reference, never an error of ours."""

from collections.abc import Iterable
from typing import Any

import pytest
from django.test import Client

from courseserver.common.content_types import plain, plain_content_types
from tests.courseserver.lti.launching import Launcher

PATHS = ["/lti/login/", "/lti/launch/"]
FORM = "application/x-www-form-urlencoded"
PART = b'--x\r\nContent-Disposition: form-data; name="iss"\r\n\r\nv\r\n--x--'
BODIES: dict[str, tuple[str, bytes]] = {
    "nothing": (FORM, b""),
    "two thousand fields": (FORM, b"&".join(b"a%d=1" % n for n in range(2000))),
    "no form": (FORM, b"\xff\xfe%%%&&&=="),
    "in UTF-16": (f"{FORM}; charset=utf-16", "iss=a".encode("utf-16")),
    "JSON": ("application/json", b'{"id_token": "x"}'),
    "plain text": ("text/plain", b"id_token=x&state=y"),
    "no boundary": ("multipart/form-data", PART),
    "boundary empty": ("multipart/form-data; boundary=", PART),
    "boundary too long": (f"multipart/form-data; boundary={'x' * 300}", PART),
    "parts without end": ("multipart/form-data; boundary=x", PART[:60]),
    "a file": (
        "multipart/form-data; boundary=x",
        PART.replace(b'name="iss"', b'name="id_token"; filename="a"'),
    ),
    "base64 that is none": (
        "multipart/form-data; boundary=x",
        PART.replace(b"\r\n\r\nv", b"\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!"),
    ),
}


def is_our_page(response: Any) -> bool:
    return response["X-Reference"] in response.content.decode()


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("case", BODIES)
def test_a_body_that_says_nothing_gets_a_page(case: str, path: str, launcher: Launcher) -> None:
    content_type, body = BODIES[case]

    response = launcher.client.generic("POST", path, body, content_type=content_type)

    assert response.status_code == 400
    assert is_our_page(response)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"])
def test_another_method_gets_a_page(method: str, path: str, launcher: Launcher) -> None:
    response = launcher.client.generic(method, path)

    assert response.status_code in (400, 405)
    assert is_our_page(response)
    assert response.status_code == 400 or response["Allow"] == "GET, POST"


@pytest.mark.parametrize("host", ["evil.test", "ev il", "127.0.0.1:8000@evil.test"])
def test_another_host_gets_a_page(host: str, launcher: Launcher) -> None:
    response = launcher.client.get("/lti/login/", launcher.login_values(), HTTP_HOST=host)

    assert response.status_code == 400
    assert is_our_page(response)


@pytest.mark.parametrize("path", ["/lti/login/check/", "/lti/login/tab/"])
@pytest.mark.parametrize("code", ["\x00", "%" * 100, "x" * 9000, b"\xed\xa0\x80"])
def test_a_code_of_anything_opens_nothing(code: Any, path: str, launcher: Launcher) -> None:
    response = launcher.client.get(path, {"code": code})

    assert response.status_code == 400
    assert is_our_page(response)


@pytest.mark.parametrize(
    "value",
    ["\x00", "é", "\u202e", "x" * 9001, "' OR 1=1--", "https://[", "//evil.test", "javascript:1"],
)
@pytest.mark.parametrize(
    "name",
    ["iss", "login_hint", "target_link_uri", "lti_message_hint", "client_id", "lti_storage_target"],
)
def test_a_login_parameter_of_anything_leads_to_the_platform_or_nowhere(
    name: str, value: str, launcher: Launcher
) -> None:
    response = launcher.client.get("/lti/login/", launcher.login_values(**{name: value}))

    if response.status_code == 302:
        assert response["Location"].startswith("https://lms.test/auth?")
    else:
        assert response.status_code == 400
        assert is_our_page(response)


@pytest.mark.parametrize(
    "target",
    [
        "http://127.0.0.1:8000@evil.test/", "http://127.0.0.1:8000\\@evil.test/",
        "http://127.0.0.1:8000.evil.test/", "http://127.0.0.1:80000/", "https://127.0.0.1:8000/",
        "HTTP://EVIL.TEST/", "http://127.0.0.1:8000\n.evil.test/", "/lti/launch/",
        "data:text/html,x",
    ],
)  # fmt: skip
def test_a_target_elsewhere_redirects_nobody(target: str, launcher: Launcher) -> None:
    response = launcher.client.get("/lti/login/", launcher.login_values(target_link_uri=target))

    assert response.status_code == 400
    assert "Location" not in response


@pytest.mark.parametrize(
    ("sent", "seen"),
    [
        ("text/html; charset*=utf-8''%00", "text/html"),
        ("multipart/form-data; boundary*=nope''x", "multipart/form-data"),
        ("multipart/form-data; boundary=x; charset=zlib", "multipart/form-data; boundary=x"),
        ('multipart/x; charset=utf-8; Boundary="x y"', 'multipart/x; Boundary="x y"'),
        ("application/json;charset=utf-8", "application/json"),
        (";;;=;boundary", ";boundary"),
        ("text/plain", "text/plain"),
    ],
)  # fmt: skip
def test_a_content_type_names_a_boundary_and_nothing_else(sent: str, seen: str) -> None:
    told: list[str] = []

    def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        told.append(environ["CONTENT_TYPE"])
        return []

    plain_content_types(application)({"CONTENT_TYPE": sent}, None)

    assert told == [seen]
    assert plain(seen) == seen


def test_a_form_in_an_odd_charset_reaches_the_page_that_refuses_it(db: None) -> None:
    from courseserver.wsgi import application

    environ = Client()._base_environ(  # type: ignore[attr-defined]
        PATH_INFO="/lti/launch/", REQUEST_METHOD="POST", CONTENT_TYPE="a/b; charset*=utf-8''%00"
    )
    answers: list[str] = []

    body = b"".join(application(environ, lambda status, headers: answers.append(status)))

    assert answers == ["400 Bad Request"]
    assert b"Reference" in body or b"reference" in body
