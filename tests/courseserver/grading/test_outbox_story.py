"""The outbox under duplicates, faults, deaths and reordering: whatever happens, it comes right."""

from collections import Counter
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from courseserver.common import clock
from courseserver.courses.models import Person, SendMode
from courseserver.grading import outbox, services
from courseserver.grading.faults import GradebookFault, Reach
from courseserver.grading.models import GradeOutbox, PlatformLane, Score, SendState
from courseserver.grading.outbox import Parcel, same_points
from tests.courseserver.grading.classroom import Classroom, Clock
from tests.doubles.gradebook import Killed

FAULTS = {
    "busy": lambda: GradebookFault("busy", Reach.PASSES, status=503),
    "slow down": lambda: GradebookFault("busy", Reach.PASSES, status=429, retry_after_s=30),
    "stale": lambda: GradebookFault("stale", Reach.STALE, status=409),
    "no student": lambda: GradebookFault("not_a_student", Reach.STAYS, status=422),
    "no trust": lambda: GradebookFault("registration", Reach.WHOLE_PLATFORM, status=401),
}
TEACHERS_GRADE = 91.37
people = st.sampled_from(["bob", "bea"])
shares = st.sampled_from([0.0, 0.25, 0.5, 1.0])
waits = st.sampled_from([2.0, 0.2, 31.0, 4000.0])
# Most often the mode in which grades travel most.
modes = st.sampled_from([SendMode.LIVE, SendMode.LIVE, SendMode.WHEN_MARKED, SendMode.MANUAL])
levels = st.sampled_from(["full", "part", "none"])


class OutboxStory(RuleBasedStateMachine):
    """Students, markers, a teacher in the LMS, a failing platform and dying senders, at random."""

    def __init__(self) -> None:
        super().__init__()
        self.saved = transaction.atomic()
        self.saved.__enter__()
        self.clock = Clock()
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(clock, "now", self.clock.now)
        self.patch.setattr(services, "drain_soon", lambda _: None)
        self.room = Classroom(self.clock)
        self.room.gradebook.before_post = None
        self.posted: Counter[tuple[str, int]] = Counter()
        self.pushes: set[str] = set()

    def teardown(self) -> None:
        try:
            self._comes_right()
        finally:
            self.patch.undo()
            transaction.set_rollback(True)
            self.saved.__exit__(None, None, None)

    def person(self, name: str) -> Person:
        found: Person = getattr(self.room, name)
        return found

    @initialize(mode=modes, can_be_read=st.booleans())
    def open(self, mode: SendMode, can_be_read: bool) -> None:
        self.room.mode(mode)
        self.room.gradebook.can_be_read = can_be_read
        for person in (self.room.bob, self.room.bea):
            self.room.submit(person, completion=0.5)

    # --- what people do -----------------------------------------------------------------------
    @rule(name=people, share=shares)
    def hand_in(self, name: str, share: float) -> None:
        self.room.submit(self.person(name), completion=share, challenge=share)

    @rule(name=people, level=levels)
    def mark(self, name: str, level: str) -> None:
        self.room.mark(Score.objects.get(person=self.person(name)).submission, level)

    @rule(name=people, share=shares, is_old=st.booleans())
    def an_attempt_arrives_again_or_late(self, name: str, share: float, is_old: bool) -> None:
        score = Score.objects.select_related("submission").get(person=self.person(name))
        submission = score.submission
        attempt = f"att_old_{next(self.room.numbers)}" if is_old else submission.attempt_id
        long_ago = submission.submitted_at - timedelta(days=2)

        self.room.submit(
            self.person(name), attempt_id=attempt, completion=share, submitted_at=long_ago
        )

        assert Score.objects.get(person=self.person(name)).points == score.points

    @rule(name=people)
    def a_teacher_grades_in_the_lms(self, name: str) -> None:
        self.room.set_in_lms(TEACHERS_GRADE, self.person(name))

    @rule(press=st.sampled_from([outbox.rows_release, outbox.rows_retry]))
    def somebody_presses(self, press: Any) -> None:
        press(GradeOutbox.objects.all(), actor=self.room.alice.id, now=self.clock.now())

    @rule(name=people, keep=st.booleans())
    def decide(self, name: str, keep: bool) -> None:
        row = GradeOutbox.objects.get(person=self.person(name))
        actor = self.room.alice.id
        if (
            outbox.row_decide(
                row.pk, keep=keep, reason="Looked into", actor=actor, now=self.clock.now()
            )
            and not keep
        ):
            self.pushes.add(row.person_id)

    # --- what machines do ---------------------------------------------------------------------
    @rule(wait_s=waits)
    def the_sender_runs(self, wait_s: float) -> None:
        self.clock.pass_s(wait_s)
        self.drain()

    @rule(wait_s=waits, fault=st.sampled_from(sorted(FAULTS)))
    def the_platform_refuses(self, wait_s: float, fault: str) -> None:
        self.clock.pass_s(wait_s)
        self.room.gradebook.faults.append(FAULTS[fault]())
        self.drain()
        self.room.gradebook.faults.clear()

    @rule(wait_s=waits, before=st.booleans())
    def the_sender_dies(self, wait_s: float, before: bool) -> None:
        self.clock.pass_s(wait_s)
        self.room.gradebook.dies_after_post = not before
        self.drain(die_before_post=before)
        self.room.gradebook.dies_after_post = False

    @rule(wait_s=waits)
    def a_reply_gets_lost(self, wait_s: float) -> None:
        self.clock.pass_s(wait_s)
        self.room.gradebook.loses_reply = True
        self.drain()
        self.room.gradebook.loses_reply = False

    @rule(wait_s=waits, name=people, level=levels)
    def somebody_marks_while_it_is_sent(self, wait_s: float, name: str, level: str) -> None:
        self.clock.pass_s(wait_s)
        self.drain(meanwhile=lambda: self.mark(name, level))

    @rule()
    def the_clock_is_set_back(self) -> None:
        self.clock.pass_s(-3)

    def drain(self, *, die_before_post: bool = False, meanwhile: Any = None) -> None:
        gradebook = self.room.gradebook

        def before_post() -> None:
            gradebook.before_post = check
            if die_before_post:
                raise Killed
            if meanwhile:
                meanwhile()

        def check() -> None:
            sending = GradeOutbox.objects.filter(state=SendState.SENDING)
            assert sending.count() >= 1

        gradebook.before_post = before_post
        known = len(gradebook.posts)
        foreign = {
            person.id
            for person in (self.room.bob, self.room.bea)
            if same_points(self.room.in_lms(person), TEACHERS_GRADE)
        }
        held = set(GradeOutbox.objects.filter(is_held=True).values_list("person_id", flat=True))
        try:
            self.room.drain()
        except Killed:
            pass
        finally:
            gradebook.before_post = None
        # A mark given while another grade is on its way releases this one in the same drain.
        held &= set(GradeOutbox.objects.filter(is_held=True).values_list("person_id", flat=True))
        for parcel in gradebook.posts[known:]:
            self.judge(parcel, foreign, held)

    def judge(self, parcel: Parcel, foreign: set[str], held: set[str]) -> None:
        person = self._person_of(parcel.subject)
        assert person.id not in held, "a held grade left"
        if self.room.gradebook.can_be_read and person.id in foreign:
            assert person.id in self.pushes, "a teacher's grade was written over"
        self.posted[person.id, parcel.version] += 1
        if self.room.gradebook.can_be_read and person.id not in self.pushes:
            assert self.posted[person.id, parcel.version] == 1, "a grade was sent twice"

    def _person_of(self, subject: str) -> Person:
        both = (self.room.bob, self.room.bea)
        return next(person for person in both if self.room.subject(person) == subject)

    # --- what is always true ------------------------------------------------------------------
    @invariant()
    def the_outbox_wants_what_the_score_is(self) -> None:
        for score in Score.objects.all():
            row = GradeOutbox.objects.get(person=score.person)
            assert (row.desired_points, row.desired_version) == (score.points, score.version)
            assert row.last_sent_version <= row.tried_version <= row.desired_version

    @invariant()
    def what_counts_as_sent_is_the_newest(self) -> None:
        for row in GradeOutbox.objects.filter(state__in=(SendState.SENT, SendState.IN_LMS)):
            assert row.last_sent_version == row.desired_version

    @invariant()
    def stamps_and_versions_only_grow(self) -> None:
        for person in (self.room.bob, self.room.bea):
            subject = self.room.subject(person)
            posts = [p for p in self.room.gradebook.posts if p.subject == subject]
            for earlier, later in pairwise(posts):
                assert later.stamp - earlier.stamp >= timedelta(seconds=1)
                assert later.version >= earlier.version, "an older score came later"

    @invariant()
    def stamps_never_run_away_into_the_future(self) -> None:
        for post in self.room.gradebook.posts:
            assert post.stamp <= self.clock.now() + timedelta(seconds=90)

    def _comes_right(self) -> None:
        """With people and platform willing, every grade arrives, whatever happened before."""
        actor = self.room.alice.id
        for _ in range(40):
            PlatformLane.objects.update(paused_until=None)
            rows = GradeOutbox.objects.all()
            outbox.rows_release(rows, actor=actor, now=self.clock.now())
            outbox.rows_retry(rows, actor=actor, now=self.clock.now())
            for row in rows.filter(state__in=(SendState.OVERRIDDEN, SendState.KEPT)):
                outbox.row_decide(
                    row.pk, keep=False, reason="Ours is right", actor=actor, now=self.clock.now()
                )
                self.pushes.add(row.person_id)
            self.drain()
            self.clock.pass_s(700)
            # What a teacher wrote over afterwards is found by looking again.
            outbox.rows_look(GradeOutbox.objects.all(), now=self.clock.now())
            if self._is_settled():
                break
        for row in GradeOutbox.objects.all():
            assert row.last_sent_version == row.desired_version, "a grade was lost"
            if self.room.gradebook.can_be_read:
                assert same_points(self.room.in_lms(row.person), row.desired_points)
                assert row.state == SendState.IN_LMS

    def _is_settled(self) -> bool:
        self.drain()
        done = SendState.IN_LMS if self.room.gradebook.can_be_read else SendState.SENT
        return not GradeOutbox.objects.exclude(state=done).exists()


@pytest.mark.django_db
def test_every_grade_arrives_once_and_newest_whatever_happens() -> None:
    run_state_machine_as_test(
        OutboxStory,
        settings=settings(
            max_examples=30,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],
        ),
    )


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_the_order_of_arrivals_and_marks_does_not_change_the_score(
    room: Classroom, data: st.DataObject
) -> None:
    """Attempts arrive and get marked in any order: the newest attempt's last mark counts."""
    student = room.person("Sam Any", "learner")
    worth = {"full": 30.0, "part": 18.0, "none": 6.0}
    completions = data.draw(st.lists(shares, min_size=1, max_size=4))
    marks = [data.draw(st.one_of(st.none(), levels)) for _ in completions]
    start = room.clock.now()

    arrived = {}
    for number in data.draw(st.permutations(range(len(completions)))):
        arrived[number] = room.submit(
            student,
            completion=completions[number],
            challenge=1.0,
            submitted_at=start + timedelta(minutes=number),
        )
    for number in data.draw(st.permutations(range(len(completions)))):
        if marks[number] is not None:
            room.mark(arrived[number], str(marks[number]))

    last = marks[-1]
    expected = completions[-1] * 40 + 30 + (worth[last] if last else 0)
    score = Score.objects.get(person=student)
    assert score.points == pytest.approx(expected)
    assert score.is_full is (last is not None)
    assert room.row(student).desired_points == score.points
