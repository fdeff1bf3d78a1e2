"""One listing of a column serves a class; what it leaves out is looked at one by one."""

import pytest

from courseserver.courses.models import Enrolment, Person, Role, SendMode
from courseserver.grading import outbox
from courseserver.grading.faults import GradebookFault, Reach
from courseserver.grading.models import GradeOutbox, SendState
from tests.courseserver.grading.classroom import Classroom


@pytest.fixture(autouse=True)
def live(room: Classroom) -> None:
    room.mode(SendMode.LIVE)


@pytest.fixture
def people(room: Classroom) -> list[Person]:
    return [room.person(f"S{number} X", Role.LEARNER) for number in range(8)]


def states(people: list[Person], room: Classroom) -> set[str]:
    return {room.row(person).state for person in people}


def test_a_class_is_looked_at_in_two_listings(room: Classroom, people: list[Person]) -> None:
    for person in people:
        room.submit(person)

    room.drain()

    assert states(people, room) == {SendState.IN_LMS}
    assert len(room.gradebook.posts) == len(people)
    assert room.gradebook.listings == 2, "one before sending, one after"
    assert room.gradebook.reads == 0


def test_labs_handed_in_by_turns_are_sent_column_by_column(
    room: Classroom, people: list[Person]
) -> None:
    other = room.new_assignment(room.course, send_mode=SendMode.LIVE)
    for person in people:
        room.submit(person)
        room.clock.pass_s(1)
        room.submit(person, assignment=other)
        room.clock.pass_s(1)

    room.drain()

    sent = [parcel.assignment.id for parcel in room.gradebook.posts]
    assert sent == [room.assignment.id] * len(people) + [other.id] * len(people)
    assert room.gradebook.listings == 4


def test_a_grade_that_stood_there_is_seen_in_the_listing(
    room: Classroom, people: list[Person]
) -> None:
    room.set_in_lms(90.0, people[5])
    for person in people:
        room.submit(person)

    room.drain()

    assert room.row(people[5]).state == SendState.OVERRIDDEN
    assert room.in_lms(people[5]) == 90.0
    assert states([p for p in people if p != people[5]], room) == {SendState.IN_LMS}


def test_a_listing_that_leaves_people_out_makes_nobodys_grade_vanish(
    room: Classroom, people: list[Person]
) -> None:
    room.gradebook.hides = {room.subject(people[1])}
    for person in people:
        room.submit(person)

    room.drain()

    assert states(people, room) == {SendState.IN_LMS}
    assert room.gradebook.reads > 0


def test_a_platform_that_lists_no_columns_is_asked_person_by_person(
    room: Classroom, people: list[Person]
) -> None:
    room.gradebook.hides = None
    for person in people:
        room.submit(person)

    room.drain()

    assert states(people, room) == {SendState.IN_LMS}
    assert room.gradebook.reads == 2 * len(people)


def test_a_listing_that_fails_is_not_asked_for_with_each_student(
    room: Classroom, people: list[Person]
) -> None:
    room.gradebook.read_faults = [GradebookFault("busy", Reach.PASSES, status=500)]
    for person in people:
        room.submit(person)

    room.drain()

    assert states(people, room) == {SendState.IN_LMS}
    assert room.gradebook.reads == len(people), "one by one before sending"
    assert room.gradebook.listings == 1, "the one after"


def test_a_platform_that_names_a_wait_gets_it(room: Classroom, people: list[Person]) -> None:
    room.gradebook.read_faults = [
        GradebookFault("busy", Reach.PASSES, status=429, retry_after_s=30.0)
    ]
    for person in people:
        room.submit(person)

    room.drain()

    assert room.gradebook.posts == []
    assert room.gradebook.reads == 0


def test_a_listing_older_than_our_own_score_is_not_believed(
    room: Classroom, people: list[Person]
) -> None:
    submissions = [room.submit(person) for person in people]
    again = iter([True])

    def somebody_marks() -> None:
        if next(again, False):
            room.mark(submissions[0])

    room.gradebook.before_post = somebody_marks
    room.drain()
    room.clock.pass_s(2)
    room.drain()

    assert room.row(people[0]).state == SendState.IN_LMS
    assert room.in_lms(people[0]) == 85.0


# --- who can have a grade there at all --------------------------------------------------------
@pytest.mark.parametrize(
    ("change", "reason"),
    [({"is_active": False}, "inactive"), ({"role": Role.TEACHING_ASSISTANT}, "teaches")],
)
def test_nobody_is_sent_who_left_or_teaches_until_they_are_students_again(
    room: Classroom, change: dict[str, object], reason: str
) -> None:
    room.submit()
    mine = Enrolment.objects.filter(person=room.bob)
    mine.update(**change)

    room.drain()

    assert (room.row().state, room.row().reason_code) == (SendState.REFUSED, reason)
    assert room.gradebook.posts == []
    mine.update(is_active=True, role=Role.LEARNER)
    outbox.rows_settle(now=room.clock.now())
    room.drain()
    assert room.in_lms() == 55.0


# --- only if higher ---------------------------------------------------------------------------
def test_a_lower_score_stays_here_where_only_higher_ones_are_sent(room: Classroom) -> None:
    room.assignment.only_if_higher = True
    room.assignment.save()
    room.submit(challenge=1.0)
    room.drain()
    room.clock.pass_s(60)
    room.submit(challenge=0.0)
    room.drain()

    assert (room.in_lms(), room.row().state) == (70.0, SendState.LOWER)
    assert len(room.gradebook.posts) == 1

    room.clock.pass_s(60)
    room.submit(challenge=1.0, completion=1.0, log_text="")
    room.drain()
    assert room.row().state == SendState.IN_LMS


def test_an_instructor_may_push_a_lower_score_and_not_keep_it(room: Classroom) -> None:
    room.assignment.only_if_higher = True
    room.assignment.save()
    room.submit(challenge=1.0)
    room.drain()
    room.clock.pass_s(60)
    room.submit(challenge=0.0)
    room.drain()
    decide = {"actor": room.alice.id, "now": room.clock.now()}

    assert not outbox.row_decide(room.row().pk, keep=True, **decide)
    assert outbox.row_decide(room.row().pk, keep=False, reason="Ours is right", **decide)
    room.drain()

    assert (room.in_lms(), room.row().state) == (40.0, SendState.IN_LMS)


def test_where_the_lms_cannot_be_read_our_last_score_stands_for_it(room: Classroom) -> None:
    room.gradebook.can_be_read = False
    room.assignment.only_if_higher = True
    room.assignment.save()
    room.submit(challenge=1.0)
    room.drain()
    room.clock.pass_s(60)
    room.submit(challenge=0.0)
    room.drain()

    assert (room.in_lms(), room.row().state) == (70.0, SendState.LOWER)


def test_a_teachers_lower_grade_is_not_written_over_by_a_higher_one(room: Classroom) -> None:
    room.assignment.only_if_higher = True
    room.assignment.save()
    room.set_in_lms(10.0)
    room.submit(challenge=1.0)
    room.drain()

    assert (room.in_lms(), room.row().state) == (10.0, SendState.OVERRIDDEN)


# --- a column of our own ----------------------------------------------------------------------
def test_a_column_is_made_once_and_only_where_an_instructor_asked(room: Classroom) -> None:
    room.assignment.line_item_url = ""
    room.assignment.save()
    room.submit(room.bob)
    room.submit(room.bea)
    room.drain()
    assert {row.reason_code for row in GradeOutbox.objects.all()} == {"no_column"}

    room.assignment.makes_column = True
    room.assignment.save()
    outbox.rows_retry(GradeOutbox.objects.all(), actor=room.alice.id, now=room.clock.now())
    room.drain()

    room.assignment.refresh_from_db()
    assert room.assignment.line_item_url == f"https://lms.test/made/{room.assignment.pk}"
    assert room.gradebook.columns_made == 1
    assert room.in_lms(room.bob) == room.in_lms(room.bea) == 55.0
