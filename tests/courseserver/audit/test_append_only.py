"""The audit log only grows."""

from collections.abc import Callable

import pytest

from courseserver.audit.models import AuditEntry
from courseserver.audit.services import record

WAYS: dict[str, Callable[[AuditEntry], object]] = {
    "save": lambda entry: entry.save(),
    "delete": lambda entry: entry.delete(),
    "rows deleted": lambda entry: AuditEntry.objects.filter(pk=entry.pk).delete(),
    "rows changed": lambda entry: AuditEntry.objects.update(actor="somebody"),
    "rows changed at once": lambda entry: AuditEntry.objects.bulk_update([entry], ["actor"]),
}


@pytest.mark.django_db
@pytest.mark.parametrize("way", WAYS)
def test_an_entry_is_neither_changed_nor_taken_away(way: str) -> None:
    record(actor="system", action="tested", subject="x")
    entry = AuditEntry.objects.get()

    with pytest.raises(TypeError, match="append-only"):
        WAYS[way](entry)
    assert AuditEntry.objects.get().actor == "system"
