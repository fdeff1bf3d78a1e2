"""Why a login or launch is refused: words for the student, a reason for the log."""

from typing import Any

from courseserver.common.errors import CourseserverError

AGAIN = "Go back to your course and open the lab again."
TELL_STAFF = "If it happens again, send your instructor or support the reference below."


class LaunchRefused(CourseserverError):
    """`reason` is one stable word for logs and tests; the page shows words and a reference."""

    status = 400
    title = "The lab could not be opened"

    def __init__(self, reason: str, detail: str, *, remedy: str = "", **extra: Any) -> None:
        super().__init__(detail, remedy=remedy or f"{AGAIN} {TELL_STAFF}", **extra)
        self.reason = reason


class LoginRefused(LaunchRefused):
    """The LMS did not introduce itself in a way we know."""


class BrowserUnproven(LaunchRefused):
    """The answer does not belong to a login of this browser."""

    status = 401
    title = "This browser did not start this launch"


class TokenRefused(LaunchRefused):
    """The LMS's signed message fails one check."""


class DeploymentPending(LaunchRefused):
    status = 403
    title = "This course is not connected yet"


class PlatformSilent(LaunchRefused):
    """The LMS's keys cannot be read right now."""

    status = 503
    title = "Your LMS does not answer us"
