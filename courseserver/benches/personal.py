"""What activities keep about a person, and how it is erased (`courses.personal`)."""

from collections.abc import Mapping

from courseserver.benches.models import ActivityRun
from courseserver.courses.personal import Kept

KEPT = (Kept(model=ActivityRun),)


def erase(person_id: str) -> Mapping[str, int]:
    """Erase nothing: a run is a choice from lists, under an opaque id."""
    return {}
