"""The staff's pages in a browser: marking by keyboard, the board, accessibility in every look."""

import json
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import expect

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
from courseserver.grading.calibration import next_for, sample_mark, samples_draw
from courseserver.grading.evidence import (
    ChallengeDone,
    Evidence,
    Method,
    PartDone,
    PredictionMade,
    SeenNumber,
)
from courseserver.grading.faults import GradebookFault, Reach
from courseserver.grading.models import LogMark
from courseserver.grading.requests import request_ask
from courseserver.lti import vault
from courseserver.lti.nrps import Member
from labs.schemes import Level
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
        method=Method(distinct=5, feasible=4, changes=4, alone=3, moved=("batch 4 values",)),
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


def more_addresses(room: Classroom) -> list[tuple[str, Person]]:
    """Pages made of the same parts as the others: one look at each."""
    assignment = f"/grading/assignments/{room.assignment.id}"
    course = f"/grading/courses/{room.course.id}"
    asked = room.person("Asks Anew", Role.LEARNER)
    room.mode(SendMode.LIVE)
    submission = room.submit(asked, log_text=LOG, evidence=EVIDENCE.to_json())
    room.mark(submission, "part")
    request_ask(submission=submission, person=asked, text="Line two names the ridge.")
    samples_draw(assignment=room.assignment, actor=room.alice)
    for marker, level in ((room.alice, Level.FULL), (room.tom, Level.PART)):
        sample = next_for(room.assignment, marker)
        assert sample is not None
        levels = dict.fromkeys(("numbers", "cause", "constraint"), level)
        sample_mark(sample=sample, marker=marker, levels=levels)
    room.assignment.shows_leaders = True
    room.assignment.save()
    absent = room.person("Absent So Far", Role.LEARNER)
    staff = [
        f"{assignment}/students/{asked.id}/",
        f"{assignment}/students/{absent.id}/",
        f"{assignment}/leaders/",
        f"{assignment}/leaders/?projector=1",
        f"{assignment}/regrade/",
        f"{assignment}/calibration/",
        f"{assignment}/calibration/mark/",
        f"{course}/requests/",
        f"{course}/labs/{room.assignment.lab}/notes/",
    ]
    students = [(f"{assignment}/mine/", asked), (f"{assignment}/leaders/", asked)]
    return [*((path, room.alice) for path in staff), *students]


def test_no_page_of_the_staff_has_a_barrier_in_any_look(room: Classroom, open_page: Open) -> None:
    found = addresses(room)
    plan_make(
        course=room.course, actor=room.alice, map_slug="foundations", starts_on=date(2026, 9, 7)
    )
    pages = [(path, room.alice) for path in found.values()]
    students = [(found["week"], room.bob), (f"{found['course']}?all=1", room.bob)]
    opened = {p: open_page("/", p, reduced=True) for p in (room.alice, room.bob)}
    faults = []

    for turn, (path, person) in enumerate([*pages, *students]):
        page = opened[person]
        page.goto(path)
        # Two looks of a page that differ in width and scheme, in turn.
        for look in (LOOKS[turn % 6], LOOKS[(turn + 3) % 6]):
            faults += faults_in(page, look, path)

    for turn, (path, person) in enumerate(more_addresses(room)):
        page = opened.get(person) or open_page("/", person, reduced=True)
        page.goto(path)
        faults += faults_in(page, LOOKS[turn % 6], path)

    page = opened[room.alice]
    page.goto(f"/grading/assignments/{room.assignment.id}/rubric/")
    page.get_by_label("Remove this criterion").first.check()
    page.get_by_role("button", name="See what would change").click()
    page.get_by_role("heading", name="What would change").wait_for()
    for look in (LOOKS[0], LOOKS[5]):
        faults += faults_in(page, look, "a rubric's difference")
    page.goto(f"/grading/assignments/{room.assignment.id}/")
    page.get_by_role("radio", name="Decision Log alone").check()
    page.get_by_role("button", name="Save settings").click()
    page.get_by_role("heading", name="What would change").wait_for()
    faults += faults_in(page, LOOKS[3], "a scheme's difference")

    assert not faults, "\n".join(faults)


@pytest.fixture
def term(transactional_db: None) -> Classroom:
    """Ten students have handed in the roofline lab; grades wait for their release."""
    room = Classroom(Clock(datetime.now(UTC) - timedelta(minutes=5)))
    room.mode(SendMode.ON_RELEASE)
    people = [room.person(f"Student {n:02}", Role.LEARNER) for n in range(8)]
    for person in (room.bob, room.bea, *people):
        room.submit(person, evidence=EVIDENCE.to_json(), log_text=LOG, challenge=0.9)
        # Logs are marked in the order in which they were handed in.
        room.clock.pass_s(1)
    room.assignment.due_at = room.clock.now() - timedelta(hours=1)
    room.assignment.save()
    return room


def test_a_term_from_its_plan_to_a_regrade(term: Classroom, open_page: Open) -> None:
    """Plan, week 11, ten logs by keyboard, an extension, release, a request, a regrade."""
    course, assignment = term.course.id, term.assignment.id
    page = open_page(f"/grading/courses/{course}/plan/", term.alice)

    # The middle of week 11 is now.
    first = datetime.now(UTC).date() - timedelta(weeks=10, days=3)
    page.get_by_role("radio", name="Foundations").check()
    page.get_by_label("First day of the term").first.fill(str(first))
    page.get_by_role("button", name="Plan the term").click()
    page.get_by_role("link", name="As students see it").click()
    page.get_by_role("heading", name="This week").wait_for()
    expect(page.locator("header")).to_contain_text("Week 11 of 16")

    page.goto(f"/grading/assignments/{assignment}/logs/")
    for n in range(10):
        # The new page, with its script.
        page.get_by_text("after this").filter(has_text=f"{9 - n} log").wait_for()
        page.wait_for_load_state("load")
        for key in ("1", "2", "1" if n % 2 else "2"):
            page.keyboard.press(key)
        page.keyboard.press("Enter")
    page.get_by_role("heading", name="No logs to mark").wait_for()
    points = LogMark.objects.filter(marker=term.alice).order_by("pk").values_list("points")
    assert [p for (p,) in points] == [22.0, 26.0] * 5

    page.goto(f"/grading/assignments/{assignment}/")
    page.get_by_label("For", exact=True).select_option(label="Bea Wei")
    later = datetime.now(UTC) + timedelta(days=2)
    page.get_by_label("New due date").fill(f"{later:%Y-%m-%dT%H:%M}")
    page.get_by_label("Reason (for the log)", exact=True).fill("Ill for two days")
    page.get_by_role("button", name="Give extension").click()
    page.get_by_role("status").filter(has_text="Extension given").wait_for()

    page.goto(f"/grading/assignments/{assignment}/grades/preview/")
    page.get_by_role("button", name="Release 10 grades").click()
    page.get_by_role("status").filter(has_text="10 grades on the way").wait_for()
    term.clock.moment = datetime.now(UTC)
    term.drain()
    assert term.in_lms() == 89.0

    student = open_page(f"/grading/courses/{course}/?all=1", term.bob)
    student.get_by_role("link", name="89.0 of 100").click()
    student.get_by_label("What was missed").fill("I did quantify the trade-off.")
    student.get_by_role("button", name="Ask").click()
    student.get_by_role("status").filter(has_text="Sent").wait_for()

    page.goto(f"/grading/courses/{course}/")
    page.get_by_role("link", name="Open them").click()
    page.get_by_role("link", name="Bob Costa").click()
    page.get_by_label("Answer").fill("True for everybody: a part is worth 8.")
    page.goto(f"/grading/assignments/{assignment}/rubric/")
    page.get_by_role("group", name="Next limit").get_by_label("Part: points").fill("8")
    page.get_by_role("button", name="See what would change").click()
    before_after = page.get_by_role("table", name="Each score before and after")
    expect(before_after.get_by_role("row")).to_have_count(6)
    page.get_by_label("Reason (for the log)").fill("A part is worth more")
    page.get_by_role("button", name="Use this rubric").click()
    page.get_by_role("status").filter(has_text="5 scores changed").wait_for()
    term.clock.moment = datetime.now(UTC) + timedelta(seconds=5)
    term.drain()
    assert term.in_lms() == 91.0

    page.goto(f"/grading/assignments/{assignment}/students/{term.bob.id}/")
    page.get_by_role("button", name="Close: regraded").click()
    page.get_by_role("status").filter(has_text="Request closed").wait_for()
    student.reload()
    expect(student.locator("main")).to_contain_text("91 / 100")
    expect(student.locator("main")).to_contain_text("Regraded")


def test_digits_typed_into_the_comment_stay_there(room: Classroom, open_page: Open) -> None:
    page = open_page(addresses(room)["log"], room.alice)
    comment: Any = page.get_by_label("Comment to")

    comment.focus()
    page.keyboard.type("12 of 3")

    expect(comment).to_have_value("12 of 3")
    expect(page.locator("input[type=radio]:checked")).to_have_count(0)


def test_the_board_follows_grades_on_their_way(room: Classroom, open_page: Open) -> None:
    room.mode(SendMode.LIVE)
    room.mark(room.bob.submissions.get())
    page = open_page(addresses(room)["board"], room.alice)
    row: Any = page.get_by_role("row", name="Bob Costa")
    expect(row).to_contain_text("Queued")

    room.clock.moment = datetime.now(UTC)
    room.gradebook.faults = []
    room.drain()

    row.get_by_text("In the LMS", exact=True).wait_for()
    expect(page.locator("#live")).to_contain_text("In the LMS and equal")


def test_the_board_sends_and_says_so_without_scripts(room: Classroom, open_page: Open) -> None:
    room.mode(SendMode.MANUAL)
    for person in (room.bob, room.bea):
        room.mark(person.submissions.get())
    page = open_page(addresses(room)["board"], room.alice, scripts=False)

    page.get_by_role("button", name="Send 2 held grades…").click()
    page.get_by_role("heading", name="What sending would change").wait_for()
    page.get_by_role("button", name="Send 2 grades").click()

    page.get_by_role("status").filter(has_text="2 grades on the way to the LMS").wait_for()
    expect(page.get_by_text("Queued, sends")).to_have_count(2)
