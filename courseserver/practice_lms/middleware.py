"""The content security policy of the practice LMS: its own files, and the tool in a frame."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from courseserver.practice_lms import registration


class PolicyMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        # A tool that is only about to be registered may be framed on its page, too.
        tool = f"{registration.tool_origin()} {getattr(response, 'frame_origin', '')}".strip()
        own = "'self'"
        response["Content-Security-Policy"] = "; ".join(
            [
                f"default-src {own}",
                # The frame first shows our own hand-over page, then the tool's pages.
                f"frame-src {own} {tool}",
                f"form-action {own} {tool}",
                "base-uri 'none'",
                f"frame-ancestors {own} {tool}",
            ]
        )
        return response
