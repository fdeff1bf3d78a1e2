"""Partitioned cookies (CHIPS): the only third-party cookies that browsers still keep in frames."""

from collections.abc import Callable
from http.cookies import Morsel
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse


def allow_partitioned() -> None:
    """Teach `http.cookies` the attribute; Python 3.14 knows it, 3.11 refuses it."""
    reserved: dict[str, str] = Morsel._reserved  # type: ignore[attr-defined]
    flags: set[str] = Morsel._flags  # type: ignore[attr-defined]
    reserved.setdefault("partitioned", "Partitioned")
    flags.add("partitioned")


# A session that carries this key lives in another site's frame, though we are on plain http.
SESSION_CROSS_SITE = "cross_site"


class PartitionedCookieMiddleware:
    """Mark every Secure, SameSite=None cookie we set as Partitioned.

    Over plain http that is the session cookie of a launch from another site: browsers trust
    loopback addresses and keep Secure cookies there.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        session = response.cookies.get(settings.SESSION_COOKIE_NAME)
        if session is not None and request.session.get(SESSION_CROSS_SITE):
            session["samesite"], session["secure"] = "None", True
        for morsel in response.cookies.values():
            _partition(morsel)
        return response


def _partition(morsel: "Morsel[Any]") -> None:
    if morsel["samesite"].lower() == "none" and morsel["secure"]:
        morsel["partitioned"] = True
