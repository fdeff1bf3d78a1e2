"""How long a course keeps who its students are and what they wrote."""

from datetime import datetime, timedelta

from django.db.models import Max, Q

from courseserver.courses.models import Course, Enrolment, Identity, Role
from courseserver.courses.personal import person_erase

SYSTEM = "system"


def courses_past(now: datetime) -> list[Course]:
    """Return the courses whose time to keep is over, counted from the last launch of anybody."""
    limited = Course.objects.filter(keep_days__isnull=False)
    last = limited.annotate(last_at=Max("enrolments__last_launch_at"))
    return [
        course
        for course in last.order_by("pk")
        if (course.last_at or course.created_at) + timedelta(days=course.keep_days or 0) < now
    ]


def people_past(now: datetime) -> list[str]:
    """Return the students whom no course keeps any more, by id; staff are kept.

    Somebody who is in a course that goes on, or in one that keeps without end, is kept.
    """
    past = courses_past(now)
    going_on = Enrolment.objects.filter(~Q(course__in=past) | ~Q(role=Role.LEARNER))
    students = Enrolment.objects.filter(course__in=past, role=Role.LEARNER)
    known = Identity.objects.filter(person__in=students.values("person"))
    gone = known.exclude(person__in=going_on.values("person"))
    return sorted(set(gone.values_list("person_id", flat=True)))


def people_past_erase(now: datetime) -> int:
    """Erase the students whom no course keeps any more; return how many."""
    people = people_past(now)
    for person_id in people:
        person_erase(person_id, actor=SYSTEM)
    return len(people)
