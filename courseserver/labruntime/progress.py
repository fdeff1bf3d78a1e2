"""How far the students of an assignment are, for the staff's page."""

from collections import Counter, defaultdict
from collections.abc import Iterable

from courseserver.courses.models import Assignment
from courseserver.grading.progress import Progress
from courseserver.labruntime.models import Attempt, Commit
from courseserver.labruntime.state import required_parts
from labs.content import LabPart
from labs.loader import UnknownLab, load_lab


def parts_committed(assignment: Assignment) -> dict[str, Progress]:
    """Return, by person, how many of the parts asked for are committed in full. Two queries."""
    try:
        lab = load_lab(assignment.lab)
    except UnknownLab:
        return {}
    asked = required_parts(lab, assignment)
    attempts = Attempt.objects.filter(
        assignment=assignment, voided_at__isnull=True, is_preview=False
    )
    people = dict(attempts.values_list("pk", "person_id"))
    committed: dict[str, Counter[str]] = defaultdict(Counter)
    commits = Commit.objects.filter(attempt__in=people)
    for attempt_id, part in commits.values_list("attempt_id", "part"):
        committed[attempt_id][part] += 1
    return {
        person_id: Progress(
            attempt_id=attempt_id, done=_done(asked, committed[attempt_id]), total=len(asked)
        )
        for attempt_id, person_id in people.items()
    }


def _done(parts: Iterable[LabPart], commits: Counter[str]) -> int:
    return sum(commits[part.id] == len(part.questions) for part in parts)
