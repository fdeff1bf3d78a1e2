"""The JSON API of grades: an assignment's gradebook, and what became of one attempt."""

from typing import Any, cast

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from courseserver.common.errors import NotFound
from courseserver.courses import access
from courseserver.courses.models import Person
from courseserver.grading import selectors
from courseserver.grading.models import SendState, Submission
from courseserver.grading.selectors import BoardRow
from labs.schemes import Level

_STAFF_ONLY = OpenApiResponse(description="Only the teaching staff may see this.")
_NOT_YOURS = OpenApiResponse(description="No such thing in your courses.")
_SEND_STATES = [*SendState.choices, ("", "Nothing to send")]


class SectionOut(serializers.Serializer[Any]):
    id = serializers.CharField()
    title = serializers.CharField()
    points = serializers.FloatField(allow_null=True, help_text="null while it waits for a mark")
    points_max = serializers.FloatField()


class SubmissionOut(serializers.Serializer[Any]):
    """What became of a handed-in attempt."""

    submission_id = serializers.CharField()
    submitted_at = serializers.DateTimeField()
    counts = serializers.BooleanField(help_text="false where a later attempt counts instead")
    points = serializers.FloatField()
    points_max = serializers.FloatField()
    is_full = serializers.BooleanField(help_text="false while the Decision Log is not marked")
    sections = SectionOut(many=True)
    send_state = serializers.ChoiceField(choices=_SEND_STATES, source="state")
    state_words = serializers.CharField()
    sent_points = serializers.FloatField(allow_null=True)
    lms_points = serializers.FloatField(allow_null=True)
    lms_read_at = serializers.DateTimeField(allow_null=True)
    comment = serializers.CharField(allow_blank=True)
    log_levels = serializers.DictField(
        child=serializers.ChoiceField(choices=[level.value for level in Level]),
        help_text="The level of each criterion, once the Decision Log is marked.",
    )


class GradebookRowOut(serializers.Serializer[Any]):
    """One student: our score, the LMS's, and the way between."""

    person_id = serializers.CharField()
    name = serializers.CharField()
    points = serializers.FloatField(allow_null=True)
    points_max = serializers.FloatField()
    is_full = serializers.BooleanField()
    log_state = serializers.ChoiceField(choices=["", "empty", "to mark", "marked"])
    send_state = serializers.ChoiceField(choices=_SEND_STATES)
    state_words = serializers.CharField()
    lms_points = serializers.FloatField(allow_null=True)
    last_sent_at = serializers.DateTimeField(allow_null=True)
    next_try_at = serializers.DateTimeField(allow_null=True)
    attempts = serializers.IntegerField()
    reason_code = serializers.CharField(allow_blank=True)
    http_status = serializers.IntegerField(allow_null=True)


class GradebookApi(GenericAPIView[Any]):
    serializer_class = GradebookRowOut

    @extend_schema(
        operation_id="assignment_gradebook",
        responses={200: GradebookRowOut(many=True), 403: _STAFF_ONLY, 404: _NOT_YOURS},
    )
    def get(self, request: Request, assignment_id: str) -> Response:
        """Return every student's score here and in the LMS, for the teaching staff."""
        person = cast(Person, request.user)
        assignment, enrolment = access.staff_assignment_for(person, assignment_id)
        board = selectors.board(assignment, access.sections_seen(enrolment))
        rows = [_row(row, assignment.points_max) for row in board.rows]
        page = self.paginate_queryset(rows)
        return self.get_paginated_response(self.get_serializer(page, many=True).data)


class SubmissionApi(APIView):
    @extend_schema(
        operation_id="submission_state",
        responses={200: SubmissionOut, 404: _NOT_YOURS},
    )
    def get(self, request: Request, attempt_id: str) -> Response:
        """Return score and sending state of an attempt, to its owner or the teaching staff."""
        _refuse_strangers(cast(Person, request.user), attempt_id)
        return Response(SubmissionOut(selectors.submission_view(attempt_id)).data)


def _refuse_strangers(person: Person, attempt_id: str) -> None:
    submissions = Submission.objects.select_related("assignment__course")
    submission = submissions.filter(attempt_id=attempt_id).first()
    nothing = NotFound("No such thing in your courses.", remedy="Open the lab from your course.")
    if submission is None:
        raise nothing
    enrolment = access.enrolment_in(person, submission.assignment.course)
    if submission.person_id == person.pk:
        return
    if not enrolment.is_staff:
        raise nothing
    access.student_seen_by(enrolment, submission.person_id)


def _row(row: BoardRow, points_max: float) -> dict[str, Any]:
    outbox = row.outbox
    return {
        "person_id": row.person_id,
        "name": row.name,
        "points": row.points,
        "points_max": points_max,
        "is_full": bool(row.score and row.score.is_full),
        "log_state": row.log_state,
        "send_state": outbox.state if outbox else "",
        "state_words": row.shown.words,
        "lms_points": row.lms_points,
        "last_sent_at": outbox.last_sent_at if outbox else None,
        "next_try_at": row.next_try_at,
        "attempts": outbox.attempts if outbox else 0,
        "reason_code": outbox.reason_code if outbox else "",
        "http_status": outbox.http_status if outbox else None,
    }
