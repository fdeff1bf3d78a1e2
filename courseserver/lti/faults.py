"""What a platform's refusal means, per product: whose turn it is next.

The dialects were measured on Moodle 4.5 and Open edX and read in Canvas' documentation: the same
"stale timestamp" is 409 on one and 400 on another, the same 400 a person on one and a time on
another.
"""

from collections.abc import Mapping
from enum import StrEnum

from courseserver.lti.outgoing import Reply


class FaultKind(StrEnum):
    RETRY = "retry"  # nothing is wrong with the request: later, or slower
    STALE = "stale"  # the platform holds a newer timestamp: send again with a later one
    PERSON = "person"  # this person cannot be graded there: not enrolled, staff, unknown
    ITEM = "item"  # the column is gone or is not what we think
    REGISTRATION = "registration"  # the platform no longer trusts us: nobody's score passes


class PlatformFault(Exception):
    """A platform's refusal; `detail` holds no personal data and no reply body.

    `reason` is a word for what the dialect says more closely than the kind does, or empty.
    """

    def __init__(
        self,
        kind: FaultKind,
        detail: str,
        *,
        status: int | None = None,
        retry_after_s: float | None = None,
        reason: str = "",
    ) -> None:
        super().__init__(detail)
        self.reason = reason
        self.kind = kind
        self.detail = detail
        self.status = status
        self.retry_after_s = retry_after_s


_BUSY = frozenset({408, 425, 429, 500, 502, 503, 504, 507, 509})
_GENERAL = {
    400: FaultKind.PERSON,
    401: FaultKind.REGISTRATION,
    403: FaultKind.REGISTRATION,
    404: FaultKind.ITEM,
    405: FaultKind.ITEM,
    409: FaultKind.STALE,
    410: FaultKind.ITEM,
    412: FaultKind.STALE,
    422: FaultKind.PERSON,
}
# (product, status, a word of the reply in lower case) -> kind and reason; the first that fits wins.
_DIALECTS: tuple[tuple[str, int, bytes, FaultKind, str], ...] = (
    # Canvas' clock is behind ours by more than a minute.
    ("canvas", 400, b"in the future", FaultKind.RETRY, "clock_ahead"),
    ("", 403, b"rate limit", FaultKind.RETRY, ""),  # Canvas answers 403 when it is hurried
    # Before the next: Moodle echoes our score, and with it the word "timestamp".
    ("moodle", 400, b"no handler found", FaultKind.ITEM, ""),  # a wrongly built address
    ("moodle", 400, b"incorrect score", FaultKind.PERSON, ""),  # not a student of the course
    ("moodle", 400, b"", FaultKind.ITEM, ""),
    ("", 400, b"timestamp", FaultKind.STALE, ""),  # Canvas, Open edX
    ("", 400, b"line item", FaultKind.ITEM, ""),
    ("canvas", 404, b"user", FaultKind.PERSON, ""),
    ("canvas", 422, b"allowed attempts", FaultKind.PERSON, "attempts_used"),
    ("canvas", 422, b"concluded", FaultKind.PERSON, "course_concluded"),
)


def fault_of(product: str, what: str, reply: Reply) -> PlatformFault:
    """Return what a reply other than success means for `what` we asked (words for the log)."""
    kind, reason = _meaning(product, reply)
    return PlatformFault(
        kind,
        f"the LMS answered {reply.status} to {what}",
        status=reply.status,
        retry_after_s=retry_after_s(reply.headers),
        reason=reason,
    )


def _meaning(product: str, reply: Reply) -> tuple[FaultKind, str]:
    if reply.status in _BUSY or reply.status >= 500:
        return FaultKind.RETRY, ""
    if reply.status == 403 and _budget_spent(reply.headers):
        return FaultKind.RETRY, ""
    body = reply.body[:4096].lower()
    for dialect, status, word, kind, reason in _DIALECTS:
        if dialect in ("", product) and status == reply.status and word in body:
            return kind, reason
    # Anything else, redirects included, means that the registration's addresses are wrong.
    return _GENERAL.get(reply.status, FaultKind.REGISTRATION), ""


def _budget_spent(headers: Mapping[str, str]) -> bool:
    try:
        return float(headers.get("X-Rate-Limit-Remaining", "")) <= 0
    except ValueError:
        return False


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Return the seconds of a Retry-After header, where it names seconds."""
    value = headers.get("Retry-After", "").strip()
    return float(value) if value.isdigit() else None
