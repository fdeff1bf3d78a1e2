"""The LMS's roster: shown as a diff, taken over on a press, refused where half is missing."""

from collections.abc import Sequence
from typing import Any

import pytest

from courseserver.audit.models import AuditEntry
from courseserver.common.errors import Conflict, Unprocessable
from courseserver.courses import roster
from courseserver.courses.models import (
    Enrolment,
    Identity,
    Person,
    Role,
    RosterReading,
    RosterState,
)
from courseserver.lti.faults import FaultKind, PlatformFault
from courseserver.lti.nrps import Member, section_names
from tests.courseserver.grading.classroom import Classroom, Clock


@pytest.fixture
def room(db: None, monkeypatch: pytest.MonkeyPatch) -> Classroom:
    stopped = Clock()
    monkeypatch.setattr("courseserver.common.clock.now", stopped.now)
    room = Classroom(stopped)
    Enrolment.objects.update(last_launch_at=stopped.now())
    return room


def member(subject: str, role: Any = "learner", **fields: Any) -> Member:
    values: dict[str, Any] = {
        "subject": subject,
        "role": role,
        "is_test_student": False,
        "is_active": True,
        "name": "",
        "email": "",
    }
    return Member(**(values | fields))


def everybody(room: Classroom) -> list[Member]:
    return [
        member(room.subject(room.alice), "instructor"),
        member(room.subject(room.tom), "ta"),
        member(room.subject(room.bob)),
        member(room.subject(room.bea)),
    ]


def read(room: Classroom, members: Sequence[Member], monkeypatch: pytest.MonkeyPatch) -> str:
    """Read this roster; return what the page would show as its fingerprint."""
    monkeypatch.setattr(roster, "roster_members", lambda _: list(members))
    roster.roster_ask(course=room.course, actor=room.alice)
    roster.roster_fetch(room.course.pk)
    return roster.diff_with(room.course, members).fingerprint


def apply(room: Classroom, seen: str, *, with_left: bool = False) -> roster.Diff:
    return roster.roster_apply(course=room.course, actor=room.alice, seen=seen, with_left=with_left)


def enrolment(room: Classroom, person: Person) -> Enrolment:
    return Enrolment.objects.get(course=room.course, person=person)


def test_an_equal_roster_changes_nothing(room: Classroom) -> None:
    diff = roster.diff_with(room.course, everybody(room))

    assert (diff.is_empty, diff.same, diff.obstacle) == (True, 4, "")


def test_new_people_are_added_with_what_the_lms_tells(
    room: Classroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    zoe = member(
        "zoe", name="Zoe Z", email="z@x.test", login="zz", sis_id="S1", sections=("Monday",)
    )

    apply(room, read(room, [*everybody(room), zoe], monkeypatch))

    identity = Identity.objects.get(subject="zoe")
    assert (identity.name, identity.login, identity.sis_id) == ("Zoe Z", "zz", "S1")
    assert enrolment(room, identity.person).sections == ["Monday"]
    assert not RosterReading.objects.exists(), "names are not kept longer than needed"
    entry = AuditEntry.objects.get(action="roster.added")
    assert (entry.actor, entry.subject) == (room.alice.id, identity.person_id)
    assert "Zoe" not in str(AuditEntry.objects.values())


def test_nothing_changes_before_somebody_says_so(
    room: Classroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    read(room, [*everybody(room), member("zoe")], monkeypatch)
    assert not Identity.objects.filter(subject="zoe").exists()

    roster.roster_drop(course=room.course, actor=room.alice)
    assert not RosterReading.objects.exists()


@pytest.mark.parametrize("how", ["missing", "Inactive"])
def test_who_is_gone_leaves_the_boards_and_keeps_everything(
    room: Classroom, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    bobs = [member(room.subject(room.bob), is_active=False)] if how == "Inactive" else []
    members = [m for m in everybody(room) if m.subject != room.subject(room.bob)] + bobs

    diff = apply(room, read(room, members, monkeypatch))

    assert [change.name for change in diff.left] == ["Bob Costa"]
    assert enrolment(room, room.bob).is_active is False
    assert Identity.objects.filter(person=room.bob).exists()

    apply(room, read(room, everybody(room), monkeypatch))
    assert enrolment(room, room.bob).is_active is True


def test_a_ta_whom_the_roster_calls_student_stays_staff(
    room: Classroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    members = [
        m if m.subject != room.subject(room.tom) else member(m.subject, "learner", name="Tom T")
        for m in everybody(room)
    ]

    diff = apply(room, read(room, [*members, member("zoe")], monkeypatch))

    assert [change.person_id for change in diff.kept_staff] == [room.tom.id]
    assert enrolment(room, room.tom).role == Role.TEACHING_ASSISTANT


def test_staff_missing_in_the_roster_are_not_dropped(room: Classroom) -> None:
    members = [m for m in everybody(room) if m.role == "learner"]

    assert roster.diff_with(room.course, members).left == ()


def test_the_test_student_neither_comes_nor_goes(room: Classroom) -> None:
    Enrolment.objects.filter(person=room.bob).update(is_test_student=True)
    members = [m for m in everybody(room) if m.subject != room.subject(room.bob)]
    members.append(member("fake", is_test_student=True))

    assert roster.diff_with(room.course, members).is_empty


@pytest.mark.parametrize("members", [[], ["staff only"]])
def test_an_empty_roster_is_refused(
    room: Classroom, monkeypatch: pytest.MonkeyPatch, members: list[str]
) -> None:
    sent = [m for m in everybody(room) if m.role != "learner"] if members else []

    with pytest.raises(Unprocessable):
        apply(room, read(room, sent, monkeypatch), with_left=True)
    assert enrolment(room, room.bob).is_active


def test_half_a_roster_adds_and_drops_nobody_unless_confirmed(
    room: Classroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = [room.person(f"S{n} X", Role.LEARNER) for n in range(10)]
    half = [*everybody(room), *(member(room.subject(p)) for p in people[:5]), member("zoe")]

    seen = read(room, half, monkeypatch)
    assert roster.diff_with(room.course, half).looks_halved
    apply(room, seen)
    assert Identity.objects.filter(subject="zoe").exists()
    assert Enrolment.objects.filter(is_active=False).count() == 0

    apply(room, read(room, half, monkeypatch), with_left=True)
    assert Enrolment.objects.filter(is_active=False).count() == 5


def test_another_diff_than_the_one_shown_is_not_taken_over(
    room: Classroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = read(room, [*everybody(room), member("zoe")], monkeypatch)
    room.person("Zed X", Role.LEARNER)

    with pytest.raises(Conflict):
        apply(room, seen)
    with pytest.raises(Conflict):
        apply(room, "")


def test_a_roster_that_cannot_be_read_says_why_and_changes_nothing(
    room: Classroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Any) -> list[Member]:
        raise PlatformFault(FaultKind.RETRY, "the LMS answered 503 to a roster page", status=503)

    monkeypatch.setattr(roster, "roster_members", refuse)
    roster.roster_ask(course=room.course, actor=room.alice)
    roster.roster_fetch(room.course.pk)

    reading = RosterReading.objects.get()
    assert (reading.state, reading.content_encrypted) == (RosterState.FAILED, "")
    assert "503" in reading.fault
    with pytest.raises(Conflict):
        apply(room, "")


def test_a_lost_reading_is_asked_for_again_then_given_up_and_forgotten(room: Classroom) -> None:
    roster.roster_ask(course=room.course, actor=room.alice)
    assert roster.readings_tidy() == []
    room.clock.pass_s(61)
    assert roster.readings_tidy() == [room.course.pk]
    room.clock.pass_s(600)
    assert roster.readings_tidy() == []
    assert RosterReading.objects.get().state == RosterState.FAILED
    room.clock.pass_s(3600)
    roster.readings_tidy()
    assert not RosterReading.objects.exists()


def test_names_in_a_reading_are_encrypted(room: Classroom, monkeypatch: pytest.MonkeyPatch) -> None:
    read(room, [member("zoe", name="Zoe Zucker")], monkeypatch)

    assert "Zucker" not in RosterReading.objects.get().content_encrypted


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ('["A, evening", "B"]', ("A, evening", "B")),
        ("A,B,A", ("A", "B")),
        ("", ()),
        ("[broken", ("broken",)),
    ],
)
def test_sections_come_as_json_or_words(text: str, names: tuple[str, ...]) -> None:
    assert section_names(text) == names
