"""Requests for another look at a mark: a thread between a student and the staff."""

from dataclasses import dataclass

from django.db import transaction
from django.db.models import QuerySet

from courseserver.audit.services import record
from courseserver.common import clock
from courseserver.common.errors import Conflict, Unprocessable
from courseserver.courses.models import Course, Person
from courseserver.grading.models import (
    RegradeMessage,
    RegradeRequest,
    RequestState,
    Score,
    Submission,
)
from courseserver.grading.selectors import hides_marks

TEXT_MAX, MESSAGES_MAX = 2000, 50


@transaction.atomic
def request_ask(*, submission: Submission, person: Person, text: str) -> RegradeRequest:
    """Ask for another look at one's own mark.

    Raises
    ------
    Conflict
        If the mark is not known yet, does not count any more, or a request is open.
    Unprocessable
        If the text is empty or too long.
    """
    said = _text(text)
    score = Score.objects.select_for_update().filter(
        assignment=submission.assignment_id, person=person, is_voided=False
    )
    counts = score.filter(submission=submission, is_full=True).exists()
    if not counts or hides_marks(submission.assignment):
        raise Conflict(
            "There is no mark to ask about yet.", remedy="Wait until your mark is shown."
        )
    if submission.regrade_requests.filter(state=RequestState.OPEN).exists():
        raise Conflict("Your request is open already.", remedy="Write to the open one.")
    now = clock.now()
    made = RegradeRequest.objects.create(submission=submission, asked_at=now)
    RegradeMessage.objects.create(request=made, author=person, text=said, at=now)
    _recorded(made, person, "regrade.asked")
    return made


@transaction.atomic
def request_answer(*, request: RegradeRequest, person: Person, text: str) -> RegradeMessage:
    """Add a message to an open request.

    Raises
    ------
    Conflict
        If it is closed, or holds as many messages as fit.
    Unprocessable
        If the text is empty or too long.
    """
    said = _text(text)
    request = _open(request)
    if request.messages.count() >= MESSAGES_MAX:
        raise Conflict(
            f"This thread holds {MESSAGES_MAX} messages.", remedy="Close it, or talk in person."
        )
    made = RegradeMessage.objects.create(request=request, author=person, text=said, at=clock.now())
    _recorded(request, person, "regrade.answered")
    return made


@transaction.atomic
def request_close(
    *, request: RegradeRequest, person: Person, is_regraded: bool, text: str = ""
) -> None:
    """Close a request, with a last word if there is one.

    Raises
    ------
    Conflict
        If it is closed already.
    Unprocessable
        If the mark stays and no reason is given.
    """
    if not is_regraded or text.strip():
        request_answer(request=request, person=person, text=text)
    request = _open(request)
    request.state = RequestState.REGRADED if is_regraded else RequestState.DECLINED
    request.closed_at, request.closed_by = clock.now(), person
    request.save(update_fields=["state", "closed_at", "closed_by"])
    _recorded(request, person, "regrade.closed", outcome=str(RequestState(request.state).label))


def requests_in(course: Course) -> QuerySet[RegradeRequest]:
    """Return a course's requests: open ones first, the longest waiting at the top."""
    found = RegradeRequest.objects.filter(submission__assignment__course=course)
    return found.select_related("submission__assignment").order_by("closed_at", "asked_at")


def open_count(course: Course, seen: frozenset[str] | None = None) -> int:
    """Return how many requests are open; `seen`: only of students of these sections."""
    people = list(
        requests_in(course)
        .filter(state=RequestState.OPEN)
        .values_list("submission__person_id", flat=True)
    )
    if seen is None:
        return len(people)
    sections = dict(course.enrolments.values_list("person_id", "sections"))
    return sum(not seen.isdisjoint(sections.get(person, ())) for person in people)


@dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """A request with its messages, oldest first; `mine` marks the reader's own."""

    request: RegradeRequest
    messages: tuple[tuple[RegradeMessage, str], ...]

    @property
    def is_open(self) -> bool:
        return self.request.state == RequestState.OPEN

    @property
    def state(self) -> str:
        return str(RequestState(self.request.state).label)


def threads(submission: Submission, names: dict[str, str]) -> tuple[Thread, ...]:
    """Return a submission's requests, the newest first; `names` says how each author is called."""
    found = submission.regrade_requests.prefetch_related("messages").order_by("-asked_at", "-pk")
    return tuple(
        Thread(
            request=request,
            messages=tuple(
                (message, names.get(message.author_id, "Teaching staff"))
                for message in request.messages.all()
            ),
        )
        for request in found
    )


def _open(request: RegradeRequest) -> RegradeRequest:
    found = RegradeRequest.objects.select_for_update().get(pk=request.pk)
    if found.state != RequestState.OPEN:
        raise Conflict("This request is closed.", remedy="The student may ask anew.")
    return found


def _text(text: str) -> str:
    said = text.replace("\r\n", "\n").replace("\0", "").strip()
    if not said:
        raise Unprocessable("Nothing is written.", remedy="Say which point, and why.")
    if len(said) > TEXT_MAX:
        raise Unprocessable(
            f"The text has {len(said)} characters, {TEXT_MAX} fit.", remedy="Shorten it."
        )
    return said


def _recorded(request: RegradeRequest, actor: Person, action: str, **detail: object) -> None:
    submission = request.submission
    record(
        actor=actor.id,
        action=action,
        subject=submission.person_id,
        course_id=submission.assignment.course_id,
        assignment=submission.assignment_id,
        request=request.pk,
        **detail,
    )
