"""Who may see and do what with activities. Deny by default."""

from courseserver.benches.models import ActivityRun
from courseserver.common.errors import NotFound
from courseserver.courses.models import Person
from labs.activities import Activity, UnknownActivity, load_activity


def activity_of(slug: str) -> Activity:
    try:
        return load_activity(slug)
    except UnknownActivity as error:
        raise NotFound("There is no such activity.", remedy="Choose one of those shown.") from error


def run_for(person: Person, course_id: str, run_id: str) -> ActivityRun:
    """Return a run of the person's own."""
    run = ActivityRun.objects.filter(pk=run_id, course=course_id, person=person).first()
    if run is None:
        raise NotFound("There is no such measurement of yours.")
    return run
