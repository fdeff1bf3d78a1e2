"""Tables of designs: places with ties shared, and what people are called there.

Nothing personal by default: whoever chooses no name is a classmate, and everybody may leave.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction

from courseserver.audit.services import record
from courseserver.common.errors import Conflict, Unprocessable
from courseserver.courses.models import Course, Enrolment, Identity, Person, RankName

SHOWN_MOST = 50
# A table of fewer would tell who is who.
LISTED_LEAST = 3
NAME_MIN, NAME_MAX = 2, 24
_NAME = re.compile(r"[^\W_](?:[ '’.\-]?[^\W_])*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence:
    """How somebody stands on a course's tables."""

    pseudonym: str = ""
    is_listed: bool = True


BY_DEFAULT = Presence()


def places(values: Sequence[float]) -> list[int]:
    """Return the place of each value, best first; equal values share the best place of theirs."""
    found: list[int] = []
    for index, value in enumerate(values):
        is_tied = index > 0 and values[index - 1] == value
        found.append(found[-1] if is_tied else index + 1)
    return found


def presences(course: Course) -> dict[str, Presence]:
    """Return how people stand on a course's tables, by person; who chose nothing is missing."""
    return {
        row.person_id: Presence(pseudonym=row.pseudonym, is_listed=row.is_listed)
        for row in RankName.objects.filter(course=course)
    }


def presence_of(course: Course, person: Person) -> Presence:
    return presences(course).get(person.pk, BY_DEFAULT)


def name_shown(who: str, viewer: str, presence: Presence, names: Mapping[str, str]) -> str:
    """Return what a reader sees of somebody on a table.

    Parameters
    ----------
    names
        Names by person where the reader is of the staff, empty for students.
    """
    if who == viewer:
        return f"You, as {presence.pseudonym}" if presence.pseudonym else "You"
    if who in names:
        return f"{names[who]}, as {presence.pseudonym}" if presence.pseudonym else names[who]
    return presence.pseudonym or "A classmate"


@transaction.atomic
def rank_name_choose(*, course: Course, person: Person, pseudonym: str, is_listed: bool) -> None:
    """Choose how to stand on the course's tables: under a name, without one, or not at all.

    Raises
    ------
    Unprocessable
        If the name is too short or long, holds other signs, or is the person's own.
    Conflict
        If somebody else of the course goes by it.
    """
    name = " ".join(pseudonym.split())
    if name:
        _refuse_name(course, person, name)
    RankName.objects.update_or_create(
        course=course, person=person, defaults={"pseudonym": name, "is_listed": is_listed}
    )


def _refuse_name(course: Course, person: Person, name: str) -> None:
    if not NAME_MIN <= len(name) <= NAME_MAX or not _NAME.fullmatch(name):
        raise Unprocessable(
            f"“{name[:NAME_MAX]}” cannot be a name on the table.",
            remedy=f"Take {NAME_MIN} to {NAME_MAX} letters and digits, spaces or hyphens between.",
        )
    own = Identity.objects.filter(person=person).values_list("name", flat=True)
    if any(name.casefold() == whole.casefold() for whole in own):
        raise Unprocessable(
            "That is your own name.", remedy="Make one up, so that the table stays free of names."
        )
    taken = RankName.objects.filter(course=course, pseudonym__iexact=name).exclude(person=person)
    if taken.exists():
        raise Conflict(f"Somebody goes by “{name}” already.", remedy="Choose another.")


def rank_name_typed(enrolment: Enrolment, posted: Mapping[str, str]) -> str:
    """Do what somebody chose in the form `_rank_name.html`; return it in words.

    Raises
    ------
    Unprocessable, Conflict
        As `rank_name_choose`.
    """
    name, is_listed = posted.get("pseudonym", ""), posted.get("action") != "leave"
    rank_name_choose(
        course=enrolment.course, person=enrolment.person, pseudonym=name, is_listed=is_listed
    )
    if not is_listed:
        return "You are on no table of this course."
    return "You stand there under that name." if name.strip() else "You stand there without a name."


@transaction.atomic
def rank_name_clear(*, course: Course, person_id: str, actor: Person) -> None:
    """Take an unfitting name off the tables; whoever chose it may choose another."""
    if RankName.objects.filter(course=course, person=person_id).update(pseudonym=""):
        record(actor=actor.pk, action="rank_name.cleared", subject=person_id, course_id=course.pk)
