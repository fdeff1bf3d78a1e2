from collections.abc import Callable

from django.http import HttpResponse
from django.urls import URLPattern, URLResolver, path
from django.views.decorators.cache import cache_control

from courseserver.grading.views import (
    anew,
    assignment,
    board,
    cell,
    course,
    home,
    leaders,
    logs,
    mine,
    people,
    roster,
    teaching,
    term,
)

# Names and scores: for no cache between us and the reader.
_private = cache_control(private=True, no_store=True)


def _page(route: str, view: Callable[..., HttpResponse], name: str) -> URLPattern:
    return path(route, _private(view), name=name)


_ASSIGNMENT = "assignments/<str:assignment_id>"

urlpatterns: list[URLPattern | URLResolver] = [
    _page("courses/<str:course_id>/", home.course_home, "course-home"),
    _page(
        "courses/<str:course_id>/students/<str:person_id>/", people.student_trail, "student-trail"
    ),
    _page("courses/<str:course_id>/settings/", course.course_settings, "course-settings"),
    _page(
        "courses/<str:course_id>/accommodations/", course.accommodation_give, "accommodation-give"
    ),
    _page(
        "courses/<str:course_id>/accommodations/take/",
        course.accommodation_take,
        "accommodation-take",
    ),
    _page("courses/<str:course_id>/grades/", course.course_grades, "course-grades"),
    _page("courses/<str:course_id>/grades/file/", course.grades_file, "grades-file"),
    _page("courses/<str:course_id>/grades/upload/", course.grades_upload, "grades-upload"),
    _page("courses/<str:course_id>/grades/apply/", course.grades_apply, "grades-apply"),
    _page("courses/<str:course_id>/grades/retry/", course.course_retry, "course-retry"),
    _page("courses/<str:course_id>/log/", course.course_audit, "course-log"),
    _page("courses/<str:course_id>/roster/", roster.roster_page, "course-roster"),
    _page("courses/<str:course_id>/roster/read/", roster.roster_read, "roster-read"),
    _page("courses/<str:course_id>/roster/apply/", roster.roster_apply, "roster-apply"),
    _page("courses/<str:course_id>/roster/drop/", roster.roster_drop, "roster-drop"),
    _page("courses/<str:course_id>/week/", term.course_week, "course-week"),
    _page("courses/<str:course_id>/plan/", term.course_plan, "course-plan"),
    _page("courses/<str:course_id>/plan/make/", term.plan_make, "plan-make"),
    _page("courses/<str:course_id>/plan/copy/", term.plan_copy, "plan-copy"),
    _page("courses/<str:course_id>/plan/dates/", term.plan_dates, "plan-dates"),
    _page("courses/<str:course_id>/plan/lab/", term.plan_lab, "plan-lab"),
    _page("courses/<str:course_id>/plan/due/", term.plan_due, "plan-due"),
    _page("courses/<str:course_id>/labs/<str:slug>/notes/", teaching.lab_notes, "lab-notes"),
    _page(f"{_ASSIGNMENT}/", assignment.assignment_staff, "assignment-staff"),
    _page(f"{_ASSIGNMENT}/settings/", assignment.assignment_settings, "assignment-settings"),
    _page(f"{_ASSIGNMENT}/extensions/", assignment.extension_give, "extension-give"),
    _page(f"{_ASSIGNMENT}/extensions/take/", assignment.extension_take, "extension-take"),
    _page(f"{_ASSIGNMENT}/mine/", mine.my_grade, "my-grade"),
    _page(f"{_ASSIGNMENT}/students/<str:person_id>/", cell.grade_cell, "grade-cell"),
    _page(f"{_ASSIGNMENT}/students/<str:person_id>/set/", cell.cell_set, "cell-set"),
    _page(f"{_ASSIGNMENT}/students/<str:person_id>/hold/", cell.cell_hold, "cell-hold"),
    _page(f"{_ASSIGNMENT}/leaders/", leaders.leaders_page, "leaders"),
    _page(f"{_ASSIGNMENT}/rubric/", anew.rubric_page, "rubric"),
    _page(f"{_ASSIGNMENT}/regrade/", anew.regrade_page, "lab-regrade"),
    _page(f"{_ASSIGNMENT}/calibration/", logs.calibrate, "calibrate"),
    _page(f"{_ASSIGNMENT}/calibration/draw/", logs.calibrate_draw, "calibrate-draw"),
    _page(f"{_ASSIGNMENT}/calibration/mark/", logs.calibrate_mark, "calibrate-mark"),
    _page("courses/<str:course_id>/requests/", cell.regrades, "course-regrades"),
    _page("requests/<int:request_id>/", cell.regrade_answer, "regrade-answer"),
    _page(f"{_ASSIGNMENT}/logs/", logs.log_queue, "log-queue"),
    _page("submissions/<str:submission_id>/log/", logs.log_mark, "log-mark"),
    _page(f"{_ASSIGNMENT}/grades/", board.sync_board, "sync-board"),
    _page(f"{_ASSIGNMENT}/grades/preview/", board.grades_preview, "grades-preview"),
    _page(f"{_ASSIGNMENT}/grades/preview/look/", board.grades_preview_look, "grades-preview-look"),
    _page(f"{_ASSIGNMENT}/grades/preview/send/", board.grades_preview_send, "grades-preview-send"),
    _page(f"{_ASSIGNMENT}/grades/release/", board.grades_release, "grades-release"),
    _page(f"{_ASSIGNMENT}/grades/column/", board.column_make, "column-make"),
    _page(f"{_ASSIGNMENT}/grades/send/", board.grades_send, "grades-send"),
    _page(f"{_ASSIGNMENT}/grades/retry/", board.grades_retry, "grades-retry"),
    _page(f"{_ASSIGNMENT}/grades/look/", board.grades_read, "grades-read"),
    _page(f"{_ASSIGNMENT}/grades/decide/", board.grade_decide, "grade-decide"),
    _page(f"{_ASSIGNMENT}/grades/file/", board.grades_csv, "grades-csv"),
]
