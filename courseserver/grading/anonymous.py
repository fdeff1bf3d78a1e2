"""Names that tell nothing: how students are called where a course marks without names."""

import hashlib

from courseserver.courses.models import Course
from courseserver.courses.selectors import name_of

# No vowels, so that no words come out; no letters that look like digits.
_LETTERS = "BCDFGHJKLMNPQRSTVWXZ23456789"


def alias(submission_id: str) -> str:
    """Return "Student K7Q": the same for one submission, another for the student's next."""
    digest = hashlib.sha256(submission_id.encode()).digest()
    return "Student " + "".join(_LETTERS[byte % len(_LETTERS)] for byte in digest[:3])


def marker_sees(course: Course, submission_id: str, person_id: str) -> str:
    """Return what a marker reads in place of a student's name."""
    return alias(submission_id) if course.marks_anonymously else name_of(course, person_id)
