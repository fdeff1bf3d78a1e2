"""A lab to its end: challenge, simulation, hardware, Decision Log, grade, ledger."""

import json
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from courseserver.common import clock
from courseserver.courses.models import Assignment, Person
from courseserver.grading.evidence import from_json
from courseserver.grading.foresight import foresight
from courseserver.grading.models import Submission
from courseserver.grading.services import log_mark
from courseserver.labruntime import challenges, ledger
from courseserver.labruntime.anew import computed_anew
from courseserver.labruntime.live import class_view
from courseserver.labruntime.models import Attempt, LedgerEntry, LedgerKey
from courseserver.simjobs import running, tasks
from courseserver.simjobs.models import Job, JobUse
from labs.schemes import Level

from .conftest import School, Student

LOG = "The wire of one gigabit binds and eight bits per byte make it slow, so buy bandwidth."


@pytest.fixture(autouse=True)
def no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks.run, "delay", lambda job_id: None)


def submit(student: Student, log: str = LOG, *, action: str = "hand-in") -> Any:
    url = f"/labs/attempts/{student.attempt.pk}/synthesis/"
    return student.client.post(url, {"log": log, "action": action})


def synthesis(student: Student) -> Any:
    return student.client.get(f"/labs/attempts/{student.attempt.pk}/synthesis/").context["page"]


@pytest.fixture
def explored(bob: Student) -> Student:
    """Return Bob with both parts committed and the second challenge tried twice."""
    bob.commit_a()
    bob.commit_b()
    bob.release("a", size=14, link=0, compressed=0)
    for steps in ({"duty": 1, "window": 0}, {"duty": 2, "window": 3}):
        bob.post(bob.api("b", "challenge"), {"at": steps})
    return bob


def test_a_try_is_run_on_the_server_and_its_ratio_waits_for_submission(explored: Student) -> None:
    worse = explored.post(explored.api("b", "challenge"), {"at": {"duty": 0, "window": 0}})

    assert worse.status_code == 201
    assert worse.json()["is_feasible"] is False
    assert worse.json()["broken"] == ["the archive arrives in time"]
    shown = explored.shown("b").challenge
    assert [t.is_best for t in shown.tries] == [False, True, False]
    assert {t.ratio for t in shown.tries} == {""}
    assert shown.optimum == ""


def test_submitting_reveals_the_optimum_and_ends_the_tries(explored: Student) -> None:
    assert submit(explored).status_code == 302

    shown = explored.shown("b").challenge
    after = explored.post(explored.api("b", "challenge"), {"at": {"duty": 3, "window": 0}})

    assert shown.tries[1].ratio.endswith("%")
    assert "Duty cycle 100%" in shown.optimum
    assert after.status_code == 409


def test_what_was_handed_in_is_computed_anew_to_the_same_and_by_a_mended_lab(
    explored: Student, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit(explored)
    stored, attempt = Submission.objects.get(), explored.attempt

    again = computed_anew([attempt.pk])[attempt.pk]
    assert (again.completion, again.challenge) == (stored.completion, stored.challenge)
    assert again.lab_version == stored.lab_version

    monkeypatch.setattr(challenges, "optimum_of", lambda part, params: ({}, 1e-9))
    mended = computed_anew([attempt.pk])[attempt.pk]
    assert mended.challenge != stored.challenge
    Attempt.objects.filter(pk=attempt.pk).update(lab="no-such-lab")
    assert computed_anew([attempt.pk]) == {}


def test_optional_parts_need_not_be_done_and_stay_locked(bob: Student, school: School) -> None:
    bob.commit_a()
    bob.release("a", size=14, link=0, compressed=0)
    assert synthesis(bob).is_locked
    Assignment.objects.filter(pk=school.assignment.pk).update(optional_parts=["b"])

    page = synthesis(bob)
    assert not page.is_locked
    assert [part.label[:1] for part in page.parts] == ["A"]
    assert "optional" in str(page.rail)
    assert submit(bob).status_code == 302

    stored = Submission.objects.get()
    # Part A in full; the challenge of part B was not asked for.
    assert (stored.completion, stored.challenge) == (1.0, None)
    assert [p["part"] for p in stored.evidence["predictions"]] == ["A"]
    assert bob.shown("b").is_locked
    again = computed_anew([bob.attempt.pk])[bob.attempt.pk]
    assert (again.completion, again.challenge) == (1.0, None)


def test_an_optional_part_that_was_done_changes_no_points(
    explored: Student, school: School
) -> None:
    Assignment.objects.filter(pk=school.assignment.pk).update(optional_parts=["b"])
    submit(explored)

    stored = Submission.objects.get()
    assert (stored.completion, stored.challenge) == (1.0, None)
    assert [p["part"] for p in stored.evidence["predictions"]][-1] == "B"


def test_a_part_in_the_middle_may_be_skipped_and_the_next_opens(
    bob: Student, school: School
) -> None:
    assert bob.page("b").status_code == 403
    Assignment.objects.filter(pk=school.assignment.pk).update(optional_parts=["a"])

    shown = bob.shown("a")
    assert (shown.next_step.label, shown.is_passed) == ("Skip to part B", False)
    assert "optional" in shown.eyebrow
    assert bob.open().context["page"].next_step.label == "Begin with part A"
    bob.commit_b()

    assert bob.open().context["page"].next_step.label == "Continue to the synthesis"
    assert bob.shown("b").header.total == 1
    assert bob.shown("a").is_passed
    assert submit(bob).status_code == 302
    stored = Submission.objects.get()
    # Part B is committed, nothing explored; part A counts for nothing.
    assert stored.completion == 0.5
    assert stored.challenge is not None


def test_a_prediction_that_a_later_part_may_have_told_counts_for_no_figure(
    bob: Student, school: School
) -> None:
    Assignment.objects.filter(pk=school.assignment.pk).update(optional_parts=["a"])
    bob.commit_b()
    before = foresight(school.course, school.bob)
    bob.commit_a()

    assert "passed" in LedgerEntry.objects.filter(kind="reveal").order_by("number").last().body
    assert foresight(school.course, school.bob) == before
    asked = class_view(school.assignment, clock.now()).asked
    assert [question.count for question in asked if question.part == "A"] == [0]
    assert all(question.count for question in asked if question.part == "B")


def test_with_every_part_optional_all_are_asked_for(bob: Student, school: School) -> None:
    Assignment.objects.filter(pk=school.assignment.pk).update(optional_parts=["a", "b"])

    assert bob.shown("a").header.total == 2
    assert bob.page("b").status_code == 403


def test_a_part_that_was_skipped_may_become_asked_for(bob: Student, school: School) -> None:
    Assignment.objects.filter(pk=school.assignment.pk).update(optional_parts=["a"])
    bob.commit_b()
    Assignment.objects.filter(pk=school.assignment.pk).update(optional_parts=[])

    assert bob.open().context["page"].next_step.label == "Continue with part A"
    assert submit(bob).status_code == 403
    bob.commit_a()
    assert submit(bob).status_code == 302


def test_a_student_sees_how_near_their_predictions_come(explored: Student, school: School) -> None:
    (found,) = foresight(school.course, school.bob)

    # "3 min" against the duration that comes out, a number of seconds.
    outcome = json.loads(LedgerEntry.objects.filter(kind="reveal").last().body)["body"]["outcomes"]
    off = outcome["duration"]["log10_error"]
    assert off in found.errors
    assert all(0.0 <= dot <= 100.0 for dot in found.dots)
    page = explored.client.get(f"/grading/courses/{school.course.pk}/?all=1").content.decode()
    assert "How near your predictions come" in page
    assert f"{found.factor:.1f}×" in page
    assert foresight(school.course, school.dora) == []


def test_a_submission_carries_completion_challenge_log_and_evidence(explored: Student) -> None:
    submit(explored)

    stored = Submission.objects.get()
    # Part A committed and its failure found; part B committed, nothing explored.
    assert stored.completion == pytest.approx((1.0 + 0.5) / 2)
    assert stored.challenge is not None
    assert 0.5 < stored.challenge < 1
    assert stored.log_text == LOG
    assert stored.evidence["parts"][0]["failures"] == ["Deadline missed"]
    assert stored.evidence["challenge"]["tries"] == 2
    assert stored.evidence["challenge"]["method"]["distinct"] == 2
    assert from_json(stored.evidence).to_json()["challenge"]["method"]["changes"] == 1
    labels = {number["label"] for number in stored.evidence["numbers"]}
    assert "transfer time" in labels


def test_submitting_twice_is_one_submission_and_another_log_is_refused(explored: Student) -> None:
    submit(explored)

    assert submit(explored).status_code == 302
    assert submit(explored, LOG + " And more.").status_code == 409
    assert Submission.objects.count() == 1
    page = synthesis(explored)
    assert page.submitted is not None
    assert page.log_draft == LOG
    assert page.submitted.lines[0].label == "Completion"


def test_the_student_reads_each_criterions_level_and_the_markers_comment(
    explored: Student, school: School
) -> None:
    submit(explored)
    levels = {"numbers": Level.FULL, "cause": Level.PART, "constraint": Level.NONE}

    log_mark(
        submission=Submission.objects.get(),
        marker=school.alice,
        levels=levels,
        comment="Which limit comes next?",
        seen_number=0,
    )

    submitted = synthesis(explored).submitted
    log = next(line for line in submitted.lines if line.label == "Decision Log")
    assert (log.points, log.points_max) == ("18", "30")
    assert log.note.count(": full") == 1
    assert log.note.count(": none") == 1
    assert log.note.endswith("Which limit comes next?")


def test_submitting_asks_once_where_no_script_does(explored: Student) -> None:
    shown = explored.client.get(f"/labs/attempts/{explored.attempt.pk}/synthesis/").content
    asked = submit(explored, action="submit")

    assert b'id="confirm-submit" hidden' in shown
    assert asked.status_code == 200
    assert b'id="confirm-submit" role="alert"' in asked.content
    assert LOG.encode() in asked.content
    assert synthesis(explored).log_draft == LOG
    assert not Submission.objects.exists()
    assert submit(explored).status_code == 302
    assert Submission.objects.get().log_text == LOG
    assert submit(explored, action="submit").status_code == 409


@pytest.mark.parametrize("action", ["submit", "hand-in"])
def test_a_log_of_the_wrong_length_is_refused_and_kept_on_the_page(
    explored: Student, action: str
) -> None:
    response = submit(explored, "Too short.", action=action)

    assert response.status_code == 422
    page = response.context["page"]
    assert "2 words; 10 to 60 fit" in page.log_error
    assert page.log_draft == "Too short."


def test_the_synthesis_is_locked_until_every_part_is_committed(bob: Student) -> None:
    bob.commit_a()

    page = synthesis(bob)

    assert page.is_locked
    assert page.waiting_for == ("Part B",)
    assert page.takeaways_html == ()
    assert submit(bob).status_code == 403
    draft = bob.put(f"/api/attempts/{bob.attempt.pk}/drafts/log", {"value": "early"})
    assert draft.status_code == 403


def test_a_log_draft_comes_back(explored: Student) -> None:
    kept = explored.put(
        f"/api/attempts/{explored.attempt.pk}/drafts/log", {"value": "So far so good"}
    )

    assert kept.json()["words"] == 4
    assert synthesis(explored).log_draft == "So far so good"


def test_what_is_missing_for_completion_is_said(explored: Student) -> None:
    first, second = synthesis(explored).parts

    assert first.is_done
    assert second.missing == "explore 3 more settings, or find how it fails"


def test_staff_try_a_lab_without_a_grade(
    school: School, as_person: Callable[[Person], Client]
) -> None:
    alice = Student(as_person(school.alice), school.alice, school.assignment)
    alice.open()
    alice.commit_a()
    alice.commit_b()

    assert submit(alice).status_code == 302
    assert Submission.objects.count() == 0
    assert "preview" in synthesis(alice).submitted.state


def test_a_simulation_is_asked_for_polled_and_shared(
    explored: Student, school: School, as_person: Callable[[Person], Client]
) -> None:
    asked = explored.post(explored.api("b", "job"), {"at": {"loss": 1, "packets": 0}})
    assert asked.status_code == 202
    running.job_run(asked.json()["id"])

    polled = explored.client.get(asked.json()["poll_url"]).json()
    shown = explored.shown("b").job
    assert polled["state"] == shown.state == "done"
    assert shown.values[0].label == "tries per packet"
    assert " to " in shown.values[0].interval
    assert shown.job_json["job"]["result"]["curves"]["tries"]
    again = explored.post(explored.api("b", "job"), {"at": {"loss": 1, "packets": 0}})
    assert again.json()["id"] == asked.json()["id"]
    assert Job.objects.count() == 1


def test_other_settings_drop_the_run_asked_for_before(explored: Student) -> None:
    first = explored.post(explored.api("b", "job"), {"at": {"loss": 1, "packets": 0}}).json()
    second = explored.post(explored.api("b", "job"), {"at": {"loss": 2, "packets": 0}}).json()

    assert Job.objects.get(pk=first["id"]).state == "cancelled"
    assert Job.objects.get(pk=second["id"]).state == "queued"
    dropped = explored.client.delete(explored.api("b", "job"))
    assert dropped.json()["state"] == "cancelled"
    assert JobUse.objects.filter(dropped_at=None).count() == 0


def test_without_a_kit_the_simulated_twin_says_what_it_is(explored: Student) -> None:
    before = explored.shown("b").reality
    refused = explored.post(explored.api("b", "reality"), {"mode": "kit"})
    chosen = explored.post(explored.api("b", "reality"), {"mode": "simulation"})

    assert (before.mode, before.kit_available) == ("none", False)
    assert refused.status_code == 409
    assert chosen.json()["mode"] == "simulation"
    after = explored.shown("b").reality
    assert after.message == "Simulation only: nothing here was measured."
    assert after.rows[0].label == "Large copy"
    assert after.rows[0].measured == ""
    assert after.calibration[0].label == "Copy bandwidth"


def test_the_ledger_tells_the_whole_story_and_verifies(explored: Student) -> None:
    submit(explored)
    url = f"/labs/attempts/{explored.attempt.pk}/ledger"

    page = explored.client.get(f"{url}/").context["page"]
    markdown = explored.client.get(f"{url}.md").content.decode()
    exported = explored.client.get(f"{url}.json").json()

    kinds = [entry.kind for entry in page.entries]
    assert kinds[:3] == ["begun", "prediction", "reveal"]
    assert {"failure_found", "challenge", "explored", "design", "decision"} <= set(kinds)
    assert page.is_whole
    assert page.verdict == f"{len(kinds)} entries, unbroken chain"
    assert LOG in markdown
    previous = ledger.GENESIS
    for entry in exported["entries"]:
        assert entry["previous_hash"] == previous
        assert ledger.link(previous, entry["content"]) == entry["hash"]
        previous = entry["hash"]


def test_named_keys_are_written_and_read_by_the_next_lab(explored: Student, school: School) -> None:
    submit(explored)

    names = set(LedgerKey.objects.values_list("name", flat=True))
    assert names == {
        "fixture.time_log10_error", "fixture.boundary", "fixture.challenge_score", "fixture.power",
    }  # fmt: skip
    assert ledger.key_read(school.bob, "fixture.boundary", False) is True
    assert ledger.key_read(school.bob, "fixture.power", "text wanted") == "text wanted"
    assert ledger.key_read(school.dora, "fixture.power", 7.0) == 7.0


def test_a_key_of_a_voided_attempt_is_not_read(explored: Student, school: School) -> None:
    assert ledger.key_read(school.bob, "fixture.power", 0.0) == 0.25

    Attempt.objects.update(voided_at=explored.attempt.started_at)

    assert ledger.key_read(school.bob, "fixture.power", 0.0) == 0.0


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ("UPDATE labruntime_ledgerentry SET body = replace(body, 'cloud', 'tiny') WHERE number = 1",
         "entry 1 was changed"),
        ("DELETE FROM labruntime_ledgerentry WHERE number = 2", "entry 2 is missing"),
        ("UPDATE labruntime_ledgerentry SET kind = 'decision' WHERE number = 2",
         "entry 2 was moved"),
        ("UPDATE labruntime_ledgerkey SET value = '-7.5'", "has named keys that differ"),
    ],
)  # fmt: skip
def test_a_ledger_that_was_tampered_with_is_found_out(
    bob: Student, change: str, fault: str
) -> None:
    bob.commit_a()
    with connection.cursor() as cursor:
        cursor.execute(change)
    output = StringIO()

    with pytest.raises(SystemExit):
        call_command("verify_ledger", stdout=output)

    assert fault in output.getvalue()


def test_whole_ledgers_verify(explored: Student) -> None:
    output = StringIO()

    call_command("verify_ledger", stdout=output)

    assert f"1 chains, {LedgerEntry.objects.count()} entries verified, 0 broken" in (
        output.getvalue()
    )


def test_the_ledger_holds_no_name_and_is_never_rewritten(explored: Student) -> None:
    entry = LedgerEntry.objects.first()
    assert entry is not None

    with pytest.raises(TypeError, match="never changed"):
        entry.save()
    with pytest.raises(TypeError, match="never deleted"):
        entry.delete()
    assert all("name" not in json.loads(e.body)["body"] for e in LedgerEntry.objects.all())


def test_shared_parameters_give_the_class_the_same_numbers_in_another_order(
    school: School, as_person: Callable[[Person], Client]
) -> None:
    Assignment.objects.update(shared_parameters=True)
    school.assignment.refresh_from_db()
    pages = []
    for person in (school.bob, school.dora):
        student = Student(as_person(person), person, school.assignment)
        student.open()
        pages.append(student.shown("a"))

    assert pages[0].story.text_html == pages[1].story.text_html
    tokens = [{o.token for o in page.questions[0].options} for page in pages]
    assert not tokens[0] & tokens[1]


def test_a_page_costs_few_queries(explored: Student) -> None:
    with CaptureQueriesContext(
        connection,
    ) as part:
        explored.page("b")
    with CaptureQueriesContext(connection) as release:
        explored.release("a", size=1, link=0, compressed=0)

    assert len(part) <= 22, [query["sql"][:90] for query in part]
    assert len(release) <= 18, [query["sql"][:90] for query in release]
