"""The Design Ledger: one hash chain per student, of opaque ids only.

Each entry's hash is taken of its canonical JSON and the hash before it, so that a changed, dropped
or reordered entry breaks every later one. Erasing a person's identity leaves the chain whole.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from courseserver.common import clock
from courseserver.courses.models import Person
from courseserver.labruntime.models import Attempt, LedgerEntry, LedgerKey
from labs.contract import Scalar

GENESIS = "0" * 64
Json = dict[str, Any]


def entry_append(
    *,
    attempt: Attempt,
    kind: str,
    part: str = "",
    body: Mapping[str, Any],
    keys: Mapping[str, Scalar] | None = None,
) -> LedgerEntry:
    """Append one event, inside the transaction of the change it describes."""
    # The row lock orders two tabs of one student; SQLite has one writer anyway.
    Person.objects.select_for_update().get(pk=attempt.person_id)
    last = LedgerEntry.objects.filter(person_id=attempt.person_id).order_by("-number").first()
    number, previous = (last.number + 1, last.hash) if last else (1, GENESIS)
    text = canonical(
        {
            "number": number,
            "person": attempt.person_id,
            "attempt": attempt.pk,
            "lab": attempt.lab,
            "version": attempt.lab_version,
            "part": part,
            "kind": kind,
            "at": clock.now().isoformat(),
            "keys": dict(keys or {}),
            "body": dict(body),
        }
    )
    entry = LedgerEntry.objects.create(
        person_id=attempt.person_id,
        number=number,
        attempt=attempt,
        kind=kind,
        body=text,
        previous_hash=previous,
        hash=link(previous, text),
    )
    LedgerKey.objects.bulk_create(
        LedgerKey(person_id=attempt.person_id, entry=entry, name=name, value=value)
        for name, value in (keys or {}).items()
    )
    return entry


def canonical(value: Json) -> str:
    """Return JSON that is the same text for the same content.

    Raises
    ------
    ValueError
        If a number is not finite.
    """
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def link(previous_hash: str, text: str) -> str:
    return hashlib.sha256(f"{previous_hash}\n{text}".encode()).hexdigest()


def key_read(person: Person, name: str, default: Scalar) -> Scalar:
    """Return the newest value of a named key that no voided attempt wrote, else the default.

    A value of another type than the default is not used: a lab is promised what it asked for.
    """
    newest = (
        LedgerKey.objects.filter(person=person, name=name, entry__attempt__voided_at__isnull=True)
        .order_by("-id")
        .values_list("value", flat=True)
        .first()
    )
    if newest is None:
        return default
    if isinstance(default, float) and isinstance(newest, int) and not isinstance(newest, bool):
        return float(newest)
    same = isinstance(newest, bool) == isinstance(default, bool)
    return newest if same and isinstance(newest, type(default)) else default


def text_fingerprint(text: str) -> str:
    """Return what the chain keeps of a student's own words, which live outside it."""
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a walk along one chain found; `fault` is empty where it is whole."""

    person_id: str
    count: int
    fault: str

    @property
    def is_whole(self) -> bool:
        return not self.fault


def verify(person_id: str) -> Verdict:
    """Walk one student's chain from its beginning."""
    entries = LedgerEntry.objects.filter(person_id=person_id).order_by("number")
    entries = entries.select_related("attempt")
    indexed = _indexed_keys(person_id)
    previous, count = GENESIS, 0
    for entry in entries.iterator():
        fault = _fault(entry, count + 1, previous, indexed)
        if fault:
            return Verdict(person_id=person_id, count=count, fault=fault)
        previous, count = entry.hash, count + 1
    return Verdict(person_id=person_id, count=count, fault="")


def _fault(entry: LedgerEntry, number: int, previous: str, indexed: Mapping[int, Json]) -> str:
    if entry.number != number:
        return f"entry {number} is missing; next is {entry.number}"
    if entry.previous_hash != previous:
        return f"entry {number} does not follow the entry before it"
    if entry.hash != link(previous, entry.body):
        return f"entry {number} was changed: its content does not give its hash"
    content = json.loads(entry.body)
    told = (content["number"], content["person"], content["kind"], content["attempt"])
    if told != (entry.number, entry.person_id, entry.kind, entry.attempt_id):
        return f"entry {number} was moved: its columns differ from its content"
    if content["keys"] != indexed.get(entry.pk, {}):
        return f"entry {number} has named keys that differ from its content"
    if _is_text_changed(entry, content["body"]):
        return f"entry {number} is of another Decision Log than the one kept"
    return ""


def _is_text_changed(entry: LedgerEntry, body: Json) -> bool:
    # No words: they were erased on the person's wish, which breaks nothing.
    kept, told = entry.attempt.decision_log, body.get("text_sha256")
    return bool(told and kept) and text_fingerprint(kept) != told


def _indexed_keys(person_id: str) -> dict[int, Json]:
    found: dict[int, Json] = {}
    for key in LedgerKey.objects.filter(person_id=person_id):
        found.setdefault(key.entry_id, {})[key.name] = key.value
    return found


def chains() -> Iterable[str]:
    """Return the opaque ids of everybody with a chain."""
    return LedgerEntry.objects.order_by("person_id").values_list("person_id", flat=True).distinct()


def contents(person: Person) -> list[tuple[LedgerEntry, Json]]:
    """Return a student's entries with their content, oldest first."""
    entries = LedgerEntry.objects.filter(person=person).order_by("number")
    entries = entries.select_related("attempt")
    return [(entry, json.loads(entry.body)) for entry in entries]
