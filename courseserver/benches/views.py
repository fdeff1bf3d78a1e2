"""Pages of the activities: what one may deploy, one activity, its ranking."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from courseserver.benches import access, ranking, services
from courseserver.benches.comparison import measured_of, view_of
from courseserver.benches.models import ActivityRun
from courseserver.benches.readings import readings_of
from courseserver.benches.wording import design_text, step_text
from courseserver.common.errors import Conflict, NotFound, Unprocessable
from courseserver.courses.access import course_for, person_of
from courseserver.courses.models import Course, Enrolment, Person
from courseserver.courses.ranking import NAME_MAX, presence_of, rank_name_typed
from courseserver.kits import selectors as kits
from courseserver.kits.bench import own_kits_of
from labs.activities import TRACKS, Activity, Design, all_activities
from labs.course_map import all_maps
from simcore import catalog


@require_GET
def activities(request: HttpRequest, course_id: str) -> HttpResponse:
    """List what can be done on a board, and the person's own kits."""
    person = person_of(request)
    course, enrolment = course_for(person, course_id)
    context = {
        "course": course,
        "activities": sorted(all_activities(), key=_first_week),
        "own_kits": own_kits_of(person, course),
        "is_staff": enrolment.is_staff,
    }
    return render(request, "benches/activities.html", context)


def _first_week(found: Activity) -> int:
    """Return the week of the longest course map in which an activity stands first."""
    weeks = [
        week.number
        for course_map in all_maps()[:1]
        for week in course_map.weeks
        if week.deploy and week.deploy.activity == found.title
    ]
    return min(weeks, default=99)


@require_GET
def activity(request: HttpRequest, course_id: str, slug: str) -> HttpResponse:
    """Show one activity: choose, see the prediction, measure or simulate, compare."""
    person = person_of(request)
    course, enrolment = course_for(person, course_id)
    found = access.activity_of(slug)
    run = _run_shown(request, person, course, found)
    if run is not None and not _has_choices(request.GET, found):
        design, board = run.design, run.board
    else:
        # Another design than the one measured: its numbers must not stand beside these.
        design = services.design_of(found, request.GET.dict())
        board = services.board_of(found, request.GET.get("board", ""))
        run = run if run and (run.design, run.board) == (design, board) else None
    context = {
        "course": course,
        "activity": found,
        "choices": _choices(found, design),
        "boards": [(b, catalog.item("hardware", b).name) for b in found.model.boards()],
        "board": board,
        "view": view_of(found, design, board, run, person=person, course=course),
        "run": run,
        "job": kits.job_view(run.kit_job) if run and run.kit_job else None,
        "able": services.able_kits(course, person, found, design, board),
        "no_room": services.why_no_room(found, design, board),
        "asks_kits": bool(found.model.tasks(design, board)),
        "earlier": _earlier(person, course, found, run),
        **_ranking(found, enrolment),
    }
    return render(request, "benches/activity.html", context)


@require_POST
def run_ask(request: HttpRequest, course_id: str, slug: str) -> HttpResponse:
    """Deploy the chosen design on a kit, or take the simulation."""
    person = person_of(request)
    course, _ = course_for(person, course_id)
    found = access.activity_of(slug)
    design = services.design_of(found, request.POST.dict())
    board = services.board_of(found, request.POST.get("board", ""))
    mode = request.POST.get("mode", "")
    try:
        run = services.run_ask(
            person=person, course=course, activity=found, design=design, board=board, mode=mode
        )
    except services.NoKit as refusal:
        messages.error(request, f"{refusal.detail} {refusal.remedy}")
        chosen = QueryDict(mutable=True)
        chosen.update({**{k: str(v) for k, v in design.items()}, "board": board})
        return redirect(f"{reverse('activity', args=[course_id, slug])}?{chosen.urlencode()}")
    return redirect(f"{reverse('activity', args=[course_id, slug])}?run={run.pk}")


@require_POST
def name_choose(request: HttpRequest, course_id: str, slug: str) -> HttpResponse:
    """Choose how to stand on the tables of the course."""
    _, enrolment = course_for(person_of(request), course_id)
    found = access.activity_of(slug)
    try:
        messages.success(request, rank_name_typed(enrolment, request.POST.dict()))
    except (Conflict, Unprocessable) as refusal:
        messages.error(request, f"{refusal.detail} {refusal.remedy}")
    return redirect("activity", course_id, found.slug)


@require_POST
def run_cancel(request: HttpRequest, course_id: str, run_id: str) -> HttpResponse:
    person = person_of(request)
    course_for(person, course_id)
    run = access.run_for(person, course_id, run_id)
    services.run_cancel(person=person, run=run)
    return redirect(f"{reverse('activity', args=[course_id, run.activity])}?run={run.pk}")


@require_GET
def readings_file(request: HttpRequest, course_id: str, run_id: str) -> HttpResponse:
    """Give a run's sensor data as a file."""
    person = person_of(request)
    course_for(person, course_id)
    run = access.run_for(person, course_id, run_id)
    found = readings_of(measured_of(run))
    if found is None:
        raise NotFound("This run brought no readings.", remedy="Measure again, on a board.")
    response = HttpResponse("".join(found.csv()), content_type="text/csv; charset=utf-8")
    name = "synthetic" if found.is_synthetic else "sensor"
    response["Content-Disposition"] = f'attachment; filename="{name}-{run.pk}.csv"'
    return response


def _run_shown(
    request: HttpRequest, person: Person, course: Course, found: Activity
) -> ActivityRun | None:
    """Return the run asked for, else the person's latest."""
    asked = request.GET.get("run", "")
    if asked:
        run = access.run_for(person, course.pk, asked)
        return run if run.activity == found.slug else None
    mine = ActivityRun.objects.filter(course=course, person=person, activity=found.slug)
    return mine.order_by("-at").first()


def _has_choices(given: QueryDict, found: Activity) -> bool:
    return "board" in given or any(knob.id in given for knob in found.model.design())


def _choices(found: Activity, design: Design) -> list[dict[str, Any]]:
    rows = []
    for knob in found.model.design():
        words = found.choices[knob.id]
        options = [
            {
                "value": str(step),
                "label": step_text(step, words),
                "is_chosen": step == design[knob.id],
            }
            for step in knob.steps
        ]
        rows.append({"id": knob.id, "label": words.label, "help": words.help, "options": options})
    return rows


def _earlier(
    person: Person, course: Course, found: Activity, run: ActivityRun | None
) -> list[dict[str, Any]]:
    """Return the person's other runs of an activity, the latest first."""
    mine = ActivityRun.objects.filter(course=course, person=person, activity=found.slug)
    rows = mine.exclude(pk=run.pk if run else "").order_by("-at")[:8]
    return [
        {
            "id": row.pk,
            "design": design_text(found, row.design),
            "board": catalog.item("hardware", row.board).name,
            "mode": "on a kit" if row.kit_job else "simulated",
            "at": row.at,
        }
        for row in rows
    ]


def _ranking(found: Activity, reader: Enrolment) -> dict[str, Any]:
    if not found.is_ranked:
        return {}
    tables = [
        (evidence, ranking.board_of_entries(found, reader, evidence=evidence))
        for evidence in ("measured", "emulated")
    ]
    return {
        "rankings": [table for table in tables if table[1]],
        "tracks": TRACKS,
        "presence": None if reader.is_staff else presence_of(reader.course, reader.person),
        "name_max": NAME_MAX,
    }
