"""Marking together: assistants and their sections, names hidden, markers compared."""

from typing import Any

import pytest
from django.urls import reverse

from courseserver.courses.models import Enrolment, Role, SendMode
from courseserver.grading import settings_change
from courseserver.grading.agreement import agreement
from courseserver.grading.anonymous import alias
from courseserver.grading.models import CalibrationMark, RegradeRequest, Score
from labs.schemes import Level
from tests.courseserver.grading.classroom import Classroom, get, post


@pytest.fixture(autouse=True)
def live(room: Classroom) -> None:
    room.mode(SendMode.LIVE)


# --- sections -------------------------------------------------------------------------------------
def test_an_assistant_sees_their_own_sections_where_the_course_says_so(room: Classroom) -> None:
    for person, section in ((room.bob, "Monday"), (room.bea, "Tuesday"), (room.tom, "Monday")):
        Enrolment.objects.filter(person=person).update(sections=[section])
    mine, theirs = room.submit(), room.submit(room.bea)
    asked = RegradeRequest.objects.create(submission=theirs, asked_at=room.clock.now())
    lists = [
        ("course-grades", [room.course.id]),
        ("grades-file", [room.course.id]),
        ("assignment-staff", [room.assignment.id]),
        ("sync-board", [room.assignment.id]),
        ("grades-preview", [room.assignment.id]),
        ("grades-csv", [room.assignment.id]),
        ("course-roster", [room.course.id]),
        ("course-log", [room.course.id]),
        ("course-regrades", [room.course.id]),
    ]
    single = [
        ("student-trail", [room.course.id, room.bea.id]),
        ("log-mark", [theirs.id]),
        ("grade-cell", [room.assignment.id, room.bea.id]),
    ]
    for name, args in single:
        assert get(room, name, *args, who="tom").status_code == 200
    settings_change.course_change(course=room.course, actor=room.alice, sections_apart=True)

    for name, args in lists:
        assert "Bea Wei" not in get(room, name, *args, who="tom").content.decode(), name
        if name not in ("course-regrades", "grades-csv"):
            assert "Bob Costa" in get(room, name, *args, who="tom").content.decode(), name
    for name, args in single:
        assert get(room, name, *args, who="tom").status_code == 404, name
        assert get(room, name, *args, who="alice").status_code == 200, name
    assert post(room, "regrade-answer", asked.pk, who="tom", text="x").status_code == 404
    assert get(room, "log-queue", room.assignment.id, who="tom").url.endswith(f"{mine.id}/log/")
    assert get(room, "calibrate", room.assignment.id, who="tom").status_code == 403


@pytest.mark.parametrize(("who", "status"), [("bob", 403), ("charlie", 404)])
def test_pages_of_the_staff_are_closed_to_students_and_strangers(
    room: Classroom, who: str, status: int
) -> None:
    room.submit(room.bea)
    course, lab = room.course.id, room.assignment.id
    pages = [
        ("grade-cell", [lab, room.bea.id]), ("rubric", [lab]), ("lab-regrade", [lab]),
        ("calibrate", [lab]), ("calibrate-mark", [lab]), ("course-regrades", [course]),
        ("grades-file", [course]), ("course-grades", [course]), ("course-settings", [course]),
    ]  # fmt: skip
    forms = [
        ("calibrate-draw", [lab]), ("accommodation-give", [course]),
        ("accommodation-take", [course]), ("grades-upload", [course]), ("grades-apply", [course]),
        ("cell-set", [lab, room.bea.id]), ("cell-hold", [lab, room.bea.id]),
    ]  # fmt: skip

    for name, args in pages:
        assert get(room, name, *args, who=who).status_code == status, name
        assert get(room, name, *args).status_code in (200, 302), name
    for name, args in forms:
        assert post(room, name, *args, who=who).status_code == status, name


# --- marking without names, calibration -----------------------------------------------------------
def test_names_are_hidden_from_markers_where_the_course_says_so(room: Classroom) -> None:
    submission = room.submit()
    settings_change.course_change(course=room.course, actor=room.alice, marks_anonymously=True)

    text = get(room, "log-mark", submission.id, who="tom").content.decode()

    assert "Bob Costa" not in text
    assert room.bob.id not in text
    assert alias(submission.id) in text
    assert "Handed in" not in text


def test_no_name_leads_to_a_log_that_waits_where_marking_is_without_names(room: Classroom) -> None:
    room.mode(SendMode.WHEN_MARKED)
    link = reverse("log-mark", args=[room.submit().id])
    places = [
        ("assignment-staff", room.assignment.id), ("sync-board", room.assignment.id),
        ("grade-cell", room.assignment.id, room.bob.id),
    ]  # fmt: skip

    def leading() -> list[bool]:
        return [link in get(room, *place).content.decode() for place in places]

    assert leading() == [True, True, True]
    settings_change.course_change(course=room.course, actor=room.alice, marks_anonymously=True)
    assert leading() == [False, False, False]
    assert "Mark the logs" in get(room, *places[1]).content.decode()


def test_a_log_erased_since_is_no_sample_to_mark(room: Classroom) -> None:
    room.submit()
    post(room, "calibrate-draw", room.assignment.id)
    room.bob.submissions.update(log_text="")

    page = post(room, "calibrate-mark", room.assignment.id, who="tom")

    assert "You have marked every sample" in page.content.decode()


def test_who_was_overtaken_while_marking_keeps_what_was_typed(room: Classroom) -> None:
    submission = room.submit()
    room.mark(submission, "part")
    levels = {f"level-{c}": "full" for c in ("numbers", "cause", "constraint")}
    typed = {**levels, "comment": "Look at the ridge."}

    late = post(room, "log-mark", submission.id, **typed, seen_number="0")
    assert late.status_code == 409
    assert "Look at the ridge." in late.content.decode()
    assert "by Tom Tan" in late.content.decode()
    assert Score.objects.get().points == 73.0

    post(room, "log-mark", submission.id, **typed, seen_number=late.context["seen_number"])
    assert Score.objects.get().points == 85.0


def test_markers_mark_the_same_logs_apart_and_see_how_far_they_agree(room: Classroom) -> None:
    people = [room.bob, room.bea, room.person("Chen Li", Role.LEARNER)]
    for person in people:
        room.submit(person)
    assert post(room, "calibrate-draw", room.assignment.id, who="tom").status_code == 403
    post(room, "calibrate-draw", room.assignment.id)

    def mark(who: str, level: str) -> Any:
        page = get(room, "calibrate-mark", room.assignment.id, who=who)
        assert not any(room.name(p) in page.content.decode() for p in people)
        levels = {f"level-{c}": level for c in ("numbers", "cause", "constraint")}
        sample = page.context["sample"].pk
        return post(room, "calibrate-mark", room.assignment.id, who=who, sample=sample, **levels)

    for level in ("full", "part", "none"):
        mark("alice", level)
    before = get(room, "calibrate", room.assignment.id, who="tom").content.decode()
    assert "Alice Adeyemi" not in before
    for level in ("full", "part", "part"):
        mark("tom", level)

    page = get(room, "calibrate", room.assignment.id, who="tom")
    found = page.context["pairs"][-1]["pair"].found
    assert (found.count, found.exact, found.adjacent) == (9, pytest.approx(2 / 3), 1.0)
    assert not Score.objects.filter(is_full=True).exists()
    assert CalibrationMark.objects.count() == 6
    assert get(room, "calibrate", room.assignment.id, who="bob").status_code == 403


def test_weighted_kappa_is_cohens() -> None:
    # Cohen (1968) with linear weights on a 3 x 3 table worked out by hand:
    # observed disagreement (4 + 4)/2/20 = 0.2, by chance 0.38375.
    full, part, none = Level.FULL, Level.PART, Level.NONE
    table = {(full, full): 6, (full, part): 2, (part, full): 2, (part, part): 4,
             (part, none): 2, (none, part): 2, (none, none): 2}  # fmt: skip
    pairs = [pair for pair, count in table.items() for _ in range(count)]

    found = agreement(pairs)

    assert found is not None
    assert (found.count, found.exact, found.adjacent) == (20, 0.6, 1.0)
    by_chance = (2 * 8 * 8 + 2 * 8 * 4 * 2 + 2 * 8 * 4) / 2 / 400
    assert found.kappa == pytest.approx(1 - 0.2 / by_chance)
    assert agreement([]) is None
    same = agreement([(full, full)] * 3)
    assert same is not None
    assert (same.kappa, same.exact) == (None, 1.0)
