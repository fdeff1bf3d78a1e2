"""Living in an LMS's frame: which cookies stick there, and who may frame us."""

from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse

SESSION_ANCESTORS = "frame_ancestors"
# What Canvas wants back in each message of a page to the page around it.
SESSION_MESSAGE_TOKEN = "post_message_token"  # noqa: S105  # a name, no secret


def is_framed(request: HttpRequest) -> bool:
    """Return whether the browser says that this page goes into a frame."""
    return request.headers.get("Sec-Fetch-Dest", "") in ("iframe", "frame", "embed", "object")


def is_cross_site(request: HttpRequest, platform_url: str = "") -> bool:
    """Return whether cookies must be SameSite=None to come back from the platform.

    Over plain http (development) that needs a browser that trusts loopback addresses enough to
    keep Secure cookies there: just those send Sec-Fetch-Site.
    """
    site = request.headers.get("Sec-Fetch-Site", "")
    is_elsewhere = bool(platform_url) and (
        urlsplit(platform_url).hostname != urlsplit(settings.PUBLIC_URL).hostname
    )
    return settings.SECURE_COOKIES or site == "cross-site" or (site != "" and is_elsewhere)


def set_cookie(
    request: HttpRequest,
    response: HttpResponse,
    name: str,
    value: str,
    *,
    max_age: int,
    platform_url: str = "",
) -> None:
    """Set a cookie that comes back from the platform; middleware adds Partitioned."""
    cross_site = is_cross_site(request, platform_url)
    response.set_cookie(
        name,
        value,
        max_age=max_age,
        path="/lti/",
        secure=cross_site,
        httponly=True,
        samesite="None" if cross_site else "Lax",
    )


def forget_cookie(request: HttpRequest, response: HttpResponse, name: str) -> None:
    """Take a cookie of `set_cookie` back; a browser matches it by its attributes, too."""
    set_cookie(request, response, name, "", max_age=0)


def allow_frames(response: HttpResponse, origins: Iterable[str]) -> None:
    """Let pages of these origins frame this response."""
    updates: dict[str, Any] = getattr(response, "_csp_update", None) or {}
    response._csp_update = {**updates, "frame-ancestors": list(origins)}  # type: ignore[attr-defined]


def allow_form_to(response: HttpResponse, origins: Iterable[str]) -> None:
    """Let a form of this response be sent to these origins."""
    updates: dict[str, Any] = getattr(response, "_csp_update", None) or {}
    response._csp_update = {**updates, "form-action": list(origins)}  # type: ignore[attr-defined]


class FrameAncestorsMiddleware:
    """Name the platforms that may frame a page: those of the launch that the session is from.

    A refused launch, or a refusal without a session, may be framed by anybody: it holds nothing
    worth a click, and a student in a frame must be able to read it.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if "frame-ancestors" in (getattr(response, "_csp_update", None) or {}):
            return response
        origins = request.session.get(SESSION_ANCESTORS, [])
        if response.status_code >= 400 and _is_open_refusal(request, has_session=bool(origins)):
            allow_frames(response, ["*"])
        elif origins:
            allow_frames(response, origins)
        return response


def _is_open_refusal(request: HttpRequest, *, has_session: bool) -> bool:
    # The session in the browser may be of another platform than the one that launches now.
    is_launch = request.path in ("/lti/login/", "/lti/launch/")
    return is_launch or not (has_session or request.path.startswith("/admin/"))
