"""What can stop a grade on its way, in plain words, and what to do about each."""

from dataclasses import dataclass
from enum import StrEnum


class Reach(StrEnum):
    """How far a fault reaches, and whether it passes by itself."""

    PASSES = "passes"
    STALE = "stale"
    STAYS = "stays"
    WHOLE_PLATFORM = "whole_platform"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why one sending did not work."""

    code: str
    status: int | None
    detail: str
    is_final: bool


class GradebookFault(Exception):
    """A gradebook's answer other than yes, as the sender sees it."""

    def __init__(
        self,
        code: str,
        reach: Reach,
        *,
        status: int | None = None,
        detail: str = "",
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(code, detail)
        self.code = code
        self.reach = reach
        self.status = status
        self.detail = detail
        self.retry_after_s = retry_after_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """A fault as people read it: what, and what now."""

    what: str
    remedy: str


WORDS = {
    "busy": Words(what="the LMS answered “busy”", remedy="Nothing to do: it is tried again."),
    "unreachable": Words(what="the LMS did not answer", remedy="Nothing to do: it is tried again."),
    "stale": Words(
        what="the LMS holds a newer time stamp",
        remedy="It is stamped anew and tried again. If it stays, compare the servers' clocks.",
    ),
    "not_a_student": Words(
        what="not enrolled as a student there",
        remedy="Check the roster there, and in Canvas that the course is published; then “Retry”.",
    ),
    "attempts_used": Words(
        what="no attempt is left in the LMS",
        remedy="Raise the number of attempts of the assignment there, then press “Retry”.",
    ),
    "course_concluded": Words(
        what="the course has ended in the LMS",
        remedy="Reopen it there and press “Retry”, or download the grades as a file.",
    ),
    "clock_ahead": Words(
        what="the LMS's clock is behind ours",
        remedy="It is tried again. If it stays, compare the servers' clocks.",
    ),
    "teaches": Words(what="teaches in this course", remedy="Staff have no grade in the LMS."),
    "inactive": Words(
        what="suspended there, or no longer in the course",
        remedy="If they are back in the LMS, read the roster again.",
    ),
    "no_identity": Words(
        what="this person never came from this LMS",
        remedy="Ask them to open the lab from the course once.",
    ),
    "no_column": Words(
        what="the link has no grade column",
        remedy="Switch grading on for the link in the LMS, then open it once as staff.",
    ),
    "no_permission": Words(
        what="the LMS does not let this tool send grades",
        remedy="Ask the LMS administrator to switch on grade services for this tool.",
    ),
    "column_gone": Words(
        what="the grade column is gone",
        remedy="Open the lab from the LMS once so that we learn its column, then press “Retry”.",
    ),
    "registration": Words(
        what="the LMS does not accept our key",
        remedy="Ask the LMS administrator to check the tool's registration and key set address.",
    ),
}
GAVE_UP = Words(
    what="gave up after too many tries",
    remedy="See that the LMS is up, then press “Retry all”.",
)


def words(code: str) -> Words:
    """Return what people read for a reason code; unknown codes are said as they are."""
    return WORDS.get(code, Words(what=code or "unknown reason", remedy="Press “Retry”."))
