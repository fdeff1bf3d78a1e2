"""Faults on order, for tests: late, refused or lost replies of one service.

`POST /control/faults/` with `{"place": "scores", "kind": "drop", "value": 0, "times": 2}` makes the
next two scores be applied and their replies be lost. Kinds: `delay` (value: seconds), `status`
(value: the status, the request is not handled), `drop` (handled, then the connection breaks).
The address exists only where the environment sets PRACTICE_LMS_FAULTS=1.
"""

import functools
import json
import time
from collections.abc import Callable, Iterator

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt

from courseserver.practice_lms import gradebook, store

View = Callable[..., HttpResponseBase]
PLACES = ("token", "lineitems", "scores", "results", "members", "jwks")
KINDS = ("delay", "status", "drop")


def at(place: str) -> Callable[[View], View]:
    """Let a view suffer the faults ordered for `place`."""

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def suffering(request: HttpRequest, **kwargs: object) -> HttpResponseBase:
            kind, value = _next(place)
            if kind == "delay":
                time.sleep(value)
            if kind == "status":
                return _refusal(int(value))
            response = view(request, **kwargs)
            return _lost(response) if kind == "drop" else response

        return suffering

    return decorate


@csrf_exempt
def control(request: HttpRequest) -> HttpResponse:
    """Order faults (POST), or cancel them and empty the gradebook (DELETE)."""
    if not _allowed():
        raise Http404
    if request.method == "DELETE":
        with store.writing() as db:
            db.execute("DELETE FROM fault")
        gradebook.empty()
        return JsonResponse({})
    order = json.loads(request.body)
    if order["place"] not in PLACES or order["kind"] not in KINDS:
        return JsonResponse({"places": PLACES, "kinds": KINDS}, status=400)
    with store.writing() as db:
        db.execute(
            "INSERT INTO fault (place, kind, value, times) VALUES (?, ?, ?, ?)",
            (order["place"], order["kind"], float(order.get("value", 0)), int(order["times"])),
        )
    return JsonResponse(order, status=201)


def _allowed() -> bool:
    return bool(settings.FAULTS_ALLOWED)  # type: ignore[misc]  # of this project's own settings


def _next(place: str) -> tuple[str, float]:
    """Take one fault off the order, the oldest first."""
    if not _allowed():
        return "", 0.0
    with store.writing() as db:
        row = db.execute(
            "SELECT id, kind, value FROM fault WHERE place = ? AND times > 0 ORDER BY id LIMIT 1",
            (place,),
        ).fetchone()
        if row is None:
            return "", 0.0
        db.execute("UPDATE fault SET times = times - 1 WHERE id = ?", (row["id"],))
    return row["kind"], row["value"]


def _refusal(status: int) -> JsonResponse:
    response = JsonResponse({"error": "ordered by the test"}, status=status)
    if status == 429:
        response["Retry-After"] = "1"
    return response


def _lost(response: HttpResponseBase) -> StreamingHttpResponse:
    """Promise more than is sent, then break the connection."""

    def breaking() -> Iterator[bytes]:
        yield b" "
        raise ConnectionResetError("the reply is lost on order")

    lost = StreamingHttpResponse(breaking(), status=response.status_code)
    lost["Content-Length"] = "1000"
    return lost
