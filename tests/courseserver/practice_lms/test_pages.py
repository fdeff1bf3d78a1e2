"""The practice LMS's own pages: who sees which grade, who may change one, what links arrive."""

import secrets
import time
from typing import Any

import pytest

from tests.courseserver.practice_lms.conftest import Tool, form_fields
from tests.courseserver.practice_lms.test_platform import AMARA, BEN, post, results
from tests.services import LIMIT_S

pytestmark = pytest.mark.processes
LTI = "https://purl.imsglobal.org/spec/lti/claim/"
DL = "https://purl.imsglobal.org/spec/lti-dl/claim/"
GRADES = "/as/dana/grades/"


def override(tool: Tool, person: str, points: str) -> int:
    page = tool.get(f"/as/{person}/grades/")
    body = {"csrfmiddlewaretoken": form_fields(page.text).get("csrfmiddlewaretoken", "")}
    url = f"{tool.lms}/as/{person}/grades/1/amara/override/"
    reply = tool.http.post(url, data={**body, "points": points}, timeout=LIMIT_S)
    return int(reply.status_code)


def test_the_course_page_names_itself_as_practice(tool: Tool) -> None:
    page = tool.get("/as/amara/").text

    assert "Practice LMS" in page
    assert "Acting as" in page
    titles = ["The AI triad", "The hardware roofline", "Tail latency", "When failure is routine"]
    places = [page.index(title) for title in titles]
    assert places == sorted(places)


def test_a_link_opens_in_a_frame(tool: Tool) -> None:
    page = tool.get("/as/amara/links/1/")

    assert 'src="/as/amara/links/1/open/"' in page.text
    assert f"frame-src 'self' {tool.url}" in page.headers["Content-Security-Policy"]


def test_the_gradebook_shows_score_comment_and_time(tool: Tool) -> None:
    post(tool, comment="Two & a half <b>reasons</b>")

    page = tool.get(GRADES).text

    assert 'data-points="86.0"' in page
    assert "Two &amp; a half &lt;b&gt;reasons&lt;/b&gt;" in page
    assert " UTC</time>" in page


def test_a_student_sees_their_own_row_only(tool: Tool) -> None:
    post(tool)
    post(tool, userId=BEN, scoreGiven=10)

    page = tool.get("/as/ben/grades/").text

    assert 'data-points="20.0"' in page
    assert "Amara" not in page.partition("<table")[2]
    assert "override" not in page


def test_a_teachers_grade_hides_the_tools_until_it_is_taken_away(tool: Tool) -> None:
    post(tool)

    assert override(tool, "dana", "55") == 200
    assert results(tool, user_id=AMARA)[0]["resultScore"] == 55
    assert post(tool, scoreGiven=50) == 200  # as on real platforms: taken, and not shown
    assert results(tool, user_id=AMARA)[0]["resultScore"] == 55
    assert "the tool sent 100" in tool.get(GRADES).text
    assert override(tool, "dana", "") == 200
    assert results(tool, user_id=AMARA)[0]["resultScore"] == 100


@pytest.mark.parametrize("person", ["amara", "robin"])
def test_only_staff_change_grades(person: str, tool: Tool) -> None:
    post(tool)

    assert override(tool, person, "100") in (403, 404)
    assert results(tool, user_id=AMARA)[0]["resultScore"] == 86


def test_a_grade_is_not_changed_from_another_site(tool: Tool) -> None:
    url = f"{tool.lms}/as/dana/grades/1/amara/override/"

    assert tool.http.post(url, data={"points": "1"}, timeout=LIMIT_S).status_code == 403


@pytest.mark.parametrize("path", ["add/", "add/open/", "tools/", "grades/1/amara/review/"])
def test_pages_of_staff_are_closed_to_students(path: str, tool: Tool) -> None:
    assert tool.get(f"/as/amara/{path}", allow_redirects=False).status_code == 404
    assert tool.get(f"/as/dana/{path}", allow_redirects=False).status_code in (200, 302)


def test_a_review_names_the_student_and_the_link(tool: Tool) -> None:
    claims = tool.launch("/as/dana/grades/1/amara/review/open/")

    assert claims[f"{LTI}message_type"] == "LtiSubmissionReviewRequest"
    assert claims[f"{LTI}for_user"] == {"user_id": AMARA}
    assert claims[f"{LTI}resource_link"]["id"] == "link-1"


# --- deep linking ---------------------------------------------------------------------------------


def answer(tool: Tool, data: Any, **changes: Any) -> dict[str, Any]:
    now = int(time.time())
    item = {
        "type": "ltiResourceLink",
        "title": "Added by a tool",
        "url": f"{tool.url}/lti/launch/?lab=x",
        "custom": {"lab": "x", "due": "$ResourceLink.submission.endDateTime"},
        "lineItem": {"scoreMaximum": 20, "label": "Added by a tool", "resourceId": "x"},
        "submission": {"endDateTime": "2026-12-01T23:59:00Z"},
    }
    claims = {
        "iss": tool.client_id,
        "aud": tool.lms,
        "iat": now,
        "exp": now + 60,
        "nonce": secrets.token_hex(8),
        f"{LTI}message_type": "LtiDeepLinkingResponse",
        f"{LTI}version": "1.3.0",
        f"{LTI}deployment_id": "1",
        f"{DL}content_items": [item],
        f"{DL}data": data,
        **changes,
    }
    return {name: value for name, value in claims.items() if value is not None}


def request_data(tool: Tool) -> Any:
    claims = tool.launch("/as/dana/add/open/")
    assert claims[f"{LTI}message_type"] == "LtiDeepLinkingRequest"
    return claims[f"{DL}deep_linking_settings"]["data"]


def hand_back(tool: Tool, token: str) -> Any:
    return tool.http.post(f"{tool.lms}/lti/deep-link/", data={"JWT": token}, timeout=LIMIT_S)


def test_links_of_the_tool_become_assignments_once(tool: Tool) -> None:
    token = tool.sign(answer(tool, request_data(tool)))

    added, again = hand_back(tool, token), hand_back(tool, token)

    home = tool.get("/as/amara/").text
    number = home.count("/as/amara/links/")
    claims = tool.launch(f"/as/amara/links/{number}/open/")
    assert "Added 1 assignment" in added.text
    assert again.status_code == 400
    assert "due 1 Dec 2026, 23:59 UTC" in home
    assert claims[f"{LTI}target_link_uri"].endswith("?lab=x")
    assert claims[f"{LTI}custom"] == {"lab": "x", "due": "2026-12-01T23:59:00Z"}
    assert "lineitem" in claims["https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"]


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "somebody"},
        {"aud": "http://other.test"},
        {"exp": int(time.time()) - 5},
        {"nonce": None},
        {f"{LTI}message_type": "LtiResourceLinkRequest"},
        {f"{LTI}version": "1.1"},
        {f"{LTI}deployment_id": "2"},
        {f"{DL}data": "made up"},
        {f"{DL}data": None},
        {f"{DL}content_items": [{"type": "html"}]},
        {f"{DL}content_items": ["x"]},
    ],
)
def test_a_bent_answer_adds_nothing(changes: dict[str, Any], tool: Tool) -> None:
    before = tool.get("/as/dana/").text

    reply = hand_back(tool, tool.sign(answer(tool, request_data(tool), **changes)))

    assert reply.status_code == 400
    assert tool.get("/as/dana/").text.count("/links/") == before.count("/links/")


def test_a_foreign_key_adds_nothing(tool: Tool) -> None:
    token = tool.sign(answer(tool, request_data(tool)), key="foreign")

    assert hand_back(tool, token).status_code == 400
