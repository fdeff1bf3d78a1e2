"""The portfolio: a student's own record of a course, from the ledger, silent about the locked."""

from collections.abc import Callable
from typing import Any

from django.test import Client

from courseserver.courses.models import Assignment
from courseserver.labruntime.ledger import entry_append
from labs.loader import load_lab

from .conftest import SLUG, School, Student


def portfolio(student: Student, form: str = "/") -> Any:
    return student.client.get(f"/labs/attempts/{student.attempt.pk}/portfolio{form}")


def test_a_portfolio_holds_predictions_with_what_came_out(bob: Student) -> None:
    bob.commit_a()
    reveal = bob.shown("a").reveals[0]

    page = portfolio(bob).context["page"]
    text = portfolio(bob, ".md").content.decode()

    (lab,) = page.labs
    assert lab.heading.endswith("Moving bytes")
    assert (lab.predictions[0].predicted, lab.predictions[0].actual) == (
        reveal.predicted, reveal.actual,
    )  # fmt: skip
    assert ("predictions", "1") in page.counts
    assert page.is_whole
    assert f"it came out {reveal.actual}" in text
    assert text.startswith("# Portfolio: ML Systems")


def test_a_portfolio_says_nothing_of_a_part_still_locked(bob: Student) -> None:
    bob.open()

    page = portfolio(bob).context["page"]

    assert page.labs[0].predictions == ()
    assert page.typical == ""
    assert page.ranges == ()
    assert "Nothing predicted yet." in portfolio(bob).content.decode()


def test_numbers_predicted_are_counted_by_how_far_off_they_were(bob: Student) -> None:
    bob.commit_a()
    bob.commit_b()

    page = portfolio(bob).context["page"]

    assert page.typical.endswith("×")
    assert [one.factor for one in page.ranges] == ["1.5×", "2×", "3×", "10×"]
    shares = [int(one.share.rstrip("%")) for one in page.ranges]
    assert shares == sorted(shares)
    assert sum(len(lab.errors) for lab in page.calibration) >= 1


def test_what_came_from_no_earlier_lab_is_called_a_default(bob: Student) -> None:
    bob.open()

    reads = portfolio(bob).context["page"].reads

    assert {read.key for read in reads} == {read.key for read in load_lab(SLUG).reads}
    assert all(read.origin == "" for read in reads)


def test_what_an_earlier_lab_left_is_named_with_that_lab(
    bob: Student, school: School, as_person: Callable[[Any], Client]
) -> None:
    entry_append(attempt=bob.attempt, kind="reveal", part="a", body={"outcomes": {}},
                 keys={"fixture.habit": "coffee"})  # fmt: skip
    again = Assignment.objects.create(
        course=school.course, resource_link_id="r2", lab=SLUG, title="Moving bytes again"
    )
    later = Student(as_person(school.bob), school.bob, again)
    later.open()

    reads = portfolio(later).context["page"].reads

    assert [(read.value, read.origin) for read in reads] == [
        ("none", ""), ("coffee", "Moving bytes"),
    ]  # fmt: skip


def test_a_lab_opened_early_reads_the_ledger_until_its_first_prediction(
    bob: Student, school: School, as_person: Callable[[Any], Client]
) -> None:
    again = Assignment.objects.create(
        course=school.course, resource_link_id="r2", lab=SLUG, title="Moving bytes again"
    )
    later = Student(as_person(school.bob), school.bob, again)

    def read_after(habit: str) -> Any:
        entry_append(attempt=bob.attempt, kind="reveal", part="a", body={"outcomes": {}},
                     keys={"fixture.habit": habit})  # fmt: skip
        later.open()
        return later.attempt.reads["habit"]

    later.open()
    assert later.attempt.reads == {"habit": "none"}
    assert read_after("coffee") == "coffee"
    later.commit_a()
    assert read_after("tea") == "coffee"
    assert portfolio(later).context["page"].reads[-1].value == "coffee"
    assert portfolio(later).context["page"].reads[-1].origin == "Moving bytes"


def test_a_long_record_takes_no_more_queries_than_a_short_one(
    bob: Student, django_assert_max_num_queries: Any
) -> None:
    bob.commit_a()
    bob.commit_b()
    for n in range(20):
        entry_append(attempt=bob.attempt, kind="explored", part="a", body={}, keys={f"k.{n}": n})

    with django_assert_max_num_queries(25):
        assert portfolio(bob).status_code == 200


def test_a_portfolio_is_its_students_alone(
    bob: Student, charlie: Student, school: School, as_person: Callable[[Any], Client]
) -> None:
    bob.commit_a()
    url = f"/labs/attempts/{bob.attempt.pk}/portfolio"

    for stranger in (charlie.client, as_person(school.alice), as_person(school.dora), Client()):
        for form in ("/", ".md"):
            assert stranger.get(url + form).status_code in (302, 403, 404)
    assert portfolio(bob).status_code == 200
    assert portfolio(bob, ".md")["Content-Type"].startswith("text/markdown")
