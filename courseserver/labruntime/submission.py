"""Handing in: the Decision Log, what was done, and the best design go to grading, once."""

from django.db import transaction

from courseserver.common import clock
from courseserver.common.errors import Conflict, Locked, Unprocessable
from courseserver.grading.services import submission_receive
from courseserver.labruntime import challenges, work
from courseserver.labruntime.evidence import evidence_of
from courseserver.labruntime.ledger import entry_append, text_fingerprint
from courseserver.labruntime.models import Attempt, Draft
from courseserver.labruntime.realities import comparison_if_ready, is_self_reported, last_reality
from courseserver.labruntime.services import LOG, plain_text
from courseserver.labruntime.state import AttemptState, best_try
from labs.content import LabPart
from labs.contract import Scalar


def words_in(text: str) -> int:
    return len(text.split())


def lab_submit(*, state: AttemptState, log_text: str) -> None:
    """Hand in the lab; the same again changes nothing.

    Raises
    ------
    Locked
        If a part is not committed yet.
    Unprocessable
        If the log is too short or too long.
    Conflict
        If another log was handed in before.
    """
    text = plain_text(log_text).strip()
    refuse_early(state, text)
    with transaction.atomic():
        attempt = Attempt.objects.select_for_update().get(pk=state.attempt.pk)
        if attempt.voided_at is not None:
            raise Conflict("This attempt was voided by the staff.", remedy="Reload the page.")
        if attempt.submitted_at is not None:
            _refuse_other(attempt, text)
            return
        attempt.submitted_at = clock.now()
        attempt.decision_log = text
        attempt.save(update_fields=["submitted_at", "decision_log"])
        Draft.objects.update_or_create(
            attempt=attempt, name=LOG, defaults={"text": text, "at": attempt.submitted_at}
        )
        _hand_in(state, attempt, text)
    state.attempt.submitted_at = attempt.submitted_at
    state.attempt.decision_log = attempt.decision_log


def refuse_early(state: AttemptState, text: str) -> None:
    """Refuse to hand in what is not complete.

    Raises
    ------
    Locked
        If a part is not committed yet.
    Unprocessable
        If the log is too short or too long.
    """
    if state.missing_parts:
        raise Locked(
            "The synthesis opens when every part that is asked for has your prediction.",
            remedy="Continue the parts.",
        )
    synthesis, count = state.lab.synthesis, words_in(text)
    if not synthesis.words_min <= count <= synthesis.words_max:
        remedy = "Write more." if count < synthesis.words_min else "Shorten it."
        raise Unprocessable(
            f"Your log has {count} words; {synthesis.words_min} to {synthesis.words_max} fit.",
            remedy=remedy,
        )


def _refuse_other(attempt: Attempt, text: str) -> None:
    if attempt.decision_log != text:
        raise Conflict(
            "You have submitted this lab.", remedy="What you handed in stays; it is shown here."
        )


def _hand_in(state: AttemptState, attempt: Attempt, text: str) -> None:
    records = work.records_of(state)
    evidence = evidence_of(state, records)
    for part in state.done_parts:
        _explored_recorded(state, part, records[part.id])
        _measured_recorded(state, part)
    # The words stay in the attempt: a chain that held them could not be erased.
    body = {"text_sha256": text_fingerprint(text), "words": words_in(text)}
    entry_append(attempt=attempt, kind="decision", body=body)
    if attempt.is_preview or attempt.submitted_at is None:
        return
    submission_receive(
        assignment=state.attempt.assignment,
        person=state.attempt.person,
        attempt_id=attempt.pk,
        lab_slug=attempt.lab,
        lab_version=attempt.lab_version,
        completion=work.completion_of(state, records),
        challenge=work.challenge_score(state),
        log_text=text,
        evidence=evidence.to_json(),
        submitted_at=attempt.submitted_at,
    )


def _explored_recorded(state: AttemptState, part: LabPart, record: work.PartRecord) -> None:
    """Put the explored extremes and the best design of a part into the ledger."""
    if record.settings:
        keys = {w.key: bool(record.failures) for w in part.writes if w.value == _BOUNDARY}
        body = {
            "releases": len(record.settings),
            "explored": work.extremes_of(record),
            "failures": list(record.failures),
        }
        entry_append(attempt=state.attempt, kind="explored", part=part.id, body=body, keys=keys)
    if part.challenge is None:
        return
    instance = state.instance(part.id)
    best = best_try(challenges.tries_of(state.attempt, part.id), part.challenge.better)
    values: dict[str, Scalar | None] = {
        **(best.design if best else {}),
        "score": challenges.ratio_of(instance, best),
        "objective": best.objective if best else None,
    }
    keys_of = {
        w.key: value
        for w in part.writes
        if w.value.startswith("challenge.")
        for value in [values.get(w.value.removeprefix("challenge."))]
        if value is not None
    }
    entry_append(
        attempt=state.attempt,
        kind="design",
        part=part.id,
        body={"design": best.design if best else None, **{k: values[k] for k in _DESIGN}},
        keys=keys_of,
    )


def _measured_recorded(state: AttemptState, part: LabPart) -> None:
    """Put what a kit measured into the ledger, beside what was predicted for it."""
    row = last_reality(state, part.id) if part.reality else None
    if row is None or not row.kit_job:
        return
    comparison = comparison_if_ready(state.instance(part.id), row, state.attempt.track)
    if comparison is None:
        return
    rows = [
        {"id": r.id, "predicted": r.predicted.value, "measured": r.measured.value, "ratio": r.ratio}
        for r in comparison.rows
        if r.measured is not None
    ]
    body = {"kit_job": row.kit_job, "rows": rows, "self_reported": is_self_reported(row)}
    entry_append(attempt=state.attempt, kind="measured", part=part.id, body=body)


_BOUNDARY = "explored.boundary_found"
_DESIGN = ("score", "objective")
