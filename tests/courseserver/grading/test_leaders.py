"""A lab's table of designs: who sees it, what stands on it, and that it names nobody unasked."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from courseserver.audit.models import AuditEntry
from courseserver.common.errors import Conflict, Unprocessable
from courseserver.courses.models import Course, Person, RankName, Role, SendMode
from courseserver.courses.personal import person_erase
from courseserver.courses.ranking import places, rank_name_choose
from courseserver.grading import leaders, services
from courseserver.grading.models import Regrading, Score
from tests.courseserver.grading.classroom import Classroom, get, post


@pytest.fixture
def room(room: Classroom) -> Classroom:
    """Bob and Chen share the best design, Bea comes next, Dana broke a constraint."""
    room.mode(SendMode.LIVE)
    room.assignment.shows_leaders = True
    room.assignment.save()
    chen, dana = room.person("Chen Li", Role.LEARNER), room.person("Dana Levy", Role.LEARNER)
    for person, ratio in ((room.bob, 0.95), (chen, 0.95), (room.bea, 0.8), (dana, 0.0)):
        room.submit(person, challenge=ratio)
    return room


def table(room: Classroom, who: str = "bea", **query: str) -> Any:
    return get(room, "leaders", room.assignment.id, who=who, **query)


def choose(room: Classroom, who: str = "bob", **fields: str) -> Any:
    return post(room, "leaders", room.assignment.id, who=who, **({"action": "stay"} | fields))


def test_a_student_who_handed_in_sees_places_and_nobody_by_name(room: Classroom) -> None:
    page = table(room)

    rows = [(row.place, row.name, row.ratio) for row in page.context["rows"]]
    assert rows == [(1, "A classmate", 0.95), (1, "A classmate", 0.95), (3, "You", 0.8)]
    text = page.content.decode()
    for name in ("Bob", "Chen", "Dana"):
        assert name not in text
    assert (
        "How near to the optimum"
        in get(room, "my-grade", room.assignment.id, who="bea").content.decode()
    )


@pytest.mark.parametrize(("who", "status"), [("charlie", 404), ("eve", 404), ("tom", 200)])
def test_only_who_handed_in_and_staff_see_it(room: Classroom, who: str, status: int) -> None:
    room.eve = room.person("Eve Adams", Role.LEARNER)  # type: ignore[attr-defined]

    assert table(room, who).status_code == status
    assert choose(room, who, pseudonym="Fox", person=room.bob.id).status_code == status
    assert not RankName.objects.filter(pseudonym="Fox").exists()


def test_it_is_off_unless_an_instructor_switches_it_on(room: Classroom) -> None:
    room.assignment.shows_leaders = False
    room.assignment.save()
    form = {"send_mode": "live", "send_as": "points"}
    for who in ("bob", "alice"):
        assert table(room, who).status_code == 404

    place = ("assignment-settings", room.assignment.id)
    assert post(room, *place, who="tom", **form, shows_leaders="on").status_code == 403
    assert table(room).status_code == 404
    post(room, *place, **form, shows_leaders="on")
    assert table(room).status_code == 200


def test_a_name_is_chosen_changed_and_given_up_and_the_table_left(room: Classroom) -> None:
    choose(room, pseudonym="Tensor Fox")
    assert [row.name for row in table(room).context["rows"]][:2].count("Tensor Fox") == 1
    assert table(room, "bob").context["rows"][0].name in ("You, as Tensor Fox", "A classmate")

    choose(room, pseudonym="")
    assert "Tensor Fox" not in table(room).content.decode()
    choose(room, action="leave")
    reader = room.course.enrolments.get(person=room.bea)
    rows = leaders.leaders(room.assignment, leaders.listed(room.assignment), reader)
    assert [row.place for row in rows] == [1, 2]
    assert "You have left the tables" in table(room, "bob").content.decode()
    choose(room, pseudonym="")
    assert len(table(room).context["rows"]) == 3


def test_a_table_of_few_stays_shut_for_students(room: Classroom) -> None:
    choose(room, action="leave")

    page = table(room)
    assert "opens with 3 designs" in page.content.decode()
    assert page.context["rows"] == ()
    assert len(table(room, "alice").context["rows"]) == 2


def test_staff_see_who_it_is_and_may_take_a_name_off(room: Classroom) -> None:
    choose(room, pseudonym="Tensor Fox")
    names = {row.name for row in table(room, "alice").context["rows"]}
    assert names == {"Bob Costa, as Tensor Fox", "Chen Li", "Bea Wei"}

    choose(room, "tom", person=room.bob.id)
    assert RankName.objects.get().pseudonym == ""
    assert AuditEntry.objects.filter(action="rank_name.cleared").count() == 1


def test_a_projector_names_nobody_not_even_made_up(room: Classroom) -> None:
    choose(room, pseudonym="Tensor Fox")
    page = table(room, "alice", projector="1")
    text = page.content.decode()

    assert [(t.place, t.count) for t in page.context["ties"]] == [(1, 2), (3, 1)]
    for name in ("Tensor", "Bob", "Bea", "Chen"):
        assert name not in text
    assert table(room, "bea", projector="1").context["ties"] == ()

    # Of two designs a class would know whose they are.
    Score.objects.filter(person=room.bea).update(is_voided=True)
    few = table(room, "alice", projector="1")
    assert few.context["ties"] == ()
    assert "could tell whose they are" in few.content.decode()
    assert len(table(room, "alice").context["rows"]) == 2


def test_assistants_of_a_section_and_markers_without_names_read_no_names(room: Classroom) -> None:
    Course.objects.update(sections_apart=True)
    room.course.enrolments.filter(person__in=[room.tom, room.bob]).update(sections=["Monday"])
    names = [row.name for row in table(room, "tom").context["rows"]]
    assert sorted(names) == ["A classmate", "A classmate", "Bob Costa"]

    Course.objects.update(marks_anonymously=True)
    assert not any("Bea" in row.name for row in table(room, "alice").context["rows"])


def test_a_voided_attempt_does_not_count_and_a_regraded_one_counts_as_it_is_now(
    room: Classroom,
) -> None:
    bob, bea = room.bob.submissions.get(), room.bea.submissions.get()
    services.submission_void(attempt_id=bob.attempt_id, actor=room.tom)
    Regrading.objects.create(
        submission=bea, number=1, lab_version="2", completion=1.0, challenge=0.99, reason="x",
        made_by=room.alice, made_at=room.clock.now(),
    )  # fmt: skip

    first = leaders.designs(room.assignment)[0]
    assert (first.person, first.ratio) == (room.bea.pk, 0.99)
    assert room.bob.pk not in {d.person for d in leaders.designs(room.assignment)}


def test_who_left_the_course_or_is_a_test_student_is_not_on_it(room: Classroom) -> None:
    room.course.enrolments.filter(person=room.bob).update(is_active=False)
    room.course.enrolments.filter(person=room.bea).update(is_test_student=True)

    assert len(leaders.designs(room.assignment)) == 1


@pytest.mark.parametrize("name", ["x", "a" * 25, "<b>fox</b>", "Bob Costa", "bob costa", "a  @"])
def test_names_that_do_not_fit_are_refused(room: Classroom, name: str) -> None:
    answer = choose(room, pseudonym=name)

    assert answer.status_code == 422
    assert not RankName.objects.exists()


def test_a_name_is_taken_once(room: Classroom) -> None:
    choose(room, pseudonym="Fox")

    with pytest.raises(Conflict, match="fox"):
        rank_name_choose(course=room.course, person=room.bea, pseudonym="fox", is_listed=True)
    with pytest.raises(Unprocessable):
        rank_name_choose(course=room.course, person=room.bea, pseudonym="_", is_listed=True)


def test_an_erased_person_leaves_no_name(room: Classroom) -> None:
    choose(room, pseudonym="Fox")
    person_erase(room.bob.pk, actor="system")

    assert "Fox" not in table(room).content.decode()
    assert not RankName.objects.filter(person=room.bob).exclude(pseudonym="").exists()


def test_people_are_strangers_elsewhere(room: Classroom) -> None:
    """A name belongs to one course."""
    other = room.new_course("Elsewhere")
    stranger: Person = room.person("Fay", Role.LEARNER, other)
    rank_name_choose(course=other, person=stranger, pseudonym="Fox", is_listed=True)
    choose(room, pseudonym="Fox")

    assert RankName.objects.filter(pseudonym="Fox").count() == 2


@given(st.lists(st.sampled_from([1.0, 0.9, 0.5, 0.2])).map(lambda v: sorted(v, reverse=True)))
def test_equal_values_share_a_place_and_the_next_one_is_counted(values: list[float]) -> None:
    found = places(values)

    assert len(found) == len(values)
    for value, place in zip(values, found, strict=True):
        assert place == 1 + sum(other > value for other in values)
