"""What simulations keep about a person (`courses.personal`): that they asked for one."""

from collections.abc import Mapping

from courseserver.courses.personal import Kept
from courseserver.simjobs.models import JobUse

KEPT = (Kept(model=JobUse),)


def erase(person_id: str) -> Mapping[str, int]:
    """Erase nothing: jobs are shared, and hang on an opaque id."""
    return {}
