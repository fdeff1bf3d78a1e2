"""The append-only log: who did what to which thing, and when. Opaque ids only."""

from typing import Any

from django.db import models


class _AppendOnly(models.QuerySet["AuditEntry"]):
    """Rows of a log: added and read, neither changed nor taken away."""

    def update(self, **values: Any) -> int:
        raise TypeError("audit entries are append-only")

    def delete(self) -> tuple[int, dict[str, int]]:
        raise TypeError("audit entries are append-only")

    def bulk_update(self, *args: Any, **kwargs: Any) -> int:
        raise TypeError("audit entries are append-only")


class AuditEntry(models.Model):
    """One action. Rows are never changed or deleted by the application.

    `actor` is an opaque person id, `staff:<id>` for an administrator, or `system`; `subject` the
    opaque id of the thing acted on. Names and emails never enter here, so erasing a person leaves
    the log whole, but for the reasons that staff typed (`services.reasons_erase`).
    """

    at = models.DateTimeField(auto_now_add=True)
    actor = models.CharField(max_length=64)
    action = models.CharField(max_length=64)
    subject = models.CharField(max_length=64)
    course_id = models.CharField(max_length=64, blank=True)
    reference = models.CharField(max_length=32, blank=True)
    detail = models.JSONField(default=dict)

    objects = _AppendOnly.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["subject", "id"], name="audit_subject"),
            models.Index(fields=["course_id", "id"], name="audit_course"),
        ]
        verbose_name_plural = "audit entries"

    def __str__(self) -> str:
        return f"{self.at:%F %T} {self.actor} {self.action} {self.subject}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("audit entries are append-only")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise TypeError("audit entries are append-only")
