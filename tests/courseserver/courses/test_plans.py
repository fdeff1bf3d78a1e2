"""Plans of a term: dates around breaks and clock changes, labs moved, dropped, copied."""

import itertools
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from courseserver.audit.models import AuditEntry
from courseserver.common.errors import NotFound, Unprocessable
from courseserver.courses import plans
from courseserver.courses.models import Course, Person, Plan
from courseserver.courses.planning import Calendar, current, spans
from courseserver.lti.models import Platform

BERLIN = ZoneInfo("Europe/Berlin")


def calendar(*breaks: date, starts_on: date = date(2027, 3, 8)) -> Calendar:
    return Calendar(
        starts_on=starts_on,
        breaks=frozenset(breaks),
        due_day=6,
        due_time=time(23, 59),
        zone=BERLIN,
    )


def test_weeks_follow_one_another_and_work_is_due_on_their_last_evening() -> None:
    weeks = spans(calendar(), 4)

    assert [w.starts_on for w in weeks] == [date(2027, 3, d) for d in (8, 15, 22, 29)]
    assert weeks[0].ends_on == date(2027, 3, 14)
    assert weeks[0].due_at == datetime(2027, 3, 14, 22, 59, tzinfo=UTC)


def test_a_deadline_stays_at_its_hour_when_the_clocks_change() -> None:
    weeks = spans(calendar(), 4)

    assert [w.due_at.astimezone(BERLIN).hour for w in weeks] == [23] * 4
    assert [w.due_at.hour for w in weeks] == [22, 22, 21, 21]


def test_a_break_moves_every_later_week() -> None:
    weeks = spans(calendar(date(2027, 3, 22)), 4)

    assert [w.starts_on.day for w in weeks] == [8, 15, 29, 5]
    assert [w.number for w in weeks] == [1, 2, 3, 4]


def test_a_break_that_begins_no_week_is_refused_with_the_days_that_do() -> None:
    with pytest.raises(Unprocessable, match="23 March 2027 begins no week") as refusal:
        spans(calendar(date(2027, 3, 23)), 4)

    assert "Mondays from 8 March" in refusal.value.remedy


@given(
    off=st.sets(st.integers(0, 15), max_size=6),
    start=st.dates(min_value=date(2026, 1, 1), max_value=date(2030, 1, 1)),
)
def test_any_term_has_all_its_weeks_and_none_in_a_break(off: set[int], start: date) -> None:
    breaks = {date.fromordinal(start.toordinal() + 7 * week) for week in off}
    weeks = spans(calendar(*breaks, starts_on=start), 16)

    assert [w.number for w in weeks] == list(range(1, 17))
    assert all(a.ends_on < b.starts_on for a, b in itertools.pairwise(weeks))
    assert not breaks & {w.starts_on for w in weeks}
    assert all(w.starts_on <= w.due_at.astimezone(BERLIN).date() <= w.ends_on for w in weeks)


@pytest.mark.parametrize(
    ("day", "number"),
    [
        (date(2027, 1, 1), 1),
        (date(2027, 3, 14), 1),
        (date(2027, 3, 15), 2),
        (date(2027, 3, 24), 3),
        (date(2027, 5, 1), None),
    ],
)
def test_one_is_in_a_week_or_before_the_next(day: date, number: int | None) -> None:
    found = current(spans(calendar(date(2027, 3, 22)), 4), day)

    assert (found.number if found else None) == number


@pytest.fixture
def course(db: None) -> Course:
    platform = Platform.objects.create(
        name="Canvas",
        issuer="https://lms.example",
        client_id="1",
        deployment_id="1",
        auth_url="https://lms.example/auth",
        token_url="https://lms.example/token",
        jwks_url="https://lms.example/jwks",
        approved=True,
    )
    return Course.objects.create(platform=platform, context_id="c1", time_zone="Europe/Berlin")


@pytest.fixture
def alice(db: None) -> Person:
    return Person.objects.create()


@pytest.fixture
def plan(course: Course, alice: Person) -> Plan:
    return plans.plan_make(
        course=course, actor=alice, map_slug="foundations", starts_on=date(2027, 3, 8)
    )


def places(plan: Plan) -> dict[str, int]:
    return dict(plan.labs.values_list("lab", "week"))


def test_a_plan_begins_with_every_lab_in_its_week(plan: Plan) -> None:
    weeks = plans.planned_weeks(plan)

    assert len(weeks) == 16
    assert [lab.lab for lab in weeks[11].labs] == ["v1-11-hardware-roofline"]
    assert all(lab.is_graded for week in weeks for lab in week.labs)
    assert AuditEntry.objects.filter(action="plan.made", course_id=plan.course_id).count() == 1


def test_a_workshop_is_ungraded_and_counts_days(course: Course, alice: Person) -> None:
    plan = plans.plan_make(
        course=course, actor=alice, map_slug="workshop", starts_on=date(2027, 3, 8)
    )
    weeks = plans.planned_weeks(plan)

    assert [w.span.starts_on for w in weeks] == [date(2027, 3, 8), date(2027, 3, 9)]
    assert not any(lab.is_graded for week in weeks for lab in week.labs)


def test_an_unknown_syllabus_leaves_the_old_plan(plan: Plan, alice: Person) -> None:
    with pytest.raises(Unprocessable, match="no syllabus “poetry”"):
        plans.plan_make(
            course=plan.course, actor=alice, map_slug="poetry", starts_on=date(2027, 3, 8)
        )

    assert Plan.objects.get(course=plan.course).map_slug == "foundations"


def test_a_break_outside_the_weeks_leaves_the_old_plan(plan: Plan, alice: Person) -> None:
    with pytest.raises(Unprocessable, match="begins no week"):
        plans.plan_make(
            course=plan.course,
            actor=alice,
            map_slug="scale",
            starts_on=date(2027, 3, 8),
            breaks=frozenset({date(2027, 3, 9)}),
        )

    assert Plan.objects.get(course=plan.course).map_slug == "foundations"


def test_a_lab_is_moved_dropped_and_added_again(plan: Plan, alice: Person) -> None:
    plans.lab_place(plan=plan, actor=alice, lab="v1-11-hardware-roofline", week=14, is_graded=False)
    assert places(plan)["v1-11-hardware-roofline"] == 14

    plans.lab_drop(plan=plan, actor=alice, lab="v1-11-hardware-roofline")
    assert "v1-11-hardware-roofline" not in places(plan)
    with pytest.raises(NotFound):
        plans.lab_drop(plan=plan, actor=alice, lab="v1-11-hardware-roofline")

    plans.lab_place(plan=plan, actor=alice, lab="v2-06-fault-tolerance", week=16, is_graded=True)
    assert places(plan)["v2-06-fault-tolerance"] == 16


@pytest.mark.parametrize("week", [0, 17])
def test_a_week_outside_the_term_is_refused_with_its_limits(
    plan: Plan, alice: Person, week: int
) -> None:
    with pytest.raises(Unprocessable, match=f"no week {week}") as refusal:
        plans.lab_place(plan=plan, actor=alice, lab="v1-01-ai-triad", week=week, is_graded=True)

    assert "1 to 16" in refusal.value.remedy


def test_moving_the_term_keeps_where_labs_are(plan: Plan, alice: Person) -> None:
    plans.lab_place(plan=plan, actor=alice, lab="v1-01-ai-triad", week=5, is_graded=True)
    plans.dates_change(
        plan=plan,
        actor=alice,
        starts_on=date(2027, 3, 15),
        breaks=frozenset({date(2027, 3, 29)}),
        due_day=4,
        due_time=time(18),
    )

    weeks = plans.planned_weeks(Plan.objects.get(pk=plan.pk))
    assert weeks[2].span.starts_on == date(2027, 4, 5)
    assert weeks[0].span.due_at == datetime(2027, 3, 19, 17, tzinfo=UTC)
    assert places(plan)["v1-01-ai-triad"] == 5


def test_a_copy_keeps_places_and_begins_on_its_own_day(plan: Plan, alice: Person) -> None:
    plans.lab_drop(plan=plan, actor=alice, lab="v1-00-orientation")
    other = Course.objects.create(platform=plan.course.platform, context_id="c2")

    copy = plans.plan_copy(source=plan, course=other, actor=alice, starts_on=date(2028, 3, 6))

    assert places(copy) == places(plan)
    assert plans.planned_weeks(copy)[0].span.starts_on == date(2028, 3, 6)
    assert other.enrolments.count() == 0
