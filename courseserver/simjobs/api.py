"""Polling and cancelling simulations."""

from typing import Any, cast

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from courseserver.courses.models import Person
from courseserver.simjobs import selectors, services


class JobOut(serializers.Serializer[Any]):
    id = serializers.CharField()
    state = serializers.ChoiceField(["queued", "running", "done", "failed", "cancelled"])
    words = serializers.CharField()
    done = serializers.IntegerField()
    total = serializers.IntegerField()
    error = serializers.CharField(allow_blank=True)
    poll_ms = serializers.IntegerField(
        allow_null=True, help_text="When to ask again; null when nothing will change."
    )
    result = serializers.DictField(allow_null=True)


class JobApi(APIView):
    @extend_schema(
        operation_id="job",
        responses={200: JobOut, 304: OpenApiResponse(description="Nothing has changed."),
                   401: OpenApiResponse(description="No session of a launch."),
                   404: OpenApiResponse(description="No job of that id is yours.")},
    )  # fmt: skip
    def get(self, request: Request, job_id: str) -> Response:
        """Return a simulation's progress, or 304 where the browser knows it already."""
        job = selectors.job_for(cast(Person, request.user), job_id)
        tag = selectors.etag_of(job)
        is_known = tag in request.headers.get("If-None-Match", "")
        response = Response(status=304) if is_known else Response(selectors.job_json(job))
        response["ETag"] = tag
        return response

    @extend_schema(
        operation_id="job_cancel",
        responses={200: JobOut,
                   401: OpenApiResponse(description="No session of a launch."),
                   404: OpenApiResponse(description="No job of that id is yours.")},
    )  # fmt: skip
    def delete(self, request: Request, job_id: str) -> Response:
        """Take back the wish for a simulation; it stops when nobody else waits for it."""
        person = cast(Person, request.user)
        job = services.job_drop(person=person, job=selectors.job_for(person, job_id))
        return Response(selectors.job_json(job))
