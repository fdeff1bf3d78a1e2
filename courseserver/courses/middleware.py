"""The session names a person; `request.person` is that person or None.

What a person is shown is theirs: no cache keeps it, unless its view says more.
"""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from courseserver.common import moments
from courseserver.courses.models import Person

SESSION_KEY = "person"


class PersonMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.person = _session_person(request)  # type: ignore[attr-defined]
        # A page shows its course's time (`zones`); the next request begins with the server's.
        locale = request.session.get(moments.SESSION_LOCALE, "")
        with timezone.override(None), moments.reader(locale):
            response = self.get_response(request)
        if request.person is not None:  # type: ignore[attr-defined]
            response.setdefault("Cache-Control", "private, no-store")
        return response


def _session_person(request: HttpRequest) -> Person | None:
    person_id = request.session.get(SESSION_KEY)
    return Person.objects.filter(pk=person_id).first() if person_id else None
