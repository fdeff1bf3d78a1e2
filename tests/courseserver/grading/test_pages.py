"""The staff's pages over HTTP: alice teaches, tom assists, bob studies, charlie is a stranger."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from courseserver.audit.models import AuditEntry
from courseserver.courses.models import Assignment, Person, Role, SendMode
from courseserver.grading import settings_change
from courseserver.grading.evidence import Evidence, PredictionMade, SeenNumber
from courseserver.grading.models import GradeOutbox, LogMark, SendState, Submission
from courseserver.grading.views import board as board_views
from tests.courseserver.grading.classroom import Classroom


@pytest.fixture(autouse=True)
def no_worker(monkeypatch: pytest.MonkeyPatch, published: list[str]) -> None:
    monkeypatch.setattr(settings_change, "drain_soon", published.append)
    monkeypatch.setattr(board_views, "drain_soon", published.append)


def words(response: Any) -> str:
    """Return the page's text without its tags, in one line."""
    text = re.sub(r"<[^>]+>", " ", response.content.decode())
    return re.sub(r"\s+", " ", text)


def pages(room: Classroom, submission: Submission) -> dict[str, str]:
    return {
        "assignment": reverse("assignment-staff", args=[room.assignment.id]),
        "board": reverse("sync-board", args=[room.assignment.id]),
        "queue": reverse("log-queue", args=[room.assignment.id]),
        "log": reverse("log-mark", args=[submission.id]),
        "trail": reverse("student-trail", args=[room.course.id, room.bob.id]),
        "file": reverse("grades-csv", args=[room.assignment.id]),
    }


PAGES = ("assignment", "board", "log", "trail", "file")


@pytest.mark.parametrize("page", PAGES)
def test_staff_open_every_page_and_nobody_else_does(room: Classroom, page: str) -> None:
    url = pages(room, room.submit())[page]
    elsewhere = room.person("Eve Other", Role.INSTRUCTOR, room.new_course("Another course"))

    answer = room.client(room.alice).get(url)
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    assert room.client(room.tom).get(url).status_code == 200
    assert room.client(room.bob).get(url).status_code == 403
    assert room.client(room.charlie).get(url).status_code == 404
    assert room.client(elsewhere).get(url).status_code == 404
    assert room.client(None).get(url).status_code == 403


@pytest.mark.parametrize("name", ["assignment-staff", "sync-board", "log-queue", "log-mark"])
def test_an_unknown_id_is_not_found(room: Classroom, name: str) -> None:
    assert room.client(room.alice).get(reverse(name, args=["nothing"])).status_code == 404


def test_a_dropped_ta_loses_the_pages(room: Classroom) -> None:
    url = reverse("sync-board", args=[room.assignment.id])
    room.tom.enrolments.update(is_active=False)

    assert room.client(room.tom).get(url).status_code == 404


# --- the course's page ------------------------------------------------------------------------
def test_staff_see_what_needs_them_first(room: Classroom) -> None:
    room.submit()

    text = words(room.client(room.alice).get(reverse("course-home", args=[room.course.id])))

    assert "What needs you" in text
    assert "Logs to mark 1" in text
    assert "Grades not sent 0" in text


def test_students_see_their_labs_and_scores_and_no_one_elses(room: Classroom) -> None:
    room.submit(room.bob, challenge=0.5)
    room.submit(room.bea, challenge=0.9)

    text = words(room.client(room.bob).get(reverse("course-home", args=[room.course.id])))

    assert "55.0 of 100 so far" in text
    assert "Sent when your Decision Log is marked" in text
    assert "67.0" not in text
    assert "Bea" not in text


def test_a_course_is_not_there_for_strangers(room: Classroom) -> None:
    url = reverse("course-home", args=[room.course.id])

    assert room.client(room.bob).get(url).status_code == 200
    assert room.client(room.charlie).get(url).status_code == 404


def test_empty_courses_say_what_to_do(room: Classroom) -> None:
    empty = room.new_course("Empty")
    staff = room.person("Ann Staff", Role.INSTRUCTOR, empty)
    student = room.person("Stu Dent", Role.LEARNER, empty)
    url = reverse("course-home", args=[empty.id])

    assert "Add one in the LMS" in words(room.client(staff).get(url))
    assert "No lab is placed" in words(room.client(student).get(url))


# --- marking ----------------------------------------------------------------------------------
EVIDENCE = Evidence(
    numbers=(SeenNumber(value=0.578, format="pct", label="share of the peak", part="a"),),
    predictions=(
        PredictionMade(part="A", question="Share?", predicted="50%", actual="58%", gap="8 points"),
    ),
    track="edge",
)
MARKS = {"level-numbers": "full", "level-cause": "part", "level-constraint": "none"}


def test_the_log_shows_beside_the_students_own_evidence(room: Classroom) -> None:
    submission = room.submit(evidence=EVIDENCE.to_json(), log_text="It is 58% not 31 ms <b>x</b>")

    response = room.client(room.tom).get(reverse("log-mark", args=[submission.id]))

    html = response.content.decode()
    assert '<mark class="simulated">58%</mark>' in html
    assert '<span class="untraced">31 ms</span>' in html
    assert "&lt;b&gt;x&lt;/b&gt;" in html
    assert "57.8%" in html
    assert "50%" in words(response)
    assert "Suggestion: part" in words(response)


def test_a_suggestion_is_never_chosen_beforehand(room: Classroom) -> None:
    submission = room.submit(evidence=EVIDENCE.to_json())

    response = room.client(room.tom).get(reverse("log-mark", args=[submission.id]))

    assert " checked" not in response.content.decode()


def test_a_mark_is_stored_and_the_next_log_opens(room: Classroom) -> None:
    first = room.submit(room.bob)
    room.clock.pass_s(60)
    second = room.submit(room.bea)
    client = room.client(room.tom)

    url = reverse("log-mark", args=[first.id])
    response = client.post(url, MARKS | {"comment": "Good", "seen_number": "0"}, follow=True)

    assert response.redirect_chain[-1][0] == reverse("log-mark", args=[second.id])
    mark = LogMark.objects.get()
    assert (mark.points, mark.comment, mark.marker) == (18.0, "Good", room.tom)
    assert room.row().desired_points == 73.0


def test_a_student_marks_no_log_not_even_the_own(room: Classroom) -> None:
    url = reverse("log-mark", args=[room.submit().id])
    body = MARKS | {"seen_number": "0"}

    assert room.client(room.bob).post(url, body).status_code == 403
    assert room.client(room.charlie).post(url, body).status_code == 404
    assert not LogMark.objects.exists()
    assert room.client(room.tom).post(url, body).status_code == 302


@pytest.mark.parametrize("change", [{"level-cause": ""}, {"level-cause": "great"}])
def test_an_incomplete_mark_is_refused_and_keeps_what_was_chosen(
    room: Classroom, change: dict[str, str]
) -> None:
    url = reverse("log-mark", args=[room.submit().id])

    response = room.client(room.tom).post(url, MARKS | change | {"comment": "Keep me"})

    assert response.status_code == 422
    assert "Choose a level for each criterion" in words(response)
    assert "Keep me" in words(response)
    assert response.content.decode().count(" checked") == 2
    assert not LogMark.objects.exists()


def test_marking_over_a_colleague_is_refused_with_a_way_on(room: Classroom) -> None:
    submission = room.submit()
    room.mark(submission)

    url = reverse("log-mark", args=[submission.id])
    response = room.client(room.alice).post(url, MARKS | {"seen_number": "0"})

    assert response.status_code == 409
    assert "Somebody marked this log" in words(response)
    assert LogMark.objects.count() == 1


def test_when_every_log_is_marked_the_queue_says_so(room: Classroom) -> None:
    url = reverse("log-queue", args=[room.assignment.id])
    submission = room.submit()
    client = room.client(room.tom)
    assert client.get(url).headers["Location"] == reverse("log-mark", args=[submission.id])

    room.mark(submission)
    assert "Every Decision Log handed in so far is marked" in words(client.get(url))


# --- the board --------------------------------------------------------------------------------
def test_the_board_shows_ours_theirs_and_the_state_in_words(room: Classroom) -> None:
    room.mode(SendMode.LIVE)
    room.submit(room.bob, challenge=0.5)
    room.submit(room.bea, challenge=0.9)
    room.set_in_lms(90.0, room.bea)
    room.drain()

    text = words(room.client(room.alice).get(reverse("sync-board", args=[room.assignment.id])))

    assert "In the LMS and equal 1 of 2" in text
    assert "Bob Costa so far 55.0 55.0 Part score in the LMS" in text
    assert "Bea Wei so far 67.0 90.0 Graded in the LMS before ours" in text
    assert "Keep theirs" in text
    assert "Push ours" in text


def test_held_grades_leave_on_the_press_that_names_their_number(room: Classroom) -> None:
    room.mode(SendMode.MANUAL)
    room.submit(room.bob)
    room.submit(room.bea)
    client = room.client(room.alice)
    board = reverse("sync-board", args=[room.assignment.id])
    assert "Send 2 held grades" in words(client.get(board))

    response = client.post(reverse("grades-send", args=[room.assignment.id]), follow=True)

    assert "2 grades on the way to the LMS" in words(response)
    assert "held grade" not in words(client.get(board))
    room.drain()
    assert (room.in_lms(room.bob), room.in_lms(room.bea)) == (55.0, 55.0)


def test_a_grade_waiting_for_its_log_does_not_leave_by_the_press(room: Classroom) -> None:
    room.mode(SendMode.WHEN_MARKED)
    room.submit()

    room.client(room.alice).post(reverse("grades-send", args=[room.assignment.id]))

    assert room.row().state == SendState.HELD


def post_as(room: Classroom, person: Person | None, name: str, body: dict[str, str]) -> int:
    url = reverse(name, args=[room.assignment.id])
    return room.client(person).post(url, body).status_code


@pytest.mark.parametrize(
    ("name", "ta"),
    [("grades-send", 403), ("grade-decide", 403), ("grades-retry", 302), ("grades-read", 302)],
)
def test_who_may_press_what(room: Classroom, name: str, ta: int) -> None:
    room.submit()
    GradeOutbox.objects.update(state=SendState.OVERRIDDEN)
    body = {"person": room.bob.id, "decision": "keep"}

    assert post_as(room, room.alice, name, body) == 302
    assert post_as(room, room.tom, name, body) == ta
    assert post_as(room, room.bob, name, body) == 403
    assert post_as(room, room.charlie, name, body) == 404
    assert post_as(room, None, name, body) == 403


@pytest.mark.parametrize("name", ["sync-board", "assignment-staff"])
def test_a_larger_class_costs_no_more_queries(
    room: Classroom, name: str, django_assert_max_num_queries: Any
) -> None:
    for number in range(30):
        room.submit(room.person(f"Student {number}", Role.LEARNER))
    client = room.client(room.alice)

    with django_assert_max_num_queries(20):
        client.get(reverse(name, args=[room.assignment.id]))


def test_a_get_changes_nothing(room: Classroom) -> None:
    for name in ("grades-send", "grades-retry", "grades-read", "grade-decide"):
        url = reverse(name, args=[room.assignment.id])
        assert room.client(room.alice).get(url).status_code == 405


def test_an_instructor_of_another_course_cannot_decide_here(room: Classroom) -> None:
    room.submit()
    GradeOutbox.objects.update(state=SendState.OVERRIDDEN, lms_score=90.0)
    other_course = room.new_course("Another course")
    other = room.new_assignment(other_course)
    eve = room.person("Eve Other", Role.INSTRUCTOR, other_course)
    body = {"person": room.bob.id, "decision": "push", "reason": "Theirs is a slip"}

    foreign = reverse("grade-decide", args=[other.id])
    assert room.client(eve).post(foreign, body).status_code == 404
    assert room.row().state == SendState.OVERRIDDEN

    own = reverse("grade-decide", args=[room.assignment.id])
    assert room.client(room.alice).post(own, body).status_code == 302
    assert room.row().state == SendState.QUEUED


def history(room: Classroom) -> str:
    url = reverse("student-trail", args=[room.assignment.course_id, room.bob.id])
    return words(room.client(room.alice).get(url))


def test_ours_goes_over_theirs_only_with_a_reason_which_the_history_shows(room: Classroom) -> None:
    room.submit()
    GradeOutbox.objects.update(state=SendState.OVERRIDDEN, lms_score=90.0)
    push = {"person": room.bob.id, "decision": "push"}

    for reason in ({}, {"reason": "  "}):
        assert post_as(room, room.alice, "grade-decide", push | reason) == 422
        assert room.row().state == SendState.OVERRIDDEN

    assert post_as(room, room.alice, "grade-decide", push | {"reason": "Theirs is a slip"}) == 302
    assert room.row().state == SendState.QUEUED
    assert "Ours pushed over theirs: 55 over 90 (Theirs is a slip)" in history(room)


@pytest.mark.parametrize(
    ("name", "body", "before", "said"),
    [
        ("grades-release", {}, {"is_held": True, "state": SendState.HELD}, "Released to the LMS"),
        ("grades-send", {}, {"is_held": True, "state": SendState.HELD}, "Released to the LMS"),
        ("grades-retry", {}, {"is_held": False, "state": SendState.REFUSED}, "Tried again"),
        ("grade-decide", {"decision": "keep"}, {"state": SendState.OVERRIDDEN}, "ours was 55"),
    ],
)
@pytest.mark.parametrize("note", ["", "Agreed with the board"])
def test_a_note_with_a_press_is_kept_and_none_is_asked_for(
    room: Classroom, name: str, body: dict[str, str], before: dict[str, Any], said: str, note: str
) -> None:
    room.mode(SendMode.ON_RELEASE if name == "grades-release" else SendMode.MANUAL)
    room.submit()
    GradeOutbox.objects.update(**before)

    sent = body | {"person": room.bob.id, "reason": note}
    assert post_as(room, room.alice, name, sent) == 302

    assert said in history(room)
    assert ("(Agreed with the board)" in history(room)) is bool(note)


def test_forms_need_the_sessions_token(room: Classroom) -> None:
    room.submit()
    client = Client(enforce_csrf_checks=True)
    session = client.session
    session["person"] = room.alice.id
    session.save()

    response = client.post(reverse("grades-send", args=[room.assignment.id]))

    assert response.status_code == 403


@pytest.mark.parametrize(
    ("query", "shown", "hidden"),
    [
        ("show=missing", "Bea Wei", "Bob Costa"),
        ("show=log", "Bob Costa", "Bea Wei"),
        ("show=nonsense&sort=nonsense", "Bea Wei", "Charlie"),
    ],
)
def test_the_board_filters_by_address(room: Classroom, query: str, shown: str, hidden: str) -> None:
    room.submit(room.bob)
    url = reverse("assignment-staff", args=[room.assignment.id])

    text = words(room.client(room.tom).get(f"{url}?{query}"))

    assert shown in text
    assert hidden not in text


def test_the_board_sorts_by_address_both_ways(room: Classroom) -> None:
    room.submit(room.bob, challenge=0.1)
    room.submit(room.bea, challenge=0.9)
    url = reverse("sync-board", args=[room.assignment.id])

    up = words(room.client(room.tom).get(f"{url}?sort=ours"))
    down = room.client(room.tom).get(f"{url}?sort=-ours")

    assert up.index("Bob Costa") < up.index("Bea Wei")
    assert words(down).index("Bea Wei") < words(down).index("Bob Costa")
    assert 'aria-sort="descending"' in down.content.decode()


# --- files ------------------------------------------------------------------------------------
@pytest.mark.parametrize(("product", "sign"), [("canvas", "="), ("moodle", "＝")])
def test_the_file_holds_full_scores_and_no_formula(
    room: Classroom, product: str, sign: str
) -> None:
    mallory = room.person(f'{sign}HYPERLINK("http://evil.test")', Role.LEARNER)
    room.mark(room.submit(mallory), "full", comment="+1 for courage")
    room.submit(room.bea)

    url = reverse("grades-csv", args=[room.assignment.id])
    text = room.client(room.alice).get(f"{url}?for={product}").content.decode()

    assert f"'{sign}HYPERLINK" in text
    assert not re.search(r'(^|,)"?[=＝+@\-]', text, re.MULTILINE)
    assert "85" in text
    assert "Bea" not in text, "a part score would look final"
    assert AuditEntry.objects.filter(action="grades.exported", actor=room.alice.id).exists()


def test_an_unknown_file_format_is_refused(room: Classroom) -> None:
    url = reverse("grades-csv", args=[room.assignment.id])

    assert room.client(room.alice).get(f"{url}?for=word").status_code == 404


# --- settings ---------------------------------------------------------------------------------
def save_settings(room: Classroom, person: Person, **fields: Any) -> Any:
    url = reverse("assignment-settings", args=[room.assignment.id])
    body = {"send_mode": "when_marked", "send_as": "points", "due_at": ""} | fields
    return room.client(person).post(url, body)


def test_an_instructor_changes_settings_and_others_do_not(room: Classroom) -> None:
    for person, status in [(room.tom, 403), (room.bob, 403), (room.charlie, 404)]:
        assert save_settings(room, person, shared_parameters="on").status_code == status
    assert not Assignment.objects.get(pk=room.assignment.pk).shared_parameters

    response = save_settings(
        room, room.alice, shared_parameters="on", due_at="2026-12-01T12:00", send_mode="manual"
    )

    assert response.status_code == 302
    stored = Assignment.objects.get(pk=room.assignment.pk)
    assert (stored.send_mode, stored.shared_parameters) == ("manual", True)
    assert f"{stored.due_at:%F %H:%M %Z}" == "2026-12-01 12:00 UTC"
    entry = AuditEntry.objects.get(action="assignment.settings_changed")
    assert entry.detail["old"]["send_mode"] == "when_marked"


@pytest.mark.parametrize("wrong", [{"send_mode": "sometimes"}, {"due_at": "soon"}])
def test_a_wrong_setting_is_shown_and_changes_nothing(
    room: Classroom, wrong: dict[str, str]
) -> None:
    response = save_settings(room, room.alice, **{"shared_parameters": "on"} | wrong)

    assert response.status_code == 422
    assert not Assignment.objects.get(pk=room.assignment.pk).shared_parameters


def test_a_new_mode_releases_or_holds_what_waits(room: Classroom) -> None:
    room.submit()
    assert room.row().state == SendState.HELD

    save_settings(room, room.alice, send_mode="live")
    assert room.row().state == SendState.QUEUED

    save_settings(room, room.alice, send_mode="manual")
    assert room.row().state == SendState.HELD

    save_settings(room, room.alice, send_mode="when_marked")
    assert room.row().state == SendState.HELD, "its log is not marked"


# --- history ----------------------------------------------------------------------------------
def test_the_history_tells_who_did_what_in_words(room: Classroom) -> None:
    room.mark(room.submit(), "full")
    room.drain()

    url = reverse("student-trail", args=[room.course.id, room.bob.id])
    text = words(room.client(room.alice).get(url))

    assert "Decision Log marked: 30 Tom Tan" in text
    assert "Score 55 → 85 Tom Tan" in text
    assert "Read back from the LMS: 85 The server" in text


def test_the_audit_log_holds_no_names(room: Classroom) -> None:
    room.mark(room.submit(), "full", comment="Dear Bob Costa")
    room.drain()

    stored = str(list(AuditEntry.objects.values()))
    for secret in ("Bob", "Costa", "school.test", room.subject(room.bob)):
        assert secret not in stored
