"""What grading keeps about a person, and how it is erased (`courses.personal`)."""

from collections.abc import Mapping

from django.db.models import Q

from courseserver.courses.personal import Kept
from courseserver.grading.models import (
    CalibrationMark,
    CalibrationSample,
    CriterionMark,
    GradeOutbox,
    LogMark,
    Override,
    RegradeMessage,
    RegradeRequest,
    Regrading,
    Score,
    SendState,
    Submission,
)

KEPT = (
    Kept(model=Submission),
    Kept(model=LogMark, person="submission__person"),
    Kept(model=CriterionMark, person="log_mark__submission__person"),
    Kept(model=Regrading, person="submission__person"),
    Kept(model=Override),
    Kept(model=RegradeRequest, person="submission__person"),
    Kept(model=RegradeMessage, person="request__submission__person"),
    Kept(model=CalibrationSample, person="submission__person"),
    Kept(model=CalibrationMark, person="sample__submission__person"),
    Kept(model=Score),
    Kept(model=GradeOutbox, without=("lease_token", "lease_until")),
)


def erase(person_id: str) -> Mapping[str, int]:
    """Erase the Decision Logs and what was written about them; nothing more leaves for the LMS."""
    submissions = Submission.objects.filter(person=person_id)
    marks = LogMark.objects.filter(submission__person=person_id)
    outbox = GradeOutbox.objects.filter(person=person_id)
    return {
        "grading.submission": submissions.update(log_text=""),
        "grading.logmark": marks.update(comment=""),
        "grading.regrading": Regrading.objects.filter(submission__in=submissions).update(reason=""),
        "grading.override": Override.objects.filter(person=person_id).update(reason=""),
        "grading.regrademessage": RegradeMessage.objects.filter(
            Q(request__submission__in=submissions) | Q(author=person_id)
        ).update(text=""),
        "grading.gradeoutbox": outbox.update(
            comment="",
            hold_reason="",
            is_held=True,
            state=SendState.VOIDED,
            lease_token="",
            lease_until=None,
            next_read_at=None,
        ),
    }
