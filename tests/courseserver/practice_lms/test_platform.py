"""The practice LMS as a platform: as strict as the specification, seen from a tool's side."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from tests.courseserver.practice_lms.conftest import (
    ALL_SCOPES,
    ROSTER_SCOPE,
    Tool,
    form_fields,
)
from tests.services import LIMIT_S

pytestmark = pytest.mark.processes
LTI = "https://purl.imsglobal.org/spec/lti/claim/"
AGS = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"
AMARA, BEN, DANA, TOMAS = "1f6c55d8", "29ae7b01", "71d2f0a4", "80b91c3e"
OPEN = "/as/amara/links/1/open/"
ITEM = "/lti/lineitems/1/lineitem"
SCORE_TYPE = "application/vnd.ims.lis.v1.score+json"
ITEM_TYPE = "application/vnd.ims.lis.v2.lineitem+json"
ITEMS_TYPE = "application/vnd.ims.lis.v2.lineitemcontainer+json"
RESULTS_TYPE = "application/vnd.ims.lis.v2.resultcontainer+json"


# --- launches -------------------------------------------------------------------------------------


def test_a_launch_says_who_opens_what_where(tool: Tool) -> None:
    claims = tool.launch(OPEN)

    assert claims["sub"] == AMARA
    assert claims["nonce"] == "nonce-1"
    assert 0 < claims["exp"] - claims["iat"] <= 300
    assert claims[f"{LTI}message_type"] == "LtiResourceLinkRequest"
    assert claims[f"{LTI}custom"] == {"lab": "v1-11-hardware-roofline"}
    assert claims[f"{LTI}resource_link"]["id"] == "link-1"
    assert claims[f"{LTI}context"]["title"] == "Machine Learning Systems"
    assert claims[AGS]["lineitem"].startswith(f"{tool.lms}{ITEM}?")
    assert claims[f"{LTI}roles"][0].endswith("membership#Learner")


@pytest.mark.parametrize(
    ("person", "role"),
    [("dana", "membership#Instructor"), ("tomas", "Instructor#TeachingAssistant")],
)
def test_staff_launch_as_staff(person: str, role: str, tool: Tool) -> None:
    roles = tool.launch(f"/as/{person}/links/1/open/")[f"{LTI}roles"]

    assert any(name.endswith(role) for name in roles)


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "somebody"},
        {"redirect_uri": "http://evil.test/"},
        {"redirect_uri": None},
    ],
)
def test_an_unregistered_address_is_sent_nothing(
    changes: dict[str, str | None], tool: Tool
) -> None:
    reply = tool.authorise(tool.login(OPEN), **changes)

    assert reply.status_code == 400
    assert "id_token" not in reply.text
    assert "evil" not in reply.text


def test_a_redirect_address_is_compared_exactly(tool: Tool) -> None:
    reply = tool.authorise(tool.login(OPEN), redirect_uri=f"{tool.url}/lti/launch/?x=1")

    assert reply.status_code == 400


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"nonce": None}, "invalid_request"),
        ({"state": None}, "invalid_request"),
        ({"scope": "profile"}, "invalid_request"),
        ({"response_type": "code"}, "invalid_request"),
        ({"response_mode": "query"}, "invalid_request"),
        ({"prompt": "login"}, "invalid_request"),
        ({"login_hint": "amara"}, "login_required"),
        ({"lti_message_hint": "x"}, "login_required"),
        ({"lti_message_hint": None}, "login_required"),
    ],
)
def test_a_bent_request_is_answered_with_an_error(
    changes: dict[str, str | None], error: str, tool: Tool
) -> None:
    fields = form_fields(tool.authorise(tool.login(OPEN), **changes).text)

    assert fields["error"] == error
    assert "id_token" not in fields


def test_two_hints_of_two_people_do_not_mix(tool: Tool) -> None:
    teacher = tool.login("/as/dana/links/1/open/")

    reply = tool.authorise(tool.login(OPEN), login_hint=teacher["login_hint"])

    assert form_fields(reply.text)["error"] == "login_required"


def test_a_stranger_is_shown_no_link_to_open(tool: Tool) -> None:
    assert tool.get("/as/robin/").status_code == 403
    assert tool.get("/as/robin/links/1/open/", allow_redirects=False).status_code == 404
    assert tool.get("/as/nobody/").status_code == 404


# --- tokens ---------------------------------------------------------------------------------------


def test_an_assertion_is_good_once(tool: Tool) -> None:
    assertion = tool.sign(tool.assertion())

    first, second = tool.ask_token(assertion), tool.ask_token(assertion)

    assert first.status_code == 200
    assert first.json()["token_type"] == "Bearer"
    assert second.status_code == 401
    assert "jti was used before" in second.text


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "http://other.test/token"},
        {"iss": "somebody"},
        {"sub": "somebody"},
        {"jti": None},
        {"exp": int(time.time()) - 10},
        {"exp": int(time.time()) + 7200},
        {"iat": None},
    ],
)
def test_a_bent_assertion_gets_no_token(changes: dict[str, Any], tool: Tool) -> None:
    reply = tool.ask_token(tool.sign(tool.assertion(**changes)))

    assert (reply.status_code, reply.json()["error"]) == (401, "invalid_client")


@pytest.mark.parametrize(("key", "kid"), [("foreign", "tool"), ("tool", "unknown")])
def test_a_foreign_key_gets_no_token(key: str, kid: str, tool: Tool) -> None:
    assert tool.ask_token(tool.sign(tool.assertion(), key=key, kid=kid)).status_code == 401


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"client_assertion_type": "x"}, "invalid_request"),
        ({"scope": "https://purl.imsglobal.org/spec/other"}, "invalid_scope"),
    ],
)
def test_a_bent_token_request_is_named(changes: dict[str, str], error: str, tool: Tool) -> None:
    reply = tool.ask_token(tool.sign(tool.assertion()), **changes)

    assert (reply.status_code, reply.json()["error"]) == (400, error)


# --- scores ---------------------------------------------------------------------------------------


def stamp(seconds: float = 0) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()


def score(**changes: Any) -> dict[str, Any]:
    content = {
        "userId": AMARA,
        "scoreGiven": 43,
        "scoreMaximum": 50,
        "comment": "Well decided",
        "timestamp": stamp(),
        "activityProgress": "Completed",
        "gradingProgress": "FullyGraded",
        **changes,
    }
    return {name: value for name, value in content.items() if value is not None}


def post(tool: Tool, path: str = ITEM, media_type: str = SCORE_TYPE, **changes: Any) -> int:
    headers = {"Content-Type": media_type}
    reply = tool.call("POST", f"{path}/scores?course=x", json=score(**changes), headers=headers)
    return int(reply.status_code)


def results(tool: Tool, **params: str) -> list[dict[str, Any]]:
    headers = {"Accept": RESULTS_TYPE}
    reply = tool.call("GET", f"{ITEM}/results", headers=headers, params=params)
    assert reply.status_code == 200, reply.text
    rows: list[dict[str, Any]] = reply.json()
    return rows


def test_a_score_is_scaled_to_the_column_and_read_back(tool: Tool) -> None:
    assert post(tool) == 200

    (row,) = results(tool, user_id=AMARA)
    assert (row["resultScore"], row["resultMaximum"]) == (86, 100)
    assert row["comment"] == "Well decided"
    assert results(tool, user_id=BEN) == []


def test_an_equal_or_older_time_is_refused_and_changes_nothing(tool: Tool) -> None:
    moment = stamp()
    post(tool, timestamp=moment)

    assert post(tool, timestamp=moment, scoreGiven=1) == 409
    assert post(tool, timestamp=stamp(-60), scoreGiven=1) == 409
    assert results(tool)[0]["resultScore"] == 86
    assert post(tool, timestamp=stamp(1), scoreGiven=1) == 200
    assert results(tool)[0]["resultScore"] == 2


def test_times_are_compared_across_zones(tool: Tool) -> None:
    now = datetime.now(UTC)
    post(tool, timestamp=now.isoformat())
    earlier_in_words_later = now.replace(tzinfo=None).isoformat() + "-05:00"
    later_in_words_earlier = now.replace(tzinfo=None).isoformat() + "+05:00"

    assert post(tool, timestamp=later_in_words_earlier) == 409
    assert post(tool, timestamp=earlier_in_words_later) == 400  # five hours ahead of now


@pytest.mark.parametrize(
    "changes",
    [
        {"userId": DANA},
        {"userId": TOMAS},
        {"userId": "nobody"},
        {"userId": None},
        {"gradingProgress": "Done"},
        {"gradingProgress": None},
        {"activityProgress": "Gone"},
        {"timestamp": None},
        {"timestamp": "yesterday"},
        {"timestamp": "2026-11-20T12:00:00"},
        {"timestamp": stamp(3600)},
        {"scoreGiven": -1},
        {"scoreGiven": "43"},
        {"scoreGiven": True},
        {"scoreMaximum": None},
        {"scoreMaximum": 0},
        {"submission": {"submittedAt": "late"}},
    ],
)
def test_a_bent_score_is_refused(changes: dict[str, Any], tool: Tool) -> None:
    assert post(tool, **changes) == 400
    assert results(tool) == []


def test_only_what_is_fully_graded_is_shown(tool: Tool) -> None:
    assert post(tool, gradingProgress="PendingManual") == 200
    assert results(tool) == []

    assert post(tool, timestamp=stamp(1)) == 200
    assert len(results(tool)) == 1


def test_a_missing_column_is_404(tool: Tool) -> None:
    assert post(tool, path="/lti/lineitems/999/lineitem") == 404


def test_the_media_type_is_exact(tool: Tool) -> None:
    assert post(tool, media_type="application/json") == 415
    assert post(tool, media_type=f"{SCORE_TYPE}; charset=utf-8") == 200
    assert tool.call("GET", f"{ITEM}/results").status_code == 406


def test_a_score_needs_a_token_of_its_scope(tool: Tool) -> None:
    headers = {"Content-Type": SCORE_TYPE}
    bare = tool.http.post(
        f"{tool.lms}{ITEM}/scores", json=score(), headers=headers, timeout=LIMIT_S
    )
    url = f"{ITEM}/scores"
    other = tool.call("POST", url, scope=ROSTER_SCOPE, json=score(), headers=headers)

    assert (bare.status_code, other.status_code) == (401, 403)


# --- columns --------------------------------------------------------------------------------------


def test_a_column_is_made_found_changed_and_deleted(tool: Tool) -> None:
    content = {
        "label": "Extra",
        "scoreMaximum": 10,
        "resourceId": "r-9",
        "tag": "t",
        "gradesReleased": True,
    }
    made = tool.call("POST", "/lti/lineitems/", json=content, headers={"Content-Type": ITEM_TYPE})
    path = made.json()["id"].removeprefix(tool.lms)
    headers = {"Accept": ITEMS_TYPE}
    found = tool.call("GET", "/lti/lineitems/?resource_id=r-9&tag=t", headers=headers)
    changed = tool.call(
        "PUT", path, json={**content, "label": "New"}, headers={"Content-Type": ITEM_TYPE}
    )
    deleted = tool.call("DELETE", path)

    assert made.status_code == 201
    assert [row["id"] for row in found.json()] == [made.json()["id"]]
    assert changed.json() == {**content, "label": "New", "id": made.json()["id"]}
    assert deleted.status_code == 204
    assert tool.call("GET", path, headers={"Accept": ITEM_TYPE}).status_code == 404


def test_a_second_column_of_a_link_takes_the_claim_away(tool: Tool) -> None:
    content = {"label": "Second", "scoreMaximum": 10, "resourceLinkId": "link-1"}
    made = tool.call("POST", "/lti/lineitems/", json=content, headers={"Content-Type": ITEM_TYPE})

    both = tool.launch(OPEN)[AGS]
    tool.call("DELETE", made.json()["id"].removeprefix(tool.lms))

    assert "lineitem" not in both
    assert "lineitem" in tool.launch(OPEN)[AGS]


@pytest.mark.parametrize(
    "content",
    [{"scoreMaximum": 10}, {"label": "x"}, {"label": "x", "scoreMaximum": 0}, ["x"], "x"],
)
def test_a_bent_column_is_refused(content: Any, tool: Tool) -> None:
    headers = {"Content-Type": ITEM_TYPE}

    assert tool.call("POST", "/lti/lineitems/", json=content, headers=headers).status_code == 400


# --- roster ---------------------------------------------------------------------------------------


def test_the_roster_comes_in_pages(tool: Tool) -> None:
    path, subjects, pages = "/lti/members/?course=mls-2026", [], 0
    while path:
        reply = tool.call("GET", path, scope=ROSTER_SCOPE)
        subjects += [member["user_id"] for member in reply.json()["members"]]
        link = reply.headers["Link"].rpartition(", <")[2]
        path = link.partition(">")[0].removeprefix(tool.lms) if "rel=next" in link else ""
        pages += 1

    assert len(subjects) == len(set(subjects)) == 5
    assert pages == 2
    assert DANA in subjects


def test_the_roster_can_be_asked_by_role(tool: Tool) -> None:
    reply = tool.call("GET", "/lti/members/?role=Learner", scope=ROSTER_SCOPE)

    assert {member["user_id"] for member in reply.json()["members"]} == {AMARA, BEN, "3c04e9f7"}


def test_the_roster_is_closed_to_other_tokens(tool: Tool) -> None:
    assert tool.call("GET", "/lti/members/", scope=ALL_SCOPES[0]).status_code == 403


# --- faults on order ------------------------------------------------------------------------------


def order(tool: Tool, **fault: Any) -> None:
    tool.http.post(f"{tool.lms}/control/faults/", json=fault, timeout=LIMIT_S).raise_for_status()


def test_an_ordered_status_happens_as_often_as_ordered(tool: Tool) -> None:
    order(tool, place="scores", kind="status", value=503, times=2)

    assert [post(tool) for _ in range(3)] == [503, 503, 200]


def test_a_dropped_reply_was_still_handled(tool: Tool) -> None:
    order(tool, place="scores", kind="drop", times=1)

    with pytest.raises(requests.RequestException):
        post(tool)

    assert results(tool)[0]["resultScore"] == 86


def test_a_delay_delays(tool: Tool) -> None:
    order(tool, place="results", kind="delay", value=0.3, times=1)

    begun = time.monotonic()
    results(tool)

    assert time.monotonic() - begun >= 0.3


def test_a_limit_on_rate_says_when_to_come_back(tool: Tool) -> None:
    order(tool, place="token", kind="status", value=429, times=1)

    reply = tool.ask_token(tool.sign(tool.assertion()))

    assert (reply.status_code, reply.headers["Retry-After"]) == (429, "1")
