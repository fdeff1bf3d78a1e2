"""Writing the audit log."""

from collections.abc import Iterable
from typing import Any

import structlog
from django.db.models import QuerySet

from courseserver.audit.models import AuditEntry


def entry(
    *, actor: str, action: str, subject: str, course_id: str = "", **detail: Any
) -> AuditEntry:
    """Return an entry that `record_all` appends."""
    reference = structlog.contextvars.get_contextvars().get("reference", "")
    return AuditEntry(
        actor=actor,
        action=action,
        subject=subject,
        course_id=course_id,
        reference=reference,
        detail=detail,
    )


def record(*, actor: str, action: str, subject: str, course_id: str = "", **detail: Any) -> None:
    """Append one entry; call it inside the transaction of the change it describes."""
    record_all([entry(actor=actor, action=action, subject=subject, course_id=course_id, **detail)])


def record_all(entries: Iterable[AuditEntry]) -> None:
    """Append entries in their order; call it inside the transaction of the changes."""
    AuditEntry.objects.bulk_create(entries)


def reasons_erase(subjects: Iterable[str]) -> int:
    """Take the reasons that staff typed about these subjects away; return of how many entries.

    The one change that the log knows: a reason in free words may say who somebody is, and why
    they were ill. That something was done, by whom and when, stays.
    """
    count = 0
    # Past the log's own manager, which changes nothing.
    entries: QuerySet[AuditEntry] = QuerySet(AuditEntry)
    for entry in entries.filter(subject__in=list(subjects)):
        if entry.detail.get("reason"):
            entries.filter(pk=entry.pk).update(detail={**entry.detail, "reason": ""})
            count += 1
    return count
