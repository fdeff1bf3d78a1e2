"""The live class: places, stuck students, distributions, limits found; a projector names nobody."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from courseserver.common import clock
from courseserver.courses.models import Enrolment, Identity, Person, Role
from courseserver.labruntime import live
from courseserver.labruntime.models import Attempt, Exploration
from courseserver.labruntime.state import state_of

from .conftest import School, Student

START = datetime(2026, 11, 20, 14, tzinfo=UTC)


class Watch:
    moment = START

    def now(self) -> datetime:
        return self.moment


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    watch = Watch()
    monkeypatch.setattr(clock, "now", watch.now)
    return watch


@pytest.fixture
def student(school: School, as_person: Callable[[Person], Client]) -> Callable[[Person], Student]:
    def of(person: Person) -> Student:
        made = Student(as_person(person), person, school.assignment)
        assert made.open().status_code == 200
        return made

    return of


def url(school: School, query: str = "") -> str:
    return f"/labs/assignments/{school.assignment.pk}/class/{query}"


def pick(student: Student, option: str) -> None:
    """Commit part a's choice by the id of its option."""
    question = state_of(student.attempt).instance("a").question("time")
    assert question is not None
    chosen = question.option_by_id(option)
    assert chosen is not None
    assert student.commit("a", "time", chosen.token).status_code == 201


def stages(view: live.ClassView) -> dict[str, int]:
    return {stage.label[:1]: stage.count for stage in view.stages if stage.count}


def test_only_the_staff_of_the_course_see_the_class(
    school: School, as_person: Callable[[Person], Client]
) -> None:
    statuses = {
        who: as_person(getattr(school, who)).get(url(school)).status_code
        for who in ("alice", "bob", "charlie")
    }

    assert statuses == {"alice": 200, "bob": 403, "charlie": 404}
    assert Client().get(url(school)).status_code == 403


def test_everybody_is_somewhere(school: School, student: Any, watch: Watch) -> None:
    assert stages(live.class_view(school.assignment, START)) == {"N": 2}

    bob = student(school.bob)
    assert stages(live.class_view(school.assignment, START)) == {"N": 1, "A": 1}

    bob.commit_a()
    view = live.class_view(school.assignment, START)
    assert stages(view) == {"N": 1, "B": 1}
    assert (view.students, view.here) == (2, 1)


def test_a_preview_of_the_staff_and_a_voided_attempt_are_nobody(
    school: School, student: Any, watch: Watch
) -> None:
    student(school.alice)
    bob = student(school.bob)
    Attempt.objects.filter(pk=bob.attempt.pk).update(voided_at=START)

    assert stages(live.class_view(school.assignment, START)) == {"N": 2}


def test_predictions_stand_beside_the_answer_with_the_commonest_misconception(
    school: School, student: Any, watch: Watch
) -> None:
    pick(student(school.bob), "bits_as_bytes")
    pick(student(school.dora), "right")

    asked = next(a for a in live.class_view(school.assignment, START).asked if a.part == "A")

    assert (asked.count, asked.right, asked.misled) == (2, 1, 1)
    assert asked.misconception
    assert sorted(b.share for b in asked.buckets) == [0, 0, 50, 50]


@pytest.mark.parametrize(
    ("value", "index"),
    [(-1.5, 0), (-0.6, 1), (-0.3, 2), (-0.1, 3), (0.0, 3), (0.17, 3), (0.3, 4), (0.6, 5), (2, 6)],
)
def test_an_error_falls_into_its_range(value: float, index: int) -> None:
    assert live._range_of(value, [limit for limit, _ in live._FACTORS]) == index


def test_ranges_read_from_too_low_to_too_high() -> None:
    assert live._range_labels(live._FACTORS) == [
        "Too low by more than 10×",
        "Too low by 3× to 10×",
        "Too low by 1.5× to 3×",
        "Within 1.5×",
        "Too high by 1.5× to 3×",
        "Too high by 3× to 10×",
        "Too high by more than 10×",
    ]


def test_a_number_is_compared_with_the_students_own_key(
    school: School, student: Any, watch: Watch
) -> None:
    for person, factor in ((school.bob, 1.0), (school.dora, 20.0)):
        made = student(person)
        made.commit_a()
        shown = made.shown("b")
        from courseserver.labruntime.state import state_of

        key = float(state_of(made.attempt).instance("b").question("duration").key)
        made.commit(
            "b", "saver", next(q for q in shown.questions if q.id == "saver").options[0].token
        )
        assert made.commit("b", "duration", f"{key * factor} s").status_code == 201

    asked = next(a for a in live.class_view(school.assignment, START).asked if a.is_numeric)

    assert {b.label: b.count for b in asked.buckets if b.count} == {
        "Within 1.5×": 1,
        "Too high by more than 10×": 1,
    }


def test_somebody_long_in_a_part_and_still_at_it_may_need_a_visit(
    school: School, student: Any, watch: Watch
) -> None:
    bob, dora = student(school.bob), student(school.dora)
    later = START + timedelta(minutes=50)
    for made, minutes in ((bob, 48), (dora, 5)):
        Exploration.objects.create(
            attempt=made.attempt, part="a", steps={}, settings={}, is_safe=True,
            at=START + timedelta(minutes=minutes),
        )  # fmt: skip

    view = live.class_view(school.assignment, later)

    assert [(s.person_id, s.minutes) for s in view.stuck] == [(school.bob.pk, 50)]
    assert view.here == 1
    assert live.class_view(school.assignment, START + timedelta(minutes=9)).stuck == ()


def test_of_many_who_may_need_a_visit_the_longest_are_named(
    school: School, student: Callable[[Person], Student], watch: Watch,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(live, "_STUCK_SHOWN", 1)
    for person, minute in ((school.bob, 0), (school.dora, 2)):
        watch.moment = START + timedelta(minutes=minute)
        student(person)

    view = live.class_view(school.assignment, START + timedelta(minutes=29))

    assert ([s.person_id for s in view.stuck], view.more_stuck) == ([school.bob.pk], 1)


def test_limits_found_are_counted_among_those_who_could_look(
    school: School, student: Any, watch: Watch
) -> None:
    bob = student(school.bob)
    student(school.dora)
    bob.commit_a()
    at = bob.shown("a").instrument_json["at"]
    assert (
        bob.release("a", **{**at, "size": 4}).status_code == 200
        if hasattr(bob, "release")
        else True
    )

    boundary = next(
        b for b in live.class_view(school.assignment, START).boundaries if b.part == "A"
    )

    assert boundary.of == 1


def test_a_projector_names_nobody_and_hides_answers_until_asked(
    school: School, student: Any, as_person: Any, watch: Watch
) -> None:
    platform = school.course.platform
    Identity.objects.create(
        person=school.bob, platform=platform, subject="bob", name="Bob Costa", email="bob@x.org"
    )
    pick(student(school.bob), "bits_as_bytes")
    alice = as_person(school.alice)
    watch.moment = START + timedelta(minutes=25)

    page = alice.get(url(school)).content.decode()
    hidden = alice.get(url(school, "?projector=1")).content.decode()
    told = alice.get(url(school, "?projector=1&answers=1")).content.decode()

    assert "Bob Costa" in page
    for text in (hidden, told):
        assert "Bob" not in text
        assert school.bob.pk not in text
        assert not re.search("att_|per_", text)


def test_a_projector_tells_from_three_predictions_on_and_says_why(
    school: School, student: Any, as_person: Any, watch: Watch
) -> None:
    alice, hint = as_person(school.alice), "it would tell what somebody predicted"
    projector = url(school, "?projector=1&answers=1")
    pick(student(school.bob), "bits_as_bytes")
    pick(student(school.dora), "right")
    few = alice.get(projector)
    mine = alice.get(url(school)).content.decode()
    third = Person.objects.create()
    Enrolment.objects.create(person=third, course=school.course, role=Role.LEARNER)
    pick(student(third), "kilo_lost")

    told = alice.get(projector).content.decode()
    hidden = alice.get(url(school, "?projector=1")).content.decode()

    assert hint in few.content.decode()
    assert "fewer than 3 have come so far" in few.content.decode()
    # Two in the class: where one stands tells of the other, and so does a limit found.
    assert few.context["view"].stages == ()
    assert few.context["view"].here is None
    assert {limit.found for limit in few.context["view"].boundaries} == {None}
    for text, is_told in ((few.content.decode(), False), (mine, True), (told, True)):
        assert ("As it comes out" in text) == ("Most common" in text) == is_told
    assert hint not in told
    assert "Answer 1" in hidden
    assert "As it comes out" not in hidden


def asked_of(*counts: int) -> live.Asked:
    """Return a question answered in so many ways, by so many each; the first is right."""
    buckets = tuple(
        live.Bucket(label=f"Way {n}", count=count, share=0, is_answer=n == 0)
        for n, count in enumerate(counts)
    )
    return live.Asked(
        part="A", title="T", question="q", is_numeric=False, count=sum(counts), buckets=buckets,
        misconception="Way 1", misled=counts[1],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("counts", "is_told"),
    [
        ((0, 0, 0), False),
        ((1, 1, 0), False),
        ((3, 0, 0), False),
        # The one would know what both others chose.
        ((2, 1, 0), False),
        ((1, 1, 1), True),
        ((2, 2, 0), True),
        ((0, 10, 0), False),
        ((9, 1, 0), False),
        ((8, 2, 0), True),
        ((198, 1, 1), True),
    ],
)
def test_a_projector_tells_a_distribution_that_tells_nobodys_answer(
    counts: tuple[int, ...], is_told: bool
) -> None:
    view = live.ClassView(
        students=sum(counts), here=0, stages=(), stuck=(), more_stuck=0,
        asked=(asked_of(*counts),), boundaries=(),
    )  # fmt: skip

    (shown,) = live.for_projector(view).asked

    assert shown.count == sum(counts)
    assert bool(shown.buckets) is is_told
    if not is_told:
        assert (shown.buckets, shown.misconception, shown.misled, shown.right) == ((), "", 0, 0)


@pytest.mark.parametrize("chosen", ["right", "bits_as_bytes"])
def test_a_projector_hides_what_three_chose_alike_and_says_why(
    school: School, student: Any, as_person: Any, watch: Watch, chosen: str
) -> None:
    third = Person.objects.create()
    Enrolment.objects.create(person=third, course=school.course, role=Role.LEARNER)
    for person in (school.bob, school.dora, third):
        pick(student(person), chosen)

    page = as_person(school.alice).get(url(school, "?projector=1&answers=1"))

    text = page.content.decode()
    assert "3 predicted" in text
    assert "it would tell what somebody predicted" in text
    assert "Most common" not in text
    assert "As it comes out" not in text
    assert "As it comes out" in as_person(school.alice).get(url(school)).content.decode()


def test_a_class_of_hundreds_takes_as_many_queries_as_one_of_two(
    school: School, student: Any, watch: Watch
) -> None:
    student(school.bob).commit_a()
    with CaptureQueriesContext(
        connection,
    ) as few:
        live.class_view(school.assignment, START)
    for _ in range(60):
        person = Person.objects.create()
        Enrolment.objects.create(person=person, course=school.course, role=Role.LEARNER)
        Attempt.objects.create(
            person=person, assignment=school.assignment, lab=school.assignment.lab,
            lab_version="1", track="cloud", seed="0" * 64, started_at=START,
        )  # fmt: skip
    with CaptureQueriesContext(connection) as many:
        view = live.class_view(school.assignment, START)

    assert view.students == 62
    assert len(many) == len(few) <= 14
