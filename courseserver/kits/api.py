"""The JSON API: ask for measurements, watch and cancel them, see kits; enrol a new one."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, cast

from django.conf import settings
from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import AnonRateThrottle
from rest_framework.views import APIView

from courseserver.common.errors import Forbidden, Unprocessable
from courseserver.courses.models import Person
from courseserver.kits import access, claims, enrolment, selectors, services
from courseserver.kits.credentials import secret_matches
from courseserver.kits.models import Kit, KitJob, Measurement
from courseserver.kits.requests import TaskRequest
from courseserver.kits.states import JobState, KitHealth, Verdict
from firmware_specs.wire import Claim, WireError, decode


class TaskIn(serializers.Serializer[Any]):
    id = serializers.CharField(max_length=64)
    task = serializers.CharField(max_length=64)
    arguments = serializers.DictField(required=False)


class KitJobIn(serializers.Serializer[Any]):
    course = serializers.CharField(max_length=32)
    purpose = serializers.CharField(max_length=120)
    tasks = TaskIn(many=True)


class MeasurementOut(serializers.Serializer[Any]):
    id = serializers.CharField(help_text="The task request's id")
    task = serializers.CharField()
    outcome = serializers.CharField()
    value = serializers.FloatField(allow_null=True, help_text="Median, in `unit` (SI)")
    low = serializers.FloatField(allow_null=True, help_text="10th percentile")
    high = serializers.FloatField(allow_null=True, help_text="90th percentile")
    n = serializers.IntegerField()
    unit = serializers.CharField(allow_blank=True)
    evidence = serializers.CharField()
    verdict = serializers.ChoiceField(
        choices=Verdict.choices, help_text="What the server itself found out about it"
    )
    verdict_why = serializers.CharField(help_text="What that rests on, or why it is no more")
    energy_total_j = serializers.FloatField(allow_null=True)
    energy_dynamic_j = serializers.FloatField(allow_null=True)
    energy_why_not = serializers.CharField(allow_blank=True)
    flags = serializers.ListField(child=serializers.CharField())
    detail = serializers.CharField(allow_blank=True)


class KitJobOut(serializers.Serializer[Any]):
    id = serializers.CharField()
    state = serializers.ChoiceField(JobState.values)
    is_final = serializers.BooleanField()
    position = serializers.IntegerField(allow_null=True, help_text="Place in the queue, from 1")
    done = serializers.IntegerField()
    total = serializers.IntegerField()
    message = serializers.CharField(allow_blank=True)
    kit_name = serializers.CharField(allow_blank=True)
    kit_is_shared = serializers.BooleanField(allow_null=True)
    kit_origin = serializers.CharField(
        allow_null=True, help_text='"institution", or "own": a student\'s kit, self-reported'
    )
    poll_ms = serializers.IntegerField(allow_null=True, help_text="When to ask again; null: never")
    measurements = MeasurementOut(many=True)


class KitOut(serializers.Serializer[Any]):
    id = serializers.CharField()
    name = serializers.CharField()
    board = serializers.CharField()
    is_shared = serializers.BooleanField()
    origin = serializers.CharField(help_text='"institution" or "own"')
    is_busy = serializers.BooleanField()
    tasks = serializers.ListField(child=serializers.CharField())


class ClaimIn(serializers.Serializer[Any]):
    v = serializers.IntegerField()
    type = serializers.CharField()
    name = serializers.CharField(max_length=80)
    board = serializers.CharField(max_length=40)
    agent_version = serializers.CharField(max_length=40)
    host = serializers.DictField(required=False)


class OfferOut(serializers.Serializer[Any]):
    device_code = serializers.CharField()
    user_code = serializers.CharField()
    verification_uri = serializers.CharField()
    expires_in = serializers.IntegerField()
    interval = serializers.IntegerField()


class PollIn(serializers.Serializer[Any]):
    device_code = serializers.CharField(max_length=128)


class RotateIn(serializers.Serializer[Any]):
    device_id = serializers.CharField(max_length=32)
    secret = serializers.CharField(max_length=128)
    # Chosen and kept by the agent before it asks: an answer that gets lost locks nobody out.
    fresh = serializers.RegexField(r"\A[A-Za-z0-9_-]{43,128}\Z", required=False)


class CredentialsOut(serializers.Serializer[Any]):
    device_id = serializers.CharField()
    secret = serializers.CharField()
    mqtt_url = serializers.CharField()
    board = serializers.CharField()
    ca_pem = serializers.CharField(allow_blank=True)


class PollRefusedOut(serializers.Serializer[Any]):
    error = serializers.ChoiceField(
        ["authorization_pending", "slow_down", "access_denied", "expired_token"]
    )


def job_json(job: KitJob) -> dict[str, Any]:
    """Return a job with what it has measured so far."""
    rows = selectors.outcomes_of(job)
    measurements = [
        _measurement_json(rows[asked["id"]]) for asked in job.tasks if asked["id"] in rows
    ]
    return {**asdict(selectors.job_view(job.id)), "measurements": measurements}


def _measurement_json(row: Measurement) -> dict[str, Any]:
    fields = (
        "task", "outcome", "value", "low", "high", "n", "unit", "evidence", "verdict",
        "verdict_why", "energy_total_j", "energy_dynamic_j", "energy_why_not", "flags", "detail",
    )  # fmt: skip
    return {"id": row.request_id, **{name: getattr(row, name) for name in fields}}


class KitJobsView(APIView):
    @extend_schema(
        request=KitJobIn,
        responses={
            201: KitJobOut,
            404: OpenApiResponse(description="Not your course"),
            409: OpenApiResponse(description="Too many open jobs"),
            422: OpenApiResponse(description="A task or argument that kits do not know"),
        },
    )
    def post(self, request: Request) -> Response:
        """Queue measurements on a kit; the same open request again answers the same job."""
        person = cast(Person, request.user)
        body = KitJobIn(data=request.data)
        body.is_valid(raise_exception=True)
        job = services.kit_job_request(
            person=person,
            course=access.course_for(person, body.validated_data["course"]),
            tasks=[_task_request(row) for row in body.validated_data["tasks"]],
            purpose=body.validated_data["purpose"],
        )
        return Response(job_json(job), status=201)


def _task_request(row: Mapping[str, Any]) -> TaskRequest:
    arguments = row.get("arguments", {})
    if not all(isinstance(value, bool | int | float | str) for value in arguments.values()):
        raise Unprocessable(f"Arguments of {row['id']} must be numbers, texts or true/false.")
    return TaskRequest(id=row["id"], task=row["task"], arguments=arguments)


class KitJobView(APIView):
    @extend_schema(
        responses={
            200: KitJobOut,
            304: OpenApiResponse(description="Nothing changed since the ETag you sent"),
            404: OpenApiResponse(description="No such job of yours"),
        }
    )
    def get(self, request: Request, job_id: str) -> Response:
        """Return a job: state, place in the queue, progress, measurements."""
        body = job_json(access.job_for(cast(Person, request.user), job_id))
        text = json.dumps(body, sort_keys=True).encode()
        etag = f'"{hashlib.sha256(text).hexdigest()[:24]}"'
        is_known = etag in request.headers.get("If-None-Match", "")
        response = Response(status=304) if is_known else Response(body)
        response["ETag"] = etag
        response["Cache-Control"] = "private, no-cache"
        return response

    @extend_schema(responses={200: KitJobOut, 404: OpenApiResponse(description="No such job")})
    def delete(self, request: Request, job_id: str) -> Response:
        """Cancel a job; what was measured stays."""
        person = cast(Person, request.user)
        job = services.kit_job_cancel(person=person, job=access.job_for(person, job_id))
        return Response(job_json(job))


class KitsView(APIView):
    @extend_schema(
        parameters=[OpenApiParameter("course", str, required=True)],
        responses={200: KitOut(many=True), 404: OpenApiResponse(description="Not your course")},
    )
    def get(self, request: Request) -> Response:
        """Return the kits that are there for a course now."""
        course_id = request.query_params.get("course", "")
        person = cast(Person, request.user)
        course = access.course_for(person, course_id)
        kits = selectors.kits_available(course, person=person)
        return Response([_kit_json(kit) for kit in kits])


def _kit_json(kit: Kit) -> dict[str, Any]:
    return {
        "id": kit.id,
        "name": kit.name,
        "board": kit.board,
        "is_shared": kit.course_id is None,
        "origin": kit.origin,
        "is_busy": kit.presence == "busy",
        "tasks": [row["task"] for row in kit.birth.get("tasks", []) if row["available"]],
    }


# --- enrolment: agents have no session ----------------------------------------------------------
class EnrolmentThrottle(AnonRateThrottle):
    scope = "kit-enrolment"
    # A whole class behind one address may enrol and poll at once.
    rate = "600/min"


class AgentView(APIView):
    """Reached by agents: no session, no cookie, so no CSRF either."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = (EnrolmentThrottle,)


class ClaimsView(AgentView):
    @extend_schema(
        auth=[],
        request=ClaimIn,
        responses={201: OfferOut, 422: OpenApiResponse(description="Not a claim of a known board")},
    )
    def post(self, request: Request) -> Response:
        """Ask to be adopted; show `user_code` to a person who enters it on the staff page."""
        try:
            claim = decode(json.dumps(request.data).encode(), Claim)
        except WireError as error:
            raise Unprocessable(f"Not a claim: {error}.") from error
        offer = claims.claim_open(claim=claim)
        return Response(
            {
                "device_code": offer.device_code,
                "user_code": offer.user_code,
                "verification_uri": settings.PUBLIC_URL + reverse("kits-claim"),
                "expires_in": offer.expires_in_s,
                "interval": claims.INTERVAL_S,
            },
            status=201,
        )


class ClaimPollView(AgentView):
    @extend_schema(auth=[], request=PollIn, responses={200: CredentialsOut, 400: PollRefusedOut})
    def post(self, request: Request) -> Response:
        """Ask whether staff have decided; the answer with the secret comes once."""
        body = PollIn(data=request.data)
        body.is_valid(raise_exception=True)
        try:
            kit, secret = claims.claim_poll(device_code=body.validated_data["device_code"])
        except claims.PollRefused as refused:
            return Response({"error": refused.code}, status=400)
        return _credentials(kit, secret)


class RotateView(AgentView):
    @extend_schema(
        auth=[],
        request=RotateIn,
        responses={200: CredentialsOut, 403: OpenApiResponse(description="Wrong or revoked")},
    )
    def post(self, request: Request) -> Response:
        """Change a kit's secret; the old one ends at once."""
        body = RotateIn(data=request.data)
        body.is_valid(raise_exception=True)
        kit = Kit.objects.filter(pk=body.validated_data["device_id"]).first()
        known = kit is not None and kit.health != KitHealth.REVOKED
        if (
            kit is None
            or not known
            or not secret_matches(body.validated_data["secret"], kit.secret_hash)
        ):
            raise Forbidden("Unknown kit, wrong secret or revoked.", remedy="Enrol the kit again.")
        fresh = body.validated_data.get("fresh", "")
        return _credentials(kit, enrolment.kit_rotate(kit=kit, actor="system", fresh=fresh))


def _credentials(kit: Kit, secret: str) -> Response:
    told = enrolment.agent_settings(kit, secret)
    names = ("device_id", "secret", "mqtt_url", "board")
    response = Response({**{n: told[n] for n in names}, "ca_pem": enrolment.ca_certificate()})
    response["Cache-Control"] = "no-store"
    return response
