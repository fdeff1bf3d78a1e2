"""What is kept about one person: shown whole, exported whole, and erased.

Who somebody is lives in `Identity`; what they or others wrote about them lives in a few text
columns. Erasing takes both away and leaves rows of opaque ids, so that statistics of a course, the
audit log and the hash-chained ledger stay as they are. Each app names its tables in a module
`personal` of its own, which is found here by its name: a higher app is never imported by a lower.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.apps import apps
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Model, Q

from courseserver.audit.models import AuditEntry
from courseserver.audit.services import reasons_erase, record
from courseserver.common import clock
from courseserver.common.errors import NotFound
from courseserver.courses.middleware import SESSION_KEY
from courseserver.courses.models import (
    Accommodation,
    Enrolment,
    Extension,
    Identity,
    Person,
    RankName,
    RosterReading,
)
from courseserver.lti.models import HandOver

FORMAT = "courseserver person 1"
Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A table with rows about people, and the look-up that leads from a row to its person."""

    model: type[Model]
    person: str = "person"
    # Columns that say nothing of the person: leases, and what is encrypted for us alone.
    without: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.model._meta.label_lower

    def rows(self, person_id: str) -> Rows:
        names = [f.attname for f in self.model._meta.concrete_fields if f.name not in self.without]
        found = self.model._default_manager.filter(**{f"{self.person}_id": person_id})
        return list(found.order_by("pk").values(*names))


KEPT = (
    Kept(model=Identity),
    Kept(model=Enrolment),
    Kept(model=Extension),
    Kept(model=Accommodation),
    Kept(model=RankName),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Somebody as a search for a name, an address or a number shows them."""

    person_id: str
    issuer: str
    subject: str
    name: str
    email: str


def people_found(text: str) -> list[Found]:
    """Return who goes by a name, an email, a log-in or a number that contains this text."""
    wanted = Q()
    for field in ("name", "email", "login", "sis_id"):
        wanted |= Q(**{f"{field}__icontains": text})
    wanted |= Q(subject=text) | Q(lms_user_id=text) | Q(person_id=text)
    rows = Identity.objects.filter(wanted).select_related("platform").order_by("name", "pk")
    return [
        Found(
            person_id=row.person_id,
            issuer=row.platform.issuer,
            subject=row.subject,
            name=row.name,
            email=row.email,
        )
        for row in rows
    ]


@transaction.atomic
def person_export(person_id: str, *, actor: str) -> dict[str, Any]:
    """Return every row about a person, by table, and note in the audit log that it was asked for.

    Raises
    ------
    NotFound
        If there is nobody of this id.
    """
    person = _person(person_id)
    record(actor=actor, action="person exported", subject=person.pk)
    tables = {kept.name: kept.rows(person.pk) for kept in kept_tables()}
    about = AuditEntry.objects.filter(Q(subject=person.pk) | Q(actor=person.pk)).order_by("pk")
    return {
        "format": FORMAT,
        "exported_at": clock.now(),
        "person": {"id": person.pk, "created_at": person.created_at},
        "tables": tables,
        "audit": list(about.values("at", "actor", "action", "subject", "course_id", "detail")),
    }


@transaction.atomic
def person_erase(person_id: str, *, actor: str) -> dict[str, int]:
    """Forget who a person is and what they wrote; return how many rows of each table changed.

    Marks, predictions and the ledger remain under the opaque id. The person's sessions end; a
    later launch makes a new person. What the LMS holds is the LMS's to erase.

    Raises
    ------
    NotFound
        If there is nobody of this id.
    """
    person = _person(person_id)
    changed: dict[str, int] = {}
    for erase in _erasers():
        for table, count in erase(person.pk).items():
            changed[table] = changed.get(table, 0) + count
    record(actor=actor, action="person erased", subject=person.pk, changed=changed)
    return changed


def erase(person_id: str) -> Mapping[str, int]:
    """Erase what this app knows: identities, sections, reasons, open sessions, a roster just read.

    A reading of the roster holds everybody of a course, encrypted, so it goes as a whole: it is
    read again on a press.
    """
    enrolments = Enrolment.objects.filter(person=person_id)
    courses = list(enrolments.values_list("course_id", flat=True))
    return {
        "courses.rosterreading": RosterReading.objects.filter(course__in=courses).delete()[0],
        "courses.enrolment": enrolments.update(sections=[], is_active=False),
        "courses.extension": Extension.objects.filter(person=person_id).update(reason=""),
        "courses.accommodation": Accommodation.objects.filter(person=person_id).delete()[0],
        "courses.rankname": RankName.objects.filter(person=person_id).delete()[0],
        "courses.identity": Identity.objects.filter(person=person_id).delete()[0],
        "audit.auditentry": reasons_erase([person_id]),
        "lti.handover": _hand_overs_end(person_id),
        "sessions.session": _sessions_end(person_id),
    }


def kept_tables() -> Iterator[Kept]:
    """Return the tables of all apps with rows about people, lower apps first."""
    for module in _modules():
        yield from module.KEPT


def _erasers() -> Iterator[Callable[[str], Mapping[str, int]]]:
    for module in _modules():
        yield module.erase


def _modules() -> Iterator[Any]:
    for config in apps.get_app_configs():
        name = f"{config.name}.personal"
        if config.name.startswith("courseserver.") and find_spec(name):
            yield import_module(name)


def _person(person_id: str) -> Person:
    person = Person.objects.select_for_update().filter(pk=person_id).first()
    if person is None:
        raise NotFound(
            f"There is nobody with the id {person_id!r}.",
            remedy="`manage.py person find NAME` lists ids.",
        )
    return person


def _hand_overs_end(person_id: str) -> int:
    held = [row.pk for row in HandOver.objects.all() if row.session.get(SESSION_KEY) == person_id]
    return HandOver.objects.filter(pk__in=held).delete()[0]


def _sessions_end(person_id: str) -> int:
    # A session's content is signed text: whose it is shows only when it is read.
    mine = [
        session.pk
        for session in Session.objects.iterator()
        if session.get_decoded().get(SESSION_KEY) == person_id
    ]
    return Session.objects.filter(pk__in=mine).delete()[0]
