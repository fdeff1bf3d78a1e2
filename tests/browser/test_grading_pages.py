"""The staff's pages in a browser: marking by keyboard, the board, accessibility in every look."""

import json
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from courseserver.courses.models import (
    Course,
    Extension,
    Person,
    Role,
    RosterReading,
    RosterState,
    SendMode,
)
from courseserver.courses.plans import plan_make
from courseserver.grading.evidence import (
    ChallengeDone,
    Evidence,
    PartDone,
    PredictionMade,
    SeenNumber,
)
from courseserver.grading.faults import GradebookFault, Reach
from courseserver.grading.models import LogMark
from courseserver.lti import vault
from courseserver.lti.nrps import Member
from tests.browser.axe import LOOKS, faults_in
from tests.browser.conftest import Open
from tests.courseserver.grading.classroom import Classroom, Clock

LOG = (
    "On the edge machine one product of N = 512 reaches 572 TFLOP/s, 58% of its peak. I had said "
    "a half. At 171 FLOP/byte it stays left of the ridge, so bandwidth binds, not arithmetic, "
    "because every byte is used too rarely. Larger tiles would help, but they need 31 MB of "
    "on-chip memory, which costs latency for small requests. I choose batch 8."
)
EVIDENCE = Evidence(
    numbers=(
        SeenNumber(value=5.72e14, format="si FLOP/s", label="attainable rate", part="a"),
        SeenNumber(value=0.578, format="pct", label="share of the peak", part="a"),
        SeenNumber(value=170.7, format="g3", label="intensity", part="b", evidence="published"),
        SeenNumber(value=512, format="int", label="matrix size", part="a"),
    ),
    predictions=(
        PredictionMade(
            part="A", question="Share of the peak?", predicted="50%", actual="58%", gap="8 points"
        ),
    ),
    parts=(
        PartDone(label="A Roofline", releases=9, failures=("Out of memory",)),
        PartDone(label="B Reality", releases=4),
    ),
    challenge=ChallengeDone(
        title="A design for 40 W", design="batch 8, window 5 ms", objective="$0.42 per million",
        ratio=0.93, tries=6,
    ),
    track="Edge",
)  # fmt: skip


@pytest.fixture
def room(transactional_db: None) -> Classroom:
    """A course in the middle of its week: every state of a grade at once."""
    room = Classroom(Clock(datetime.now(UTC) - timedelta(minutes=5)))
    room.mode(SendMode.LIVE)
    people = {name: room.person(name, Role.LEARNER) for name in ("Chen Li", "Dana Levy", "Emre K")}
    evidence = {"evidence": EVIDENCE.to_json(), "log_text": LOG, "challenge": 0.93}
    room.mark(room.submit(people["Chen Li"], **evidence))
    room.drain()
    room.set_in_lms(90.0, people["Dana Levy"])
    room.submit(people["Dana Levy"], **evidence)
    room.drain()
    room.gradebook.faults = [GradebookFault("not_a_student", Reach.STAYS, status=422)]
    room.submit(people["Emre K"], log_text="", challenge=0.2)
    room.drain()
    room.mode(SendMode.WHEN_MARKED)
    room.submit(room.bob, **evidence)
    room.submit(room.bea, **evidence)
    _busy_course(room, people["Dana Levy"])
    return room


def _busy_course(room: Classroom, dana: Person) -> None:
    """Sections, an extension, a late policy, a second lab, and a roster that was just read."""
    for person, section in ((room.bob, "Monday"), (dana, "Tuesday")):
        room.course.enrolments.filter(person=person).update(sections=[section])
    Extension.objects.create(
        assignment=room.assignment, section="Monday", due_at=room.clock.now(),
        reason="Storm", given_by=room.alice,
    )  # fmt: skip
    Course.objects.filter(pk=room.course.pk).update(
        late_percent_per_day=10.0, time_zone="Europe/Berlin"
    )
    room.new_assignment(room.course)
    zoe = Member(
        subject="zoe", role="learner", is_test_student=False, is_active=True,
        name="Zoe Zucker", email="", sections=("Monday",),
    )  # fmt: skip
    tom = Member(
        subject=room.subject(room.tom), role="learner", is_test_student=False, is_active=True,
        name="Tom Tan", email="",
    )  # fmt: skip
    RosterReading.objects.create(
        course=room.course,
        state=RosterState.READ,
        asked_at=room.clock.now(),
        content_encrypted=vault.encrypt(json.dumps([asdict(zoe), asdict(tom)])),
    )
    room.course.enrolments.filter(person=room.tom).update(last_launch_at=room.clock.now())


def addresses(room: Classroom) -> dict[str, str]:
    assignment = f"/grading/assignments/{room.assignment.id}"
    submission = room.bob.submissions.get().id
    return {
        "course": f"/grading/courses/{room.course.id}/",
        "plan": f"/grading/courses/{room.course.id}/plan/",
        "week": f"/grading/courses/{room.course.id}/week/?week=10",
        "assignment": f"{assignment}/",
        "board": f"{assignment}/grades/",
        "log": f"/grading/submissions/{submission}/log/",
        "trail": f"/grading/courses/{room.course.id}/students/{room.bob.id}/",
        "preview": f"{assignment}/grades/preview/",
        "grades": f"/grading/courses/{room.course.id}/grades/?show=all",
        "course log": f"/grading/courses/{room.course.id}/log/",
        "roster": f"/grading/courses/{room.course.id}/roster/",
        "settings": f"/grading/courses/{room.course.id}/settings/",
    }


def test_no_page_of_the_staff_has_a_barrier_in_any_look(room: Classroom, open_page: Open) -> None:
    found = addresses(room)
    plan_make(
        course=room.course, actor=room.alice, map_slug="foundations", starts_on=date(2026, 9, 7)
    )
    pages = [(path, room.alice) for path in found.values()]
    students = [(found["week"], room.bob), (f"{found['course']}?all=1", room.bob)]
    faults = []

    for turn, (path, person) in enumerate([*pages, *students]):
        page = open_page(path, person, reduced=True)
        # Two looks of a page that differ in width and scheme, in turn.
        for look in (LOOKS[turn % 6], LOOKS[(turn + 3) % 6]):
            faults += faults_in(page, look, path)
        page.context.close()

    assert not faults, "\n".join(faults)


def test_two_logs_are_marked_by_keyboard_alone(room: Classroom, open_page: Open) -> None:
    page = open_page(f"/grading/assignments/{room.assignment.id}/logs/", room.alice)
    names = []
    for keys in ("123", "111"):
        heading = page.get_by_role("heading", level=1)
        names.append(heading.inner_text())
        for key in keys:
            page.keyboard.press(key)
        page.keyboard.press("Enter")
        page.get_by_role("status").filter(has_text="Mark saved").wait_for()

    assert len(set(names)) == 2
    points = LogMark.objects.filter(marker=room.alice).order_by("pk").values_list("points")
    assert list(points) == [(18.0,), (30.0,)]


def test_digits_typed_into_the_comment_stay_there(room: Classroom, open_page: Open) -> None:
    page = open_page(addresses(room)["log"], room.alice)
    comment: Any = page.get_by_label("Comment to")

    comment.focus()
    page.keyboard.type("12 of 3")

    assert comment.input_value() == "12 of 3"
    assert page.locator("input[type=radio]:checked").count() == 0


def test_the_board_follows_grades_on_their_way(room: Classroom, open_page: Open) -> None:
    room.mode(SendMode.LIVE)
    room.mark(room.bob.submissions.get())
    page = open_page(addresses(room)["board"], room.alice)
    row: Any = page.get_by_role("row", name="Bob Costa")
    assert "Queued" in row.inner_text()

    room.clock.moment = datetime.now(UTC)
    room.gradebook.faults = []
    room.drain()

    row.get_by_text("In the LMS", exact=True).wait_for()
    assert "In the LMS and equal" in page.locator("#live").inner_text()


def test_the_board_sends_and_says_so_without_scripts(room: Classroom, open_page: Open) -> None:
    room.mode(SendMode.MANUAL)
    for person in (room.bob, room.bea):
        room.mark(person.submissions.get())
    page = open_page(addresses(room)["board"], room.alice, scripts=False)

    page.get_by_role("button", name="Send 2 held grades…").click()
    page.get_by_role("heading", name="What sending would change").wait_for()
    page.get_by_role("button", name="Send 2 grades").click()

    page.get_by_role("status").filter(has_text="2 grades on the way to the LMS").wait_for()
    assert page.get_by_text("Queued, sends").count() == 2
