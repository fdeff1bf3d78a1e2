"""A student's history in a course, in words: the audit log as people read it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from courseserver.audit.models import AuditEntry
from courseserver.common import moments
from courseserver.courses import selectors as course_selectors
from courseserver.courses.models import Assignment, Course
from courseserver.grading.faults import words
from courseserver.grading.models import Submission
from courseserver.grading.progress import Progress, progress_of
from courseserver.grading.said import setting_name, setting_value
from labs.loader import UnknownLab, load_lab

_LIMIT = 500
_TEXTS = {
    "submission.received": "Handed in",
    "attempt.voided": "Attempt voided{because}",
    "submission.voided": "What was handed in counts no more",
    "assignment added": "Lab placed in the course",
    "assignment.settings_changed": "Settings of the lab changed: {changes}{because}",
    "assignment.column_wanted": "A column in the LMS asked for",
    "course.settings_changed": "Settings of the course changed: {changes}{because}",
    "grades.released": "Grades released{because}",
    "grades.exported": "Grades downloaded as a file",
    "plan.made": "Term planned from {starts_on}{because}",
    "plan.copied": "Plan taken over from another course{changed}{because}",
    "plan.dates_changed": "Dates of the term changed{changed}{because}",
    "plan.lab_placed": "{lab} placed in the plan: {weeks}{because}",
    "plan.lab_dropped": "{lab} taken out of the plan{because}",
    "roster.asked": "Roster asked for",
    "roster.applied": "Roster taken over",
    "roster.dropped": "Roster reading dropped",
    "launched": "Opened the course from the LMS",
    "enrolled": "Enrolled by the LMS",
    "log.marked": "Decision Log marked: {points}",
    "score.changed": "Score {old} → {new}{part}",
    "grade.released": "Released to the LMS{because}",
    "grade.held": "Held back from the LMS{because}",
    "grade.retried": "Tried again{because}",
    "grade.sent": "Sent to the LMS: {points}",
    "grade.cleared": "Cleared in the LMS",
    "grade.read_back": "Read back from the LMS: {lms}",
    "grade.refused": "Refused by the LMS: {why}",
    "grade.overridden": "Another grade stands in the LMS: {lms}, ours is {ours}",
    "grade.kept_in_lms": "Theirs kept: {lms}, ours was {ours}{because}",
    "grade.not_higher": "Not sent: {ours} is not more than {lms} in the LMS",
    "accommodation.given": "Accommodation given: ×{multiplier}, +{extra_hours} h{because}",
    "accommodation.taken_back": "Accommodation taken back{because}",
    "score.set": "Score set by hand: {points} ({reason_given})",
    "score.set_back": "Score set by hand taken back{because}",
    "hold.put": "Grade kept back: {reason_given}",
    "hold.lifted": "Grade no longer kept back{because}",
    "rank_name.cleared": "Name on the tables of designs cleared",
    "rubric.changed": "Rubric changed: {changes} ({reason_given})",
    "submission.regraded": "Computed anew: completion {completion}, challenge {challenge}{because}",
    "regrade.asked": "Regrade asked for",
    "regrade.answered": "Answer to a regrade request",
    "regrade.closed": "Regrade request closed: {outcome}",
    "lab.regraded": "Version {version} of the lab computed anew: {reason_given}",
    "calibration.drawn": "Logs for calibration drawn",
    "calibration.marked": "Log marked for calibration",
    "scores.uploaded": "Scores uploaded as a file",
    "extension.given": "Extension given{until}{because}",
    "extension.taken_back": "Extension taken back{because}",
    "roster.added": "Added from the LMS's roster",
    "roster.left": "No longer in the LMS's roster",
    "roster.returned": "Back in the LMS's roster",
    "roster.role": "Role changed by the LMS's roster",
    "grade.pushed_over": "Ours pushed over theirs: {ours} over {lms}{because}",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TrailLine:
    at: datetime
    who: str
    # Whom it is about, where that is a person.
    whom: str
    person_id: str
    what: str
    assignment_title: str
    reference: str


def trail(course: Course, person_id: str, *, is_instructor: bool = True) -> list[TrailLine]:
    """Return what happened to a student's scores in a course, the newest first.

    Who has more time is for instructors' eyes.
    """
    entries = AuditEntry.objects.filter(course_id=course.id, subject=person_id)
    if not is_instructor:
        entries = entries.exclude(action__startswith="accommodation.")
    return lines_of(course, entries.order_by("-pk")[:_LIMIT])


# What the course's log may be narrowed to: a title, and how the actions begin.
KINDS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "all": ("Everything", ("",)),
    "grades": ("Grades to the LMS", ("grade.", "grades.")),
    "marks": (
        "Scores and marks",
        (
            "score",
            "log.",
            "submission.",
            "attempt",
            "extension.",
            "accommodation.",
            "hold.",
            "rubric.",
            "regrade.",
            "calibration.",
            "lab.regraded",
        ),
    ),
    "people": ("People", ("enrolled", "role", "launched", "roster.")),
    "settings": ("Settings", ("assignment", "course.", "labs handed", "plan.")),
}


def course_entries(course: Course, kind: str) -> QuerySet[AuditEntry]:
    """Return the course's log of a kind, the newest first."""
    begins = Q()
    for start in KINDS[kind][1]:
        begins |= Q(action__startswith=start)
    return AuditEntry.objects.filter(begins, course_id=course.id).order_by("-pk")


def lines_of(course: Course, entries: Iterable[AuditEntry]) -> list[TrailLine]:
    """Return entries of a course's log in words, with names."""
    names = {member.person_id: member.name for member in course_selectors.members(course)}
    titles = dict(course.assignments.values_list("pk", "title"))
    return [
        TrailLine(
            at=entry.at,
            who="The server" if entry.actor == "system" else names.get(entry.actor, entry.actor),
            whom=names.get(entry.subject, ""),
            person_id=entry.subject if entry.subject in names else "",
            what=_what(entry),
            assignment_title=titles.get(entry.detail.get("assignment") or entry.subject, ""),
            reference=entry.reference,
        )
        for entry in entries
    ]


def _what(entry: AuditEntry) -> str:
    detail: Mapping[str, Any] = entry.detail
    values = {name: _points(detail.get(name)) for name in ("points", "old", "new", "lms", "ours")}
    if detail.get("late_percent"):
        values["new"] += f" (late: −{_points(detail['late_percent'])} %)"
    values["part"] = "" if detail.get("is_full", True) else " so far"
    values["changes"] = "; ".join(
        f"{setting_name(name)}: {setting_value(old, name)}"
        f" → {setting_value((detail.get('new') or {}).get(name), name)}"
        for name, old in (detail["old"] if isinstance(detail.get("old"), dict) else {}).items()
    )
    values["changed"] = f": {values['changes']}" if values["changes"] else ""
    for name in ("multiplier", "extra_hours", "completion", "challenge"):
        values[name] = _points(detail.get(name))
    values["reason_given"] = str(detail.get("reason", ""))
    values["because"] = f" ({detail['reason']})" if detail.get("reason") else ""
    values["until"] = _until(detail.get("due_at"))
    values["starts_on"] = str(detail.get("starts_on", "a day"))
    values["lab"] = _lab(str(detail.get("lab", "")))
    values["weeks"] = _weeks(detail.get("week_before"), detail.get("week"))
    values["version"] = str(detail.get("version", ""))
    values["outcome"] = str(detail.get("outcome", ""))
    values["why"] = words(str(detail.get("reason", ""))).what
    text = _TEXTS.get(entry.action)
    if entry.action == "score.changed" and detail.get("old") is None:
        text = "Score {new}{part}"
    elif entry.action == "score.changed" and detail["old"] == detail.get("new"):
        text = "Score {new} as before{part}"
    return text.format(**values) if text else entry.action.replace("_", " ").capitalize()


def _lab(slug: str) -> str:
    """Return a lab's title; its id where it is not installed."""
    try:
        return f"“{load_lab(slug).title}”"
    except UnknownLab:
        return slug or "Lab"


def _weeks(before: object, after: object) -> str:
    return f"week {after}" if before in (None, after) else f"week {before} → {after}"


def _until(text: object) -> str:
    """Return until when, as pages print moments; nothing for none."""
    try:
        return f" until {moments.moment_text(datetime.fromisoformat(str(text)))}"
    except ValueError:
        return ""


def _points(value: object) -> str:
    return f"{value:g}" if isinstance(value, int | float) else "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveAttempt:
    assignment: Assignment
    progress: Progress
    is_handed_in: bool

    @property
    def words(self) -> str:
        return "Handed in" if self.is_handed_in else self.progress.words


def attempts_of(course: Course, person_id: str) -> list[LiveAttempt]:
    """Return a student's attempts that count, one per assignment begun."""
    handed_in = set(
        Submission.objects.filter(person_id=person_id, assignment__course=course).values_list(
            "attempt_id", flat=True
        )
    )
    found = [
        (assignment, progress_of(assignment).get(person_id))
        for assignment in course_selectors.assignments(course)
    ]
    return [
        LiveAttempt(
            assignment=assignment,
            progress=progress,
            is_handed_in=progress.attempt_id in handed_in,
        )
        for assignment, progress in found
        if progress
    ]
