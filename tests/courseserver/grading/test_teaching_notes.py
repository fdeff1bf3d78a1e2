"""Teaching notes are the staff's: instructors and assistants read them, students do not."""

import pytest
from django.urls import reverse

from tests.courseserver.grading.classroom import Classroom


def test_staff_read_why_prompt_rubric_and_what_to_listen_for(room: Classroom) -> None:
    url = reverse("lab-notes", args=[room.course.id, room.assignment.lab])

    for person in (room.alice, room.tom):
        text = room.client(person).get(url).content.decode()

    assert "Why assign it" in text
    assert "the one you would optimise first" in text
    assert "Figures from the lab" in text
    assert "Listen for" in text
    assert "<td><ul" in text


@pytest.mark.parametrize(("who", "status"), [("bob", 403), ("charlie", 404)])
def test_nobody_else_reads_them(room: Classroom, who: str, status: int) -> None:
    url = reverse("lab-notes", args=[room.course.id, room.assignment.lab])

    assert room.client(getattr(room, who)).get(url).status_code == status


def test_a_lab_without_notes_is_said_to_have_none(room: Classroom) -> None:
    url = reverse("lab-notes", args=[room.course.id, "v9-no-such-lab"])

    assert room.client(room.alice).get(url).status_code == 404
