"""Walking a lab at the browser, shared by the tests of this folder."""

from typing import Any

from playwright.sync_api import Page

from courseserver.courses.models import Assignment, Person
from courseserver.labruntime import services
from courseserver.labruntime.models import Attempt
from courseserver.labruntime.show.part import part_page
from courseserver.labruntime.state import AttemptState, state_of

# A decision with figures in it.
LOG = (
    "I would change the design first where my prediction was furthest from what came out, because "
    "the figures there decide: the resource that binds costs most of the time, and a larger part "
    "of the other resource buys nothing. I had said about half, and it came out at a third, so I "
    "keep the smaller machine, and I would measure again before buying. What would change my mind "
    "is a workload with ten times the reuse, for then the other limit of 80 GB binds first. Until "
    "then I would rather spend the money on the resource that binds, and look at it again in May."
)


def attempt_of(assignment: Assignment, person: Person) -> Attempt:
    """Begin the lab as this student, or return the attempt begun."""
    enrolment = assignment.course.enrolments.get(person=person)
    return services.attempt_begin(person=person, assignment=assignment, enrolment=enrolment)


def commit(attempt: Attempt, part: str, pick: int = 1) -> AttemptState:
    """Commit every question of a part: an option by its place, or a plain number."""
    state = state_of(attempt)
    page = part_page(state, state.instance(part))
    answers = {}
    for question in page.questions:
        unit = question.units[0] if question.units else ""
        is_choice = question.kind == "choice"
        answers[question.id] = question.options[pick].token if is_choice else f"3 {unit}"
    after, _ = services.prediction_commit(state=state, part_id=part, answers=answers)
    return after


def home(assignment: Assignment) -> str:
    return f"/labs/assignments/{assignment.pk}/"


def part_path(attempt: Attempt, part: str) -> str:
    return f"/labs/attempts/{attempt.pk}/parts/{part}/"


def requests_of(page: Page) -> list[Any]:
    """Collect every request the page makes from now on."""
    made: list[Any] = []
    page.on("request", lambda request: made.append(request))
    return made
