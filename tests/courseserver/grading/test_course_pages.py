"""The course's settings, its grades on one page, its log, its roster page, and files for import."""

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse

from courseserver.audit.services import record
from courseserver.courses import roster
from courseserver.courses.models import Course, Enrolment, Identity, SendMode
from courseserver.lti.nrps import Member
from tests.courseserver.grading.classroom import Classroom, post_as_seen

GET_PAGES = ("course-settings", "course-grades", "course-log", "course-roster")


@pytest.fixture(autouse=True)
def no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    views = "courseserver.grading.views"
    monkeypatch.setattr(f"{views}.roster.read_roster_soon", lambda _: None)
    for name in (f"{views}.course.drain_soon", "courseserver.grading.services.drain_soon"):
        monkeypatch.setattr(name, lambda _: None)


def text_of(room: Classroom, name: str, query: str = "") -> str:
    answer = room.client(room.alice).get(reverse(name, args=[room.course.id]) + query)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


@pytest.mark.parametrize("name", GET_PAGES)
def test_only_staff_of_the_course_open_its_pages(room: Classroom, name: str) -> None:
    url = reverse(name, args=[room.course.id])

    for person, status in [(room.tom, 200), (room.bob, 403), (room.charlie, 404), (None, 403)]:
        assert room.client(person).get(url).status_code == status


@pytest.mark.parametrize("name", ["course-settings", "roster-read", "roster-apply", "roster-drop"])
def test_only_instructors_change_them(room: Classroom, name: str) -> None:
    url = reverse(name, args=[room.course.id])

    for person, status in [(room.tom, 403), (room.bob, 403), (room.charlie, 404)]:
        assert room.client(person).post(url).status_code == status


# --- settings ---------------------------------------------------------------------------------
def save(room: Classroom, **fields: Any) -> Any:
    body = {"time_zone": "", "late_percent_per_day": "0", "late_grace_min": "0"} | fields
    url = reverse("course-settings", args=[room.course.id])
    return room.client(room.alice).post(url, body, follow=True)


def test_the_late_policy_is_set_for_the_whole_course(room: Classroom) -> None:
    room.assignment.due_at = room.clock.now() - timedelta(hours=1)
    room.assignment.save()
    room.submit()

    policy = {"late_percent_per_day": "10", "late_cut_off_days": "7", "late_grace_min": "0"}
    answer = post_as_seen(room, "course-settings", room.course.id, **policy).content.decode()

    assert "1 score changed" in answer
    assert "Late work loses 10 % for each day begun" in answer


@pytest.mark.parametrize(
    "wrong",
    [
        {"late_percent_per_day": "101"},
        {"late_percent_per_day": "-1"},
        {"late_grace_min": "soon"},
        {"time_zone": "Mars/Olympus"},
    ],
)
def test_a_wrong_course_setting_is_refused(room: Classroom, wrong: dict[str, str]) -> None:
    assert save(room, **wrong).status_code == 422
    assert Course.objects.get(pk=room.course.pk).late_percent_per_day == 0.0


@pytest.mark.parametrize(("product", "warns"), [("canvas", True), ("moodle", False)])
def test_an_lms_with_a_late_policy_of_its_own_is_warned_about(
    room: Classroom, product: str, warns: bool
) -> None:
    room.platform.product = product
    room.platform.save()
    save(room, late_percent_per_day="10")

    assert ("may take points for late work too" in text_of(room, "course-settings")) is warns


def test_pages_show_and_take_the_courses_own_time(room: Classroom) -> None:
    save(room, time_zone="Asia/Tokyo")
    room.submit()
    url = reverse("assignment-settings", args=[room.assignment.id])
    body = {"send_mode": "live", "send_as": "points", "due_at": "2026-12-01T09:00"}
    room.client(room.alice).post(url, body | {"reason": "A holiday"})

    room.assignment.refresh_from_db()
    assert f"{room.assignment.due_at:%F %R %Z}" == "2026-12-01 00:00 UTC"
    page = room.client(room.alice).get(reverse("assignment-staff", args=[room.assignment.id]))
    text = page.content.decode()
    assert "23:00" in text, "14:00 UTC in Tokyo"
    assert 'value="2026-12-01T09:00"' in text
    assert "Due (Asia/Tokyo)" in text


def test_another_course_keeps_its_own_time(room: Classroom) -> None:
    save(room, time_zone="Asia/Tokyo")
    other = room.new_course("Other")
    Enrolment.objects.create(person=room.alice, course=other, role="instructor")
    client = room.client(room.alice)

    client.get(reverse("course-roster", args=[room.course.id]))
    page = client.get(reverse("course-roster", args=[other.id])).content.decode()

    assert "Times are UTC" in page


# --- all grades -------------------------------------------------------------------------------
def test_all_grades_show_every_student_in_every_lab(room: Classroom) -> None:
    room.mode(SendMode.LIVE)
    room.submit(challenge=0.5)
    room.drain()
    room.set_in_lms(90.0)
    room.clock.pass_s(90_000)
    room.drain()

    text = text_of(room, "course-grades")

    assert "Overridden in the LMS" in text
    assert "there 90.0" in text
    assert "Bea Wei" in text
    assert "Bea Wei" not in text_of(room, "course-grades", "?show=needs")


def test_all_grades_are_narrowed_to_a_section(room: Classroom) -> None:
    Enrolment.objects.filter(person=room.bob).update(sections=["Monday"])
    Enrolment.objects.filter(person=room.bea).update(sections=["Tuesday"])

    text = text_of(room, "course-grades", "?section=Monday")

    assert "Bob Costa" in text
    assert "Bea Wei" not in text
    url = reverse("sync-board", args=[room.assignment.id])
    board = room.client(room.alice).get(f"{url}?section=Tuesday").content.decode()
    assert "Bea Wei" in board
    assert "Bob Costa" not in board


def test_everything_not_sent_is_tried_again_with_one_press(room: Classroom) -> None:
    room.mode(SendMode.LIVE)
    Enrolment.objects.filter(person=room.bob).update(is_active=True)
    room.assignment.line_item_url = ""
    room.assignment.save()
    room.submit()
    room.drain()
    assert "Retry all (1 not sent)" in text_of(room, "course-grades")

    assert 'id="retry_note" name="reason"' in text_of(room, "course-grades")
    note = {"reason": "The LMS is back"}
    room.client(room.tom).post(reverse("course-retry", args=[room.course.id]), note)

    assert room.row().state == "queued"
    assert "Tried again (The LMS is back)" in text_of(room, "course-log")


# --- the log ----------------------------------------------------------------------------------
def test_the_log_names_people_and_is_narrowed_by_kind(room: Classroom) -> None:
    room.mode(SendMode.LIVE)
    room.submit()
    room.drain()
    save(room, late_grace_min="5", reason="Slow clocks")

    everything = text_of(room, "course-log")
    assert "Sent to the LMS: 55" in everything
    assert "Bob Costa" in everything
    settings_only = text_of(room, "course-log", "?kind=settings")
    assert "Minutes forgiven: 0 → 5 (Slow clocks)" in settings_only
    assert "Sent to the LMS" not in settings_only


def test_a_long_log_comes_in_pages(room: Classroom) -> None:
    for _ in range(101):
        record(actor="system", action="launched", subject=room.bob.id, course_id=room.course.id)

    assert "Page 1 of 2" in text_of(room, "course-log")
    assert "Page 2 of 2" in text_of(room, "course-log", "?page=99")


# --- the roster's page ------------------------------------------------------------------------
def test_the_roster_page_goes_from_reading_to_taking_over(
    room: Classroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = [
        Member(
            subject=identity.subject, role=enrolment.role, is_test_student=False, is_active=True,
            name=identity.name, email=identity.email,
        )
        for enrolment in Enrolment.objects.all()
        for identity in Identity.objects.filter(person=enrolment.person_id)
    ]  # fmt: skip
    zoe = Member(
        subject="zoe", role="learner", is_test_student=False, is_active=True, name="Zoe Z", email=""
    )
    monkeypatch.setattr(roster, "roster_members", lambda _: [*people, zoe])
    client = room.client(room.alice)

    client.post(reverse("roster-read", args=[room.course.id]))
    assert "is being asked" in text_of(room, "course-roster")
    roster.roster_fetch(room.course.pk)
    shown = client.get(reverse("course-roster", args=[room.course.id]))
    assert "Zoe Z" in shown.content.decode()
    done = client.post(
        reverse("roster-apply", args=[room.course.id]),
        {"seen": shown.context["diff"].fingerprint},
        follow=True,
    )

    assert "1 new" in done.content.decode()
    stale = client.post(reverse("roster-apply", args=[room.course.id]), {"seen": "x"}, follow=True)
    assert "no roster to take over" in stale.content.decode()


# --- files ------------------------------------------------------------------------------------
def rows(room: Classroom, product: str) -> list[list[str]]:
    url = reverse("grades-csv", args=[room.assignment.id])
    text = room.client(room.alice).get(f"{url}?for={product}").content.decode()
    return list(csv.reader(io.StringIO(text)))


def test_files_hold_the_ids_that_each_gradebook_looks_for(room: Classroom) -> None:
    room.mark(room.submit())
    Enrolment.objects.filter(person=room.bob).update(sections=["Monday", "Lab 2"])
    Identity.objects.filter(person=room.bob).update(
        subject="17", lms_user_id="4711", sis_id="S-1", login="bob"
    )
    room.assignment.title = "Roofline (2)"
    room.assignment.save()

    head, maximum, bob = rows(room, "canvas")
    assert head == [
        "Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Roofline [2]",
    ]  # fmt: skip
    assert maximum[0].strip() == "Points Possible"
    assert bob == ["Bob Costa", "4711", "S-1", "bob", "Monday and Lab 2", "85"]
    head, bob = rows(room, "moodle")
    found = dict(zip(head, bob, strict=True))
    assert (found["User ID"], found["Username"], found["Roofline (2)"]) == ("17", "bob", "85")


def test_the_board_says_how_many_rows_no_file_can_place(room: Classroom) -> None:
    room.mark(room.submit())
    Identity.objects.filter(person=room.bob).update(email="")

    url = reverse("sync-board", args=[room.assignment.id])
    text = " ".join(room.client(room.alice).get(url).content.decode().split())

    assert "by name only: 1" in text
