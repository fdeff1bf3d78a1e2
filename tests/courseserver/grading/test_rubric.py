"""The rubric edited: seen first, then reaching marks given; who, when, why; nothing forgotten."""

import re
from importlib import import_module
from typing import Any

import pytest
from django.urls import reverse

from courseserver.audit.models import AuditEntry
from courseserver.common.errors import Unprocessable
from courseserver.courses.models import Course, Enrolment, Person, Role, SendMode
from courseserver.grading import rubric, services, settings_change
from courseserver.grading.criteria import number_of, rubric_of
from courseserver.grading.models import RubricVersion, Score
from courseserver.grading.term import rubric_take_over
from labs.schemes import Level
from tests.courseserver.grading.classroom import Classroom, get, post

KINDER = {
    f"{name}-{level}": points
    for name in ("numbers", "cause", "constraint")
    for level, points in (("full", "10"), ("part", "8"), ("none", "2"))
}
CLARITY = {
    "new-title": "Clarity",
    "new-full": "10",
    "new-part": "6",
    "new-none": "2",
    "new-full-text": "One decision, one reason",
    "new-part-text": "Several decisions",
    "new-none-text": "No decision",
}


@pytest.fixture
def room(room: Classroom) -> Classroom:
    room.mode(SendMode.LIVE)
    return room


def look(room: Classroom, **fields: str) -> Any:
    return post(room, "rubric", room.assignment.id, action="look", **fields)


def edit(room: Classroom, reason: str = "Agreed in the team", **fields: str) -> Any:
    """Look, then use what was seen."""
    shown = look(room, **fields)
    seen = shown.context["proposal"].fingerprint
    return post(
        room, "rubric", room.assignment.id, action="use", seen=seen, reason=reason, **fields
    )


def points_of(person: Person) -> float:
    return Score.objects.get(person=person).points


def test_other_points_show_what_changes_then_reach_marks_given(room: Classroom) -> None:
    room.mark(room.submit(), "part")
    room.mark(room.submit(room.bea), "full")
    room.drain()
    room.clock.pass_s(2)

    diff = look(room, **KINDER).context["diff"]
    assert [(c.name, c.before, c.after) for c in diff.changes] == [("Bob Costa", 73.0, 79.0)]
    assert diff.same == 1
    assert points_of(room.bob) == 73.0

    edit(room, **KINDER)
    room.drain()
    assert (room.in_lms(), room.in_lms(room.bea)) == (79.0, 85.0)
    room.clock.pass_s(2)
    room.mark(room.bob.submissions.get(), "part")
    assert points_of(room.bob) == 79.0


def test_words_edited_reach_markers_and_students_and_not_marks_given(room: Classroom) -> None:
    room.mark(room.submit(), "part")
    words = {"cause-title": "Why it binds", "cause-part-text": "Says that, not why"}

    edit(room, **words)
    room.submit(room.bea)
    marked = services.newest_submission(room.assignment, room.bob)
    fresh = services.newest_submission(room.assignment, room.bea)
    assert marked is not None
    assert fresh is not None

    assert points_of(room.bob) == 73.0
    mine = get(room, "my-grade", room.assignment.id, who="bob").content.decode()
    assert "Why it binds" not in mine
    page = get(room, "log-mark", fresh.id).content.decode()
    assert "Why it binds" in page
    assert "Says that, not why" in page
    room.mark(marked, "part")
    assert "Why it binds" in get(room, "my-grade", room.assignment.id, who="bob").content.decode()
    notes = get(room, "lab-notes", room.course.id, room.assignment.lab).content.decode()
    assert "Says that, not why" in notes


def test_a_removed_criterion_shows_what_was_given_in_it_and_counts_no_more(
    room: Classroom,
) -> None:
    levels = {"numbers": Level.FULL, "cause": Level.PART, "constraint": Level.NONE}
    room.mark(room.submit(), levels=levels)
    room.mark(room.submit(room.bea), "full")

    shown = look(room, **{"constraint-remove": "1"})
    (gone,) = shown.context["proposal"].removed
    assert dict(gone.counts) == {"full": 1, "part": 0, "none": 1}
    notes = {c.name: c.note.split(": ")[1] for c in shown.context["diff"].changes}
    assert notes == {"Bob Costa": "none", "Bea Wei": "full"}

    edit(room, **{"constraint-remove": "1"})
    # 40 + 16 of 20 + 15, of 90 points in all.
    assert points_of(room.bob) == 78.9
    assert points_of(room.bea) == 83.3
    mine = get(room, "my-grade", room.assignment.id, who="bob").content.decode()
    assert "no longer asked for" in mine


def test_an_added_criterion_leaves_marks_their_share_until_they_are_given_again(
    room: Classroom,
) -> None:
    sent = room.submit()
    room.mark(sent, "full")
    edit(room, **CLARITY)

    # Full in all that was judged: 40 + 40 of 40 + 15, of 110.
    assert points_of(room.bob) == 86.4
    assert rubric.unjudged(room.assignment) == [sent.pk]
    page = get(room, "log-queue", room.assignment.id, again="1")
    assert page.url == reverse("log-mark", args=[sent.pk]) + "?again=1"
    assert "Clarity was added" in get(room, "log-mark", sent.pk).content.decode()

    levels = {c.id: Level.NONE for c in rubric_of(room.assignment)}
    room.mark(sent, levels=levels)
    assert rubric.unjudged(room.assignment) == []
    assert points_of(room.bob) == 57.3


def test_a_mark_by_the_rubric_of_before_is_refused(room: Classroom) -> None:
    sent = room.submit()
    edit(room, **CLARITY)

    with pytest.raises(Unprocessable, match="not complete"):
        room.mark(sent, "full")


def test_the_history_says_who_when_why_and_what(room: Classroom) -> None:
    edit(room, **CLARITY)
    edit(room, "Too much to ask", **{"constraint-remove": "1"})

    first, second = RubricVersion.objects.all()
    assert (first.number, second.number) == (1, 2)
    assert [c.id for c in rubric_of(room.assignment)] == ["numbers", "cause", "own1"]
    page = get(room, "rubric", room.assignment.id).content.decode()
    for words in ("Alice Adeyemi", "Agreed in the team", "Too much to ask", "Clarity: added"):
        assert words in page
    log = get(room, "course-log", room.course.id).content.decode()
    assert "Rubric changed" in log
    assert "Too much to ask" in log
    assert AuditEntry.objects.filter(action="rubric.changed").count() == 2


def test_an_earlier_version_can_be_begun_with(room: Classroom) -> None:
    edit(room, **{"cause-title": "Why it binds"})
    page = get(room, "rubric", room.assignment.id, **{"from": "0"})

    titles = [row["title"] for row in page.context["rows"]]
    assert "Why it binds" not in titles
    assert get(room, "rubric", room.assignment.id, **{"from": "9x"}).status_code == 200


def test_only_versions_that_would_change_something_are_offered_to_begin_with(
    room: Classroom,
) -> None:
    def offered() -> set[str]:
        page = get(room, "rubric", room.assignment.id).content.decode()
        return set(re.findall(r'href="\?from=(\d+)"', page))

    edit(room, **{"cause-title": "Why it binds"})
    edit(room, **{"cause-title": "What binds"})
    assert offered() == {"0", "1"}

    room.submit()
    settings_change.settings_change(
        assignment=room.assignment, actor=room.alice, scheme="design", reason="The syllabus"
    )
    assert offered() == set(), "its criteria are others"


def test_a_rubric_is_not_changed_when_scores_or_words_moved_since_the_look(
    room: Classroom,
) -> None:
    sent = room.submit()
    room.mark(sent, "part")
    seen = look(room, **KINDER).context["proposal"].fingerprint
    use = {"action": "use", "seen": seen, "reason": "x"}
    room.mark(sent, "full")

    assert post(room, "rubric", room.assignment.id, **use, **KINDER).status_code == 409
    room.mark(sent, "part")
    other = KINDER | {"cause-title": "Why"}
    assert post(room, "rubric", room.assignment.id, **use, **other).status_code == 409
    assert points_of(room.bob) == 73.0
    assert post(room, "rubric", room.assignment.id, **use, **KINDER).status_code == 200
    assert points_of(room.bob) == 79.0


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"cause-part": "11"}, "order them from most to least"),
        ({"cause-none": "-1"}, "not a number of points"),
        ({"cause-full": "x"}, "not a number of points"),
        ({"cause-title": " "}, "title is empty"),
        ({"cause-title": "x" * 81}, "81 characters"),
        ({"cause-none-text": ""}, "is empty"),
        ({"new-title": "Half a criterion"}, "is empty"),
        ({f"{name}-remove": "1" for name in ("numbers", "cause", "constraint")}, "at least one"),
        ({f"{key}": "0" for key in KINDER}, "worth nothing"),
    ],
)
def test_what_no_rubric_can_be_is_refused_in_words(
    room: Classroom, wrong: dict[str, str], words: str
) -> None:
    answer = look(room, **wrong)

    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert number_of(room.assignment) == 0


def test_a_reason_and_an_edit_are_asked_for(room: Classroom) -> None:
    assert edit(room, reason=" ", **KINDER).status_code == 422
    assert edit(room).status_code == 422
    assert number_of(room.assignment) == 0


@pytest.mark.parametrize(("who", "status"), [("tom", 403), ("bob", 403), ("charlie", 404)])
def test_only_instructors_edit_a_rubric(room: Classroom, who: str, status: int) -> None:
    for action in ("look", "use"):
        answer = post(room, "rubric", room.assignment.id, who=who, action=action, **KINDER)
        assert answer.status_code == status
    assert get(room, "rubric", room.assignment.id, who=who).status_code == (
        200 if who == "tom" else status
    )
    assert number_of(room.assignment) == 0


def test_a_lab_placed_in_a_copied_term_takes_its_rubric_over_once(room: Classroom) -> None:
    edit(room, **CLARITY)
    spring = room.new_course("Spring")
    Course.objects.filter(pk=spring.pk).update(copied_from=room.course)
    Enrolment.objects.create(course=spring, person=room.alice, role=Role.INSTRUCTOR)
    spring.refresh_from_db()
    placed = room.new_assignment(spring)

    assert rubric_take_over(placed, None)
    assert [c.title for c in rubric_of(placed)] == [c.title for c in rubric_of(room.assignment)]
    assert not rubric_take_over(placed, None)
    assert placed.rubric_versions.get().changed_by is None


def test_points_edited_before_there_were_versions_become_the_first(room: Classroom) -> None:
    migration = import_module("courseserver.grading.migrations.0006_rubric_versions")
    points = {
        name: {"full": 20.0, "part": 8.0, "none": 2.0}
        for name in ("numbers", "cause", "constraint")
    }
    RubricVersion.objects.create(
        assignment=room.assignment,
        number=1,
        criteria=migration.criteria_with(points),
        changed_at=room.clock.now(),
        reason=migration.REASON,
    )

    before, after = rubric_of(room.assignment, 0), rubric_of(room.assignment)
    assert [c.title for c in after] == [c.title for c in before]
    assert {c.points[Level.FULL] for c in after} == {20.0}
    assert get(room, "rubric", room.assignment.id).status_code == 200
