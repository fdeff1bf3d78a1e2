"""Writing the audit log."""

from typing import Any

import structlog

from courseserver.audit.models import AuditEntry


def record(
    *, actor: str, action: str, subject: str, course_id: str = "", **detail: Any
) -> AuditEntry:
    """Append one entry; call it inside the transaction of the change it describes."""
    reference = structlog.contextvars.get_contextvars().get("reference", "")
    return AuditEntry.objects.create(
        actor=actor,
        action=action,
        subject=subject,
        course_id=course_id,
        reference=reference,
        detail=detail,
    )
