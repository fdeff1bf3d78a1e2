"""The plan of a term and the page of this week, with who may see and change them."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.urls import reverse

from courseserver.audit.models import AuditEntry
from courseserver.courses import plans
from courseserver.courses.models import Assignment, Course, Enrolment, Plan, Role, SendMode
from courseserver.courses.services import settings_at_first, settings_before
from courseserver.grading.criteria import rubric_of
from courseserver.grading.models import Score
from courseserver.grading.rubric import version_add
from labs.loader import load_lab
from tests.courseserver.grading.classroom import Classroom

CHANGES = ("plan-make", "plan-copy", "plan-dates", "plan-lab", "plan-due")
# The classroom's clock stands at Friday 20 November 2026.
MONDAY = date(2026, 11, 16)
ROOFLINE = "v1-11-hardware-roofline"


@pytest.fixture(autouse=True)
def no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("courseserver.grading.services.drain_soon", lambda _: None)


@pytest.fixture
def plan(room: Classroom) -> Plan:
    return plans.plan_make(
        course=room.course,
        actor=room.alice,
        map_slug="foundations",
        starts_on=MONDAY - timedelta(weeks=11),
    )


def post(room: Classroom, name: str, **data: Any) -> Any:
    return room.client(room.alice).post(reverse(name, args=[room.course.id]), data)


def page(room: Classroom, name: str, person: Any, query: str = "") -> str:
    answer = room.client(person).get(reverse(name, args=[room.course.id]) + query)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def test_only_staff_see_the_plan_and_only_instructors_change_it(room: Classroom) -> None:
    url = reverse("course-plan", args=[room.course.id])
    for person, status in [(room.tom, 200), (room.bob, 403), (room.charlie, 404), (None, 403)]:
        assert room.client(person).get(url).status_code == status
    for name in CHANGES:
        url = reverse(name, args=[room.course.id])
        for person, status in [(room.tom, 403), (room.bob, 403), (room.charlie, 404)]:
            assert room.client(person).post(url).status_code == status


def test_everybody_in_the_course_and_nobody_else_sees_the_week(room: Classroom, plan: Plan) -> None:
    url = reverse("course-week", args=[room.course.id])
    for person, status in [(room.alice, 200), (room.tom, 200), (room.bob, 200)]:
        assert room.client(person).get(url).status_code == status
    for person, status in [(room.charlie, 404), (None, 403)]:
        assert room.client(person).get(url).status_code == status


def test_a_course_without_a_plan_shows_its_labs(room: Classroom) -> None:
    answer = room.client(room.bob).get(reverse("course-week", args=[room.course.id]))

    assert answer.url == reverse("course-home", args=[room.course.id])
    assert room.client(room.bob).get(answer.url).status_code == 200


def test_a_student_lands_on_this_week_with_what_to_read_and_explore(
    room: Classroom, plan: Plan
) -> None:
    home = room.client(room.bob).get(reverse("course-home", args=[room.course.id]))
    assert home.url == reverse("course-week", args=[room.course.id])

    text = page(room, "course-week", room.bob)

    assert "<h1>This week</h1>" in text
    assert "Week 12 of 16: 16 November to 22 November" in text
    assert "Benchmarking" in text
    assert "Catch-up" in text
    assert reverse("lab-home", args=[room.assignment.id]) in text
    assert "Not started" in text


def test_a_lab_that_is_not_placed_is_said_to_be_missing(room: Classroom, plan: Plan) -> None:
    assert "not in the LMS yet" in page(room, "course-week", room.bob, "?week=3")


def test_a_kit_week_names_its_activity(room: Classroom, plan: Plan) -> None:
    shown = page(room, "course-week", room.bob, "?week=10")

    assert 'quantised-model/">Deploy the quantised model</a>' in shown


def test_an_own_score_marks_the_week_done_for_that_student_alone(
    room: Classroom, plan: Plan
) -> None:
    room.submit(room.bob)
    assert Score.objects.filter(person=room.bob).exists()

    assert "handed in" in page(room, "course-week", room.bob).split("The term")[1]
    assert ", handed in" not in page(room, "course-week", room.bea).split("The term")[1]


@pytest.mark.parametrize("week", ["0", "17", "x", "9" * 40])
def test_a_week_that_is_none_shows_the_present_one(room: Classroom, plan: Plan, week: str) -> None:
    assert "Week 12 of 16" in page(room, "course-week", room.bob, f"?week={week}")


def test_an_instructor_plans_moves_drops_and_adds(room: Classroom) -> None:
    made = post(room, "plan-make", map="foundations", starts_on="2026-09-07")
    assert made.status_code == 302
    assert Plan.objects.get(course=room.course).labs.count() == 17

    post(room, "plan-lab", lab=ROOFLINE, week="14")
    placed = Plan.objects.get(course=room.course).labs.get(lab=ROOFLINE)
    assert (placed.week, placed.is_graded) == (14, False)
    post(room, "plan-lab", lab=ROOFLINE, action="drop")
    assert not Plan.objects.get(course=room.course).labs.filter(lab=ROOFLINE).exists()
    post(room, "plan-lab", lab="v2-06-fault-tolerance", week="16", is_graded="on")
    assert Plan.objects.get(course=room.course).labs.get(week=16, lab__startswith="v2").is_graded

    post(room, "plan-dates", starts_on="2026-09-14", breaks="2026-10-12", due_day="4",
         due_time="18:00")  # fmt: skip
    week = plans.planned_weeks(Plan.objects.get(course=room.course))[4]
    assert week.span.starts_on == date(2026, 10, 19)
    assert week.span.due_at == datetime(2026, 10, 23, 18, tzinfo=UTC)


def test_every_change_of_the_plan_stands_in_the_log_with_what_moved_and_why(
    room: Classroom, plan: Plan
) -> None:
    dates = {"starts_on": "2026-09-07", "breaks": "2026-10-12", "due_day": "4", "due_time": "18:00"}
    post(room, "plan-make", map="foundations", starts_on="2026-09-07", reason="As the school asks")
    post(room, "plan-dates", **dates, reason="The term was moved")
    post(room, "plan-lab", lab=ROOFLINE, week="14", is_graded="on", reason="A guest comes")
    post(room, "plan-lab", lab=ROOFLINE, action="drop", reason="No time")
    post(room, "plan-lab", lab=ROOFLINE, week="12", is_graded="on")
    post(room, "plan-due", reason="Agreed in class")

    log = page(room, "course-log", room.alice, "?kind=settings")
    title = load_lab(ROOFLINE).title
    for words in (
        "Term planned from 2026-09-07 (As the school asks)",
        (
            "Dates of the term changed: Off: none → 2026-10-12; Work is due on: the last day → the "
            "fifth day; Work is due at: 23:59 → 18:00 (The term was moved)"
        ),
        f"“{title}” placed in the plan: week 12 → 14 (A guest comes)",
        f"“{title}” taken out of the plan (No time)",
        f"“{title}” placed in the plan: week 12<",
        "(Agreed in class)",
    ):
        assert words in log, words


def test_dates_sent_as_they_are_change_nothing_and_say_nothing(room: Classroom, plan: Plan) -> None:
    dates = {"starts_on": plan.starts_on.isoformat(), "due_day": "6", "due_time": "23:59"}

    answer = room.client(room.alice).post(
        reverse("plan-dates", args=[room.course.id]), dates, follow=True
    )

    assert "All is as it was." in answer.content.decode()
    assert not AuditEntry.objects.filter(action="plan.dates_changed").exists()


def test_every_form_of_the_plan_asks_for_a_note(room: Classroom, plan: Plan) -> None:
    text = page(room, "course-plan", room.alice)

    # Due dates, weeks, a lab to add, a plan anew; and each of the seventeen labs.
    assert text.count('name="reason"') == 4 + 17


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("plan-make", {"map": "poetry", "starts_on": "2026-09-07"}, "no syllabus “poetry”"),
        ("plan-make", {"map": "scale", "starts_on": "soon"}, "“soon” is not a day"),
        (
            "plan-make",
            {"map": "scale", "starts_on": "9999-12-31"},
            "No term begins in the year 9999",
        ),
        ("plan-make", {"map": "scale", "starts_on": "0026-09-07"}, "No term begins in the year 26"),
        (
            "plan-dates",
            {"starts_on": "9999-12-20", "due_day": 6, "due_time": "18:00"},
            "No term begins in the year 9999",
        ),
        ("plan-lab", {"lab": ROOFLINE, "week": "17"}, "no week 17"),
        ("plan-lab", {"lab": ROOFLINE, "week": "-1"}, "no week 0"),
        (
            "plan-dates",
            {"starts_on": "2026-09-07", "breaks": "2026-10-13", "due_day": 6, "due_time": "18:00"},
            "begins no week",
        ),
        (
            "plan-dates",
            {"starts_on": "2026-09-07", "breaks": "May", "due_day": 6, "due_time": "18:00"},
            "Weeks off: Write the first day",
        ),
        (
            "plan-dates",
            {"starts_on": "2026-09-07", "due_day": 7, "due_time": "18:00"},
            "Day: Ensure this value is less",
        ),
    ],
)
def test_what_cannot_be_planned_is_refused_in_words_and_nothing_changes(
    room: Classroom, plan: Plan, name: str, data: dict[str, Any], words: str
) -> None:
    before = list(Plan.objects.values()), list(plan.labs.order_by("pk").values())

    answer = post(room, name, **data)

    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert (list(Plan.objects.values()), list(plan.labs.order_by("pk").values())) == before


def test_an_unknown_lab_cannot_be_placed(room: Classroom, plan: Plan) -> None:
    assert post(room, "plan-lab", lab="poetry", week="3").status_code == 404


def test_optional_parts_are_planned_before_a_lab_is_placed_and_changed_after(
    room: Classroom, plan: Plan
) -> None:
    form = {"lab": "v1-01-ai-triad", "week": "2", "is_graded": "on"}

    post(room, "plan-lab", **form, optional_parts=["c", "b"])
    assert settings_at_first(room.course, form["lab"]) == {"optional_parts": ["b", "c"]}
    assert "B, C optional" in page(room, "course-plan", room.alice)

    post(room, "plan-lab", lab=ROOFLINE, week="12", is_graded="on", optional_parts=["b"])
    room.assignment.refresh_from_db()
    assert room.assignment.optional_parts == ["b"]
    every = [part.id for part in load_lab(ROOFLINE).parts]
    assert post(room, "plan-lab", lab=ROOFLINE, week="12", optional_parts=every).status_code == 422


def test_due_dates_follow_only_when_asked_and_extensions_stay(room: Classroom, plan: Plan) -> None:
    planned = datetime(2026, 11, 22, 23, 59, tzinfo=UTC)

    assert "1 lab due at another time than planned" in page(room, "course-plan", room.alice)
    room.assignment.refresh_from_db()
    assert room.assignment.due_at != planned

    post(room, "plan-due")
    room.assignment.refresh_from_db()
    assert room.assignment.due_at == planned
    assert "another time than planned" not in page(room, "course-plan", room.alice)

    # An LMS may tell 23:59:59: the same minute is no other time.
    room.assignment.due_at = planned + timedelta(seconds=59)
    room.assignment.save()
    assert "another time than planned" not in page(room, "course-plan", room.alice)


def test_a_plan_is_taken_over_from_a_course_one_teaches_and_from_no_other(
    room: Classroom, plan: Plan
) -> None:
    spring = Course.objects.create(platform=room.platform, context_id="spring", title="Spring")
    Enrolment.objects.create(course=spring, person=room.alice, role=Role.INSTRUCTOR)
    Enrolment.objects.create(course=spring, person=room.charlie, role=Role.INSTRUCTOR)
    url = reverse("plan-copy", args=[spring.id])
    data = {"source": room.course.id, "starts_on": "2027-02-01"}

    refused = room.client(room.charlie).post(url, data)
    assert refused.status_code == 404
    assert not Plan.objects.filter(course=spring).exists()
    taken = room.client(room.alice).post(url, data)

    assert taken.status_code == 302
    copy = Plan.objects.get(course=spring)
    assert copy.starts_on == date(2027, 2, 1)
    assert copy.labs.count() == plan.labs.count()
    assert spring.enrolments.count() == 2


def test_the_settings_of_a_term_and_its_labs_come_along_without_its_students(
    room: Classroom, plan: Plan
) -> None:
    room.submit()
    Course.objects.filter(pk=room.course.pk).update(late_percent_per_day=10.0, late_bank_hours=48)
    Assignment.objects.filter(pk=room.assignment.pk).update(send_mode=SendMode.ON_RELEASE)
    own = rubric_of(room.assignment)
    edited = (replace(own[0], title="Numbers"), *own[1:])
    version_add(assignment=room.assignment, rubric=edited, reason="Short", actor=room.alice)
    spring = room.new_course("Spring")
    Enrolment.objects.create(course=spring, person=room.alice, role=Role.INSTRUCTOR)
    placed = room.new_assignment(spring)

    data = {"source": room.course.id, "starts_on": "2027-02-01"}
    room.client(room.alice).post(reverse("plan-copy", args=[spring.id]), data)

    spring.refresh_from_db()
    placed.refresh_from_db()
    assert (spring.late_percent_per_day, spring.late_bank_hours) == (10.0, 48)
    assert placed.send_mode == SendMode.ON_RELEASE
    assert rubric_of(placed) == edited
    assert settings_before(spring, room.assignment.lab)["send_mode"] == SendMode.ON_RELEASE
    assert not placed.submissions.exists()
