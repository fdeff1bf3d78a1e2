"""Request bodies: none larger than any page takes."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from courseserver.common.errors import CourseserverError, refusal

# A browser that is cut off while it sends shows no answer, so what is refused is read to its end;
# past this nobody sends by mistake.
READ_AWAY_BYTES = 64_000_000
_CHUNK_BYTES = 65_536


class TooLarge(CourseserverError):
    status = 413
    title = "That is too much"


class BodyLimitMiddleware:
    """Answer 413 to a body above the limit, files included, before anything keeps it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        size, most = _announced(request), _most(request)
        if size <= most:
            return self.get_response(request)
        if size <= READ_AWAY_BYTES:
            _read_away(request)
        error = TooLarge(
            f"Your browser sent {size:,} bytes; we take {most:,} at most.",
            remedy="Send a smaller file, or open the lab again from your course.",
        )
        return refusal(request, error)


def _most(request: HttpRequest) -> int:
    has_files = request.content_type == "multipart/form-data"
    return settings.UPLOAD_MAX_BYTES if has_files else settings.DATA_UPLOAD_MAX_MEMORY_SIZE


def _announced(request: HttpRequest) -> int:
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return 0


def _read_away(request: HttpRequest) -> None:
    while request.read(_CHUNK_BYTES):
        pass
