"""Pages of the practice LMS. The address says who you act as; there are no accounts."""

from dataclasses import dataclass

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from courseserver.practice_lms import gradebook, links, people, registration
from courseserver.practice_lms.gradebook import Cell, Item
from courseserver.practice_lms.launches import Message, login_address
from courseserver.practice_lms.people import Person


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One student's line of the gradebook: a cell per column, None where nothing stands."""

    person: Person
    cells: tuple[tuple[Item, Cell | None], ...]


@require_GET
def front(request: HttpRequest) -> HttpResponse:
    return redirect("home", person_id=people.course().people[0].id)


@require_GET
def home(request: HttpRequest, person_id: str) -> HttpResponse:
    person = _person(person_id)
    if not person.is_member:
        return _page(request, person, "stranger", status=403)
    # As the course goes: labs by their number, then whatever else was added.
    listed = sorted(links.read_all(), key=lambda link: link.custom.get("lab", "~"))
    return _page(request, person, "home", links=listed)


@require_GET
def link_page(request: HttpRequest, person_id: str, link_id: int) -> HttpResponse:
    """Show the tool in a frame, as an LMS does."""
    person, link = _member(person_id), links.read(link_id)
    if link is None:
        raise Http404
    return _page(request, person, "link", link=link)


@require_GET
def link_open(request: HttpRequest, person_id: str, link_id: int) -> HttpResponse:
    """Send the frame to the tool's login."""
    person = _member(person_id)
    if links.read(link_id) is None:
        raise Http404
    return _open(Message(person=person.id, kind="LtiResourceLinkRequest", link=link_id))


@require_GET
def add_page(request: HttpRequest, person_id: str) -> HttpResponse:
    return _page(request, staff(person_id), "add")


@require_GET
def add_open(request: HttpRequest, person_id: str) -> HttpResponse:
    return _open(Message(person=staff(person_id).id, kind="LtiDeepLinkingRequest"))


@require_GET
def review_page(
    request: HttpRequest, person_id: str, item_id: int, student_id: str
) -> HttpResponse:
    """Show a student's submission in the tool, from the gradebook."""
    person, student = staff(person_id), _student(student_id)
    return _page(request, person, "review", item=_item(item_id), student=student)


@require_GET
def review_open(
    request: HttpRequest, person_id: str, item_id: int, student_id: str
) -> HttpResponse:
    person, student, item = staff(person_id), _student(student_id), _item(item_id)
    message = Message(
        person=person.id,
        kind="LtiSubmissionReviewRequest",
        link=item.link_id or 0,
        for_subject=student.subject,
    )
    return _open(message)


@require_GET
def grades(request: HttpRequest, person_id: str) -> HttpResponse:
    """Show every grade to staff, and their own to a student."""
    person = _member(person_id)
    columns = gradebook.items()
    students = people.course().students if person.is_staff else (person,)
    cells = {item.id: gradebook.cells(item) for item in columns}
    rows = [
        Row(
            person=student,
            cells=tuple((item, cells[item.id].get(student.subject)) for item in columns),
        )
        for student in students
    ]
    return _page(request, person, "grades", columns=columns, rows=rows)


@require_POST
def override(request: HttpRequest, person_id: str, item_id: int, student_id: str) -> HttpResponse:
    """Set a teacher's own grade over the tool's; an empty field takes it away."""
    person, student, item = staff(person_id), _student(student_id), _item(item_id)
    gradebook.override_set(item.id, student.subject, _points(request.POST.get("points", "")))
    return redirect("grades", person_id=person.id)


@require_GET
def members(request: HttpRequest, person_id: str) -> HttpResponse:
    return _page(request, _member(person_id), "people")


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    context = {"title": "There is nothing here", "words": "Go back to the course page."}
    return render(request, "practice_lms/refusal.html", context, status=404)


def _open(message: Message) -> HttpResponse:
    return HttpResponseRedirect(login_address(registration.tool_read(), message))


def _page(
    request: HttpRequest, person: Person, name: str, *, status: int = 200, **context: object
) -> HttpResponse:
    shared = {
        "course": people.course(),
        "person": person,
        "section": name,
        "tool_origin": registration.tool_origin(),
    }
    return render(request, f"practice_lms/{name}.html", {**shared, **context}, status=status)


def _person(person_id: str) -> Person:
    person = people.course().person(person_id)
    if person is None:
        raise Http404
    return person


def _member(person_id: str) -> Person:
    person = _person(person_id)
    if not person.is_member:
        raise Http404
    return person


def staff(person_id: str) -> Person:
    person = _person(person_id)
    if not person.is_staff:
        raise Http404
    return person


def _student(person_id: str) -> Person:
    person = _person(person_id)
    if not person.is_student:
        raise Http404
    return person


def _item(item_id: int) -> Item:
    try:
        return gradebook.item_read(item_id)
    except gradebook.Refused as error:
        raise Http404 from error


def _points(text: str) -> float | None:
    try:
        return max(0.0, float(text.replace(",", "."))) if text.strip() else None
    except ValueError as error:
        raise Http404 from error
