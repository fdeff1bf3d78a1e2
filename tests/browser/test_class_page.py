"""The live class in a browser: it follows the class by itself, in every look, named or not."""

from typing import Any

import pytest
from playwright.sync_api import expect

from courseserver.courses.models import Assignment, Enrolment, Identity, Person, Role
from tests.browser.axe import faults_in_every_look
from tests.browser.conftest import School
from tests.browser.lab_steps import attempt_of, commit

LAB = "fixture-moving-bytes"


@pytest.fixture
def assignment(school: School) -> Assignment:
    """A class of nine: one has not begun, five chose in part A, three of them did part B too."""
    assignment = school.assignment(LAB)
    for number in range(8):
        person = Person.objects.create()
        Enrolment.objects.create(person=person, course=school.course, role=Role.LEARNER)
        Identity.objects.create(
            person=person, platform=school.course.platform, subject=f"s{number}",
            name=f"Student {number}",
        )  # fmt: skip
        attempt = attempt_of(assignment, person)
        if number < 5:
            commit(attempt, "a", pick=number % 4)
        if number < 3:
            commit(attempt, "b", pick=number % 3)
    return assignment


def path_of(assignment: Assignment) -> str:
    return f"/labs/assignments/{assignment.pk}/class/"


def test_the_class_page_has_no_barrier_and_fits(
    open_page: Any, school: School, assignment: Assignment
) -> None:
    faults = []
    for query in ("", "?projector=1", "?projector=1&answers=1"):
        page = open_page(f"{path_of(assignment)}{query}", school.alice, reduced=True)
        faults += faults_in_every_look(page, query or "staff")
        page.close()

    assert not faults, "\n".join(faults)


def test_the_page_follows_the_class_by_itself(
    open_page: Any, school: School, assignment: Assignment
) -> None:
    page = open_page(path_of(assignment), school.alice)
    row = page.get_by_role("row", name="Not started")
    expect(row).to_contain_text("1")

    attempt_of(assignment, school.bob)

    expect(row).to_contain_text("0")
