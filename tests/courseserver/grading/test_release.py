"""Grades held until released, and the dry run: shown before anything is sent."""

import re
from typing import Any

import pytest
from django.urls import reverse

from courseserver.courses.models import Assignment, Role, SendMode
from courseserver.grading import plan, selectors, settings_change
from courseserver.grading.models import SendState
from tests.courseserver.grading.classroom import Classroom


@pytest.fixture(autouse=True)
def no_worker(room: Classroom, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("services", "settings_change", "views.board", "views.course", "views.roster"):
        for name in ("drain_soon", "read_roster_soon"):
            monkeypatch.setattr(
                f"courseserver.grading.{module}.{name}", lambda _: None, raising=False
            )


def page(room: Classroom, name: str, person: Any = None, *, post: Any = None) -> Any:
    client = room.client(person or room.alice)
    url = reverse(name, args=[room.assignment.id])
    return client.get(url) if post is None else client.post(url, post, follow=True)


def happens(room: Classroom) -> dict[str, str]:
    return {line.row.name: line.words for line in plan.plan(selectors.board(room.assignment))}


def test_nothing_leaves_before_the_release_and_everything_after(room: Classroom) -> None:
    room.mode(SendMode.ON_RELEASE)
    room.mark(room.submit())
    room.drain()
    assert (room.in_lms(), room.row().state) == (None, SendState.HELD)

    for person, status in [(room.tom, 403), (room.bob, 403), (room.charlie, 404)]:
        url = reverse("grades-release", args=[room.assignment.id])
        assert room.client(person).post(url).status_code == status
    assert "Grades released: 1 grade" in page(room, "grades-release", post={}).content.decode()
    room.drain()
    assert room.in_lms() == 85.0

    room.assignment.refresh_from_db()
    room.submit(room.bea)
    room.drain()
    assert room.in_lms(room.bea) == 55.0, "after the release grades go at once"


def test_a_release_counts_once_and_only_in_its_mode(room: Classroom) -> None:
    room.mode(SendMode.MANUAL)
    room.submit()
    assert settings_change.grades_release(assignment=room.assignment, actor=room.alice) == 0
    assert Assignment.objects.get(pk=room.assignment.pk).released_at is None


def test_changing_to_release_holds_what_waits(room: Classroom) -> None:
    room.mode(SendMode.LIVE)
    room.submit()

    moved = settings_change.settings_change(
        assignment=room.assignment, actor=room.alice, send_mode=SendMode.ON_RELEASE.value
    )

    assert (moved.held, room.row().state) == (1, SendState.HELD)


def test_the_dry_run_says_for_each_grade_what_would_happen(room: Classroom) -> None:
    room.mode(SendMode.MANUAL)
    people = [room.person(f"{name} X", Role.LEARNER) for name in ("New", "Equal", "Theirs", "Up")]
    for person in people:
        room.submit(person, challenge=0.5)
    room.set_in_lms(55.0, people[1])
    room.set_in_lms(90.0, people[2])

    page(room, "grades-preview-look", post={})
    room.drain()

    assert happens(room) == {
        "New X": "New",
        "Equal X": "Equal already",
        "Theirs X": "Someone set a grade there: it stays",
        "Up X": "New",
    }
    assert room.gradebook.posts == [], "a dry run sends nothing"


def test_exactly_what_was_seen_is_sent(room: Classroom) -> None:
    room.mode(SendMode.MANUAL)
    submission = room.submit(room.bob)
    room.submit(room.bea)
    shown = page(room, "grades-preview").content.decode()
    (marks,) = re.findall(r'name="rows" value="([^"]+)"', shown)
    assert len(marks.split()) == 2
    room.mark(submission)

    answer = page(room, "grades-preview-send", post={"rows": marks}).content.decode()
    room.drain()

    assert "1 grade changed since you looked" in answer
    assert (room.in_lms(room.bob), room.in_lms(room.bea)) == (None, 55.0)


def test_a_lower_grade_is_shown_as_lowering_and_stays_where_only_higher_ones_go(
    room: Classroom,
) -> None:
    room.mode(SendMode.LIVE)
    room.submit(challenge=1.0)
    room.drain()
    room.mode(SendMode.MANUAL)
    room.clock.pass_s(60)
    room.submit(challenge=0.0)
    assert happens(room) == {"Bob Costa": "Lowers"}

    room.assignment.only_if_higher = True
    room.assignment.save()
    assert happens(room) == {"Bob Costa": "Lower than there: it stays"}


@pytest.mark.parametrize("marks", [["x"], ["1:"], ["99999:1"], ["1:1;drop"], [""]])
def test_a_forged_mark_sends_nothing(room: Classroom, marks: list[str]) -> None:
    room.mode(SendMode.MANUAL)
    room.submit()

    page(room, "grades-preview-send", post={"rows": marks})
    room.drain()

    assert room.gradebook.posts == []


def test_only_staff_see_the_dry_run_and_only_instructors_send(room: Classroom) -> None:
    for person, status in [(room.bob, 403), (room.charlie, 404), (room.tom, 200)]:
        assert page(room, "grades-preview", person).status_code == status
    url = reverse("grades-preview-send", args=[room.assignment.id])
    assert room.client(room.tom).post(url, {"rows": "1:1"}).status_code == 403


def test_an_instructor_has_a_column_made(room: Classroom) -> None:
    room.mode(SendMode.LIVE)
    room.assignment.line_item_url = ""
    room.assignment.ags_scopes = [
        *room.assignment.ags_scopes,
        "https://purl.imsglobal.org/spec/lti-ags/scope/lineitem",
    ]
    room.assignment.save()
    room.submit()
    room.drain()
    assert "Make a column in the LMS" in page(room, "sync-board").content.decode()

    url = reverse("column-make", args=[room.assignment.id])
    assert room.client(room.tom).post(url).status_code == 403
    page(room, "column-make", post={})
    room.drain()

    assert room.in_lms() == 55.0


def test_a_mark_is_the_staffs_alone_until_grades_are_released(room: Classroom) -> None:
    room.mode(SendMode.ON_RELEASE)
    submission = room.submit()
    room.mark(submission, comment="Well argued.")
    home = reverse("course-home", args=[room.course.id])

    held = selectors.submission_view(submission.attempt_id)
    assert held is not None
    assert (held.points, held.is_full, held.comment, held.log_levels) == (55.0, False, "", {})
    assert [s.points for s in held.sections] == [40.0, None, 15.0]
    assert "85.0" not in room.client(room.bob).get(home).content.decode()
    settings_change.grades_release(assignment=room.assignment, actor=room.alice)

    told = selectors.submission_view(submission.attempt_id)
    assert told is not None
    assert (told.points, told.is_full, told.comment) == (85.0, True, "Well argued.")
    assert "85.0" in room.client(room.bob).get(home).content.decode()
