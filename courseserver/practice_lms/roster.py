"""Names and Role Provisioning Services: who is in the course, a few per page."""

from typing import Any

from django.http import HttpRequest, HttpResponse

from courseserver.practice_lms import faults, paging, people, registration, tokens
from courseserver.practice_lms.grade_service import service
from courseserver.practice_lms.launches import NRPS_SCOPE
from courseserver.practice_lms.people import Person

MEMBERS = "application/vnd.ims.lti-nrps.v2.membershipcontainer+json"
# Few, so that every reader of the roster has to follow pages.
PAGE_SIZE = 3


@service
@faults.at("members")
def members(request: HttpRequest) -> HttpResponse:
    tokens.check(request, NRPS_SCOPE)
    tool = registration.tool_read()
    course = people.course()
    role = request.GET.get("role", "")
    rows = [_member(person) for person in course.members if not role or _has(person, role)]
    wrap = {
        "id": f"{tool.issuer}/lti/members/?course={course.id}",
        "context": {"id": course.id, "label": course.label, "title": course.title},
    }
    return paging.page(request, tool, rows, MEMBERS, size=PAGE_SIZE, wrap=wrap, name="members")


def _has(person: Person, role: str) -> bool:
    return any(full in (role, f"{full.partition('#')[0]}#{role}") for full in person.roles)


def _member(person: Person) -> dict[str, Any]:
    return {
        "user_id": person.subject,
        "status": "Active",
        "roles": list(person.roles),
        "name": person.name,
        "given_name": person.given,
        "family_name": person.family,
        "email": person.email,
    }
