"""Names and Role Provisioning Services 2.0: the roster, page by page."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from courseserver.lti import claims, roles, service
from courseserver.lti.faults import FaultKind, PlatformFault
from courseserver.lti.links import next_page
from courseserver.lti.models import Platform
from courseserver.lti.outgoing import Reply
from courseserver.lti.roles import CourseRole

SCOPE = "https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly"
MEMBERS = "application/vnd.ims.lti-nrps.v2.membershipcontainer+json"
# A course of 50 000 in Canvas' pages of 50; more is a loop.
PAGES_MAX = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One line of the roster. Names and email are empty where the platform keeps them."""

    subject: str
    role: CourseRole
    is_test_student: bool
    is_active: bool
    name: str
    email: str


def members(platform: Platform, url: str) -> list[Member]:
    """Return the whole roster, or nothing of it: half a roster would drop people.

    Raises
    ------
    PlatformFault
        If any page is refused, is no roster, or comes round again.
    """
    found = {member.subject: member for page in _pages(platform, url) for member in _read(page)}
    return list(found.values())


def _pages(platform: Platform, url: str) -> Iterator[Reply]:
    seen: set[str] = set()
    while url:
        if url in seen or len(seen) >= PAGES_MAX:
            raise PlatformFault(FaultKind.RETRY, "the LMS's roster pages go in circles")
        seen.add(url)
        page = service.call(
            platform, "GET", url, what="a roster page", scopes=[SCOPE], accept=MEMBERS
        )
        yield page
        url = next_page(page.headers.get("Link", ""), url)


def _read(page: Reply) -> Iterator[Member]:
    try:
        content = page.json()
    except ValueError as error:
        raise _no_roster() from error
    rows = content.get("members") if isinstance(content, dict) else None
    if not isinstance(rows, list):
        raise _no_roster()
    for row in rows:
        if not isinstance(row, dict) or not isinstance(row.get("user_id"), str | int):
            raise _no_roster()
        yield _member(row)


def _member(row: Mapping[str, Any]) -> Member:
    names = claims.strings(row, "roles")
    given, family = claims.text(row, "given_name"), claims.text(row, "family_name")
    return Member(
        subject=str(row["user_id"]),
        role=roles.course_role(names),
        is_test_student=roles.is_test_student(names),
        # Absent means active; Inactive and Deleted people are told apart by nobody here.
        is_active=row.get("status", "Active") == "Active",
        name=claims.text(row, "name", claims.ID_MAX) or f"{given} {family}".strip(),
        email=claims.text(row, "email", claims.ID_MAX),
    )


def _no_roster() -> PlatformFault:
    return PlatformFault(FaultKind.RETRY, "the LMS answered a roster page that is no roster")
