"""Hardware in somebody's hands, the jobs it is asked to do, and what it measured.

Rows are the truth: a broker may lose, repeat or reorder anything, and nothing here suffers.
"""

from typing import Any

from django.db import models
from django.db.models import Q

from courseserver.common.ids import new_id
from courseserver.courses.models import Course, Person
from courseserver.kits.states import (
    FINAL,
    ON_KIT,
    ClaimState,
    JobKind,
    JobState,
    KitHealth,
    Verdict,
)


def _kit_id() -> str:
    return new_id("kit")


def _job_id() -> str:
    return new_id("kjb")


def _claim_id() -> str:
    return new_id("clm")


class Kit(models.Model):
    """One device with credentials. Without a course it is shared by the whole institution.

    One with an owner is a student's: it serves its owner alone, and what it says is self-reported.
    """

    id = models.CharField(primary_key=True, max_length=32, default=_kit_id, editable=False)
    name = models.CharField(max_length=80)
    board = models.CharField(max_length=40)
    course = models.ForeignKey(
        Course, on_delete=models.CASCADE, null=True, blank=True, related_name="kits"
    )
    owner = models.ForeignKey(
        Person, on_delete=models.RESTRICT, null=True, blank=True, related_name="kits"
    )
    # As Mosquitto writes it: $7$iterations$salt$hash. The secret itself is never stored.
    secret_hash = models.CharField(max_length=200)
    # Checks the signature of offline results; derived from the secret, opens nothing else.
    bundle_key_encrypted = models.TextField(blank=True)
    health = models.CharField(max_length=16, choices=KitHealth.choices, default=KitHealth.ACTIVE)
    # What the kit last said of itself: online, busy or offline.
    presence = models.CharField(max_length=16, default="offline")
    last_seen_at = models.DateTimeField(null=True)
    spool_depth = models.PositiveIntegerField(default=0)
    birth = models.JSONField(default=dict)
    failures = models.PositiveIntegerField(default=0)
    # Of the daily reference job: when it was last answered, and what has drifted, in words.
    reference_at = models.DateTimeField(null=True)
    drift = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(owner__isnull=True) | Q(course__isnull=False),
                name="kit_owned_has_course",
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.board})"

    @property
    def origin(self) -> str:
        """Whose word its measurements are: "institution", or "own" for a student's kit."""
        return "own" if self.owner_id else "institution"

    @property
    def _told(self) -> list[dict[str, Any]]:
        """Return what the kit said of its tasks at birth."""
        told: list[dict[str, Any]] = self.birth.get("tasks", [])
        return told

    @property
    def tasks_told(self) -> set[str]:
        """Return the tasks that the kit said at birth it can run."""
        return {row["task"] for row in self._told if row["available"]}

    def can_run(self, task_ids: set[str]) -> bool:
        """Return whether the kit said at birth that it can run all these tasks."""
        return task_ids <= self.tasks_told

    def boards_told(self, task_ids: set[str]) -> set[str]:
        """Return which attached boards would do these tasks; empty names where none was told."""
        return {row.get("board", "") for row in self._told if row["task"] in task_ids}

    def arguments_of(self, task_id: str) -> list[str] | None:
        """Return the arguments that the kit named for a task at birth; older agents name none."""
        named = {row["task"]: row["arguments"] for row in self._told if row.get("arguments")}
        return named.get(task_id, []) if named else None


class KitClaim(models.Model):
    """A new agent waiting to be adopted (the shape of RFC 8628)."""

    id = models.CharField(primary_key=True, max_length=32, default=_claim_id, editable=False)
    user_code = models.CharField(max_length=16, unique=True)
    device_code_hash = models.CharField(max_length=64, unique=True)
    name = models.CharField(max_length=80)
    board = models.CharField(max_length=40)
    host = models.JSONField(default=dict)
    state = models.CharField(max_length=16, choices=ClaimState.choices, default=ClaimState.PENDING)
    kit = models.OneToOneField(Kit, on_delete=models.CASCADE, null=True)
    polled_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} ({self.state})"


class KitJob(models.Model):
    """A set of measurements that one kit takes for one person."""

    id = models.CharField(primary_key=True, max_length=32, default=_job_id, editable=False)
    kind = models.CharField(max_length=16, choices=JobKind.choices, default=JobKind.REQUEST)
    # Nobody's, and of no course, where the server itself asks (a reference job).
    course = models.ForeignKey(
        Course, on_delete=models.CASCADE, null=True, blank=True, related_name="kit_jobs"
    )
    person = models.ForeignKey(
        Person, on_delete=models.CASCADE, null=True, blank=True, related_name="kit_jobs"
    )
    purpose = models.CharField(max_length=120)
    # [{"id": ..., "task": ..., "arguments": {...}}], inputs and nonces drawn by the server; on a
    # kit "left_out" names those that its agent does not take.
    tasks = models.JSONField()
    # Of what was asked, before anything was drawn: the same request again is the same job.
    asked_hash = models.CharField(max_length=64, blank=True)
    # Which kits may take it: of this board only, this one only, the institution's only.
    board = models.CharField(max_length=40, blank=True)
    only_kit = models.ForeignKey(
        Kit, on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    institution_only = models.BooleanField(default=False)
    # Failed here: another kit is next, where one is there.
    avoid_kit = models.ForeignKey(
        Kit, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    state = models.CharField(max_length=16, choices=JobState.choices, default=JobState.QUEUED)
    # Staff before students.
    priority = models.SmallIntegerField(default=0)
    kit = models.ForeignKey(
        Kit, on_delete=models.SET_NULL, null=True, blank=True, related_name="jobs"
    )
    attempt = models.PositiveSmallIntegerField(default=0)
    requeues = models.PositiveSmallIntegerField(default=0)
    message = models.CharField(max_length=300, blank=True)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    queued_at = models.DateTimeField()
    command_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    # While it runs: when the server stops believing in this attempt.
    deadline_at = models.DateTimeField(null=True)
    cancel_asked_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["state", "priority", "queued_at"], name="kitjob_queue"),
            models.Index(fields=["person", "state"], name="kitjob_person"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~Q(state__in=sorted(ON_KIT)) | Q(kit__isnull=False),
                name="kitjob_on_a_kit_has_one",
            ),
            models.CheckConstraint(
                condition=~Q(kind=JobKind.REQUEST) | Q(course__isnull=False, person__isnull=False),
                name="kitjob_request_has_person",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.id} {self.state}"

    @property
    def is_final(self) -> bool:
        return self.state in FINAL

    @property
    def task_ids(self) -> set[str]:
        return {row["task"] for row in self.tasks}


class Lease(models.Model):
    """A kit belongs to one job at a time; the database sees to it."""

    kit = models.ForeignKey(Kit, on_delete=models.CASCADE, related_name="leases")
    job = models.ForeignKey(KitJob, on_delete=models.CASCADE, related_name="leases")
    attempt = models.PositiveSmallIntegerField()
    taken_at = models.DateTimeField()
    released_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kit"], condition=Q(released_at__isnull=True), name="lease_one_per_kit"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kit_id} for {self.job_id}"


class Measurement(models.Model):
    """One run's outcome on one kit, stored once whatever the network did."""

    message_id = models.CharField(max_length=128, unique=True)
    job = models.ForeignKey(KitJob, on_delete=models.CASCADE, related_name="measurements")
    kit = models.ForeignKey(Kit, on_delete=models.RESTRICT, related_name="measurements")
    request_id = models.CharField(max_length=64)
    attempt = models.PositiveSmallIntegerField()
    # True once another kit took over: two machines are never mixed in one comparison.
    superseded = models.BooleanField(default=False)
    task = models.CharField(max_length=64)
    arguments = models.JSONField(default=dict)
    outcome = models.CharField(max_length=16)
    value = models.FloatField(null=True)
    low = models.FloatField(null=True)
    high = models.FloatField(null=True)
    n = models.PositiveIntegerField(default=0)
    unit = models.CharField(max_length=32, blank=True)
    evidence = models.CharField(max_length=16)
    verdict = models.CharField(max_length=16, choices=Verdict.choices, default=Verdict.UNCHECKED)
    # Why no better level, or what it rests on.
    verdict_why = models.CharField(max_length=400, blank=True)
    energy_total_j = models.FloatField(null=True)
    energy_dynamic_j = models.FloatField(null=True)
    energy_meter = models.CharField(max_length=80, blank=True)
    energy_why_not = models.CharField(max_length=400, blank=True)
    flags = models.JSONField(default=list)
    detail = models.CharField(max_length=400, blank=True)
    environment = models.JSONField(default=dict)
    elapsed_s = models.FloatField(default=0.0)
    # The kit's clock, for people; the server's own stamp decides.
    measured_utc = models.CharField(max_length=40, blank=True)
    received_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["job", "request_id"],
                condition=Q(superseded=False),
                name="measurement_once_per_request",
            )
        ]

    def __str__(self) -> str:
        return f"{self.task} {self.value} {self.unit}"

    @property
    def is_self_reported(self) -> bool:
        """Whether a student's own kit measured it: shown as such, and never ranked or graded."""
        return self.kit.owner_id is not None


class OfflineBundle(models.Model):
    """A signed file of results that a kit measured without a network: it counts once."""

    # As the kit named it; the same again is a replay.
    id = models.CharField(primary_key=True, max_length=64, editable=False)
    kit = models.ForeignKey(Kit, on_delete=models.RESTRICT, related_name="bundles")
    job = models.OneToOneField(KitJob, on_delete=models.CASCADE, related_name="bundle")
    agent_version = models.CharField(max_length=40)
    # The kit's own clock, which nobody set right meanwhile: for people.
    written_utc = models.CharField(max_length=40)
    imported_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.id} of {self.kit_id}"


class KitLog(models.Model):
    """What a kit said, or why a message of it was refused."""

    # Lines come by the thousand: no index but the two that are used.
    message_id = models.CharField(max_length=128)
    kit = models.ForeignKey(Kit, on_delete=models.CASCADE, related_name="log_lines", db_index=False)
    job_id = models.CharField(max_length=32, blank=True)
    level = models.CharField(max_length=16)
    text = models.CharField(max_length=400)
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["kit", "-at"], name="kitlog_recent")]
        constraints = [models.UniqueConstraint(fields=["message_id"], name="kitlog_once")]

    def __str__(self) -> str:
        return self.text


class BridgeBeat(models.Model):
    """The bridge's sign of life: one row."""

    name = models.CharField(primary_key=True, max_length=32)
    at = models.DateTimeField()
    is_connected = models.BooleanField(default=False)
    stored = models.PositiveBigIntegerField(default=0)
    refused = models.PositiveBigIntegerField(default=0)
    detail = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return f"{self.name} {self.at:%F %T}"
