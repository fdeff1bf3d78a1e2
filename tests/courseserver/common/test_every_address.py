"""What holds of every address of the tool, walked as the URL table has them."""

import re
from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from courseserver.courses.middleware import SESSION_KEY
from courseserver.courses.models import Person

pytestmark = pytest.mark.django_db
_ARGUMENT = re.compile(r"<(?:(\w+):)?\w+>")
# Answers that are nobody's: our public keys.
PUBLIC = {"/lti/jwks/"}
VALUES = {"int": "7", "slug": "odd-", "str": "%00’"}


def _routes(found: URLResolver, before: str = "") -> Iterator[str]:
    for pattern in found.url_patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _routes(pattern, route)
        elif isinstance(pattern, URLPattern) and "admin/" not in route:
            yield "/" + _ARGUMENT.sub(lambda match: VALUES[match.group(1) or "str"], route)


ADDRESSES = sorted(set(_routes(get_resolver())))


@pytest.fixture
def somebody() -> Client:
    client = Client(raise_request_exception=False)
    session = client.session
    session[SESSION_KEY] = Person.objects.create().pk
    session.save()
    return client


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "BREW"])
def test_every_address_answers_odd_names_and_methods(method: str, somebody: Client) -> None:
    answers = {path: somebody.generic(method, path) for path in ADDRESSES}

    assert {path: a.status_code for path, a in answers.items() if a.status_code >= 500} == {}
    assert [
        p for p, a in answers.items() if "frame-ancestors" not in a["Content-Security-Policy"]
    ] == []
    kept = [path for path, a in answers.items() if "no-store" not in a["Cache-Control"]]
    assert set(kept) <= PUBLIC


def test_a_session_cookie_of_anything_is_no_session(somebody: Client) -> None:
    somebody.cookies.load('courseserver="\\000abcdefgh"')

    assert somebody.get("/").status_code == 200


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_nobody_is_shown_nothing(method: str) -> None:
    stranger = Client(raise_request_exception=False)
    open_to_all = {"/", "/healthz/", "/lti/jwks/", "/api/schema/"}

    answers = {path: stranger.generic(method, path) for path in ADDRESSES}

    assert {p for p, a in answers.items() if a.status_code < 400} <= open_to_all
    assert [
        p for p, a in answers.items() if "default-src 'none'" not in a["Content-Security-Policy"]
    ] == []
