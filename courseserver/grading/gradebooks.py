"""The sender's gradebook over LTI: scores and results of Assignment and Grade Services."""

import math

from courseserver.courses.models import Assignment
from courseserver.grading.faults import GradebookFault, Reach
from courseserver.grading.outbox import Parcel
from courseserver.grading.sender import Reading
from courseserver.lti import ags
from courseserver.lti.faults import FaultKind, PlatformFault

# Products that show a score not fully graded as it is. All others get FullyGraded: Moodle erases
# the grade on anything else.
KEEP_PART_SCORES = frozenset({"canvas"})
_REACH = {
    FaultKind.RETRY: ("busy", Reach.PASSES),
    FaultKind.STALE: ("stale", Reach.STALE),
    FaultKind.PERSON: ("not_a_student", Reach.STAYS),
    FaultKind.ITEM: ("column_gone", Reach.STAYS),
    FaultKind.REGISTRATION: ("registration", Reach.WHOLE_PLATFORM),
}


class LtiGradebook:
    """Sends to, and reads from, the platform of each assignment's course."""

    def send(self, parcel: Parcel) -> None:
        assignment = parcel.assignment
        if ags.SCOPE_SCORE not in assignment.ags_scopes:
            raise GradebookFault("no_permission", Reach.STAYS)
        platform = assignment.course.platform
        score = ags.Score(
            subject=parcel.subject,
            given=parcel.points,
            maximum=parcel.points_max,
            timestamp=parcel.stamp,
            comment=parcel.comment,
            activity_progress="Completed" if parcel.is_full else "Submitted",
            grading_progress=grading_progress(platform.product, is_full=parcel.is_full),
            submitted_at=parcel.submitted_at,
            is_new_submission=parcel.is_first,
        )
        try:
            ags.score_send(platform, assignment.line_item_url, score)
        except PlatformFault as fault:
            raise _translated(fault) from fault

    def read(self, assignment: Assignment, subject: str, points_max: float) -> Reading | None:
        if ags.SCOPE_RESULT not in assignment.ags_scopes:
            return None
        try:
            result = ags.result_read(assignment.course.platform, assignment.line_item_url, subject)
        except PlatformFault as fault:
            raise _translated(fault) from fault
        if result is None or result.score is None or not math.isfinite(result.score):
            return Reading(points=None)
        maximum = result.maximum or points_max
        return Reading(points=round(result.score / maximum * points_max, 4))


def grading_progress(product: str, *, is_full: bool) -> str:
    """Return how far graded we say a score is, so that the product does not erase it."""
    return "FullyGraded" if is_full or product not in KEEP_PART_SCORES else "PendingManual"


def _translated(fault: PlatformFault) -> GradebookFault:
    code, reach = _REACH[fault.kind]
    if fault.kind is FaultKind.RETRY and fault.status is None:
        code = "unreachable"
    return GradebookFault(
        code, reach, status=fault.status, detail=fault.detail, retry_after_s=fault.retry_after_s
    )
