"""Settings that move scores: every score before and after first, then a reason, then as seen."""

from datetime import date, timedelta
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.template.loader import render_to_string

from courseserver.audit.models import AuditEntry
from courseserver.common.errors import Conflict, Unprocessable
from courseserver.courses import plans
from courseserver.courses.models import (
    Accommodation,
    Assignment,
    Enrolment,
    Extension,
    Identity,
    Person,
    SendMode,
)
from courseserver.grading import foreseen, settings_change
from courseserver.grading.changes import Change, Diff
from courseserver.grading.criteria import rubric_of
from courseserver.grading.models import RubricVersion, Score, Submission
from courseserver.grading.rubric import history, version_add
from labs.schemes import Level
from tests.courseserver.grading.classroom import Classroom, get, post, post_as_seen

POLICY = {"late_percent_per_day": "10", "late_grace_min": "0"}
FORM = {"send_mode": "live", "send_as": "points"}


@pytest.fixture(autouse=True)
def no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("services", "settings_change"):
        monkeypatch.setattr(f"courseserver.grading.{module}.drain_soon", lambda _: None)


@pytest.fixture
def late(room: Classroom) -> Classroom:
    """Bob handed in a day and a half late, Bea in time; both have 55 in the LMS."""
    room.mode(SendMode.LIVE)
    room.assignment.due_at = room.clock.now() - timedelta(hours=36)
    room.assignment.save()
    room.submit()
    room.submit(room.bea, submitted_at=room.assignment.due_at)
    room.drain()
    room.clock.pass_s(2)
    return room


def told(page: Any) -> list[tuple[str, float, float]]:
    return [(c.name, c.before, c.after) for c in page.context["diff"].changes]


def points(room: Classroom) -> tuple[float, float]:
    by_person = dict(Score.objects.values_list("person", "points"))
    return by_person[room.bob.pk], by_person[room.bea.pk]


def test_a_late_policy_shows_every_score_then_asks_why_then_does_what_was_seen(
    late: Classroom,
) -> None:
    place = ("course-settings", late.course.id)

    shown = post(late, *place, **POLICY)
    assert told(shown) == [("Bob Costa", 55.0, 44.0)]
    assert "Percent lost per day begun" in shown.content.decode()
    assert (points(late), late.in_lms()) == ((55.0, 55.0), 55.0)

    seen = {"seen": shown.context["diff"].fingerprint}
    assert post(late, *place, **POLICY, **seen).status_code == 422
    assert post(late, *place, **POLICY, seen="another", reason="x").status_code == 409
    assert points(late) == (55.0, 55.0)

    done = post(late, *place, **POLICY, **seen, reason="As the school asks")
    late.drain()
    assert "1 score changed" in done.content.decode()
    assert (points(late), late.in_lms(), late.in_lms(late.bea)) == ((44.0, 55.0), 44.0, 55.0)
    entry = AuditEntry.objects.get(action="course.settings_changed")
    assert (entry.actor, entry.detail["reason"]) == (late.alice.pk, "As the school asks")
    log = get(late, "course-log", late.course.id).content.decode()
    assert "Percent lost per day begun: 0 → 10 (As the school asks)" in log


def test_what_moves_no_score_is_saved_at_once_but_not_without_a_word(late: Classroom) -> None:
    place = ("course-settings", late.course.id)
    still = {"late_percent_per_day": "0", "late_grace_min": "5"}

    assert post(late, *place, **still).status_code == 422
    assert "Settings saved" in post(late, *place, **still, reason="Slow").content.decode()
    # What scores do not stand on needs none.
    assert post(late, *place, **still, time_zone="Asia/Tokyo").status_code == 200


@pytest.mark.parametrize(("who", "status"), [("tom", 403), ("bob", 403), ("charlie", 404)])
def test_only_instructors_see_what_settings_would_change(
    late: Classroom, who: str, status: int
) -> None:
    assert post(late, "course-settings", late.course.id, who=who, **POLICY).status_code == status
    place = ("assignment-settings", late.assignment.id)
    assert post(late, *place, who=who, **FORM, scheme="log").status_code == status


def test_a_due_date_that_makes_work_late_is_shown_first(late: Classroom) -> None:
    settings_change.course_change(
        course=late.course, actor=late.alice, reason="x", late_percent_per_day=10.0
    )
    late.course.refresh_from_db()
    due = {"due_at": late.clock.now().strftime("%Y-%m-%dT%H:%M")}
    place = ("assignment-settings", late.assignment.id)

    assert told(post(late, *place, **FORM, **due)) == [("Bob Costa", 44.0, 55.0)]
    assert points(late) == (44.0, 55.0)
    post_as_seen(late, *place, **FORM, **due, reason="The lab was closed")
    assert points(late) == (55.0, 55.0)


def test_a_due_date_to_the_second_stays_as_it_is_where_nobody_types_another(
    late: Classroom,
) -> None:
    due = late.assignment.due_at + timedelta(seconds=59)
    Assignment.objects.update(due_at=due, due_from_lms=True)
    place = ("assignment-settings", late.assignment.id)

    # The field shows minutes.
    form = FORM | {"due_at": due.strftime("%Y-%m-%dT%H:%M"), "only_if_higher": "on"}
    assert "Settings saved" in post(late, *place, **form).content.decode()

    late.assignment.refresh_from_db()
    assert (late.assignment.due_at, late.assignment.due_from_lms) == (due, True)
    assert late.assignment.only_if_higher


@pytest.mark.parametrize(("count", "is_more"), [(100, False), (101, True)])
def test_a_long_difference_begins_with_its_counts_and_a_hundred_rows(
    count: int, is_more: bool
) -> None:
    lab = Assignment(pk="a", title="A lab")
    changes = tuple(
        Change(
            person_id=f"p{n}", name=f"Student {n}", assignment=lab, before=50.0,
            after=60.0 if n == 0 else 40.0, was_full=True, is_full=True,
        )
        for n in range(count)
    )  # fmt: skip

    page = render_to_string("grading/_diff.html", {"diff": Diff(changes=changes, same=7)})

    before, more, after = page.partition("<details>")
    assert f"{count} scores would change</strong>, 1 up, {count - 1} down" in before
    assert "7 scores would stay as they are" in before
    assert before.count('<th scope="row">') == 100
    assert ("1 more change" in after, after.count('<th scope="row">')) == (is_more, int(is_more))
    assert bool(more) is is_more


def test_who_was_erased_is_in_no_difference(late: Classroom) -> None:
    Identity.objects.filter(person=late.bob).delete()

    shown = foreseen.of_course(late.course, {"late_percent_per_day": 10.0})

    assert (shown.changes, shown.same) == ((), 1)


# --- the scheme, after work came in ---------------------------------------------------------------
def test_a_scheme_is_changed_after_work_came_in_with_a_look_and_a_reason(room: Classroom) -> None:
    place = ("assignment-settings", room.assignment.id)
    assert post(room, *place, **FORM, scheme="poetry").status_code == 422
    assert post(room, *place, **FORM, scheme="log").status_code == 200
    room.assignment.refresh_from_db()
    room.mark(room.submit(), "part")
    score = Score.objects.get()
    # The log alone: 18 of its 30 points, in points of the column.
    assert (score.points, list(score.components)) == (60.0, ["decision_log"])

    shown = post(room, *place, **FORM, scheme="lab")
    assert told(shown) == [("Bob Costa", 60.0, 73.0)]
    assert "Completion, Decision Log, Design Challenge" in shown.content.decode()
    post_as_seen(room, *place, **FORM, scheme="lab", reason="The syllabus says so")

    score.refresh_from_db()
    room.drain()
    assert (score.points, room.in_lms()) == (73.0, 73.0)
    # Both ask for the same criteria: no rubric is begun anew.
    assert not RubricVersion.objects.exists()
    log = get(room, "course-log", room.course.id).content.decode()
    assert "What is graded: Decision Log alone → Completion, Decision Log" in log
    assert "(The syllabus says so)" in log


def change(room: Classroom, scheme: str, **more: Any) -> settings_change.Moved:
    moved = settings_change.settings_change(
        assignment=room.assignment, actor=room.alice, scheme=scheme, **more
    )
    room.assignment.refresh_from_db()
    return moved


def test_other_criteria_come_with_another_scheme_and_marks_go_on_meaning_what_they_meant(
    room: Classroom,
) -> None:
    sent = room.submit(challenge=0.8)
    room.mark(sent, "part")
    with pytest.raises(Unprocessable):
        change(room, "design")

    change(room, "design", reason="Only the design counts")

    assert [c.id for c in rubric_of(room.assignment)] == ["method", "terms", "documentation"]
    assert [c.id for c in rubric_of(room.assignment, 0)] == ["numbers", "cause", "constraint"]
    # 10 of 12.5 for the design; of the log's 37.5 the share that it had of 30.
    assert Score.objects.get().points == 65.0
    entry = AuditEntry.objects.get(action="rubric.changed")
    assert entry.detail["reason"] == "Only the design counts"
    first = history(room.assignment)[-1]
    assert {edit.what.rpartition(": ")[2] for edit in first.edits} == {"removed", "added"}
    page = get(room, "my-grade", room.assignment.id, who="bob").content.decode()
    assert page.count("(no longer asked for)") == 3

    levels = dict.fromkeys(("method", "terms", "documentation"), Level.FULL)
    room.mark(sent, levels=levels)
    assert Score.objects.get().points == 95.0
    change(room, "lab", reason="Back again")
    assert [c.id for c in rubric_of(room.assignment)] == ["numbers", "cause", "constraint"]
    assert [c.id for c in rubric_of(room.assignment, 1)] == ["method", "terms", "documentation"]


def test_a_scheme_changed_before_any_work_needs_no_word(room: Classroom) -> None:
    assert change(room, "design").rescored == 0
    assert not RubricVersion.objects.exists()


def test_scores_that_changed_since_the_look_are_looked_at_again(late: Classroom) -> None:
    seen = foreseen.of_lab(late.assignment, {"scheme": "log"}).fingerprint
    late.mark(late.submit(late.bea), "full")

    with pytest.raises(Conflict):
        change(late, "log", reason="x", seen=seen)


def test_versions_before_know_their_scheme(room: Classroom) -> None:
    migration = import_module("courseserver.grading.migrations.0007_schemes_of_rubrics")
    lab = room.new_assignment(room.course, scheme="design")
    version_add(assignment=lab, rubric=rubric_of(lab), reason="x", actor=room.alice)
    RubricVersion.objects.update(scheme_before="lab")

    migration.schemes_note(apps, None)

    assert RubricVersion.objects.get().scheme_before == "design"


# --- the plan's due dates -------------------------------------------------------------------------
def test_due_dates_of_the_plan_that_move_scores_are_shown_first(late: Classroom) -> None:
    settings_change.course_change(
        course=late.course, actor=late.alice, reason="x", late_percent_per_day=10.0
    )
    starts = late.clock.now().strftime("%Y-%m-%d")
    post(late, "plan-make", late.course.id, map="foundations", starts_on=starts)

    shown = post(late, "plan-due", late.course.id)
    assert told(shown) == [("Bob Costa", 44.0, 55.0)]
    assert points(late) == (44.0, 55.0)
    seen = shown.context["diff"].fingerprint
    assert post(late, "plan-due", late.course.id, seen=seen).status_code == 422

    done = post(late, "plan-due", late.course.id, seen=seen, reason="The plan was late")
    assert "1 due date set" in done.content.decode()
    assert points(late) == (55.0, 55.0)
    assert "(The plan was late)" in get(late, "course-log", late.course.id).content.decode()


def test_an_earlier_term_whose_late_policy_moves_scores_is_shown_first(late: Classroom) -> None:
    before = late.new_course("Last year")
    late.enrol(late.alice, before)
    before.late_percent_per_day = 10.0
    before.save()
    plans.plan_make(
        course=before, actor=late.alice, map_slug="foundations", starts_on=date(2025, 9, 1)
    )
    form = {"source": before.id, "starts_on": "2026-09-07"}

    shown = post(late, "plan-copy", late.course.id, **form)
    late.course.refresh_from_db()
    assert told(shown) == [("Bob Costa", 55.0, 44.0)]
    assert (points(late), late.course.late_percent_per_day) == ((55.0, 55.0), 0.0)
    assert not AuditEntry.objects.filter(action="plan.copied").exists()

    post_as_seen(late, "plan-copy", late.course.id, **form, reason="As last year")
    assert points(late) == (44.0, 55.0)
    log = get(late, "course-log", late.course.id).content.decode()
    assert "another course: Percent lost per day begun: 0 → 10 (As last year)" in log


# --- more time ------------------------------------------------------------------------------------
@pytest.fixture
def costly(late: Classroom) -> Classroom:
    """Being late costs ten percent a day: Bob has 44 of his 55."""
    settings_change.course_change(
        course=late.course, actor=late.alice, reason="x", late_percent_per_day=10.0
    )
    late.course.refresh_from_db()
    late.drain()
    late.clock.pass_s(2)
    return late


def extension(room: Classroom, person: Person, hours: float) -> dict[str, str]:
    due = room.assignment.due_at + timedelta(hours=hours)
    return {"whom": f"person:{person.pk}", "due_at": f"{due:%Y-%m-%dT%H:%M}"}


def test_an_extension_shows_every_score_first_and_so_does_taking_it_back(
    costly: Classroom,
) -> None:
    place = ("extension-give", costly.assignment.id)
    form = extension(costly, costly.bob, 24)

    shown = post(costly, *place, **form, reason="Ill")
    assert told(shown) == [("Bob Costa", 44.0, 49.5)]
    text = shown.content.decode()
    assert "Due, for Bob Costa" in text
    assert 'value="Ill"' in text, "the reason given is not asked for again"
    assert (points(costly), Extension.objects.count()) == ((44.0, 55.0), 0)
    assert not AuditEntry.objects.filter(action="extension.given").exists()

    done = post_as_seen(costly, *place, **form, reason="Ill")
    assert "Extension given. 1 score changed." in done.content.decode()
    costly.drain()
    assert (points(costly), costly.in_lms()) == ((49.5, 55.0), 49.5)
    assert AuditEntry.objects.get(action="extension.given").detail["reason"] == "Ill"

    place = ("extension-take", costly.assignment.id)
    taken = {"extension": str(Extension.objects.get().pk)}
    back = post(costly, *place, **taken, reason="The wrong Bob")
    assert told(back) == [("Bob Costa", 49.5, 44.0)]
    assert Extension.objects.exists()
    post_as_seen(costly, *place, **taken, reason="The wrong Bob")
    assert (points(costly), Extension.objects.count()) == ((44.0, 55.0), 0)
    assert AuditEntry.objects.get(action="extension.taken_back").detail["reason"] == "The wrong Bob"


def test_a_sections_extension_shows_everybody_of_it(costly: Classroom) -> None:
    Enrolment.objects.filter(person=costly.bob).update(sections=["Lab_A"])
    form = extension(costly, costly.bob, 24) | {"whom": "section:Lab_A", "reason": "Fire alarm"}

    shown = post(costly, "extension-give", costly.assignment.id, **form)

    assert told(shown) == [("Bob Costa", 44.0, 49.5)]
    assert "Due, for section Lab_A" in shown.content.decode()


def test_more_time_that_moves_no_score_is_given_and_taken_at_once(costly: Classroom) -> None:
    form = extension(costly, costly.bea, 24)

    done = post(costly, "extension-give", costly.assignment.id, **form, reason="Ill")
    assert "Extension given.<" in done.content.decode()
    number = Extension.objects.get().pk
    post(costly, "extension-take", costly.assignment.id, extension=number, reason="Well again")
    assert not Extension.objects.exists()

    form = {"whom": f"person:{costly.bea.pk}", "multiplier": "2", "extra_hours": "5"}
    post(costly, "accommodation-give", costly.course.id, **form, reason="Agreed")
    number = Accommodation.objects.get().pk
    post(costly, "accommodation-take", costly.course.id, accommodation=number, reason="Over")
    assert not Accommodation.objects.exists()


def test_an_accommodation_shows_every_score_first_and_so_does_taking_it_back(
    costly: Classroom,
) -> None:
    place = ("accommodation-give", costly.course.id)
    form = {"whom": f"person:{costly.bob.pk}", "multiplier": "1.5", "extra_hours": "12"}

    shown = post(costly, *place, **form, reason="Agreed")
    # A day late of one and a half times a day.
    assert told(shown) == [("Bob Costa", 44.0, 49.5)]
    text = shown.content.decode()
    assert "Times the late policy’s, for Bob Costa" in text
    assert "Hours more for each lab, for Bob Costa" in text
    assert (points(costly), Accommodation.objects.count()) == ((44.0, 55.0), 0)

    post_as_seen(costly, *place, **form, reason="Agreed")
    costly.drain()
    assert (points(costly), costly.in_lms()) == ((49.5, 55.0), 49.5)
    # The same again moves nothing; another shows what it takes and gives.
    post(costly, *place, **form, reason="Agreed")
    less = form | {"multiplier": "1", "extra_hours": "0"}
    assert told(post(costly, *place, **less, reason="A mistake")) == [("Bob Costa", 49.5, 44.0)]

    place = ("accommodation-take", costly.course.id)
    taken = {"accommodation": str(Accommodation.objects.get().pk)}
    back = post(costly, *place, **taken, reason="Over")
    assert told(back) == [("Bob Costa", 49.5, 44.0)]
    assert Accommodation.objects.exists()
    post_as_seen(costly, *place, **taken, reason="Over")
    assert (points(costly), Accommodation.objects.count()) == ((44.0, 55.0), 0)


def test_late_hours_given_back_are_no_score_that_changed(costly: Classroom) -> None:
    settings_change.course_change(
        course=costly.course, actor=costly.alice, reason="x", late_bank_hours=40
    )
    assert points(costly) == (55.0, 55.0)
    form = extension(costly, costly.bob, 48)

    done = post(costly, "extension-give", costly.assignment.id, **form, reason="Ill")

    assert "Extension given.<" in done.content.decode()
    assert Score.objects.get(person=costly.bob).banked_h == 0
    log = get(costly, "course-log", costly.course.id).content.decode()
    assert "Score 55 as before" in log
    assert "Score 55 → 55" not in log


def test_more_time_is_looked_at_again_where_scores_changed_since(costly: Classroom) -> None:
    place = ("extension-give", costly.assignment.id)
    form = extension(costly, costly.bob, 24) | {"reason": "Ill"}
    seen = post(costly, *place, **form).context["diff"].fingerprint
    costly.mark(Submission.objects.get(person=costly.bob), "full")

    again = post(costly, *place, **form, seen=seen)

    assert again.status_code == 409
    assert "Scores changed since you looked." in again.content.decode()
    assert told(again) == [("Bob Costa", 68.0, 76.5)]
    assert not Extension.objects.exists()


@pytest.mark.parametrize(("who", "status"), [("tom", 403), ("bob", 403), ("charlie", 404)])
def test_only_instructors_see_what_more_time_would_change(
    costly: Classroom, who: str, status: int
) -> None:
    lab, course = costly.assignment.id, costly.course.id
    form = extension(costly, costly.bob, 24) | {"reason": "x"}
    more = {"whom": f"person:{costly.bob.pk}", "multiplier": "1.5", "extra_hours": "12"}

    assert post(costly, "extension-give", lab, who=who, **form).status_code == status
    assert post(costly, "accommodation-give", course, who=who, **more).status_code == status
    post_as_seen(costly, "extension-give", lab, **form)
    post(costly, "accommodation-give", course, **more, reason="x")
    taken = {"extension": Extension.objects.get().pk, "reason": "x"}
    assert post(costly, "extension-take", lab, who=who, **taken).status_code == status
    taken = {"accommodation": Accommodation.objects.get().pk, "reason": "x"}
    assert post(costly, "accommodation-take", course, who=who, **taken).status_code == status
    assert Extension.objects.count() == Accommodation.objects.count() == 1


@pytest.mark.parametrize("number", ["²", "", "999999999999"])
def test_what_is_no_number_takes_nothing_back(late: Classroom, number: str) -> None:
    lab, course = late.assignment.id, late.course.id

    assert post(late, "extension-take", lab, extension=number).status_code == 404
    assert post(late, "accommodation-take", course, accommodation=number).status_code == 404
    assert get(late, "rubric", lab, **{"from": number}).status_code == 200
    assert post(late, "plan-lab", course, lab="x", week=number).status_code == 404


@pytest.mark.parametrize("due", ["2027-03-28T02:30", "2026-10-25T02:30"])
def test_a_time_that_comes_twice_or_never_is_refused_in_words(late: Classroom, due: str) -> None:
    late.course.time_zone = "Europe/Berlin"
    late.course.save()
    form = {"whom": f"person:{late.bob.id}", "reason": "Ill"}

    page = post(late, "extension-give", late.assignment.id, **form, due_at=due)

    assert page.status_code == 422
    assert "The clocks change just then" in page.content.decode()
    assert post(late, "extension-give", late.assignment.id, **form, due_at="2027-03-28T03:30")
    assert Extension.objects.get().due_at.hour == 1


def test_what_was_typed_for_an_extension_stays_where_it_is_refused(late: Classroom) -> None:
    form = {"whom": f"person:{late.bob.id}", "due_at": "2026-12-01T09:00", "reason": " "}

    page = post(late, "extension-give", late.assignment.id, **form)

    text = page.content.decode()
    assert page.status_code == 422
    assert f'value="person:{late.bob.id}" selected' in text
    assert 'value="2026-12-01T09:00"' in text
    assert "Say why, for the log." in text
    assert "Nothing was given" in text
