"""States of kits and jobs, and the moves a job may make."""

from dataclasses import dataclass

from django.db import models

from courseserver.common.errors import Conflict


class KitHealth(models.TextChoices):
    """What the server thinks of a kit; whether it is there is a question of `last_seen_at`."""

    ACTIVE = "active", "In service"
    DRAINING = "draining", "Finishing its job, taking no other"
    SICK = "sick", "Out of service"
    REVOKED = "revoked", "Credentials revoked"


class JobKind(models.TextChoices):
    REQUEST = "request", "Asked for by a person"
    REFERENCE = "reference", "Daily check of a kit"
    OFFLINE = "offline", "Measured without a network, imported"


class Verdict(models.TextChoices):
    """What the server itself found out about a measurement: the level of its checking.

    Each level holds what the ones below it hold. None proves the time itself.
    """

    RECOMPUTED = "recomputed", "Recomputed: the server worked out the same outputs"
    CONSISTENT = "consistent", "Consistent: its outputs agree with one another"
    PLAUSIBLE = "plausible", "Plausible: no faster than the board can be"
    UNCHECKED = "unchecked", "Unchecked: taken on the kit's word"
    REJECTED = "rejected", "Rejected by the server"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A verdict with its reason in words, for the student and for staff."""

    verdict: Verdict
    reason: str = ""


class JobState(models.TextChoices):
    QUEUED = "queued", "Waiting for a kit"
    SENT = "sent", "Sent to a kit"
    RUNNING = "running", "Running"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"


class ClaimState(models.TextChoices):
    PENDING = "pending", "Waiting for staff"
    APPROVED = "approved", "Approved, credentials not fetched yet"
    TAKEN = "taken", "Credentials fetched"
    DENIED = "denied", "Denied"


FINAL = frozenset({JobState.DONE, JobState.FAILED, JobState.CANCELLED})
ON_KIT = frozenset({JobState.SENT, JobState.RUNNING})
# From SENT straight to DONE: the answer "started" may arrive after the results. From QUEUED: so may
# those of an attempt that was just given up.
MOVES: dict[JobState, frozenset[JobState]] = {
    JobState.QUEUED: frozenset({JobState.SENT, JobState.DONE, JobState.FAILED, JobState.CANCELLED}),
    JobState.SENT: frozenset(
        {JobState.RUNNING, JobState.DONE, JobState.QUEUED, JobState.FAILED, JobState.CANCELLED}
    ),
    JobState.RUNNING: frozenset(
        {JobState.DONE, JobState.QUEUED, JobState.FAILED, JobState.CANCELLED}
    ),
    JobState.DONE: frozenset(),
    JobState.FAILED: frozenset(),
    JobState.CANCELLED: frozenset(),
}


def check_move(old: str, new: JobState) -> None:
    """Refuse a move that the table does not allow."""
    if new not in MOVES[JobState(old)]:
        raise Conflict(f"A kit job that is {old} cannot become {new.value}.")
