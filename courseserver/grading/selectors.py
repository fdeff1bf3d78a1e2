"""Reading grades: one student's score, an assignment's board, what waits for a person."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from courseserver.common import clock
from courseserver.courses import selectors as course_selectors
from courseserver.courses.due import due_dates_of
from courseserver.courses.models import Assignment, Course, Enrolment, Person, Role, SendMode
from courseserver.grading import states
from courseserver.grading.criteria import Rubric, rubric_of
from courseserver.grading.faults import Words, words
from courseserver.grading.models import (
    GradeOutbox,
    LogMark,
    PlatformLane,
    Score,
    SendState,
    Submission,
)
from courseserver.grading.outbox import same_points
from courseserver.grading.progress import Progress, progress_of
from courseserver.grading.scoring import LOG_SECTION, Section, sections_of


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreView:
    """What a student sees of their score: what it is so far, what is held, what was sent."""

    points: float
    points_max: float
    late_percent: float
    is_full: bool
    is_overridden: bool
    sections: tuple[Section, ...]
    state: str
    state_words: str
    tone: str
    sent_points: float | None
    lms_points: float | None
    lms_read_at: datetime | None

    @property
    def score_words(self) -> str:
        """The score as it reads: "86 / 100", or "56 / 100 so far"."""
        text = f"{self.points:g} / {self.points_max:g}"
        if self.is_overridden:
            return f"{text} (set by your instructor)"
        if self.late_percent:
            text += f" (late: −{self.late_percent:g} %)"
        return text if self.is_full else f"{text} so far"


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmissionView(ScoreView):
    """What a student sees of a handed-in attempt."""

    submission_id: str
    attempt_id: str
    submitted_at: datetime
    # False where a later attempt counts instead of this one.
    counts: bool
    comment: str
    # criterion id -> level, once the Decision Log is marked
    log_levels: Mapping[str, str]
    # The rubric as it was when that mark was given, else as it is.
    rubric: Rubric


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownScore:
    """A score as its student may know it now: without the mark until grades are released."""

    points: float
    points_max: float
    late_percent: float
    is_full: bool
    is_overridden: bool
    sections: tuple[Section, ...]


def hides_marks(assignment: Assignment) -> bool:
    """Return whether marks given so far are for the staff's eyes only."""
    return assignment.send_mode == SendMode.ON_RELEASE and assignment.released_at is None


def known_to_student(score: Score, assignment: Assignment) -> KnownScore:
    """Return what a student may see of a score; before a release nothing of one given by hand."""
    sections = sections_of(score.components)
    if not hides_marks(assignment):
        return KnownScore(
            points=score.points,
            points_max=score.points_max,
            late_percent=score.late_percent,
            is_full=score.is_full,
            is_overridden=score.is_overridden,
            sections=sections,
        )
    shown = tuple(replace(s, points=None) if s.id == LOG_SECTION else s for s in sections)
    possible = sum(s.points_max for s in shown)
    earned = sum(s.points or 0.0 for s in shown) / possible if possible else 0.0
    return KnownScore(
        points=round((1 - score.late_percent / 100) * earned * score.points_max, 2),
        points_max=score.points_max,
        late_percent=score.late_percent,
        is_full=False,
        is_overridden=False,
        sections=shown,
    )


def submission_view(attempt_id: str) -> SubmissionView | None:
    """Return what became of an attempt; None if it was not handed in."""
    submissions = Submission.objects.select_related("assignment")
    submission = submissions.filter(attempt_id=attempt_id).first()
    if submission is None:
        return None
    of = {"assignment_id": submission.assignment_id, "person_id": submission.person_id}
    score = Score.objects.select_related("submission").get(**of)
    mark = None
    if score.submission is not None and not hides_marks(submission.assignment):
        mark = score.submission.log_marks.order_by("-number").first()
    return SubmissionView(
        **_shown_of(score, submission.assignment),
        submission_id=submission.id,
        attempt_id=attempt_id,
        submitted_at=submission.submitted_at,
        counts=score.submission_id == submission.id and not score.is_voided,
        comment=mark.comment if mark else "",
        log_levels=dict(mark.criteria.values_list("criterion", "level")) if mark else {},
        rubric=rubric_of(submission.assignment, mark.rubric if mark else None),
    )


def score_view(score: Score) -> ScoreView:
    """Return what a student sees of a score for which nothing is handed in."""
    return ScoreView(**_shown_of(score, score.assignment))


def _shown_of(score: Score, assignment: Assignment) -> dict[str, Any]:
    row = GradeOutbox.objects.filter(assignment=assignment, person=score.person_id).first()
    shown = states.shown_to_student(row, assignment.send_mode)
    known = known_to_student(score, assignment)
    return {
        "points": known.points,
        "points_max": known.points_max,
        "late_percent": known.late_percent,
        "is_full": known.is_full,
        "is_overridden": known.is_overridden,
        "sections": known.sections,
        "state": row.state if row else "",
        "state_words": shown.words,
        "tone": shown.tone,
        "sent_points": row.our_points[-1] if row and row.our_points else None,
        "lms_points": row.lms_score if row else None,
        "lms_read_at": row.read_at if row else None,
    }


def is_told(score: Score, assignment: Assignment) -> bool:
    """Return whether a student knows of a score: one given by hand waits for the release."""
    return score.submission_id is not None or not hides_marks(assignment)


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardRow:
    """One student of an assignment: ours, theirs, and the way between."""

    assignment_id: str
    person_id: str
    subject: str
    name: str
    email: str
    sections: tuple[str, ...]
    login: str
    lms_user_id: str
    sis_id: str
    submission: Submission | None
    score: Score | None
    outbox: GradeOutbox | None
    shown: states.Shown
    log_state: str
    # Started and not handed in.
    is_working: bool

    @property
    def points(self) -> float | None:
        return self.score.points if self.score else None

    @property
    def lms_points(self) -> float | None:
        return self.outbox.lms_score if self.outbox else None

    @property
    def is_equal(self) -> bool:
        is_there = self.outbox is not None and self.outbox.state == SendState.IN_LMS
        return is_there and same_points(self.points, self.lms_points)

    @property
    def late_percent(self) -> float:
        return self.score.late_percent if self.score else 0.0

    @property
    def would_change(self) -> bool:
        return self.outbox is not None and states.would_change(self.outbox)

    @property
    def next_try_at(self) -> datetime | None:
        waits = (SendState.QUEUED, SendState.RETRYING)
        return self.outbox.next_try_at if self.outbox and self.outbox.state in waits else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    why: Words
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """All students of an assignment, with what is worth counting."""

    assignment: Assignment
    rows: tuple[BoardRow, ...]
    lane: PlatformLane | None
    is_paused: bool

    @property
    def pause(self) -> "Pause | None":
        """Why nothing leaves for the platform now, if so."""
        if not self.is_paused or self.lane is None or self.lane.paused_until is None:
            return None
        return Pause(why=words(self.lane.reason_code), until=self.lane.paused_until)

    @property
    def handed_in(self) -> int:
        return sum(row.submission is not None for row in self.rows)

    @property
    def graded(self) -> int:
        """Students with a score, handed in or given by hand."""
        return sum(row.score is not None for row in self.rows)

    @property
    def equal(self) -> int:
        return sum(row.is_equal for row in self.rows)

    @property
    def needs_you(self) -> int:
        return sum(row.shown.needs_you for row in self.rows)

    @property
    def to_mark(self) -> int:
        return sum(row.log_state == "to mark" for row in self.rows)

    @property
    def sendable(self) -> int:
        """Held grades that one press sends."""
        return sum("send" in row.shown.actions for row in self.rows)

    @property
    def held(self) -> int:
        """Handed-in grades that wait for somebody."""
        return sum(row.outbox is not None and row.outbox.is_held for row in self.rows if row.score)

    @property
    def without_column(self) -> int:
        """Grades that no column of the LMS takes."""
        codes = ("no_column", "column_gone")
        return sum(
            row.outbox is not None
            and row.outbox.state == SendState.REFUSED
            and row.outbox.reason_code in codes
            for row in self.rows
        )

    @property
    def refused(self) -> int:
        return sum(row.shown.tone == "fail" for row in self.rows)

    @property
    def retryable(self) -> int:
        return sum("retry" in row.shown.actions for row in self.rows)

    @property
    def overridden(self) -> int:
        return sum("keep" in row.shown.actions for row in self.rows)

    @property
    def is_moving(self) -> bool:
        """Whether a grade is on its way, so that the board is worth following."""
        return any(
            row.outbox is not None
            and (
                row.outbox.state in (SendState.QUEUED, SendState.SENDING)
                or (row.outbox.state == SendState.SENT and row.outbox.next_read_at is not None)
            )
            for row in self.rows
        )

    @property
    def last_read_at(self) -> datetime | None:
        looks = [row.outbox.read_at for row in self.rows if row.outbox and row.outbox.read_at]
        return max(looks, default=None)


def board(assignment: Assignment, seen: frozenset[str] | None = None) -> Board:
    """Return every student of the assignment's course, and staff who handed something in.

    `seen`: only students of these sections (`access.sections_seen`).
    """
    return _board(assignment, seen, course_selectors.members(assignment.course))


def _board(
    assignment: Assignment,
    seen: frozenset[str] | None,
    members: Sequence[course_selectors.Member],
) -> Board:
    now = clock.now()
    lane = PlatformLane.objects.filter(platform_id=assignment.course.platform_id).first()
    known = _Known.of(assignment)
    rows = [
        _board_row(assignment, member, known, lane, now)
        for member in members
        if (member.person_id in known.scores or (member.role == Role.LEARNER and member.is_active))
        and (seen is None or not seen.isdisjoint(member.sections))
    ]
    is_paused = bool(lane and lane.paused_until and lane.paused_until > now)
    return Board(assignment=assignment, rows=tuple(rows), lane=lane, is_paused=is_paused)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What the database holds about an assignment's people, by person."""

    scores: Mapping[str, Score]
    outbox: Mapping[str, GradeOutbox]
    progress: Mapping[str, Progress]
    # Submissions whose log has a mark.
    marked: frozenset[str]

    @classmethod
    def of(cls, assignment: Assignment) -> "_Known":
        scores = Score.objects.filter(assignment=assignment, is_voided=False)
        scores = scores.select_related("submission")
        outbox = GradeOutbox.objects.filter(assignment=assignment)
        marks = LogMark.objects.filter(submission__assignment=assignment)
        return cls(
            scores={score.person_id: score for score in scores},
            outbox={row.person_id: row for row in outbox},
            progress=progress_of(assignment),
            marked=frozenset(marks.values_list("submission_id", flat=True)),
        )


def _board_row(
    assignment: Assignment,
    member: course_selectors.Member,
    known: _Known,
    lane: PlatformLane | None,
    now: datetime,
) -> BoardRow:
    score = known.scores.get(member.person_id)
    row = known.outbox.get(member.person_id)
    progress = known.progress.get(member.person_id)
    if score:
        shown = states.shown(row, mode=assignment.send_mode, lane=lane, now=now)
    elif row is not None and states.is_clearing(row):
        shown = states.shown_clearing(row, lane=lane, now=now)
    else:
        shown = states.not_handed_in(progress)
    return BoardRow(
        assignment_id=assignment.pk,
        person_id=member.person_id,
        subject=member.subject,
        name=member.name,
        email=member.email,
        sections=member.sections,
        login=member.login,
        lms_user_id=member.lms_user_id,
        sis_id=member.sis_id,
        submission=score.submission if score else None,
        score=score,
        outbox=row,
        shown=shown,
        log_state=_log_state(score, known.marked),
        is_working=score is None and progress is not None,
    )


def _log_state(score: Score | None, marked: frozenset[str]) -> str:
    if score is None or score.submission is None:
        return ""
    if score.submission_id in marked:
        return "marked"
    return "to mark" if score.submission.log_text.strip() else "empty"


@dataclass(frozen=True, slots=True, kw_only=True)
class StudentAssignment:
    """One line of a student's course page."""

    assignment: Assignment
    # The student's own, extensions included.
    due_at: datetime | None
    score: KnownScore | None
    shown: states.Shown


def student_assignments(course: Course, person: Person) -> list[StudentAssignment]:
    """Return a student's assignments with their scores."""
    placed = {assignment.pk: assignment for assignment in course_selectors.assignments(course)}
    scores = {
        score.assignment_id: score
        for score in Score.objects.filter(person=person, is_voided=False, assignment__in=placed)
        if is_told(score, placed[score.assignment_id])
    }
    outbox = {row.assignment_id: row for row in GradeOutbox.objects.filter(person=person)}
    dates = due_dates_of(course.pk, list(placed.values()), [person.pk])
    return [
        StudentAssignment(
            assignment=assignment,
            due_at=dates[assignment.id].of(person.id),
            score=known_to_student(scores[assignment.id], assignment)
            if assignment.id in scores
            else None,
            shown=states.shown_to_student(outbox.get(assignment.id), assignment.send_mode)
            if assignment.id in scores
            else states.not_handed_in(progress_of(assignment).get(person.id)),
        )
        for assignment in placed.values()
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """One kind of thing that waits for the staff, with where to do it."""

    title: str
    count: int
    places: tuple[Board, ...]
    kind: str


_NEEDS = (
    ("Logs to mark", "to_mark"),
    ("Held grades to send", "sendable"),
    ("Grades not sent", "refused"),
    ("Overridden in the LMS", "overridden"),
)


def needs(boards: list[Board]) -> list[Need]:
    """Return what waits for the staff over all assignments, nothing included."""
    return [
        Need(
            title=title,
            count=sum(getattr(board, kind) for board in boards),
            places=tuple(board for board in boards if getattr(board, kind)),
            kind=kind,
        )
        for title, kind in _NEEDS
    ]


def boards(course: Course, seen: frozenset[str] | None = None) -> list[Board]:
    """Return the board of each lab of the course, whose people are read once."""
    members = course_selectors.members(course)
    labs = course_selectors.assignments(course).select_related("course")
    return [_board(assignment, seen, members) for assignment in labs]


def logs_to_mark(assignment: Assignment, seen: frozenset[str] | None = None) -> list[Submission]:
    """Return submissions whose log waits for a mark, the longest waiting first.

    `seen`: only of students of these sections (`access.sections_seen`).
    """
    scores = Score.objects.filter(
        assignment=assignment, submission__log_marks__isnull=True, is_voided=False
    ).exclude(submission__log_text="")
    newest = scores.values_list("submission_id", flat=True)
    return seen_of(Submission.objects.filter(pk__in=newest), assignment, seen)


def seen_of(
    submissions: QuerySet[Submission], assignment: Assignment, seen: frozenset[str] | None
) -> list[Submission]:
    """Return those of students of these sections (`access.sections_seen`), oldest first."""
    waiting = list(submissions.order_by("submitted_at", "pk"))
    if seen is None:
        return waiting
    enrolments = Enrolment.objects.filter(course=assignment.course_id)
    sections = dict(enrolments.values_list("person_id", "sections"))
    return [s for s in waiting if not seen.isdisjoint(sections.get(s.person_id, ()))]
