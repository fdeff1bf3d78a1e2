"""Computing anew what needs no marker, for every attempt at a version of a lab.

How an attempt is computed is told by the app where students work, which stands above.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from django.db import transaction
from django.db.models import QuerySet

from courseserver.audit.services import record
from courseserver.common.errors import Unavailable, Unprocessable
from courseserver.courses.models import Assignment, Person
from courseserver.grading import services
from courseserver.grading.changes import Diff, diff
from courseserver.grading.models import Submission
from courseserver.grading.policy import Handed, PersonFacts, Regrade
from courseserver.grading.reasons import reason_given

# Above any number that a stored regrading has.
_LAST = 2**31


@dataclass(frozen=True, slots=True, kw_only=True)
class Computed:
    """What one attempt is worth by the lab as it is installed now."""

    completion: float
    challenge: float | None
    lab_version: str


Computer = Callable[[Sequence[str]], Mapping[str, Computed]]
_computers: dict[str, Computer] = {}


def provide(name: str, computer: Computer) -> None:
    """Register who computes attempts anew, by attempt id; the same name again replaces it."""
    _computers[name] = computer


def versions_of(assignment: Assignment) -> list[tuple[str, int]]:
    """Return the versions of the lab that were handed in, with how many attempts each."""
    counts: dict[str, int] = {}
    for version in _handed_in(assignment).values_list("lab_version", flat=True):
        counts[version] = counts.get(version, 0) + 1
    return sorted(counts.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What computing anew gives for each submission, and what that does to scores."""

    computed: Mapping[str, Computed]
    diff: Diff


def proposal(assignment: Assignment, version: str) -> Proposal:
    """Compute every attempt at a version anew; nothing is stored.

    Raises
    ------
    Unprocessable
        If nobody handed in that version.
    Unavailable
        If the lab is not installed.
    """
    attempts = dict(
        _handed_in(assignment).filter(lab_version=version).values_list("attempt_id", "pk")
    )
    if not attempts:
        raise Unprocessable(
            f"Nobody handed in version “{version[:20]}”.", remedy="Choose one of those listed."
        )
    found: dict[str, Computed] = {}
    for computer in _computers.values():
        found.update(computer(sorted(attempts)))
    if not found:
        raise Unavailable("This lab is not installed here.", remedy="Install it, then try again.")
    computed = {attempts[key]: value for key, value in found.items()}
    return Proposal(
        computed=computed,
        diff=diff(assignment, supposed=lambda _, facts: _supposed(facts, assignment, computed)),
    )


@transaction.atomic
def version_regrade(
    *, assignment: Assignment, version: str, seen: str, reason: str, actor: Person
) -> int:
    """Store what computing anew gave, where it changes a score; return how many scores changed.

    Raises
    ------
    Conflict
        If `seen` is not the fingerprint of what would change.
    Unprocessable
        If no reason is given.
    """
    why = reason_given(reason)
    services.turns_take(assignment.course_id)
    proposed = proposal(assignment, version)
    proposed.diff.refuse_unseen(seen)
    record(
        actor=actor.id,
        action="lab.regraded",
        subject=assignment.id,
        course_id=assignment.course_id,
        version=version,
        reason=why,
    )
    changed = 0
    submissions = Submission.objects.filter(pk__in=proposed.computed)
    for submission in submissions.select_related("assignment__course", "person").order_by("pk"):
        computed = proposed.computed[submission.pk]
        if _worth(submission) == (computed.completion, computed.challenge):
            continue
        changed += services.regrade_store(
            submission=submission,
            completion=computed.completion,
            challenge=computed.challenge,
            lab_version=computed.lab_version,
            reason=why,
            actor=actor,
        )
    return changed


def _handed_in(assignment: Assignment) -> QuerySet[Submission]:
    return Submission.objects.filter(assignment=assignment, voided_at__isnull=True)


def _worth(submission: Submission) -> tuple[float, float | None]:
    last = submission.regradings.order_by("-number").first()
    return (
        (last.completion, last.challenge) if last else (submission.completion, submission.challenge)
    )


def _supposed(
    facts: PersonFacts, assignment: Assignment, computed: Mapping[str, Computed]
) -> PersonFacts:
    return replace(
        facts,
        labs=tuple(
            replace(lab, handed=tuple(_anew(attempt, computed) for attempt in lab.handed))
            if lab.id == assignment.pk
            else lab
            for lab in facts.labs
        ),
    )


def _anew(attempt: Handed, computed: Mapping[str, Computed]) -> Handed:
    found = computed.get(attempt.id)
    if found is None:
        return attempt
    last = Regrade(number=_LAST, completion=found.completion, challenge=found.challenge)
    return replace(attempt, regrades=(*attempt.regrades, last))
