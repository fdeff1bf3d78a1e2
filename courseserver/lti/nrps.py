"""Names and Role Provisioning Services 2.0: the roster, page by page."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from courseserver.lti import claims, roles, service
from courseserver.lti.ags import with_query
from courseserver.lti.faults import FaultKind, PlatformFault
from courseserver.lti.links import next_page, parse_links
from courseserver.lti.models import Platform
from courseserver.lti.outgoing import Reply
from courseserver.lti.roles import CourseRole

SCOPE = "https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly"
MEMBERS = "application/vnd.ims.lti-nrps.v2.membershipcontainer+json"
# A course of 50 000 in Canvas' pages of 50; more is a loop.
PAGES_MAX = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One line of the roster. What the platform keeps to itself is empty.

    `lms_user_id`, `login` and `sis_id` are by what its gradebook import finds a person.
    """

    subject: str
    role: CourseRole
    is_test_student: bool
    is_active: bool
    name: str
    email: str
    lms_user_id: str = ""
    login: str = ""
    sis_id: str = ""
    sections: tuple[str, ...] = ()


def members(platform: Platform, url: str, *, link_id: str = "") -> list[Member]:
    """Return the whole roster, or nothing of it: half a roster would drop people.

    With the id of one of our links, platforms that can also tell each member's variables.

    Raises
    ------
    PlatformFault
        If any page is refused, is no roster, or comes round again.
    """
    first = with_query(url, rlid=link_id) if link_id else url
    pages = _pages(platform, first)
    found = {m.subject: m for page in pages for m in _read(page, platform.product)}
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
        links = page.headers.get("Link", "")
        before, url = url, next_page(links, url)
        if not url and any("next" in link.relations for link in parse_links(links, before)):
            raise PlatformFault(FaultKind.RETRY, "the LMS's roster goes on at another address")


def _read(page: Reply, product: str) -> Iterator[Member]:
    try:
        content = page.json()
    except ValueError as error:
        raise _no_roster() from error
    rows = content.get("members") if isinstance(content, dict) else None
    if not isinstance(rows, list):
        raise _no_roster()
    for row in rows:
        if not isinstance(row, dict) or not _is_subject(row.get("user_id")):
            raise _no_roster()
        yield _member(row, product)


def _is_subject(value: Any) -> bool:
    text = str(value) if isinstance(value, str | int) else ""
    return 0 < len(text) <= claims.ID_MAX and text.isascii() and text.isprintable()


def _member(row: Mapping[str, Any], product: str) -> Member:
    names = claims.strings(row, "roles")
    given, family = claims.text(row, "given_name"), claims.text(row, "family_name")
    told = _variables(row)
    return Member(
        subject=str(row["user_id"]),
        role=roles.course_role(names, product),
        is_test_student=roles.is_test_student(names),
        # Absent means active; Inactive and Deleted people are told apart by nobody here.
        is_active=row.get("status", "Active") == "Active",
        name=claims.text(row, "name", claims.ID_MAX) or f"{given} {family}".strip(),
        email=claims.text(row, "email", claims.ID_MAX),
        lms_user_id=told.get("lms_user_id", "")[: claims.ID_MAX],
        login=(told.get("lms_login", "") or claims.text(row, "ext_user_username", claims.ID_MAX))[
            : claims.ID_MAX
        ],
        sis_id=claims.text(row, "lis_person_sourcedid", claims.ID_MAX),
        sections=section_names(told.get("sections", "")),
    )


def _variables(row: Mapping[str, Any]) -> dict[str, str]:
    """Return a member's custom variables, told where the roster was asked for one link."""
    messages = row.get("message")
    for message in messages if isinstance(messages, list) else []:
        if isinstance(message, dict) and isinstance(message.get(claims.CUSTOM), dict):
            return claims.custom(message)
    return {}


def section_names(text: str) -> tuple[str, ...]:
    """Return the names in a platform's list of sections: JSON, or words between commas."""
    try:
        found = json.loads(text) if text.startswith("[") else text.split(",")
    except (ValueError, RecursionError):
        found = text.strip("[]").split(",")
    # Cleaned again: JSON's escapes bring back what no database stores.
    names = (claims.clean(str(name), claims.ID_MAX) for name in found)
    return tuple(dict.fromkeys(name for name in names if name))


def _no_roster() -> PlatformFault:
    return PlatformFault(FaultKind.RETRY, "the LMS answered a roster page that is no roster")
