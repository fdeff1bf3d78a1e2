"""Offline results: signed files that staff bring from benches without a network.

A file counts once, whole or not at all. Who holds the kit's secret can sign what he likes, as he
could send what he likes: the signature says which kit speaks, not that it is right. What the server
can check of a result that came by the network it checks here as well.
"""

from collections.abc import Iterable

from django.db import IntegrityError, transaction
from django.db.models import Prefetch, Q, QuerySet

from courseserver.audit import services as audit
from courseserver.common import clock
from courseserver.common.errors import Conflict, NotFound, Unprocessable
from courseserver.courses.models import Course
from courseserver.kits.credentials import bundle_key
from courseserver.kits.ingest import Refused, measurement_checked
from courseserver.kits.models import Kit, KitJob, Measurement, OfflineBundle
from courseserver.kits.states import JobKind, JobState, KitHealth
from firmware_specs import tasks
from firmware_specs.wire import (
    Bundle,
    Result,
    SignatureMismatch,
    WireError,
    bundle_read,
)

OFFLINE = "offline"
_ID_MOST = 64
_REMEDY = "Choose the file that `device_agent bench --bundle FILE` wrote, unchanged."
_ANEW = "Give the kit a secret (`device_agent enrol --rotate`), then measure and sign anew."


def bundle_import(*, payload: bytes, course: Course | None, actor: str) -> OfflineBundle:
    """Store the results of a signed file, for a course or, without one, for the institution.

    Raises
    ------
    Unprocessable
        If it is no bundle, was changed, or holds what no kit may say.
    NotFound
        If no kit of this course signed it.
    Conflict
        If it was imported before.
    """
    bundle, kit = _opened(payload, course)
    _check_shape(bundle)
    try:
        with transaction.atomic():
            if old := OfflineBundle.objects.filter(pk=bundle.bundle_id).first():
                raise _replayed(old)
            kept = _store(bundle, kit, course)
            audit.record(
                actor=actor,
                action="kit_bundle_import",
                subject=kept.pk,
                course_id=course.id if course else "",
            )
            return kept
    except IntegrityError as error:
        # Two imports at once: the other one was first.
        old = OfflineBundle.objects.filter(pk=bundle.bundle_id).first()
        if old is None:
            raise
        raise _replayed(old) from error


def bundles_of(course: Course) -> QuerySet[OfflineBundle]:
    """Return what was imported for a course, the latest first, with its measurements."""
    rows = Measurement.objects.order_by("task", "request_id")
    return (
        OfflineBundle.objects.filter(job__course=course)
        .select_related("kit", "job")
        .prefetch_related(Prefetch("job__measurements", queryset=rows))
        .order_by("-imported_at")
    )


def _opened(payload: bytes, course: Course | None) -> tuple[Bundle, Kit]:
    """Return the bundle and the kit whose signature it carries."""
    try:
        sealed = bundle_read(payload)
    except WireError as error:
        raise Unprocessable(f"This is no bundle of results: {error}.", remedy=_REMEDY) from error
    kits = Kit.objects.all()
    if course is not None:
        kits = kits.filter(Q(course=course) | Q(course__isnull=True))
    kit = kits.filter(pk=sealed.device_id[:32]).first()
    if kit is None:
        raise NotFound(
            f"No kit of this course is called {sealed.device_id[:32]!r}.",
            remedy="Import the file in the course that the kit was added to.",
        )
    if kit.health == KitHealth.REVOKED:
        raise Unprocessable(f"{kit.name} was revoked: its word no longer counts.")
    if not kit.bundle_key_encrypted:
        raise Unprocessable(f"{kit.name} has no key for signatures yet.", remedy=_ANEW)
    try:
        return sealed.opened(bundle_key(kit.bundle_key_encrypted)), kit
    except SignatureMismatch as error:
        raise Unprocessable(
            f"The signature is not that of {kit.name}: the file was changed after it was signed,"
            " or the kit has had another secret since.",
            remedy="Take the file from the kit again. If its secret was changed, measure anew.",
        ) from error
    except WireError as error:
        raise Unprocessable(
            f"{kit.name} signed what we cannot read: {error}.",
            remedy="Update the older side, agent or server, and measure anew.",
        ) from error


def _check_shape(bundle: Bundle) -> None:
    """Refuse what is signed, and yet cannot be stored as it stands."""
    names = [result.request_id for result in bundle.results]
    if not bundle.bundle_id or len(bundle.bundle_id) > _ID_MOST:
        raise Unprocessable(f"A bundle's id has 1 to {_ID_MOST} characters.", remedy=_REMEDY)
    if not names:
        raise Unprocessable("The bundle holds no result.", remedy="Let the bench finish a run.")
    if len(set(names)) < len(names) or max(map(len, names)) > _ID_MOST:
        raise Unprocessable("Two results share a name, or one is too long.", remedy=_REMEDY)
    for result in bundle.results:
        if result.job_id != bundle.bundle_id:
            raise Unprocessable(f"Result {result.request_id} is of another job.", remedy=_REMEDY)


def _store(bundle: Bundle, kit: Kit, course: Course | None) -> OfflineBundle:
    now = clock.now()
    job = KitJob.objects.create(
        kind=JobKind.OFFLINE,
        course=course,
        kit=kit,
        purpose="measured offline",
        tasks=list(_asked(bundle.results)),
        state=JobState.DONE,
        attempt=1,
        done=len(bundle.results),
        total=len(bundle.results),
        queued_at=now,
        finished_at=now,
        message="Measured without a network, imported by staff",
    )
    rows = []
    for result in bundle.results:
        try:
            row = measurement_checked(kit, job, result)
        except (Refused, tasks.SpecError) as error:
            raise Unprocessable(f"The bundle cannot count: {error}.", remedy=_REMEDY) from error
        row.message_id = f"{job.id}.1.{result.request_id}"[:128]
        row.flags = [*row.flags, OFFLINE]
        rows.append(row)
    Measurement.objects.bulk_create(rows)
    return OfflineBundle.objects.create(
        id=bundle.bundle_id,
        kit=kit,
        job=job,
        agent_version=bundle.agent_version[:40],
        written_utc=bundle.at_utc[:40],
        imported_at=now,
    )


def _asked(results: Iterable[Result]) -> Iterable[dict[str, object]]:
    """Return what the kit asked of itself, refusing what no task allows."""
    for result in results:
        try:
            arguments = tasks.task(result.task).check(result.arguments)
        except tasks.SpecError as error:
            raise Unprocessable(
                f"Result {result.request_id[:_ID_MOST]}: {error}.",
                remedy="Update the server if the agent is newer.",
            ) from error
        yield {"id": result.request_id, "task": result.task, "arguments": arguments}


def _replayed(old: OfflineBundle) -> Conflict:
    return Conflict(
        f"These results of {old.kit.name} were imported on"
        f" {old.imported_at:%Y-%m-%d at %H:%M} UTC; a bundle counts once.",
        remedy="Nothing is missing. To measure again, run the bench again.",
    )
