"""A student's work in a lab. Rows about the past are never changed; opaque ids only."""

from typing import Any

from django.db import models
from django.db.models import Q

from courseserver.common.ids import new_id
from courseserver.courses.models import Assignment, Person
from courseserver.simjobs.models import Job


def _attempt_id() -> str:
    return new_id("att")


class AppendOnly(models.Model):
    """A row that is written once."""

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError(f"a {type(self).__name__} is never changed")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise TypeError(f"a {type(self).__name__} is never deleted")


class Attempt(models.Model):
    """One person's way through one lab. Its seed fixes every number and the order of options.

    What earlier labs left in the ledger is copied at the start (`reads`), so that an attempt
    can be replayed.
    """

    id = models.CharField(primary_key=True, max_length=32, default=_attempt_id, editable=False)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="attempts")
    assignment = models.ForeignKey(Assignment, on_delete=models.PROTECT, related_name="attempts")
    lab = models.CharField(max_length=64)
    lab_version = models.CharField(max_length=16)
    track = models.CharField(max_length=16)
    seed = models.CharField(max_length=64)
    reads = models.JSONField(default=dict)
    is_preview = models.BooleanField(default=False)
    started_at = models.DateTimeField()
    submitted_at = models.DateTimeField(null=True)
    decision_log = models.TextField(blank=True)
    voided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person", "assignment"],
                condition=Q(voided_at__isnull=True),
                name="attempt_one_live",
            )
        ]

    def __str__(self) -> str:
        return f"{self.id} of {self.lab} {self.lab_version}"


class Commit(AppendOnly):
    """A locked prediction: an option's id, or a number in the question's SI unit."""

    attempt = models.ForeignKey(Attempt, on_delete=models.PROTECT, related_name="commits")
    part = models.CharField(max_length=8)
    question = models.CharField(max_length=32)
    option = models.CharField(max_length=64, blank=True)
    number = models.FloatField(null=True)
    text = models.CharField(max_length=255)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["attempt", "part", "question"], name="commit_once")
        ]

    def __str__(self) -> str:
        return f"{self.attempt_id} {self.part}.{self.question}"


class Draft(models.Model):
    """What was typed or picked and not committed: `a.share`, or `log` for the Decision Log."""

    attempt = models.ForeignKey(Attempt, on_delete=models.PROTECT, related_name="drafts")
    name = models.CharField(max_length=64)
    text = models.TextField(blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["attempt", "name"], name="draft_unique")]

    def __str__(self) -> str:
        return f"{self.attempt_id} {self.name}"


class Exploration(AppendOnly):
    """One release of a knob: step indices, and the exact values they stand for."""

    attempt = models.ForeignKey(Attempt, on_delete=models.PROTECT, related_name="explorations")
    part = models.CharField(max_length=8)
    steps = models.JSONField()
    settings = models.JSONField()
    is_safe = models.BooleanField()
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["attempt", "part", "id"], name="exploration_latest")]

    def __str__(self) -> str:
        return f"{self.attempt_id} {self.part} {self.settings}"


class FailureFound(AppendOnly):
    attempt = models.ForeignKey(Attempt, on_delete=models.PROTECT, related_name="failures")
    part = models.CharField(max_length=8)
    failure = models.CharField(max_length=32)
    settings = models.JSONField()
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["attempt", "part", "failure"], name="failure_once")
        ]
        verbose_name_plural = "failures found"

    def __str__(self) -> str:
        return f"{self.attempt_id} {self.part}.{self.failure}"


class ChallengeTry(AppendOnly):
    """One design handed in to the challenge, as the server re-ran it."""

    attempt = models.ForeignKey(Attempt, on_delete=models.PROTECT, related_name="tries")
    part = models.CharField(max_length=8)
    number = models.PositiveIntegerField()
    design = models.JSONField()
    objective = models.FloatField(null=True)
    is_feasible = models.BooleanField()
    broken = models.JSONField(default=list)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["attempt", "part", "number"], name="try_numbered")
        ]
        verbose_name_plural = "challenge tries"

    def __str__(self) -> str:
        return f"{self.attempt_id} {self.part} try {self.number}"


class PartJob(models.Model):
    """A long simulation a student asked for in a part; several students may share its job."""

    attempt = models.ForeignKey(Attempt, on_delete=models.PROTECT, related_name="jobs")
    part = models.CharField(max_length=8)
    job = models.ForeignKey(Job, on_delete=models.PROTECT, related_name="+")
    settings = models.JSONField()
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.attempt_id} {self.part} {self.job_id}"


class PartReality(models.Model):
    """The last check on hardware a student asked for; no kit job means simulation only."""

    attempt = models.ForeignKey(Attempt, on_delete=models.PROTECT, related_name="realities")
    part = models.CharField(max_length=8)
    kit_job = models.CharField(max_length=32, blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["attempt", "part"], name="reality_unique")]
        verbose_name_plural = "part realities"

    def __str__(self) -> str:
        return f"{self.attempt_id} {self.part} {self.kit_job or 'simulation'}"


class LedgerEntry(AppendOnly):
    """One link of a student's chain. `body` is the canonical JSON the hash was taken of."""

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="ledger")
    number = models.PositiveIntegerField()
    attempt = models.ForeignKey(Attempt, on_delete=models.PROTECT, related_name="ledger")
    kind = models.CharField(max_length=32)
    body = models.TextField()
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person", "number"], name="ledger_numbered"),
            models.UniqueConstraint(fields=["person", "previous_hash"], name="ledger_one_chain"),
        ]
        ordering = ["number"]
        verbose_name_plural = "ledger entries"

    def __str__(self) -> str:
        return f"{self.person_id} #{self.number} {self.kind}"


class LedgerKey(AppendOnly):
    """A named value that later labs may read: an index into the chain, nothing more."""

    person = models.ForeignKey(Person, on_delete=models.PROTECT)
    entry = models.ForeignKey(LedgerEntry, on_delete=models.PROTECT, related_name="keys")
    name = models.CharField(max_length=96)
    value = models.JSONField()

    class Meta:
        indexes = [models.Index(fields=["person", "name", "id"], name="ledger_key_latest")]

    def __str__(self) -> str:
        return f"{self.person_id} {self.name}"
