"""Everything about one person: exported whole, erased for good, and no chain broken by it."""

import json
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.urls import reverse

from courseserver.audit.models import AuditEntry
from courseserver.courses.models import (
    Extension,
    Identity,
    Person,
    Role,
    RosterReading,
    RosterState,
)
from courseserver.courses.personal import kept_tables, person_erase, person_export
from courseserver.grading.models import SendState
from courseserver.kits.models import Kit, KitJob, KitLog
from courseserver.kits.states import KitHealth
from courseserver.labruntime import ledger
from courseserver.labruntime.models import Attempt, Draft
from courseserver.labruntime.services import attempt_void
from courseserver.lti import states
from courseserver.simjobs.models import Job, JobUse
from tests.courseserver.grading.classroom import Classroom, Clock

# A word that stands wherever somebody can write.
MARK = "Quagga"
LOG = f"My name is {MARK} and I would buy bandwidth."


@pytest.fixture
def room(db: None, monkeypatch: pytest.MonkeyPatch) -> Classroom:
    from courseserver.common import clock

    stopped = Clock()
    monkeypatch.setattr(clock, "now", stopped.now)
    return Classroom(stopped)


@pytest.fixture
def quagga(room: Classroom) -> Person:
    """Return a student who left a trace in every table that can hold one."""
    person = room.person(f"{MARK} Jones", Role.LEARNER)
    now = room.clock.now()
    identity = Identity.objects.filter(person=person)
    identity.update(login=MARK, sis_id=MARK, lms_user_id=MARK, subject=MARK)
    person.enrolments.update(sections=[MARK])
    attempt = Attempt.objects.create(
        person=person, assignment=room.assignment, lab=room.assignment.lab, lab_version="1",
        track="t", seed="1", started_at=now, decision_log=LOG,
    )  # fmt: skip
    body = {"text_sha256": ledger.text_fingerprint(LOG), "words": 9}
    ledger.entry_append(attempt=attempt, kind="decision", body=body, keys={"lab.x": 1.0})
    Draft.objects.create(attempt=attempt, name="log", text=LOG, at=now)
    submission = room.submit(person, attempt_id=attempt.pk, log_text=LOG)
    room.mark(submission, comment=f"Well said, {MARK}.")
    Extension.objects.create(
        assignment=room.assignment, person=person, due_at=now, reason=f"{MARK} was ill"
    )
    RosterReading.objects.create(course=room.course, state=RosterState.READ, asked_at=now)
    KitJob.objects.create(course=room.course, person=person, purpose=MARK, tasks=[], queued_at=now)
    kit = Kit.objects.create(
        name=f"{MARK}'s Pi", board="host", course=room.course, owner=person, birth={"host": MARK}
    )
    KitLog.objects.create(kit=kit, message_id="1", level="info", text=f"{MARK} says hello", at=now)
    job = Job.objects.create(
        lab="x", lab_version="1", part="a", inputs={}, input_hash="h", seed="0",
        units_total=1, created_at=now,
    )  # fmt: skip
    JobUse.objects.create(job=job, person=person, at=now)
    states.hand_over_add(session={"person": person.pk}, address="/", now=now)
    attempt_void(attempt=attempt, by=room.alice, reason=f"{MARK} asked for it")
    return person


def text_anywhere(word: str) -> Iterator[str]:
    """Yield every column of the database that still holds a word."""
    for model in apps.get_models(include_auto_created=True):
        for field in model._meta.concrete_fields:
            with connection.cursor() as cursor:
                cursor.execute(
                    f'SELECT COUNT(*) FROM "{model._meta.db_table}"'
                    f' WHERE CAST("{field.column}" AS TEXT) LIKE %s',
                    [f"%{word}%"],
                )
                if cursor.fetchone()[0]:
                    yield f"{model._meta.label}.{field.name}"


def test_an_erased_person_is_nowhere_and_every_chain_stays_whole(
    room: Classroom, quagga: Person
) -> None:
    browser = room.client(quagga)
    other = room.client(room.bob)
    assert len(list(text_anywhere(MARK))) >= 10

    changed = person_erase(quagga.pk, actor="system")

    assert list(text_anywhere(MARK)) == []
    assert changed["courses.identity"] == changed["sessions.session"] == 1
    assert ledger.verify(quagga.pk).is_whole
    assert ledger.verify(quagga.pk).count == 2
    assert Kit.objects.get().health == KitHealth.REVOKED
    assert room.row(quagga).state == SendState.VOIDED
    assert not room.course.enrolments.get(person=quagga).is_active
    assert browser.get(reverse("course-home", args=[room.course.pk])).status_code == 403
    assert other.get(reverse("course-home", args=[room.course.pk])).status_code == 200
    entry = AuditEntry.objects.get(action="person erased")
    assert (entry.actor, entry.subject) == ("system", quagga.pk)
    assert AuditEntry.objects.get(action="attempt.voided").detail["reason"] == ""
    assert Identity.objects.filter(person=room.bob).exists()


def test_erasing_twice_finds_nothing_more(quagga: Person) -> None:
    person_erase(quagga.pk, actor="system")

    again = person_erase(quagga.pk, actor="system")

    assert again["courses.identity"] == 0


def test_a_decision_log_that_was_changed_breaks_the_chain(quagga: Person) -> None:
    Attempt.objects.filter(person=quagga).update(decision_log="Another log.")

    assert "another Decision Log" in ledger.verify(quagga.pk).fault


def test_an_export_holds_every_row_of_the_person_and_of_nobody_else(
    room: Classroom, quagga: Person
) -> None:
    room.submit(room.bob)

    told = person_export(quagga.pk, actor="system")

    tables = told["tables"]
    assert tables["courses.identity"][0]["name"] == f"{MARK} Jones"
    assert tables["grading.submission"][0]["log_text"] == LOG
    assert len(tables["labruntime.ledgerentry"]) == 2
    assert len(tables["grading.submission"]) == len(tables["kits.kitjob"]) == 1
    assert "lease_token" not in tables["grading.gradeoutbox"][0]
    assert AuditEntry.objects.filter(action="person exported", subject=quagga.pk).exists()
    assert room.bob.pk not in json.dumps(told, default=str)


# Rows that name a person only as the one who acted, or through a row that is exported.
ACTED = {
    "grading.logmark.marker",
    "grading.rubricversion.changed_by",
    "courses.extension.given_by",
}


def test_every_table_about_people_is_exported() -> None:
    told = {kept.name for kept in kept_tables()}
    pointing = {
        f"{model._meta.label_lower}.{field.name}"
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if field.related_model is Person
    } - ACTED

    assert pointing
    assert {name.rsplit(".", 1)[0] for name in pointing} - told == set()


def test_the_command_finds_exports_and_erases(quagga: Person, tmp_path: Path) -> None:
    out = StringIO()
    file = tmp_path / "person.json"

    call_command("person", "find", "quagga", stdout=out)
    call_command("person", "export", quagga.pk, "--output", str(file), stdout=out)
    with pytest.raises(CommandError, match="cannot be undone"):
        call_command("person", "erase", quagga.pk)
    call_command("person", "erase", quagga.pk, "--yes", stdout=out)

    assert quagga.pk in out.getvalue()
    assert json.loads(file.read_text())["person"]["id"] == quagga.pk
    assert file.stat().st_mode & 0o077 == 0
    with pytest.raises(CommandError, match="nobody"):
        call_command("person", "find", "quagga")
    with pytest.raises(CommandError, match="nobody"):
        call_command("person", "erase", "per_unknown", "--yes")


@pytest.fixture
def office(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("office"))
    return client


PAGE = "/admin/courses/identity/"


def action(client: Client, person: Person, name: str, **more: str) -> Any:
    pk = Identity.objects.get(person=person).pk
    return client.post(PAGE, {"action": name, "_selected_action": str(pk), **more})


def test_administrators_export_and_erase_on_a_page_that_asks_first(
    office: Client, quagga: Person
) -> None:
    listed = office.get(PAGE, {"q": MARK}).content.decode()
    exported = action(office, quagga, "export")
    asked = action(office, quagga, "erase")
    still_there = Identity.objects.filter(person=quagga).exists()
    action(office, quagga, "erase", confirmed="yes")

    assert quagga.pk in listed
    assert exported.json()[0]["person"]["id"] == quagga.pk
    assert "cannot be undone" in asked.content.decode()
    assert still_there
    assert not Identity.objects.filter(person=quagga).exists()
    assert AuditEntry.objects.get(action="person erased").actor.startswith("staff:")


def test_an_administrator_without_the_right_neither_exports_nor_erases(quagga: Person) -> None:
    from django.contrib.auth.models import Permission

    helper = User.objects.create_user("helper", is_staff=True)
    helper.user_permissions.add(Permission.objects.get(codename="view_identity"))
    client = Client()
    client.force_login(helper)

    exported = action(client, quagga, "export")
    action(client, quagga, "erase", confirmed="yes")

    assert exported["Content-Type"].startswith("text/html")
    assert not AuditEntry.objects.filter(action="person exported").exists()
    assert Identity.objects.filter(person=quagga).exists()


def test_chains_that_held_the_words_are_written_anew(quagga: Person) -> None:
    from importlib import import_module

    from courseserver.labruntime.models import LedgerEntry

    first = LedgerEntry.objects.get(person=quagga, number=1)
    content = json.loads(first.body)
    content["body"] = {"text": LOG, "words": 9}
    old = ledger.canonical(content)
    second = LedgerEntry.objects.get(person=quagga, number=2)
    hashed = ledger.link(ledger.GENESIS, old)
    LedgerEntry.objects.filter(pk=first.pk).update(body=old, hash=hashed)
    LedgerEntry.objects.filter(pk=second.pk).update(
        previous_hash=hashed, hash=ledger.link(hashed, second.body)
    )
    migration = import_module("courseserver.labruntime.migrations.0003_words_out_of_the_chain")

    migration.chains_rewrite(apps, None)

    assert ledger.verify(quagga.pk).is_whole
    assert MARK not in LedgerEntry.objects.get(pk=first.pk).body
