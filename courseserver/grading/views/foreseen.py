"""A change of settings that moves scores: what would change is shown, then confirmed as seen."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from courseserver.common.errors import Conflict, CourseserverError, Unprocessable
from courseserver.courses.models import Course
from courseserver.grading.changes import Diff

_OWN = frozenset({"csrfmiddlewaretoken", "seen", "reason"})
_Done = TypeVar("_Done")


def done_as_seen(
    request: HttpRequest, diff: Diff, do: Callable[[str], _Done]
) -> tuple[_Done | None, CourseserverError | None]:
    """Do what moves no score, or what was confirmed; `do` takes the fingerprint that was seen.

    Return what it returned, or nothing and, if it was refused, why.
    """
    if diff.changes and "seen" not in request.POST:
        return None, None
    try:
        return do(request.POST.get("seen", diff.fingerprint)), None
    except (Conflict, Unprocessable) as refusal:
        return None, refusal


def ask(
    request: HttpRequest,
    *,
    course: Course,
    title: str,
    back: str,
    diff: Diff,
    changed: Mapping[str, tuple[Any, Any]],
    error: CourseserverError | None = None,
) -> HttpResponse:
    """Show a form's effect on every score, and send the same form again with a reason.

    Parameters
    ----------
    back
        Where the form stands: to there leads “Change nothing”.
    changed
        What the form changes: the old and the new value by name.
    """
    context = {
        "course": course,
        "title": title,
        "back": back,
        "diff": diff,
        "changed": changed,
        "posted": [
            (name, value)
            for name, values in request.POST.lists()
            if name not in _OWN
            for value in values
        ],
        "reason": request.POST.get("reason", ""),
        "error": error,
    }
    return render(request, "grading/foreseen.html", context, status=error.status if error else 200)
