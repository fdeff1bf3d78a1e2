"""The staff see how far people are before they hand in, without grading knowing labs."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from courseserver.courses.models import Person
from courseserver.grading import progress, selectors
from courseserver.labruntime.models import Attempt, Commit
from labs import loader
from tests.courseserver.grading.classroom import Classroom

FIXTURE_LABS = Path(__file__).resolve().parents[2] / "labs" / "fixture_lab"


@pytest.fixture(autouse=True)
def fixture_lab(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("LABS_PATH", str(FIXTURE_LABS))
    loader.forget()
    yield
    loader.forget()


def attempt(room: Classroom, person: Person, **changes: object) -> Attempt:
    lab = loader.all_labs()[0]
    room.assignment.lab = lab.slug
    room.assignment.save()
    values = {"lab": lab.slug, "lab_version": lab.version, "track": "cloud", "seed": "1"}
    return Attempt.objects.create(
        person=person,
        assignment=room.assignment,
        started_at=room.clock.now(),
        **(values | changes),
    )


def commit(attempt: Attempt, room: Classroom) -> None:
    part = loader.load_lab(attempt.lab).parts[0]
    for question in part.questions:
        Commit.objects.create(
            attempt=attempt, part=part.id, question=question.id, text="x", at=room.clock.now()
        )


def shown(room: Classroom, person: Person) -> str:
    rows = {row.person_id: row for row in selectors.board(room.assignment).rows}
    return rows[person.id].shown.words


def test_the_board_tells_who_started_and_how_far_they_are(room: Classroom) -> None:
    attempt(room, room.bea)
    commit(attempt(room, room.bob), room)

    parts = len(loader.load_lab(room.assignment.lab).parts)
    assert shown(room, room.bob) == f"Working: 1 of {parts} parts"
    assert shown(room, room.bea) == "Started"


def test_previews_and_voided_attempts_are_no_work(room: Classroom) -> None:
    attempt(room, room.bob, is_preview=True)
    attempt(room, room.bea, voided_at=room.clock.now())

    assert (shown(room, room.bob), shown(room, room.bea)) == ("Not started", "Not started")


def test_a_lab_that_is_no_longer_here_breaks_no_board(room: Classroom) -> None:
    commit(attempt(room, room.bob), room)
    room.assignment.lab = "gone"
    room.assignment.save()

    assert shown(room, room.bob) == "Not started"


def test_grading_works_with_nobody_to_tell(
    room: Classroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "_providers", {})

    assert shown(room, room.bob) == "Not started"
