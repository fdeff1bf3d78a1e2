"""The JSON API of courses: who is enrolled."""

from typing import Any, cast

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from courseserver.courses import access, selectors
from courseserver.courses.models import Person, Role


class EnrolmentOut(serializers.Serializer[Any]):
    """One person in a course, as its teaching staff sees them."""

    person_id = serializers.CharField()
    name = serializers.CharField()
    role = serializers.ChoiceField(choices=Role.choices)
    is_active = serializers.BooleanField()
    is_test_student = serializers.BooleanField()
    last_launch_at = serializers.DateTimeField(allow_null=True)


class EnrolmentsApi(GenericAPIView[Any]):
    serializer_class = EnrolmentOut

    @extend_schema(
        operation_id="course_enrolments",
        responses={
            200: EnrolmentOut(many=True),
            403: OpenApiResponse(description="Only the teaching staff may see this."),
            404: OpenApiResponse(description="No such course of yours."),
        },
    )
    def get(self, request: Request, course_id: str) -> Response:
        """Return the people of a course, for its teaching staff, of the sections they see."""
        course, enrolment = access.course_for(cast(Person, request.user), course_id)
        access.staff_enrolment_in(enrolment.person, course)
        seen = [m for m in selectors.members(course) if access.may_see(enrolment, m.sections)]
        page = self.paginate_queryset(seen)
        return self.get_paginated_response(self.get_serializer(page, many=True).data)
