"""The JSON API behind the lab pages: commits, drafts, instruments, challenge, jobs, hardware."""

from typing import cast

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from courseserver.courses.models import Person
from courseserver.labruntime import access, challenges, instrument, services
from courseserver.labruntime.instances import PartInstance
from courseserver.labruntime.part_jobs import part_job_drop, part_job_start
from courseserver.labruntime.realities import reality_ask, reality_cancel, reality_of
from courseserver.labruntime.serializers import (
    AttemptOut,
    CommitIn,
    CommitOut,
    DraftIn,
    DraftOut,
    InstrumentOut,
    PartJobOut,
    Problem,
    RealityIn,
    RealityOut,
    StepsIn,
    TryOut,
    VoidIn,
)
from courseserver.labruntime.show.challenge import try_views
from courseserver.labruntime.show.drafts import draft_json
from courseserver.labruntime.show.job import polled_json
from courseserver.labruntime.show.part import found_failures, instrument_json
from courseserver.labruntime.show.reality import reality_json
from courseserver.labruntime.state import AttemptState, last_steps, state_of

REFUSALS = dict.fromkeys((400, 401, 403, 404, 409, 422), Problem)


class LabApi(APIView):
    """One person's own lab work."""

    def person(self, request: Request) -> Person:
        return cast(Person, request.user)

    def state(self, request: Request, attempt_id: str) -> AttemptState:
        return state_of(access.attempt_for(self.person(request), attempt_id))

    def revealed(
        self, request: Request, attempt_id: str, part: str
    ) -> tuple[AttemptState, PartInstance]:
        state = self.state(request, attempt_id)
        return state, access.revealed_part_for(state, part)


class AttemptApi(LabApi):
    @extend_schema(operation_id="attempt", responses={200: AttemptOut, **REFUSALS})
    def get(self, request: Request, attempt_id: str) -> Response:
        """Return where an attempt stands."""
        state = self.state(request, attempt_id)
        attempt = state.attempt
        return Response(
            {
                "id": attempt.pk,
                "lab": attempt.lab,
                "version": attempt.lab_version,
                "track": attempt.track,
                "submitted_at": attempt.submitted_at,
                "parts": [
                    {
                        "id": part.id,
                        "is_open": state.is_open(part.id),
                        "is_committed": state.is_committed(part.id),
                    }
                    for part in state.lab.parts
                ],
                "commits": [
                    services.commit_json(state.instance(part), commit)
                    for (part, _), commit in state.commits.items()
                ],
            }
        )


class VoidApi(LabApi):
    @extend_schema(
        operation_id="attempt_void",
        request=VoidIn,
        responses={204: None, **REFUSALS},
    )
    def post(self, request: Request, attempt_id: str) -> Response:
        """Set a student's attempt aside (staff only); the next one has fresh numbers."""
        person = self.person(request)
        attempt = access.attempt_for_staff(person, attempt_id)
        asked = VoidIn(data=request.data)
        asked.is_valid(raise_exception=True)
        services.attempt_void(attempt=attempt, by=person, reason=asked.validated_data["reason"])
        return Response(status=204)


class CommitApi(LabApi):
    @extend_schema(
        operation_id="prediction_commit",
        request=CommitIn,
        responses={200: CommitOut, 201: CommitOut, **REFUSALS},
    )
    def post(self, request: Request, attempt_id: str, part: str) -> Response:
        """Lock in one prediction: 201 when new, 200 when the same again, 409 when another."""
        state = self.state(request, attempt_id)
        asked = CommitIn(data=request.data)
        asked.is_valid(raise_exception=True)
        question = asked.validated_data["question"]
        after, is_new = services.prediction_commit(
            state=state, part_id=part, answers={question: asked.validated_data["value"]}
        )
        commit = after.commits[(part, question)]
        body = services.commit_json(after.instance(part), commit)
        body["is_revealed"] = after.is_committed(part)
        return Response(body, status=201 if is_new else 200)


class DraftApi(LabApi):
    @extend_schema(
        operation_id="draft_save",
        request=DraftIn,
        responses={200: DraftOut, **REFUSALS},
    )
    def put(self, request: Request, attempt_id: str, name: str) -> Response:
        """Keep a draft: `<part>.<question>` or `log`; answers how a number is read."""
        state = self.state(request, attempt_id)
        asked = DraftIn(data=request.data)
        asked.is_valid(raise_exception=True)
        draft = services.draft_keep(state=state, name=name, text=asked.validated_data["value"])
        return Response(draft_json(state, draft))


class InstrumentApi(LabApi):
    @extend_schema(operation_id="instrument", responses={200: InstrumentOut, **REFUSALS})
    def get(self, request: Request, attempt_id: str, part: str) -> Response:
        """Return the whole instrument where the student left it."""
        state, instance = self.revealed(request, attempt_id, part)
        return Response(instrument_json(state, instance, found_failures(state, part)))

    @extend_schema(
        operation_id="instrument_release",
        request=StepsIn,
        responses={200: InstrumentOut, **REFUSALS},
    )
    def post(self, request: Request, attempt_id: str, part: str) -> Response:
        """Record a release of a knob; return the exact outputs around the new point."""
        state, instance = self.revealed(request, attempt_id, part)
        knobs = instance.part.model.knobs(instance.params)
        steps = instrument.checked_steps(knobs, _member(request, "at"))
        evaluation = services.exploration_record(state=state, instance=instance, steps=steps)
        found = found_failures(state, part)
        safe = last_steps(state.attempt, part, safe=True)
        body = {**evaluation.moving, "found": sorted(found)}
        if safe is not None:
            body["safe"] = safe
        return Response(body)


class ChallengeApi(LabApi):
    @extend_schema(
        operation_id="challenge_try",
        request=StepsIn,
        responses={201: TryOut, **REFUSALS},
    )
    def post(self, request: Request, attempt_id: str, part: str) -> Response:
        """Run one design on the server and record it."""
        state, instance = self.revealed(request, attempt_id, part)
        made, outputs = challenges.challenge_try(
            state=state, instance=instance, asked=_member(request, "at")
        )
        tries = challenges.tries_of(state.attempt, part)
        shown = next(t for t in try_views(state, instance, tries) if t.number == made.number)
        return Response(
            {
                "number": shown.number,
                "design": shown.design,
                "objective": made.objective,
                "objective_text": shown.objective,
                "is_feasible": shown.is_feasible,
                "broken": list(shown.broken),
                "is_best": shown.is_best,
                "at": shown.at,
                "outputs": outputs,
            },
            status=201,
        )


class PartJobApi(LabApi):
    @extend_schema(
        operation_id="part_job_start",
        request=StepsIn,
        responses={202: PartJobOut, **REFUSALS},
    )
    def post(self, request: Request, attempt_id: str, part: str) -> Response:
        """Ask for a part's long simulation; poll it at `poll_url`, cancel it there by DELETE."""
        state, instance = self.revealed(request, attempt_id, part)
        job = part_job_start(state=state, instance=instance, asked=_member(request, "at"))
        return Response(polled_json(job), status=202)

    @extend_schema(operation_id="part_job_drop", responses={200: PartJobOut, **REFUSALS})
    def delete(self, request: Request, attempt_id: str, part: str) -> Response:
        """Take back the run asked for last; it stops when nobody else waits for it."""
        state, instance = self.revealed(request, attempt_id, part)
        return Response(polled_json(part_job_drop(state=state, instance=instance)))


class RealityApi(LabApi):
    @extend_schema(operation_id="reality", responses={200: RealityOut, **REFUSALS})
    def get(self, request: Request, attempt_id: str, part: str) -> Response:
        """Return where a part's check on hardware stands."""
        state, instance = self.revealed(request, attempt_id, part)
        reality_of(instance)
        return Response(reality_json(state, instance))

    @extend_schema(
        operation_id="reality_ask",
        request=RealityIn,
        responses={202: RealityOut, **REFUSALS},
    )
    def post(self, request: Request, attempt_id: str, part: str) -> Response:
        """Ask a kit of the course to measure, or go on with simulation only."""
        state, instance = self.revealed(request, attempt_id, part)
        asked = RealityIn(data=request.data)
        asked.is_valid(raise_exception=True)
        reality_ask(state=state, instance=instance, mode=asked.validated_data["mode"])
        return Response(reality_json(state, instance), status=202)

    @extend_schema(operation_id="reality_cancel", responses={200: RealityOut, **REFUSALS})
    def delete(self, request: Request, attempt_id: str, part: str) -> Response:
        """Take back measurements that wait or run."""
        state, instance = self.revealed(request, attempt_id, part)
        reality_cancel(state=state, instance=instance)
        return Response(reality_json(state, instance))


def _member(request: Request, name: str) -> object:
    return request.data.get(name) if isinstance(request.data, dict) else None
