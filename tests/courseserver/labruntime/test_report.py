"""A lab's report: one's own predictions and decision, silent about what is locked."""

from collections.abc import Callable
from typing import Any

from django.test import Client

from .conftest import School, Student


def report(student: Student, form: str = "/") -> Any:
    return student.client.get(f"/labs/attempts/{student.attempt.pk}/report{form}")


def test_a_report_holds_what_was_predicted_and_came_out(bob: Student) -> None:
    bob.commit_a()
    reveal = bob.shown("a").reveals[0]

    page, text = report(bob).content.decode(), report(bob, ".md").content.decode()

    assert reveal.actual in page
    assert reveal.predicted in page
    assert f"- Came out: {reveal.actual}" in text
    assert text.startswith("# Moving bytes")
    assert "## Decision Log\n\nNot written yet." in text


def test_a_report_says_nothing_of_a_part_still_locked(bob: Student) -> None:
    bob.commit_a()

    parts = report(bob).context["page"].parts

    assert [part.is_locked for part in parts] == [False, True]
    assert parts[1].reveals == ()
    assert "Not predicted yet." in report(bob, ".md").content.decode()


def test_a_lab_with_every_prediction_made_reports_every_part(bob: Student) -> None:
    bob.commit_a()
    bob.commit_b()
    found = report(bob).context["page"].parts

    assert [part.is_locked for part in found] == [False, False]
    assert all(part.heading[0] in "AB" for part in found)


def test_a_report_is_its_students_alone(
    bob: Student, charlie: Student, school: School, as_person: Callable[[Any], Client]
) -> None:
    url = f"/labs/attempts/{bob.attempt.pk}/report"

    for stranger in (charlie.client, as_person(school.dora), Client()):
        for form in ("/", ".md"):
            assert stranger.get(url + form).status_code in (302, 403, 404)
    assert report(bob).status_code == 200
    assert report(bob, ".md")["Content-Type"].startswith("text/markdown")
