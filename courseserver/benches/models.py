"""What students deployed: one row for each design that they sent to a kit or simulated."""

from django.db import models

from courseserver.common.ids import new_id
from courseserver.courses.models import Course, Person


def _run_id() -> str:
    return new_id("run")


class ActivityRun(models.Model):
    """A design on a board, by one person. Without a job it was simulated."""

    id = models.CharField(primary_key=True, max_length=32, default=_run_id, editable=False)
    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="activity_runs")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="activity_runs")
    activity = models.CharField(max_length=60)
    board = models.CharField(max_length=40)
    design = models.JSONField()
    kit_job = models.CharField(max_length=32, blank=True)
    at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["course", "activity", "person", "-at"], name="run_latest"),
        ]

    def __str__(self) -> str:
        return f"{self.activity} on {self.board}"
