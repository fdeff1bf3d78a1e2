"""Long simulations: the rows are the truth, the broker carries only ids."""

from django.db import models
from django.db.models import Q

from courseserver.common.ids import new_id
from courseserver.courses.models import Person


def _job_id() -> str:
    return new_id("job")


class JobState(models.TextChoices):
    """What a job is doing: queued > running > done | failed | cancelled.

    A lost run goes back to queued; so does a failed or cancelled one that is asked for again.
    """

    QUEUED = "queued", "Waiting"
    RUNNING = "running", "Running"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"


OPEN_STATES = (JobState.QUEUED, JobState.RUNNING)


class Job(models.Model):
    """One simulation. The same inputs are the same job, with its units and its result."""

    id = models.CharField(primary_key=True, max_length=32, default=_job_id, editable=False)
    kind = models.CharField(max_length=32, default="lab")
    lab = models.CharField(max_length=64)
    lab_version = models.CharField(max_length=16)
    part = models.CharField(max_length=8)
    inputs = models.JSONField()
    input_hash = models.CharField(max_length=64, unique=True)
    # From the input hash, so that equal inputs give equal results. 128 bits as hex.
    seed = models.CharField(max_length=32)
    state = models.CharField(max_length=16, choices=JobState.choices, default=JobState.QUEUED)
    # How often a worker died over it; bounded, so that a poisonous job does not go round forever.
    losses = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    worker = models.CharField(max_length=32, blank=True)
    heartbeat_at = models.DateTimeField(null=True)
    units_done = models.PositiveIntegerField(default=0)
    units_total = models.PositiveIntegerField()
    error = models.CharField(max_length=500, blank=True)
    result = models.JSONField(null=True)
    cancel_asked = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    published_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(units_done__lte=models.F("units_total")), name="job_progress"
            ),
        ]
        indexes = [models.Index(fields=["state", "lease_until"], name="job_sweep")]

    def __str__(self) -> str:
        return f"{self.id} {self.lab} {self.part} {self.state}"

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_STATES


class JobUnit(models.Model):
    """One finished unit; written once, so that a repeated run of it changes nothing."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="units")
    number = models.PositiveIntegerField()
    result = models.JSONField()
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "number"], name="job_unit_once")]

    def __str__(self) -> str:
        return f"{self.job_id} unit {self.number}"


class JobUse(models.Model):
    """Somebody who asked for a job; it is cancelled when nobody wants it any more."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="uses")
    person = models.ForeignKey(Person, on_delete=models.PROTECT)
    at = models.DateTimeField()
    dropped_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "person"], name="job_use_unique")]

    def __str__(self) -> str:
        return f"{self.job_id} for {self.person_id}"
