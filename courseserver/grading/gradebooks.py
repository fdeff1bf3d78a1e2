"""The sender's gradebook over LTI: scores and results of Assignment and Grade Services."""

import math
from collections.abc import Mapping

from courseserver.courses.models import Assignment, SendAs
from courseserver.grading.faults import GradebookFault, Reach
from courseserver.grading.gradebook import Reading
from courseserver.grading.outbox import Parcel
from courseserver.lti import ags, line_items
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
        given, maximum = written(assignment, parcel.points or 0.0, parcel.points_max)
        is_cleared = parcel.points is None
        score = ags.Score(
            subject=parcel.subject,
            given=None if is_cleared else given,
            maximum=maximum,
            timestamp=parcel.stamp,
            comment=parcel.comment,
            activity_progress=_activity(parcel),
            grading_progress=grading_progress(
                platform.product, is_full=parcel.is_full, is_cleared=is_cleared
            ),
            submitted_at=parcel.submitted_at,
            is_new_submission=parcel.is_first and parcel.submitted_at is not None,
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
        return _reading(result, points_max)

    def read_all(self, assignment: Assignment, points_max: float) -> Mapping[str, Reading] | None:
        if ags.SCOPE_RESULT not in assignment.ags_scopes:
            return None
        platform = assignment.course.platform
        try:
            results = ags.results_read(platform, assignment.line_item_url)
        except PlatformFault as fault:
            if fault.kind is FaultKind.RETRY:
                raise _translated(fault) from fault
            return None
        return {result.subject: _reading(result, points_max) for result in results}

    def column(self, assignment: Assignment) -> str:
        if ags.SCOPE_LINE_ITEM not in assignment.ags_scopes or not assignment.line_items_url:
            raise GradebookFault("no_permission", Reach.STAYS)
        column = line_items.Column(
            resource_id=assignment.pk,
            label=assignment.title,
            maximum=written(assignment, 0.0, assignment.points_max)[1],
            resource_link_id=assignment.resource_link_id,
        )
        try:
            return line_items.line_item_ensure(
                assignment.course.platform, assignment.line_items_url, column
            )
        except PlatformFault as fault:
            raise _translated(fault) from fault


def written(assignment: Assignment, points: float, points_max: float) -> tuple[float, float]:
    """Return a score and its maximum as the assignment writes them in the LMS."""
    if assignment.send_as == SendAs.PERCENT:
        return round(100.0 * points / points_max, 2), 100.0
    return points, points_max


def _reading(result: ags.Result | None, points_max: float) -> Reading:
    if result is None or result.score is None or not math.isfinite(result.score):
        return Reading(points=None)
    maximum = result.maximum or points_max
    return Reading(points=round(result.score / maximum * points_max, 4))


def _activity(parcel: Parcel) -> str:
    if parcel.points is None:
        return "Initialized"
    return "Completed" if parcel.is_full else "Submitted"


def grading_progress(product: str, *, is_full: bool, is_cleared: bool = False) -> str:
    """Return how far graded we say a score is, so that the product erases it only when cleared."""
    if is_cleared:
        # Canvas keeps a grade on anything it would take a score with.
        return "NotReady" if product in KEEP_PART_SCORES else "FullyGraded"
    return "FullyGraded" if is_full or product not in KEEP_PART_SCORES else "PendingManual"


def _translated(fault: PlatformFault) -> GradebookFault:
    code, reach = _REACH[fault.kind]
    if fault.kind is FaultKind.RETRY and fault.status is None:
        code = "unreachable"
    code = fault.reason or code
    return GradebookFault(
        code, reach, status=fault.status, detail=fault.detail, retry_after_s=fault.retry_after_s
    )
