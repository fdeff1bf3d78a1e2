"""Roles of a launch: only those of the context give rights.

An institution's "Instructor" is a job title: such a person may be a student of this course.
"""

from collections.abc import Iterable
from typing import Literal

CourseRole = Literal["learner", "ta", "instructor"]

_MEMBERSHIP = "http://purl.imsglobal.org/vocab/lis/v2/membership"
INSTRUCTOR = f"{_MEMBERSHIP}#Instructor"
LEARNER = f"{_MEMBERSHIP}#Learner"
MENTOR = f"{_MEMBERSHIP}#Mentor"
TEACHING_ASSISTANT = f"{_MEMBERSHIP}/Instructor#TeachingAssistant"
ADMINISTRATOR = f"{_MEMBERSHIP}#Administrator"
TEST_USER = "http://purl.imsglobal.org/vocab/lti/system/person#TestUser"

CONTENT_DEVELOPER = f"{_MEMBERSHIP}#ContentDeveloper"
_ADMINISTRATORS = frozenset(
    f"http://purl.imsglobal.org/vocab/lis/v2/{place}/person#{name}"
    for place, name in (
        ("system", "Administrator"),
        ("system", "SysAdmin"),
        ("system", "AccountAdmin"),
        ("institution", "Administrator"),
    )
)

# The vocabulary's assistants: a TA of the course, a section, a group, or one who only grades.
_ASSISTANTS = frozenset(
    f"{_MEMBERSHIP}/Instructor#{name}"
    for name in (
        "TeachingAssistant",
        "TeachingAssistantGroup",
        "TeachingAssistantOffering",
        "TeachingAssistantSection",
        "TeachingAssistantSectionAssociation",
        "TeachingAssistantTemplate",
        "Grader",
    )
)
# A role without a URI is a context role by definition.
_SHORT = {
    "Instructor": INSTRUCTOR,
    "Learner": LEARNER,
    "Mentor": MENTOR,
    "Administrator": ADMINISTRATOR,
    "ContentDeveloper": CONTENT_DEVELOPER,
    "TeachingAssistant": TEACHING_ASSISTANT,
    "Instructor#TeachingAssistant": TEACHING_ASSISTANT,
}


# Open edX calls the instructors of a course its administrators.
_INSTRUCTORS = {"openedx": frozenset({INSTRUCTOR, ADMINISTRATOR})}


def course_role(roles: Iterable[str], product: str = "") -> CourseRole:
    """Return what these roles allow in the course; the lesser of two staff roles counts."""
    full = {_SHORT.get(role, role) for role in roles}
    if full & _ASSISTANTS:
        return "ta"
    is_instructor = full & _INSTRUCTORS.get(product, frozenset({INSTRUCTOR}))
    return "instructor" if is_instructor else "learner"


def may_add_links(roles: Iterable[str], product: str = "") -> bool:
    """Return whether somebody may place labs: staff, and designers, who see nobody's work."""
    full = {_SHORT.get(role, role) for role in roles}
    return course_role(full, product) != "learner" or CONTENT_DEVELOPER in full


def is_platform_administrator(roles: Iterable[str]) -> bool:
    """Return whether somebody runs the LMS: it may ask what we keep about its people."""
    return bool(_ADMINISTRATORS & set(roles))


def is_test_student(roles: Iterable[str]) -> bool:
    """Return whether this is the platform's own trial student (Canvas' student view)."""
    return TEST_USER in roles


def is_only_mentor(roles: Iterable[str]) -> bool:
    """Return whether somebody only looks after a student of the course."""
    full = {_SHORT.get(role, role) for role in roles}
    return MENTOR in full and not full & {INSTRUCTOR, LEARNER, *_ASSISTANTS}
