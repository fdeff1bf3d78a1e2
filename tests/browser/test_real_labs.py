"""Every installed lab, walked by a student from its briefing to the grade in the gradebook."""

import itertools
import random

import pytest
from playwright.sync_api import Page, expect

from courseserver.courses.models import Assignment, Identity
from courseserver.grading import sender, services
from courseserver.grading.models import Submission
from courseserver.labruntime.challenges import optimum_of
from courseserver.labruntime.models import Attempt
from courseserver.labruntime.state import state_of
from labs import loader
from labs.content import Lab, LabPart
from labs.contract import Scalar
from labs.schemes import Level, load_scheme
from tests.browser import lab_walk
from tests.browser.axe import LOOKS, PHONE, faults_in
from tests.browser.conftest import Open, School
from tests.browser.lab_steps import LOG, home
from tests.doubles.gradebook import MemoryGradebook

SLUGS = loader.slugs()
# Half of what may come with fonts; what all pages share is weighed in `test_lab_pages`.
PAGE_MOST_BYTES = 150_000
AGS = "https://purl.imsglobal.org/spec/lti-ags/scope"


@pytest.fixture(autouse=True)
def installed_labs(fixture_lab: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LABS_PATH")
    loader.forget()


class Walk:
    """One student's page, what is wrong with it, and whose turn is which look.

    All labs share the fixture lab's templates and styles, which are looked at in every width and
    scheme; here each page has its turn. The window is a phone's otherwise: what fits there fits.
    """

    def __init__(self, page: Page, lab: Lab) -> None:
        self.page, self.lab = page, lab
        self.faults: list[str] = []
        self.turn = itertools.count(lab.number)

    def look(self, where: str) -> None:
        self.faults += faults_in(self.page, LOOKS[next(self.turn) % len(LOOKS)], where)
        self.page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})

    def glance(self, where: str) -> None:
        """See only whether the page fits a phone, and comes in a small parcel."""
        if over := lab_walk.too_wide(self.page):
            self.faults.append(f"{where}: {over}")
        weight = lab_walk.weight_bytes(self.page)
        if weight > PAGE_MOST_BYTES:
            self.faults.append(f"{where}: {weight} bytes")

    def part(self, part: LabPart) -> None:
        self.glance(f"{part.id} locked")
        lab_walk.predict(self.page)
        self.glance(f"{part.id} revealed")
        lab_walk.explore(self.page)
        if part.challenge:
            lab_walk.design(self.page, best_design(part))
        self.look(f"{part.id} explored")
        lab_walk.go_on(self.page)


def log_of(lab: Lab) -> str:
    """Return a log as short as the lab takes it."""
    return " ".join(itertools.islice(itertools.cycle(LOG.split()), lab.synthesis.words_min))


def best_design(part: LabPart) -> dict[str, Scalar]:
    return optimum_of(part, state_of(Attempt.objects.get()).instance(part.id).params)[0]


def placed(school: School, slug: str) -> Assignment:
    """Place a lab whose link has a column in the LMS, where Bob has a name."""
    Identity.objects.create(person=school.bob, platform=school.course.platform, subject="bob")
    assignment = school.assignment(slug)
    assignment.line_item_url = "https://lms.example/items/1"
    assignment.ags_scopes = [f"{AGS}/score", f"{AGS}/result.readonly"]
    assignment.save()
    return assignment


def marked_and_sent(school: School, assignment: Assignment) -> dict[tuple[str, str], float]:
    """Give the log full marks, and return what the gradebook then holds."""
    gradebook = MemoryGradebook()
    services.log_mark(
        submission=Submission.objects.get(),
        marker=school.alice,
        levels={criterion.id: Level.FULL for criterion in load_scheme(assignment.scheme).criteria},
        comment="",
        seen_number=0,
    )
    sender.lane_drain(assignment.course.platform_id, gradebook, rng=random.Random(1))
    return gradebook.grades


@pytest.mark.parametrize("slug", SLUGS)
def test_a_student_walks_the_lab_to_its_grade(open_page: Open, school: School, slug: str) -> None:
    assignment = placed(school, slug)
    lab = loader.load_lab(slug)
    page = open_page(home(assignment), school.bob, size=PHONE, reduced=True)
    walk = Walk(page, lab)
    walk.glance("briefing")
    lab_walk.begin(page, lab.number % len(lab.tracks))

    for part in lab.parts:
        walk.part(part)
    walk.glance("synthesis")
    lab_walk.hand_in(page, log_of(lab))
    grades = marked_and_sent(school, assignment)
    page.reload()

    # Explored in full, the optimum designed, the log marked: nothing was lost on the way.
    expect(page.locator(".submitted .big")).to_have_text("100 / 100")
    assert grades == {(assignment.pk, "bob"): 100.0}
    walk.look("graded")
    assert not walk.faults, "\n".join(walk.faults)
