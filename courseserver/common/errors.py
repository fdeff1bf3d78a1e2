"""Refusals: one tree of errors, shown as pages to people and as problem+json to programs."""

from typing import Any

import structlog
from django.db import DataError
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseNotAllowed,
    JsonResponse,
)
from django.shortcuts import render
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler

log = structlog.get_logger(__name__)


class CourseserverError(Exception):
    """An expected refusal: `status` for HTTP, `title` in plain words, `remedy` for what now."""

    status = 400
    title = "That did not work"
    # Where the LMS takes people back, when a launch said so.
    return_url = ""

    def __init__(self, detail: str, *, remedy: str = "", **extra: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.remedy = remedy
        self.extra = extra


class Forbidden(CourseserverError):
    status = 403
    title = "This is not yours to open"


class SessionOver(Forbidden):
    title = "Your session is over"


class NotFound(CourseserverError):
    status = 404
    title = "There is nothing here"


class Conflict(CourseserverError):
    status = 409
    title = "It was decided before"


class Locked(CourseserverError):
    status = 403
    title = "Locked until you commit a prediction"


class Unprocessable(CourseserverError):
    status = 422
    title = "That value cannot be used"


class Unavailable(CourseserverError):
    status = 503
    title = "Not available right now"


def expected(error: Exception) -> CourseserverError | None:
    """Return the refusal that an error is, None where it is our own mistake."""
    if isinstance(error, DataError):
        # PostgreSQL takes no NUL in a text, from whichever field or address it comes.
        log.warning("the database cannot hold this", exc_info=error)
        return Unprocessable("What your browser sent holds a character that no text has.")
    return error if isinstance(error, CourseserverError) else None


def reference_of(request: HttpRequest) -> str:
    return str(request.META.get("courseserver.reference", ""))


def page(request: HttpRequest, error: CourseserverError) -> HttpResponse:
    """Return the error page: what, why, what now, and the reference support can find."""
    log.info("refused", status=error.status, detail=error.detail, path=request.path)
    context = {"error": error, "reference": reference_of(request)}
    response = render(request, "error.html", context, status=error.status)
    response["Cache-Control"] = "private, no-store"
    return response


def _problem(request: HttpRequest, error: CourseserverError) -> dict[str, Any]:
    log.info("refused", status=error.status, detail=error.detail, path=request.path)
    return {
        "type": f"about:blank#{type(error).__name__.lower()}",
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
        "remedy": error.remedy,
        "reference": reference_of(request),
        **error.extra,
    }


def refusal(request: HttpRequest, error: CourseserverError) -> HttpResponse:
    """Return the refusal as whoever asks can read it: a program below /api/, else a person."""
    if not request.path.startswith("/api/"):
        return page(request, error)
    body = _problem(request, error)
    return JsonResponse(body, status=error.status, content_type="application/problem+json")


def problem_response(error: Exception, context: dict[str, Any]) -> Response | None:
    """Return problem+json (RFC 9457) for expected refusals and DRF's own errors."""
    request = context["request"]
    if known := expected(error):
        return Response(
            _problem(request, known), status=known.status, content_type="application/problem+json"
        )
    response = exception_handler(error, context)
    if response is None:
        return None
    detail = response.data
    response.data = {
        "type": "about:blank",
        "title": _title_of(error),
        "status": response.status_code,
        "detail": detail,
        "reference": reference_of(request),
    }
    response.content_type = "application/problem+json"
    return response


def _title_of(error: Exception) -> str:
    if isinstance(error, exceptions.APIException):
        return str(error.default_detail)
    return "Not found" if isinstance(error, Http404) else "Refused"


class ErrorPageMiddleware:
    """Turn an expected refusal raised in a page view into its page, and a bare 405 too."""

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response: HttpResponse = self.get_response(request)
        is_bare = isinstance(response, HttpResponseNotAllowed) and not response.content
        return _not_allowed(request, response) if is_bare else response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        known = expected(error)
        return page(request, known) if known else None


def _not_allowed(request: HttpRequest, bare: HttpResponse) -> HttpResponse:
    error = CourseserverError(
        f"This address does not take {(request.method or '')[:20]} requests.",
        remedy="Open the lab from your course.",
    )
    error.status = bare.status_code
    response = refusal(request, error)
    response["Allow"] = bare["Allow"]
    return response


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return refusal(
        request,
        CourseserverError(
            "What your browser sent could not be read, or was too much.",
            remedy="Open the lab again from your course.",
        ),
    )


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return refusal(
        request, NotFound("No page has this address.", remedy="Open the lab from your course.")
    )


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    log.warning("csrf refused", reason=reason, path=request.path)
    remedy = "Your work is saved. Open the lab again from your course and repeat the last step."
    return refusal(request, Forbidden("This page was open too long to be trusted.", remedy=remedy))


def server_error(request: HttpRequest) -> HttpResponse:
    error = CourseserverError(
        "We made a mistake on our side.",
        remedy="Your work is saved. Reload the page; if it fails again, send us the reference.",
    )
    error.status = 500
    return refusal(request, error)
