"""Writes: beginning, voiding, tracks, commits, drafts, releases of knobs."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction

from courseserver.audit.services import record
from courseserver.common import clock
from courseserver.common.errors import Conflict, Locked, Unprocessable
from courseserver.common.ids import new_id
from courseserver.courses.models import Assignment, Enrolment, Person
from courseserver.grading.services import submission_void
from courseserver.labruntime import access, instrument
from courseserver.labruntime.answers import Outcome, reading_of
from courseserver.labruntime.instances import PartInstance, QuestionInstance, digest
from courseserver.labruntime.ledger import entry_append, key_read
from courseserver.labruntime.models import Attempt, Commit, Draft, Exploration, FailureFound
from courseserver.labruntime.state import AttemptState, lab_of, state_of
from labs.content import Lab
from labs.contract import Scalar

LOG = "log"
_TYPED_MAX = 60


def attempt_begin(*, person: Person, assignment: Assignment, enrolment: Enrolment) -> Attempt:
    """Return the person's live attempt, beginning one if there is none; two tabs get the same."""
    live = _live(person, assignment)
    if live is not None:
        return _renewed(live)
    lab = lab_of(assignment.lab)
    attempt_id = new_id("att")
    owner = assignment.pk if assignment.shared_parameters else attempt_id
    known = [track.id for track in lab.tracks]
    wanted = key_read(person, "track", known[0])
    try:
        with transaction.atomic():
            attempt = Attempt.objects.create(
                id=attempt_id,
                person=person,
                assignment=assignment,
                lab=lab.slug,
                lab_version=lab.version,
                track=wanted if wanted in known else known[0],
                seed=digest(settings.SECRET_KEY, "attempt", owner).hex(),
                reads=_reads(person, lab),
                is_preview=enrolment.is_staff,
                started_at=clock.now(),
            )
            entry_append(attempt=attempt, kind="begun", body={"track": attempt.track})
    except IntegrityError:
        live = _live(person, assignment)
        if live is None:
            raise
        return live
    return attempt


def _live(person: Person, assignment: Assignment) -> Attempt | None:
    return (
        Attempt.objects.select_related("assignment", "assignment__course", "person")
        .filter(person=person, assignment=assignment, voided_at__isnull=True)
        .first()
    )


def _reads(person: Person, lab: Lab) -> dict[str, Scalar]:
    """Return what earlier labs left in the ledger for this one, and defaults for the rest."""
    return {read.name: key_read(person, read.key, read.default) for read in lab.reads}


def _renewed(attempt: Attempt) -> Attempt:
    """Take an attempt without commits to its lab's installed version and to the ledger of today."""
    if attempt.commits.exists():
        return attempt
    lab = lab_of(attempt.lab)
    reads = _reads(attempt.person, lab)
    if (attempt.lab_version, attempt.reads) == (lab.version, reads):
        return attempt
    with transaction.atomic():
        locked = Attempt.objects.select_for_update().get(pk=attempt.pk)
        if locked.commits.exists():
            return attempt
        if locked.reads != reads:
            locked.drafts.all().delete()
        attempt.lab_version, attempt.reads = lab.version, reads
        attempt.save(update_fields=["lab_version", "reads"])
    return attempt


def attempt_void(*, attempt: Attempt, by: Person, reason: str) -> None:
    """Set an attempt aside; the student's next visit begins one with fresh numbers."""
    if not reason.strip():
        raise Unprocessable("Say why this attempt is voided.", remedy="Type a reason.")
    with transaction.atomic():
        changed = Attempt.objects.filter(pk=attempt.pk, voided_at__isnull=True).update(
            voided_at=clock.now()
        )
        if not changed:
            raise Conflict("This attempt was voided before.", remedy="Reload the page.")
        entry_append(attempt=attempt, kind="voided", body={"by": by.pk})
        submission_void(attempt_id=attempt.pk, actor=by)
        record(
            actor=by.pk,
            action="attempt.voided",
            subject=attempt.person_id,
            course_id=attempt.assignment.course_id,
            assignment=attempt.assignment_id,
            attempt=attempt.pk,
            reason=reason.strip()[:500],
        )


def track_choose(*, state: AttemptState, track: str) -> None:
    """Set the track, before the first commit only: it changes every number."""
    if track not in {t.id for t in state.lab.tracks}:
        raise Unprocessable("This lab has no such track.", remedy="Choose one of those listed.")
    with transaction.atomic():
        attempt = _locked(state.attempt.pk)
        if attempt.track == track:
            return
        if attempt.commits.exists():
            raise Conflict(
                "The track is fixed since your first prediction.", remedy="Continue with it."
            )
        attempt.track = track
        attempt.save(update_fields=["track"])
        attempt.drafts.all().delete()
        entry_append(attempt=attempt, kind="track", body={"track": track}, keys={"track": track})


def _locked(attempt_id: str) -> Attempt:
    """Return the attempt, locked for this transaction.

    Raises
    ------
    Conflict
        If it was voided meanwhile.
    """
    attempt = Attempt.objects.select_for_update().get(pk=attempt_id)
    if attempt.voided_at is not None:
        raise Conflict("This attempt was voided by the teaching staff.", remedy="Reload the page.")
    return attempt


def prediction_commit(
    *, state: AttemptState, part_id: str, answers: Mapping[str, str]
) -> tuple[AttemptState, bool]:
    """Lock in predictions of one part; return the state after it and whether any was new.

    Raises
    ------
    Conflict
        If another value is stored for one of the questions; nothing is stored then.
    """
    instance = access.part_for(state, part_id)
    wanted = [_prediction(instance, name, typed) for name, typed in answers.items()]
    if not wanted:
        raise Unprocessable("No prediction came with this.", remedy="Answer the question first.")
    with transaction.atomic():
        attempt = _locked(state.attempt.pk)
        fresh = state_of(attempt)
        if not fresh.is_open(part_id) or fresh.draw != state.draw:
            raise Locked("An earlier part waits for your prediction.", remedy="Reload the page.")
        new = [c for c in wanted if not _is_stored(fresh, instance, c)]
        for commit in new:
            commit.at = clock.now()
            commit.save()
            entry_append(
                attempt=attempt,
                kind="prediction",
                part=part_id,
                # Not the option's id: the other questions of this part may still be open.
                body={"question": commit.question, "text": commit.text, "number": commit.number},
            )
        after = state_of(attempt)
        if new and after.is_committed(part_id):
            _reveal_recorded(after, instance)
    return AttemptState(attempt=state.attempt, lab=after.lab, commits=after.commits), bool(new)


def _prediction(instance: PartInstance, question_id: str, typed: str) -> Commit:
    question = instance.question(question_id)
    if question is None:
        raise Unprocessable("This part has no such question.", remedy="Reload the page.")
    option_id, number, text = read_answer(question, typed)
    return Commit(
        part=instance.id, question=question_id, option=option_id, number=number, text=text
    )


def read_answer(question: QuestionInstance, typed: str) -> tuple[str, float | None, str]:
    """Return option id, number and text of an answer: an option's token, or a typed number."""
    if question.text.kind == "numeric":
        reading = reading_of(typed, question.text)
        return "", reading.value, reading.text
    option = question.option_by_token(typed)
    if option is None:
        raise Unprocessable("That is not one of the options.", remedy="Choose one of those shown.")
    return option.id, None, option.text


def _is_stored(fresh: AttemptState, instance: PartInstance, wanted: Commit) -> bool:
    wanted.attempt = fresh.attempt
    stored = fresh.commits.get((wanted.part, wanted.question))
    if stored is None:
        return False
    if (stored.option, stored.number) == (wanted.option, wanted.number):
        return True
    raise Conflict(
        f"Your prediction is locked: {stored.text}.",
        remedy="It stays as it is; the gap is where the learning is.",
        stored=commit_json(instance, stored),
    )


def commit_json(instance: PartInstance, commit: Commit) -> dict[str, Any]:
    """Return a commit as its owner may see it, before and after the lock alike."""
    question = instance.question(commit.question)
    option = question.option_by_id(commit.option) if question else None
    return {
        "part": commit.part,
        "question": commit.question,
        "value": option.token if option else commit.text,
        "text": commit.text,
        "at": commit.at.isoformat(),
    }


def _reveal_recorded(state: AttemptState, instance: PartInstance) -> None:
    """Put predicted, actual and error of a part just revealed into the ledger."""
    outcomes = state.outcomes(instance.id)
    facts = instance.facts
    keys = {
        write.key: value
        for write in instance.part.writes
        for value in [_written(write.value, state, instance.id, outcomes, facts)]
        if value is not None
    }
    entry_append(
        attempt=state.attempt,
        kind="reveal",
        part=instance.id,
        body={
            "parameters": dict(instance.params),
            "outcomes": {name: _outcome_json(o) for name, o in outcomes.items()},
            # What a later part may have told is no prediction.
            **({"passed": True} if state.is_passed(instance.id) else {}),
        },
        keys=keys,
    )


def _outcome_json(outcome: Outcome) -> dict[str, Any]:
    return {
        "predicted": outcome.pick,
        "actual": outcome.key,
        "gap": outcome.gap,
        "right": outcome.is_right,
        "log10_error": outcome.log10_error,
        "error_points": outcome.error_points,
        "misconception": outcome.misconception,
    }


def _written(
    expression: str,
    state: AttemptState,
    part_id: str,
    outcomes: Mapping[str, Outcome],
    facts: Mapping[str, Scalar],
) -> Scalar | None:
    """Return the value a ledger key gets at the reveal; None where it comes later or not at all."""
    name, _, detail = expression.partition(".")
    if not detail:
        return facts[name]
    outcome = outcomes.get(name)
    if outcome is None:
        return None
    commit = state.commits[(part_id, name)]
    return {
        "pick": outcome.pick_value if outcome.pick_value is not None else commit.option,
        "key": outcome.key_value if outcome.key_value is not None else outcome.key,
        "log10_error": outcome.log10_error,
        "error_points": outcome.error_points,
        "misconception": commit.option,
    }[detail]


def draft_keep(*, state: AttemptState, name: str, text: str) -> Draft:
    """Keep what was typed or picked so far, for `<part>.<question>` or `log`; the newest wins."""
    part_id, _, question_id = name.partition(".")
    if name != LOG:
        _refuse_draft(state, part_id, question_id, text)
    elif state.missing_parts:
        raise Locked(
            "The Decision Log opens after the parts that are asked for.",
            remedy="Continue the parts.",
        )
    elif state.attempt.submitted_at is not None:
        raise Conflict("You have submitted this lab.", remedy="Your log stays as it is.")
    draft, _ = Draft.objects.update_or_create(
        attempt=state.attempt, name=name, defaults={"text": plain_text(text), "at": clock.now()}
    )
    return draft


def plain_text(typed: str) -> str:
    """Return a text as it is stored: forms send other line ends than scripts, databases no NUL."""
    return typed.replace("\r\n", "\n").replace("\0", "")


def _refuse_draft(state: AttemptState, part_id: str, question_id: str, text: str) -> None:
    question = access.part_for(state, part_id).question(question_id)
    if question is None:
        raise Unprocessable("This part has no such question.", remedy="Reload the page.")
    if (part_id, question_id) in state.commits:
        raise Conflict("Your prediction is locked.", remedy="Reload the page.")
    if question.options and question.option_by_token(text) is None:
        raise Unprocessable("That is not one of the options.", remedy="Choose one of those shown.")
    if len(text) > _TYPED_MAX:
        raise Unprocessable("That is too long for a number.", remedy="Type a number and a unit.")


def exploration_record(
    *, state: AttemptState, instance: PartInstance, steps: dict[str, int]
) -> instrument.Evaluation:
    """Store one release of a knob exactly, and whichever failure it met for the first time."""
    evaluation = instrument.evaluate(instance.part, instance.params, steps, state.locked)
    with transaction.atomic():
        attempt = _locked(state.attempt.pk)
        Exploration.objects.create(
            attempt=attempt,
            part=instance.id,
            steps=steps,
            settings=dict(evaluation.settings),
            is_safe=not evaluation.failures,
            at=clock.now(),
        )
        for failure in evaluation.failures:
            _failure_found(attempt, instance, failure, evaluation)
    return evaluation


def _failure_found(
    attempt: Attempt, instance: PartInstance, failure: str, evaluation: instrument.Evaluation
) -> None:
    _, is_new = FailureFound.objects.get_or_create(
        attempt=attempt,
        part=instance.id,
        failure=failure,
        defaults={"settings": dict(evaluation.settings), "at": clock.now()},
    )
    if not is_new:
        return
    text = next(f for f in instance.part.failures if f.id == failure)
    keys = {w.key: True for w in instance.part.writes if w.value == "explored.boundary_found"}
    entry_append(
        attempt=attempt,
        kind="failure_found",
        part=instance.id,
        body={"failure": failure, "title": text.title, "settings": dict(evaluation.settings)},
        keys=keys,
    )
