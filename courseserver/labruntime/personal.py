"""What labs keep about a person, and how it is erased (`courses.personal`)."""

from collections.abc import Mapping

from courseserver.audit.services import reasons_erase
from courseserver.courses.personal import Kept
from courseserver.labruntime.models import (
    Attempt,
    ChallengeTry,
    Commit,
    Draft,
    Exploration,
    FailureFound,
    LedgerEntry,
    LedgerKey,
    PartJob,
    PartReality,
)

_OF_AN_ATTEMPT = (Commit, Draft, Exploration, FailureFound, ChallengeTry, PartJob, PartReality)
KEPT = (
    Kept(model=Attempt),
    *(Kept(model=model, person="attempt__person") for model in _OF_AN_ATTEMPT),
    Kept(model=LedgerEntry),
    Kept(model=LedgerKey),
)


def erase(person_id: str) -> Mapping[str, int]:
    """Erase what was typed; the ledger holds a fingerprint of the Decision Log, not its words."""
    attempts = Attempt.objects.filter(person=person_id)
    return {
        "audit.auditentry": reasons_erase(attempts.values_list("pk", flat=True)),
        "labruntime.attempt": attempts.update(decision_log=""),
        "labruntime.draft": Draft.objects.filter(attempt__person=person_id).delete()[0],
    }
