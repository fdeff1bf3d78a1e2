"""What instructors decide: more time, scores by hand, holds, rubrics, regrades, files, requests."""

import csv
import io
from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from courseserver.audit.models import AuditEntry
from courseserver.common.errors import Conflict, NotFound
from courseserver.courses.models import Accommodation, Enrolment, Role, SendMode
from courseserver.grading import decisions, regrading, requests, settings_change
from courseserver.grading.models import (
    Override,
    RegradeRequest,
    Regrading,
    Score,
    SendState,
)
from courseserver.grading.regrading import Computed
from labs.schemes import Level
from tests.courseserver.grading.classroom import Classroom, get, post, post_as_seen


@pytest.fixture(autouse=True)
def live(room: Classroom) -> None:
    room.mode(SendMode.LIVE)


# --- more time ------------------------------------------------------------------------------------
@pytest.fixture
def late(room: Classroom) -> Classroom:
    """Bob handed in 30 hours late; ten percent a day: 56 of 70."""
    room.assignment.due_at = room.clock.now() - timedelta(hours=30)
    room.assignment.save()
    settings_change.course_change(course=room.course, actor=room.alice, late_percent_per_day=10.0)
    room.course.refresh_from_db()
    room.assignment.refresh_from_db()
    room.submit(challenge=1.0, log_text="")
    room.drain()
    room.clock.pass_s(2)
    return room


@pytest.mark.parametrize(
    ("wanted", "points"),
    [
        ({"multiplier": "1.25", "extra_hours": "0"}, 63.0),
        ({"multiplier": "1", "extra_hours": "6"}, 63.0),
        ({"multiplier": "1.5", "extra_hours": "30"}, 70.0),
    ],
)
def test_an_accommodation_scores_anew_and_sends_again(
    late: Classroom, wanted: dict[str, str], points: float
) -> None:
    answer = post_as_seen(
        late,
        "accommodation-give",
        late.course.id,
        whom=f"person:{late.bob.id}",
        reason="Agreed",
        **wanted,
    )
    late.drain()

    assert "1 score changed" in answer.content.decode()
    assert (Score.objects.get().points, late.in_lms()) == (points, points)

    place = ("accommodation-take", late.course.id)
    taken = {"accommodation": Accommodation.objects.get().pk}
    assert post(late, *place, **taken).status_code == 422
    post_as_seen(late, *place, **taken, reason="The term is over")
    late.clock.pass_s(2)
    late.drain()
    assert late.in_lms() == 56.0


def test_a_sections_accommodation_counts_unless_one_has_ones_own(late: Classroom) -> None:
    Enrolment.objects.filter(person=late.bob).update(sections=["Monday"])
    post_as_seen(
        late,
        "accommodation-give",
        late.course.id,
        whom="section:Monday",
        multiplier="1.25",
        extra_hours="0",
        reason="Agreed",
    )
    assert Score.objects.get().points == 63.0

    post_as_seen(
        late,
        "accommodation-give",
        late.course.id,
        whom=f"person:{late.bob.id}",
        multiplier="1",
        extra_hours="0",
        reason="Agreed",
    )
    assert Score.objects.get().points == 56.0


@pytest.mark.parametrize(
    "wrong",
    [
        {"whom": "person:per_nobody"},
        {"whom": "nobody"},
        {"multiplier": "0.5"},
        {"multiplier": "nan"},
        {"extra_hours": "-1"},
        {"reason": " "},
    ],
)
def test_an_accommodation_out_of_range_is_refused(room: Classroom, wrong: dict[str, str]) -> None:
    sound = {
        "whom": f"person:{room.bob.id}",
        "multiplier": "1.5",
        "extra_hours": "0",
        "reason": "Agreed",
    }

    answer = post(room, "accommodation-give", room.course.id, **(sound | wrong))

    assert answer.status_code == 422
    assert not Accommodation.objects.exists()


def test_who_has_more_time_is_for_instructors_alone(late: Classroom) -> None:
    given = {
        "whom": f"person:{late.bob.id}",
        "multiplier": "1.5",
        "extra_hours": "0",
        "reason": "Quiet room",
    }
    assert post(late, "accommodation-give", late.course.id, who="tom", **given).status_code == 403
    post_as_seen(late, "accommodation-give", late.course.id, **given)

    assert "Quiet room" in get(late, "course-settings", late.course.id).content.decode()
    for name, args in (
        ("course-settings", [late.course.id]),
        ("course-log", [late.course.id]),
        ("student-trail", [late.course.id, late.bob.id]),
    ):
        text = get(late, name, *args, who="tom").content.decode()
        assert "Quiet room" not in text
        assert "Accommodation given" not in text


def test_late_hours_are_spent_and_the_student_sees_what_is_left(late: Classroom) -> None:
    settings = {"late_percent_per_day": "10", "late_grace_min": "0", "late_bank_hours": "40"}
    post_as_seen(late, "course-settings", late.course.id, **settings)
    late.drain()

    assert (Score.objects.get().points, Score.objects.get().banked_h) == (70.0, 30)
    assert late.in_lms() == 70.0
    assert "30 late hours used" in late.gradebook.posts[-1].comment
    assert (
        "10 of 40 late hours left"
        in get(late, "course-home", late.course.id, who="bob").content.decode()
    )


# --- scores by hand, holds ------------------------------------------------------------------------
def test_a_score_set_by_hand_is_sent_until_it_is_taken_back(room: Classroom) -> None:
    room.submit()
    room.drain()
    room.clock.pass_s(2)
    place = (room.assignment.id, room.bob.id)

    post(room, "cell-set", *place, action="set", points="81.5", reason="Talked it through")
    room.drain()
    assert room.in_lms() == 81.5
    page = get(room, "grade-cell", *place).content.decode()
    assert "Set by hand: Talked it through" in page
    assert "Computed: 55" in page
    assert "Score set by hand: 81.5 (Talked it through)" in page
    assert (
        "set by your instructor"
        in get(room, "my-grade", room.assignment.id, who="bob").content.decode()
    )

    room.clock.pass_s(2)
    post(room, "cell-set", *place, action="take", reason="The talk was another lab's")
    room.drain()
    assert room.in_lms() == 55.0


@pytest.mark.parametrize(
    ("data", "status"),
    [
        ({"points": "80"}, 422),
        ({"points": "101", "reason": "x"}, 422),
        ({"points": "much", "reason": "x"}, 422),
        ({"action": "take", "reason": "x"}, 404),
        ({"action": "take"}, 422),
    ],
)
def test_a_score_by_hand_needs_points_and_a_reason(
    room: Classroom, data: dict[str, str], status: int
) -> None:
    room.submit()

    assert post(room, "cell-set", room.assignment.id, room.bob.id, **data).status_code == status
    assert not Override.objects.exists()


def test_a_grade_kept_back_leaves_only_when_let_go(room: Classroom) -> None:
    room.submit()
    place = (room.assignment.id, room.bob.id)
    post(room, "cell-hold", *place, action="put", reason="A question of honour")
    post(room, "cell-set", *place, points="60", reason="New")
    settings_change.settings_change(
        assignment=room.assignment, actor=room.alice, send_mode=SendMode.MANUAL
    )
    post(room, "grades-send", room.assignment.id)
    room.drain()
    assert room.gradebook.posts == []
    assert room.row().state == SendState.HELD

    settings_change.settings_change(
        assignment=room.assignment, actor=room.alice, send_mode=SendMode.LIVE
    )
    room.drain()
    assert room.gradebook.posts == []
    assert post(room, "cell-hold", *place, action="lift").status_code == 422
    post(room, "cell-hold", *place, action="lift", reason="Settled")
    room.drain()
    assert room.in_lms() == 60.0


@pytest.mark.parametrize(("who", "status"), [("tom", 403), ("bob", 403), ("charlie", 404)])
def test_only_instructors_set_scores_and_keep_them_back(
    room: Classroom, who: str, status: int
) -> None:
    room.submit()
    place = (room.assignment.id, room.bob.id)

    for name in ("cell-set", "cell-hold"):
        assert post(room, name, *place, who=who, points="1", reason="x").status_code == status
    assert post(room, "grades-upload", room.course.id, who=who).status_code == status
    assert get(room, "lab-regrade", room.assignment.id, who=who).status_code == status
    assert post(room, "rubric", room.assignment.id, who=who, x="1").status_code == status
    assert Score.objects.get().points == 55.0


def test_any_parts_become_optional_but_never_all(room: Classroom) -> None:
    form = {"send_mode": "live", "send_as": "points"}
    place = ["assignment-settings", room.assignment.id]

    assert post(room, *place, **form, optional_parts=["d", "b"]).status_code == 200
    room.assignment.refresh_from_db()
    assert room.assignment.optional_parts == ["b", "d"]
    for wrong in (["z"], ["a", "b", "c", "d", "e"]):
        assert post(room, *place, **form, optional_parts=wrong).status_code == 422
    room.assignment.refresh_from_db()
    assert room.assignment.optional_parts == ["b", "d"]


def test_the_log_says_why_settings_were_changed(room: Classroom) -> None:
    form = {"send_mode": "manual", "send_as": "points", "reason": "A slip in part B"}
    more = {"optional_parts": ["b", "c"], "shared_parameters": "on"}
    post(room, "assignment-settings", room.assignment.id, **form, **more)
    late = {"late_percent_per_day": "10", "late_grace_min": "0", "reason": "As the school asks"}
    post(room, "course-settings", room.course.id, **late)

    log = get(room, "course-log", room.course.id).content.decode()
    assert "(A slip in part B)" in log
    assert "Optional parts: none → b, c" in log
    assert "Same numbers for everybody: off → on" in log
    assert "(As the school asks)" in log


def test_a_design_challenge_is_graded_by_four_criteria_of_equal_weight(room: Classroom) -> None:
    room.assignment.scheme = "design"
    room.assignment.save()
    sent = room.submit(challenge=0.8)
    levels = {"method": Level.FULL, "terms": Level.PART, "documentation": Level.NONE}
    room.mark(sent, levels=levels)

    # 10 of 12.5 for the design, then 12.5, 8 and 2.5, of 50.
    assert Score.objects.get().points == 66.0
    page = get(room, "log-mark", sent.id).content.decode()
    assert "Methodology" in page


def test_a_tail_of_optional_parts_becomes_the_same_set() -> None:
    migration = import_module("courseserver.courses.migrations.0008_sets_of_optional_parts")

    assert migration.parts_from("c")[:3] == ["c", "d", "e"]
    assert "b" not in migration.parts_from("c")


# --- a version anew -------------------------------------------------------------------------------
@pytest.fixture
def anew(monkeypatch: pytest.MonkeyPatch) -> dict[str, Computed]:
    """What computing anew gives, by attempt."""
    found: dict[str, Computed] = {}
    monkeypatch.setattr(regrading, "_computers", {"test": lambda ids: {i: found[i] for i in ids}})
    return found


def test_a_version_is_computed_anew_with_a_diff_first(
    room: Classroom, anew: dict[str, Computed]
) -> None:
    for person, attempt in ((room.bob, "att_bob"), (room.bea, "att_bea")):
        room.submit(person, attempt_id=attempt, log_text="")
    room.drain()
    room.clock.pass_s(2)
    anew["att_bob"] = Computed(completion=1.0, challenge=0.9, lab_version="2")
    anew["att_bea"] = Computed(completion=1.0, challenge=0.5, lab_version="2")

    page = get(room, "lab-regrade", room.assignment.id, version="1")
    diff = page.context["diff"]
    assert [(c.name, c.before, c.after) for c in diff.changes] == [("Bob Costa", 55.0, 67.0)]
    data = {"version": "1", "seen": diff.fingerprint}
    assert post(room, "lab-regrade", room.assignment.id, **data).status_code == 422
    assert not Regrading.objects.exists()

    post(room, "lab-regrade", room.assignment.id, **data, reason="A wrong constant in part B")
    room.drain()
    assert (room.in_lms(), room.in_lms(room.bea)) == (67.0, 55.0)
    assert Regrading.objects.get().reason == "A wrong constant in part B"
    text = get(room, "student-trail", room.course.id, room.bob.id).content.decode()
    assert "Computed anew: completion 1, challenge 0.9" in text


def test_a_version_nobody_handed_in_is_refused(room: Classroom) -> None:
    assert get(room, "lab-regrade", room.assignment.id, version="7").status_code == 422


# --- asking for another look ----------------------------------------------------------------------
@pytest.fixture
def marked(room: Classroom) -> Classroom:
    room.mark(room.submit(), "part")
    return room


def test_a_student_asks_staff_answer_regrade_and_close(marked: Classroom) -> None:
    place = (marked.assignment.id, marked.bob.id)
    page = post(marked, "my-grade", marked.assignment.id, who="bob", text="I named the ridge.")
    assert "I named the ridge." in page.content.decode()
    asked = RegradeRequest.objects.get()
    assert (
        "Requests for another look" in get(marked, "course-home", marked.course.id).content.decode()
    )
    assert "Bob Costa" in get(marked, "course-regrades", marked.course.id).content.decode()

    post(marked, "regrade-answer", asked.pk, who="tom", action="answer", text="Where?")
    post(marked, "my-grade", marked.assignment.id, who="bob", request=asked.pk, text="Line two.")
    marked.mark(marked.bob.submissions.get(), "full")
    post(marked, "regrade-answer", asked.pk, action="regraded", text="You are right.")

    asked.refresh_from_db()
    assert (asked.state, asked.closed_by) == ("regraded", marked.alice)
    said = [(m.author, m.text) for m in asked.messages.all()]
    assert said == [
        (marked.bob, "I named the ridge."),
        (marked.tom, "Where?"),
        (marked.bob, "Line two."),
        (marked.alice, "You are right."),
    ]
    actions = AuditEntry.objects.filter(action__startswith="regrade.").values_list("action")
    assert [a for (a,) in actions] == [
        "regrade.asked", "regrade.answered", "regrade.answered", "regrade.answered",
        "regrade.closed",
    ]  # fmt: skip
    assert "Regrade request closed: Regraded" in get(marked, "grade-cell", *place).content.decode()


def test_a_request_is_declined_with_a_reason_only(marked: Classroom) -> None:
    asked = requests.request_ask(
        submission=marked.bob.submissions.get(), person=marked.bob, text="More?"
    )

    assert post(marked, "regrade-answer", asked.pk, action="declined").status_code == 422
    post(marked, "regrade-answer", asked.pk, action="declined", text="The ridge is not named.")

    asked.refresh_from_db()
    assert asked.state == "declined"
    with pytest.raises(Conflict, match="closed"):
        requests.request_answer(request=asked, person=marked.bob, text="Still.")


def test_one_asks_once_about_a_mark_one_can_see(room: Classroom) -> None:
    submission = room.submit()
    with pytest.raises(Conflict, match="no mark"):
        requests.request_ask(submission=submission, person=room.bob, text="?")
    room.mode(SendMode.ON_RELEASE)
    room.mark(submission)
    submission.refresh_from_db()
    assert (
        "Ask for another look"
        not in get(room, "my-grade", room.assignment.id, who="bob").content.decode()
    )
    assert post(room, "my-grade", room.assignment.id, who="bob", text="?").status_code == 409

    settings_change.grades_release(assignment=room.assignment, actor=room.alice)
    assert post(room, "my-grade", room.assignment.id, who="bob", text="?").status_code == 200
    assert post(room, "my-grade", room.assignment.id, who="bob", text="?").status_code == 409


def test_nobody_reads_or_answers_for_another_student(marked: Classroom) -> None:
    asked = requests.request_ask(
        submission=marked.bob.submissions.get(), person=marked.bob, text="Secret words"
    )

    assert post(marked, "regrade-answer", asked.pk, who="bea", text="x").status_code == 403
    assert post(marked, "regrade-answer", asked.pk, who="charlie", text="x").status_code == 404
    marked.mark(marked.submit(marked.bea))
    answer = post(marked, "my-grade", marked.assignment.id, who="bea", request=asked.pk, text="x")
    assert answer.status_code == 404
    assert "Secret words" not in answer.content.decode()
    assert get(marked, "my-grade", marked.assignment.id, who="charlie").status_code == 404
    assert get(marked, "course-regrades", marked.course.id, who="bob").status_code == 403


# --- files ----------------------------------------------------------------------------------------
def sheet_of(room: Classroom) -> list[list[str]]:
    return list(csv.reader(io.StringIO(get(room, "grades-file", room.course.id).content.decode())))


def upload(room: Classroom, rows: list[list[str]]) -> Any:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    file = SimpleUploadedFile("g.csv", text.getvalue().encode())
    return post(room, "grades-upload", room.course.id, file=file)


def test_a_file_comes_back_and_what_differs_is_set_on_a_press(room: Classroom) -> None:
    room.submit()
    room.submit(room.bea)
    rows = sheet_of(room)
    assert [row[1] for row in rows[1:]] == ["Bea Wei", "Bob Costa"]
    assert upload(room, rows).context["sheet"].cells == ()

    rows[2][3] = "80"
    page = upload(room, rows)
    cells = page.context["sheet"].cells
    assert [(c.name, c.before, c.after) for c in cells] == [("Bob Costa", 55.0, 80.0)]
    assert not Override.objects.exists()
    data = {"cells": page.context["sheet"].marks}
    assert post(room, "grades-apply", room.course.id, **data).status_code == 422
    post(room, "grades-apply", room.course.id, **data, reason="Oral exam")
    assert Score.objects.get(person=room.bob).points == 80.0

    rows[2][3] = "computed"
    marks = upload(room, rows).context["sheet"].marks
    post(room, "grades-apply", room.course.id, cells=marks, reason="Back")
    assert Score.objects.get(person=room.bob).points == 55.0
    answer = post(room, "grades-apply", room.course.id, **data, reason="Again").content.decode()
    assert "1 score set" in answer
    stale = post(room, "grades-apply", room.course.id, **data, reason="Again").content.decode()
    assert "1 changed since you looked" in stale


def test_cells_that_cannot_be_taken_are_named(room: Classroom) -> None:
    room.submit()
    rows = sheet_of(room)
    rows[1][3] = "computed"
    rows[2][3] = "101"
    rows.append(["per_nobody", "", "", "5"])

    refused = upload(room, rows).context["sheet"].refused

    assert [line.split(": ")[1] for line in refused] == [
        "“101” is not 0 to 100 points.",
        "“per_nobody” is no student of this course.",
    ]
    rows = [*sheet_of(room), sheet_of(room)[2]]
    rows[3][3] = "12"
    sheet = upload(room, rows).context["sheet"]
    assert (sheet.cells, sheet.refused) == ((), ("Row 4: Bob Costa stands in row 3 already.",))


@pytest.mark.parametrize("quoted", ["id", '"id"'])
def test_a_file_as_spreadsheets_of_other_countries_write_it_is_read(
    room: Classroom, quoted: str
) -> None:
    lab = f"The roofline [{room.assignment.pk}]"
    text = f"{quoted};name;{lab}\n{room.bob.pk};Costa, Bob;77,5\n{room.bea.pk};Wei;1,234\n"
    file = SimpleUploadedFile("g.csv", text.encode("utf-8-sig"))

    sheet = post(room, "grades-upload", room.course.id, file=file).context["sheet"]

    assert [(c.name, c.after) for c in sheet.cells] == [("Bob Costa", 77.5)]
    assert len(sheet.refused) == 1


def test_a_file_gives_points_where_nothing_is_handed_in(room: Classroom) -> None:
    room.submit()
    rows = sheet_of(room)
    rows[1][3] = "12"

    marks = upload(room, rows).context["sheet"].marks
    post(room, "grades-apply", room.course.id, cells=marks, reason="Oral examination")

    assert Score.objects.get(person=room.bea).points == 12.0
    rows[1][3] = "computed"
    marks = upload(room, rows).context["sheet"].marks
    post(room, "grades-apply", room.course.id, cells=marks, reason="Back")
    assert Score.objects.get(person=room.bea).is_voided


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"name\nx\n", "first column"),
        (b"id,name\nx,y\n", "No column names a lab"),
        (b"\xff\xfe", "no CSV file"),
        (b"", "0 rows"),
    ],
)
def test_a_file_that_is_no_gradebook_is_refused(
    room: Classroom, content: bytes, message: str
) -> None:
    file = SimpleUploadedFile("g.csv", content)
    answer = post(room, "grades-upload", room.course.id, file=file)

    assert answer.status_code == 422
    assert message in answer.content.decode()


@pytest.mark.parametrize(
    ("size", "status", "words"),
    [(2_000_001, 422, "2,000,001 bytes; 2,000,000 fit"), (10_000_000, 413, "9,000,000 at most")],
)
def test_a_file_too_large_is_told_how_large_it_is(
    room: Classroom, size: int, status: int, words: str
) -> None:
    file = SimpleUploadedFile("g.csv", b"x" * size)

    answer = post(room, "grades-upload", room.course.id, file=file)

    assert answer.status_code == status
    assert words in answer.content.decode()


@pytest.mark.parametrize("text", ["nan", "inf", "-1", "1e308", "=1+1", "1,234", "0x10", "100.01"])
def test_what_is_no_number_of_points_is_refused_wherever_it_is_typed(
    room: Classroom, text: str
) -> None:
    room.submit()
    rows = sheet_of(room)
    rows[2][3] = text
    cell = ("cell-set", room.assignment.id, room.bob.id)

    sheet = upload(room, rows).context["sheet"]
    assert (sheet.cells, len(sheet.refused)) == ((), 1)
    assert post(room, *cell, points=text, reason="x").status_code == 422
    assert not Override.objects.exists()


def test_a_file_that_changes_a_whole_term_is_confirmed_in_one_form(room: Classroom) -> None:
    """Django refuses forms of more than 1,000 fields; a class of 200 has 3,600 cells."""
    room.submit()
    rows = sheet_of(room)
    rows[2][3] = "80"
    marks = upload(room, rows).context["sheet"].marks
    elsewhere = " ".join(f"asg_x:per_{n}:1:2" for n in range(1500))

    answer = post(room, "grades-apply", room.course.id, cells=f"{marks} {elsewhere}", reason="x")

    assert "1 score set" in answer.content.decode()
    assert "1500 changed since you looked" in answer.content.decode()


def test_a_file_of_another_course_names_its_first_rows_only(room: Classroom) -> None:
    rows = [sheet_of(room)[0], *([f"per_{n}", "", "", "5"] for n in range(60))]

    page = upload(room, rows)

    assert len(page.context["sheet"].refused) == 60
    assert page.content.decode().count("is no student of this course") == 50
    assert "These are the first 50." in page.content.decode()


def test_statistics_leave_part_scores_out(room: Classroom) -> None:
    room.mark(room.submit(), "full")
    room.mark(room.submit(room.bea), "none")
    room.submit(room.person("Chen Li", Role.LEARNER))

    found = dict(get(room, "course-grades", room.course.id).context["matrix"].statistics)

    assert found["Scores"] == (2,)
    assert found["Mean"] == (73.0,)
    assert found["Standard deviation"][0] == pytest.approx(16.97, abs=0.01)


def test_decisions_about_nobody_are_refused(room: Classroom) -> None:
    with pytest.raises(NotFound):
        decisions.hold_put(
            assignment=room.assignment, person=room.bob, reason="x", actor=room.alice
        )
    with pytest.raises(NotFound):
        decisions.override_take(
            assignment=room.assignment, person=room.bob, reason="x", actor=room.alice
        )
