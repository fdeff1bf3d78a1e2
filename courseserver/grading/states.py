"""Where a grade is, in plain words, with the tone of its chip and what may be done about it."""

from dataclasses import dataclass, replace
from datetime import datetime

from courseserver.courses.models import SendMode
from courseserver.grading.faults import GAVE_UP, words
from courseserver.grading.models import GradeOutbox, PlatformLane, SendState
from courseserver.grading.outbox import same_points
from courseserver.grading.progress import Progress
from courseserver.grading.sender import TRIES_MAX


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """`tone` is a chip's class; `needs_you` marks what waits for a person."""

    words: str
    tone: str
    remedy: str = ""
    needs_you: bool = False
    actions: tuple[str, ...] = ()


TEACHES = Shown(words="Not sent: teaches in this course", tone="wait")


def not_handed_in(progress: Progress | None) -> Shown:
    """Return how far somebody is who has not handed in."""
    return Shown(words=progress.words if progress else "Not started", tone="wait")


def shown(row: GradeOutbox | None, *, mode: str, lane: PlatformLane | None, now: datetime) -> Shown:
    """Return what a member of staff reads about a handed-in assignment's grade."""
    if row is None:
        return TEACHES
    match row.state:
        case SendState.HELD:
            return _held(row, mode)
        case SendState.QUEUED | SendState.SENDING | SendState.RETRYING if _paused(lane, now):
            return _waiting_for(lane)
        case SendState.QUEUED:
            return Shown(words=_queued(row, now), tone="wait")
        case SendState.SENDING:
            return Shown(words="Sending now", tone="wait")
        case SendState.RETRYING:
            what = words(row.reason_code)
            text = f"Retrying: {what.what}, {row.attempts} of {TRIES_MAX}"
            return Shown(words=text, tone="warn", remedy=what.remedy, actions=("retry",))
        case SendState.SENT:
            return _sent(row)
        case SendState.IN_LMS:
            text = "In the LMS" if row.desired_is_full else "Part score in the LMS"
            return Shown(words=text, tone="good")
        case SendState.OVERRIDDEN:
            return _overridden(row)
        case SendState.VOIDED:
            return Shown(words="Attempt voided", tone="wait")
        case SendState.LOWER:
            text = "Not sent: the LMS shows a higher grade"
            return Shown(words=text, tone="wait", actions=("push",))
        case SendState.KEPT:
            return Shown(words="Theirs kept", tone="wait", actions=("push",))
        case _:
            return _refused(row)


def shown_clearing(row: GradeOutbox, *, lane: PlatformLane | None, now: datetime) -> Shown:
    """Return what staff read while points given by hand, taken back since, leave the LMS."""
    found = shown(row, mode="", lane=lane, now=now)
    return replace(found, words=f"Taken back: {found.words[0].lower()}{found.words[1:]}")


def is_clearing(row: GradeOutbox) -> bool:
    """Return whether a grade taken back is still on its way out of the LMS, or stuck there."""
    settled = (SendState.IN_LMS, SendState.SENT, SendState.KEPT, SendState.VOIDED)
    return row.desired_points is None and row.state not in settled


def _held(row: GradeOutbox, mode: str) -> Shown:
    if mode == SendMode.WHEN_MARKED and not row.desired_is_full:
        text = "Held until the log is marked"
        return Shown(words=text, tone="warn", needs_you=True, actions=("mark",))
    if mode == SendMode.ON_RELEASE:
        return Shown(words="Held until you release the grades", tone="wait")
    return Shown(words="Held until you send it", tone="warn", needs_you=True, actions=("send",))


def _paused(lane: PlatformLane | None, now: datetime) -> bool:
    return bool(lane and lane.paused_until and lane.paused_until > now)


def _waiting_for(lane: PlatformLane | None) -> Shown:
    what = words(lane.reason_code if lane else "")
    return Shown(words=f"Waiting: {what.what}", tone="warn", remedy=what.remedy)


def _queued(row: GradeOutbox, now: datetime) -> str:
    wait_s = (row.next_try_at - now).total_seconds()
    return f"Queued, sends in {wait_s:.0f} s" if wait_s >= 1 else "Queued, sends next"


def _sent(row: GradeOutbox) -> Shown:
    if row.next_read_at is not None:
        return Shown(words="Accepted, not visible there yet", tone="wait")
    if row.read_at is None:
        return Shown(words="Accepted; this LMS shows us no grades", tone="good")
    return Shown(words="Accepted, but not visible there", tone="warn", actions=("push",))


def _overridden(row: GradeOutbox) -> Shown:
    text = "Removed in the LMS" if row.lms_score is None else "Overridden in the LMS"
    if row.last_sent_version == 0:
        text = "Graded in the LMS before ours"
    remedy = "Keep their grade, or push ours over it."
    if lost := _percent_lost_there(row):
        remedy = (
            f"The LMS shows {lost} % less than we sent. If it has a late policy of its own, switch "
            "off one of the two; then push ours."
        )
    elif row.last_sent_version == row.desired_version:
        remedy += " If a push changes nothing, remove the override in the LMS first."
    return Shown(words=text, tone="warn", remedy=remedy, needs_you=True, actions=("keep", "push"))


def _percent_lost_there(row: GradeOutbox) -> int:
    """Return by how many whole percent the LMS shows less than we sent; 0 if by no such number.

    Deductions of a late policy are whole percents; we do not know the due date that the LMS uses.
    """
    sent = row.our_points[-1] if row.our_points else None
    if row.lms_score is None or sent is None or row.lms_score >= sent:
        return 0
    lost = 100.0 * (1.0 - row.lms_score / sent)
    is_newest = row.last_sent_version == row.desired_version
    return round(lost) if is_newest and abs(lost - round(lost)) < 0.02 else 0


def _refused(row: GradeOutbox) -> Shown:
    if row.attempts >= TRIES_MAX:
        what = GAVE_UP
        text = f"Not sent: {what.what} ({words(row.reason_code).what})"
    else:
        what = words(row.reason_code)
        text = f"Refused: {what.what}"
    return Shown(words=text, tone="fail", remedy=what.remedy, needs_you=True, actions=("retry",))


def shown_to_student(row: GradeOutbox | None, mode: str) -> Shown:
    """Return what the student reads: the same truth without the staff's business."""
    if row is None:
        return Shown(words="Not sent: you teach in this course", tone="wait")
    match row.state:
        case SendState.HELD if not row.desired_is_full:
            return Shown(words="Sent when your Decision Log is marked", tone="wait")
        case SendState.HELD:
            return Shown(words="Sent when your instructor releases it", tone="wait")
        case SendState.IN_LMS:
            full = row.desired_is_full
            text = "In the LMS gradebook" if full else "Part score in the LMS gradebook"
            return Shown(words=text, tone="good")
        case SendState.SENT:
            return Shown(words="Accepted by the LMS", tone="good")
        case SendState.OVERRIDDEN | SendState.KEPT:
            return Shown(words="Your instructor set another grade in the LMS", tone="wait")
        case SendState.LOWER:
            return Shown(words="The LMS gradebook shows a higher grade, which stays", tone="good")
        case SendState.VOIDED:
            return Shown(words="Your attempt was voided; begin again", tone="warn")
        case SendState.REFUSED:
            return Shown(words="Not in the LMS yet; your instructor sees why", tone="warn")
        case _:
            return Shown(words="On its way to the LMS", tone="wait")


def would_change(row: GradeOutbox) -> bool:
    """Return whether sending now would change what the LMS shows."""
    return not same_points(row.desired_points, row.lms_score)
