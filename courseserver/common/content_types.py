"""Content types that cannot break a request before anybody looks at it."""

from collections.abc import Callable, Iterable
from typing import Any

Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]


def plain_content_types(application: Wsgi) -> Wsgi:
    """Let an application see no parameter of a content type but a form's boundary.

    Everything we read is UTF-8. Django looks a named charset up before its own error pages exist,
    and ends with a server error where it is none (`charset*=utf-8''%00`) or none of text (`zlib`).
    """

    def answer(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if ";" in environ.get("CONTENT_TYPE", ""):
            environ["CONTENT_TYPE"] = plain(environ["CONTENT_TYPE"])
        return application(environ, start_response)

    return answer


def plain(content_type: str) -> str:
    """Return a content type without parameters other than `boundary`."""
    kind, *parameters = content_type.split(";")
    kept = [p for p in parameters if p.partition("=")[0].strip().lower() == "boundary"]
    return ";".join([kind, *kept])
