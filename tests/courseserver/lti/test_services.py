"""Tokens, scores, results, columns and rosters: what crosses the wire, and what refusals mean."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import jwt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from courseserver.lti import ags, keys, line_items, nrps, service
from courseserver.lti.faults import FaultKind, PlatformFault, fault_of
from courseserver.lti.line_items import Column
from courseserver.lti.models import LineItem, Platform
from courseserver.lti.outgoing import Reply
from tests.courseserver.lti.launching import Launcher
from tests.doubles.lti_platform import CONTEXT_ROLE, Answer, Asked, LtiPlatform, lti_platform

ITEM_PATH = "/lineitems/2/lineitem"
NOON = datetime(2026, 11, 20, 12, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture
def platform(launcher: Launcher) -> Platform:
    return Platform.objects.get()


@pytest.fixture
def item(lms: LtiPlatform) -> str:
    lms.answer(f"{ITEM_PATH}/scores", Answer())
    return f"{lms.url}{ITEM_PATH}?type_id=1"


def score(**changes: Any) -> ags.Score:
    values: dict[str, Any] = {"subject": "bob", "given": 86.0, "maximum": 100.0, "timestamp": NOON}
    return ags.Score(**{**values, **changes})


def kind_of(call: Any) -> FaultKind:
    with pytest.raises(PlatformFault) as caught:
        call()
    return caught.value.kind


# --- tokens ---------------------------------------------------------------------------------------


def test_a_token_request_is_signed_for_this_platform_and_asks_the_least(
    platform: Platform, item: str, lms: LtiPlatform
) -> None:
    ags.score_send(platform, item, score())

    form = lms.requests_to("/token")[0].form
    assertion = form["client_assertion"]
    public = jwt.PyJWK(keys.key_set(NOON)["keys"][0])
    claims = jwt.decode(assertion, public, algorithms=["RS256"], audience=lms.token_url)
    assert form["grant_type"] == "client_credentials"
    assert form["client_assertion_type"] == service.ASSERTION_TYPE
    assert form["scope"] == ags.SCOPE_SCORE
    assert claims["iss"] == claims["sub"] == "client-1"
    assert 0 < claims["exp"] - claims["iat"] <= 300
    assert len(claims["jti"]) >= 22


def test_an_audience_of_its_own_is_used(platform: Platform, item: str, lms: LtiPlatform) -> None:
    platform.auth_audience = "https://lms.test/oauth"

    ags.score_send(platform, item, score())

    assertion = lms.requests_to("/token")[0].form["client_assertion"]
    claims = jwt.decode(assertion, options={"verify_signature": False})
    assert claims["aud"] == "https://lms.test/oauth"


def test_one_token_serves_many_scores(platform: Platform, item: str, lms: LtiPlatform) -> None:
    for _ in range(3):
        ags.score_send(platform, item, score())

    assert len(lms.requests_to("/token")) == 1


def test_other_scopes_need_another_token(platform: Platform, item: str, lms: LtiPlatform) -> None:
    lms.answer(f"{ITEM_PATH}/results", Answer(body=[]))

    ags.score_send(platform, item, score())
    ags.result_read(platform, item, "bob")

    scopes = [asked.form["scope"] for asked in lms.requests_to("/token")]
    assert scopes == [ags.SCOPE_SCORE, ags.SCOPE_RESULT]


def test_a_token_about_to_expire_is_not_kept(
    platform: Platform, item: str, lms: LtiPlatform
) -> None:
    lms.token_life_s = service.TOKEN_MARGIN_S

    ags.score_send(platform, item, score())
    ags.score_send(platform, item, score())

    assert len(lms.requests_to("/token")) == 2


def test_a_token_that_the_platform_forgot_is_renewed_once(
    platform: Platform, item: str, lms: LtiPlatform
) -> None:
    ags.score_send(platform, item, score())
    lms.answer(f"{ITEM_PATH}/scores", Answer(status=401), Answer())

    ags.score_send(platform, item, score())

    used = [a.headers["Authorization"] for a in lms.requests_to(f"{ITEM_PATH}/scores")]
    assert used == ["Bearer token-1", "Bearer token-1", "Bearer token-2"]


def test_a_second_401_is_the_registrations_fault(
    platform: Platform, item: str, lms: LtiPlatform
) -> None:
    lms.answer(f"{ITEM_PATH}/scores", Answer(status=401))

    assert kind_of(lambda: ags.score_send(platform, item, score())) == FaultKind.REGISTRATION
    assert len(lms.requests_to(f"{ITEM_PATH}/scores")) == 2


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Answer(status=400, body={"error": "invalid_scope"}), FaultKind.REGISTRATION),
        (Answer(status=401, body={"error": "invalid_client"}), FaultKind.REGISTRATION),
        (Answer(status=429), FaultKind.RETRY),
        (Answer(status=503), FaultKind.RETRY),
        (Answer(body="<html>"), FaultKind.RETRY),
        (Answer(body={"token": "x"}), FaultKind.RETRY),
        (Answer(body={"access_token": 7}), FaultKind.RETRY),
        (Answer(body=[]), FaultKind.RETRY),
        (Answer(status=0), FaultKind.RETRY),
    ],
)
def test_a_refused_token_says_whose_turn_it_is(
    answer: Answer, kind: FaultKind, platform: Platform, item: str, lms: LtiPlatform
) -> None:
    lms.answer("/token", answer)

    assert kind_of(lambda: ags.score_send(platform, item, score())) == kind


def test_a_token_sent_as_html_is_read_as_moodle_sends_it(
    platform: Platform, item: str, lms: LtiPlatform
) -> None:
    body = '{"access_token": "m", "token_type": "Bearer", "expires_in": 3600}'
    lms.answer("/token", Answer(body=body, headers={"Content-Type": "text/html"}))

    ags.score_send(platform, item, score())

    assert lms.requests_to(f"{ITEM_PATH}/scores")[0].headers["Authorization"] == "Bearer m"


# --- scores ---------------------------------------------------------------------------------------


def test_a_score_goes_below_the_path_and_before_the_query(
    platform: Platform, item: str, lms: LtiPlatform
) -> None:
    ags.score_send(platform, item, score(comment="Well decided", submitted_at=NOON))

    asked = lms.requests_to(f"{ITEM_PATH}/scores")[0]
    assert asked.query == {"type_id": "1"}
    assert asked.headers["Content-Type"] == "application/vnd.ims.lis.v1.score+json"
    assert asked.json == {
        "userId": "bob",
        "scoreGiven": 86.0,
        "scoreMaximum": 100.0,
        "comment": "Well decided",
        "timestamp": "2026-11-20T12:00:00.123Z",
        "activityProgress": "Completed",
        "gradingProgress": "FullyGraded",
        "submission": {"submittedAt": "2026-11-20T12:00:00.123Z"},
    }


def test_a_zero_is_a_score_and_none_clears_it(
    platform: Platform, item: str, lms: LtiPlatform
) -> None:
    ags.score_send(platform, item, score(given=0.0))
    ags.score_send(platform, item, score(given=None))

    zero, cleared = (a.json for a in lms.requests_to(f"{ITEM_PATH}/scores"))
    assert zero["scoreGiven"] == 0.0
    assert "scoreGiven" not in cleared
    assert "scoreMaximum" not in cleared


def test_the_comment_is_always_sent_because_leaving_it_out_clears_it(
    platform: Platform, item: str, lms: LtiPlatform
) -> None:
    ags.score_send(platform, item, score())

    assert lms.requests_to(f"{ITEM_PATH}/scores")[0].json["comment"] == ""


def test_times_are_sent_in_utc(platform: Platform, item: str, lms: LtiPlatform) -> None:
    local = NOON.astimezone(timezone(timedelta(hours=2)))

    ags.score_send(platform, item, score(timestamp=local))

    sent = lms.requests_to(f"{ITEM_PATH}/scores")[0].json["timestamp"]
    assert sent == "2026-11-20T12:00:00.123Z"


def test_canvas_is_told_that_a_regrade_is_no_new_attempt(
    platform: Platform, item: str, lms: LtiPlatform
) -> None:
    platform.product = "canvas"

    ags.score_send(platform, item, score(submitted_at=NOON))

    extension = lms.requests_to(f"{ITEM_PATH}/scores")[0].json[ags.CANVAS_SUBMISSION]
    assert extension == {
        "new_submission": False,
        "prioritize_non_tool_grade": True,
        "submitted_at": "2026-11-20T12:00:00.123Z",
    }


def test_moodle_is_never_sent_a_score_that_erases_a_grade(
    platform: Platform, item: str, lms: LtiPlatform
) -> None:
    platform.product = "moodle"

    with pytest.raises(ValueError, match="erases"):
        ags.score_send(platform, item, score(grading_progress="PendingManual"))

    assert lms.asked == []


def test_a_score_whose_reply_is_lost_is_not_sent_again_behind_the_callers_back(
    platform: Platform, item: str, lms: LtiPlatform
) -> None:
    lms.answer(f"{ITEM_PATH}/scores", Answer(status=0))

    assert kind_of(lambda: ags.score_send(platform, item, score())) == FaultKind.RETRY
    assert len(lms.requests_to(f"{ITEM_PATH}/scores")) == 1


_SEGMENT = st.text(alphabet="abcXYZ019-_.~%", min_size=1, max_size=12)


@settings(deadline=None)
@given(path=st.lists(_SEGMENT, min_size=1, max_size=4), query=st.text("ab=&%1;", max_size=12))
def test_a_sub_resource_keeps_every_letter_of_path_and_query(path: list[str], query: str) -> None:
    base = f"https://lms.test/{'/'.join(path)}"

    url = ags.below(f"{base}?{query}" if query else base, "scores")

    assert url == (f"{base}/scores?{query}" if query else f"{base}/scores")


# --- results --------------------------------------------------------------------------------------


def test_a_result_is_asked_for_one_student_and_read_back(
    platform: Platform, item: str, lms: LtiPlatform
) -> None:
    rows = [
        {"userId": "bea", "resultScore": 1, "resultMaximum": 100},
        {"userId": "bob", "resultScore": 86, "resultMaximum": 100, "comment": "Well decided"},
    ]
    lms.answer(f"{ITEM_PATH}/results", Answer(body=rows))

    result = ags.result_read(platform, item, "bob")

    asked = lms.requests_to(f"{ITEM_PATH}/results")[0]
    assert asked.query == {"type_id": "1", "user_id": "bob"}
    assert asked.headers["Accept"] == ags.RESULTS
    expected = ags.Result(subject="bob", score=86.0, maximum=100.0, comment="Well decided")
    assert result == expected


@pytest.mark.parametrize("body", [[], "null", [{"userId": "bea", "resultScore": 3}], [None, 7]])
def test_no_result_is_none(body: Any, platform: Platform, item: str, lms: LtiPlatform) -> None:
    lms.answer(f"{ITEM_PATH}/results", Answer(body=body))

    assert ags.result_read(platform, item, "bob") is None


def test_reading_is_repeated_once_after_a_lost_reply(
    platform: Platform, item: str, lms: LtiPlatform
) -> None:
    lms.answer(f"{ITEM_PATH}/results", Answer(status=0), Answer(body=[]))

    assert ags.result_read(platform, item, "bob") is None
    assert len(lms.requests_to(f"{ITEM_PATH}/results")) == 2


# --- what a refusal means, per product ------------------------------------------------------------

DIALECTS = [
    ("moodle", 409, b"[]", {}, FaultKind.STALE),
    ("moodle", 400, b"Incorrect score received{...}", {}, FaultKind.PERSON),
    ("moodle", 400, b"No handler found for /2/lineitems", {}, FaultKind.ITEM),
    ("moodle", 404, b"", {}, FaultKind.ITEM),
    ("canvas", 400, b'{"errors":"timestamp is before"}', {}, FaultKind.STALE),
    ("canvas", 422, b'{"errors":"User not found in course"}', {}, FaultKind.PERSON),
    ("canvas", 403, b"403 Forbidden (Rate Limit Exceeded)", {}, FaultKind.RETRY),
    ("canvas", 403, b"", {"X-Rate-Limit-Remaining": "0.0"}, FaultKind.RETRY),
    ("canvas", 403, b"", {"X-Rate-Limit-Remaining": "400"}, FaultKind.REGISTRATION),
    ("openedx", 400, b"Timestamp is older", {}, FaultKind.STALE),
    ("openedx", 500, b"", {}, FaultKind.RETRY),
    ("practice", 409, b"", {}, FaultKind.STALE),
    ("", 401, b"", {}, FaultKind.REGISTRATION),
    ("", 403, b"", {}, FaultKind.REGISTRATION),
    ("", 410, b"", {}, FaultKind.ITEM),
    ("", 429, b"", {}, FaultKind.RETRY),
    ("", 503, b"", {}, FaultKind.RETRY),
    ("", 599, b"", {}, FaultKind.RETRY),
    ("", 302, b"", {}, FaultKind.REGISTRATION),
    ("", 418, b"", {}, FaultKind.REGISTRATION),
]


@pytest.mark.parametrize(("product", "status", "body", "headers", "kind"), DIALECTS)
def test_a_refusal_is_understood_in_its_dialect(
    product: str, status: int, body: bytes, headers: dict[str, str], kind: FaultKind
) -> None:
    fault = fault_of(product, "a score", Reply(status=status, body=body, headers=headers))

    assert (fault.kind, fault.status) == (kind, status)


def test_a_fault_tells_nothing_of_the_reply(
    platform: Platform, item: str, lms: LtiPlatform
) -> None:
    body = {"error": "Incorrect score received", "userId": "bob"}
    lms.answer(f"{ITEM_PATH}/scores", Answer(status=400, body=body))

    with pytest.raises(PlatformFault) as caught:
        ags.score_send(platform, item, score())

    assert "bob" not in caught.value.detail


@pytest.mark.parametrize(
    ("value", "seconds"), [("7", 7.0), ("", None), ("Fri, 20 Nov 2026 12:00:00 GMT", None)]
)
def test_retry_after_is_kept_where_it_names_seconds(value: str, seconds: float | None) -> None:
    fault = fault_of("", "a score", Reply(status=429, headers={"Retry-After": value}))

    assert fault.retry_after_s == seconds


# --- columns --------------------------------------------------------------------------------------

COLUMN = Column(resource_id="lab-1", label="Lab 1", maximum=100.0, tag="score")


class Columns:
    """A platform that makes a column at every POST, as all of them do."""

    def __init__(self, lms: LtiPlatform) -> None:
        self.lms = lms
        self.rows: list[dict[str, Any]] = []
        self.loses_reply = False
        lms.answer("/lineitems", self.handle)

    @property
    def url(self) -> str:
        return f"{self.lms.url}/lineitems?course=7"

    def handle(self, asked: Asked) -> Answer:
        if asked.method == "GET":
            return Answer(body=self.rows)
        self.rows.append({**asked.json, "id": f"{self.lms.url}/lineitems/{len(self.rows)}"})
        return Answer(status=0) if self.loses_reply else Answer(status=201, body=self.rows[-1])


@pytest.fixture
def columns(lms: LtiPlatform) -> Columns:
    return Columns(lms)


def test_a_column_is_made_once_and_remembered(platform: Platform, columns: Columns) -> None:
    first = line_items.line_item_ensure(platform, columns.url, COLUMN)
    again = line_items.line_item_ensure(platform, columns.url, COLUMN)

    assert first == again == columns.rows[0]["id"]
    assert len(columns.rows) == 1
    posted = next(a for a in columns.lms.asked if a.path == "/lineitems" and a.method == "POST")
    assert posted.headers["Content-Type"] == ags.LINE_ITEM
    assert posted.json == {
        "label": "Lab 1", "scoreMaximum": 100.0, "resourceId": "lab-1", "tag": "score",
        "submissionReview": ags.SUBMISSION_REVIEW,
    }  # fmt: skip


def test_a_column_that_is_there_is_found_among_others(platform: Platform, columns: Columns) -> None:
    columns.rows = [
        {"id": "https://x/1", "resourceId": "lab-2", "tag": "score"},
        {"id": "https://x/2", "resourceId": "lab-1"},
        {"id": "https://x/3", "resourceId": "lab-1", "tag": "score"},
    ]

    assert line_items.line_item_ensure(platform, columns.url, COLUMN) == "https://x/3"
    assert len(columns.rows) == 3


def test_a_lost_reply_makes_no_second_column(platform: Platform, columns: Columns) -> None:
    columns.loses_reply = True
    kind = kind_of(lambda: line_items.line_item_ensure(platform, columns.url, COLUMN))
    columns.loses_reply = False

    url = line_items.line_item_ensure(platform, columns.url, COLUMN)

    assert kind == FaultKind.RETRY
    assert [row["id"] for row in columns.rows] == [url]


def test_a_request_that_arrives_after_we_gave_up_makes_no_second_column(
    platform: Platform, columns: Columns
) -> None:
    columns.loses_reply = True
    assert kind_of(lambda: line_items.line_item_ensure(platform, columns.url, COLUMN))
    late = columns.rows.pop()
    columns.loses_reply = False

    meanwhile = kind_of(lambda: line_items.line_item_ensure(platform, columns.url, COLUMN))
    columns.rows.append(late)

    assert meanwhile == FaultKind.RETRY, "it may still be on its way"
    url = line_items.line_item_ensure(platform, columns.url, COLUMN)
    assert [row["id"] for row in columns.rows] == [url]


def test_a_column_in_the_making_is_left_to_its_maker(platform: Platform, columns: Columns) -> None:
    row = LineItem.objects.create(
        platform=platform, line_items_url=columns.url, resource_id="lab-1", tag="score"
    )
    assert line_items._lease(row)

    kind = kind_of(lambda: line_items.line_item_ensure(platform, columns.url, COLUMN))

    assert kind == FaultKind.RETRY
    assert columns.rows == []


def test_a_lease_left_by_a_killed_process_runs_out(platform: Platform, columns: Columns) -> None:
    LineItem.objects.create(
        platform=platform,
        line_items_url=columns.url,
        resource_id="lab-1",
        tag="score",
        leased_until=datetime.now(UTC) - timedelta(seconds=1),
    )

    assert line_items.line_item_ensure(platform, columns.url, COLUMN) == columns.rows[0]["id"]


# --- roster ---------------------------------------------------------------------------------------


def members_page(*subjects: str, **first: Any) -> dict[str, Any]:
    rows: list[dict[str, Any]] = [
        {"user_id": subject, "roles": [f"{CONTEXT_ROLE}Learner"]} for subject in subjects
    ]
    rows[0].update(first)
    return {"id": "x", "members": rows}


def test_the_roster_is_read_over_all_its_pages(platform: Platform, lms: LtiPlatform) -> None:
    marks = ["", "bookmark:WyJBYkMiXQ", "bookmark:WyJaWiJd"]

    def page(asked: Asked) -> Answer:
        at = marks.index(asked.query.get("page", ""))
        links = f"<{lms.url}/members?page={marks[at + 1]}>; rel=next" if at < 2 else ""
        return Answer(body=members_page(f"s{at}", "both"), headers={"Link": links})

    lms.answer("/members", page)

    found = nrps.members(platform, f"{lms.url}/members")

    assert sorted(member.subject for member in found) == ["both", "s0", "s1", "s2"]
    assert lms.requests_to("/members")[0].headers["Accept"] == nrps.MEMBERS
    assert lms.requests_to("/token")[0].form["scope"] == nrps.SCOPE


def test_people_without_name_or_status_are_active_members(
    platform: Platform, lms: LtiPlatform
) -> None:
    lms.answer("/members", Answer(body=members_page("s1")))

    member = nrps.members(platform, f"{lms.url}/members")[0]

    assert (member.name, member.email, member.role) == ("", "", "learner")
    assert member.is_active


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"status": "Inactive"}, ("learner", False, "")),
        ({"status": "Deleted"}, ("learner", False, "")),
        ({"roles": ["Instructor"]}, ("instructor", True, "")),
        ({"given_name": "Ada", "family_name": "L"}, ("learner", True, "Ada L")),
    ],
)
def test_a_member_is_read_as_sent(
    row: dict[str, Any], expected: Any, platform: Platform, lms: LtiPlatform
) -> None:
    lms.answer("/members", Answer(body=members_page("s1", **row)))

    member = nrps.members(platform, f"{lms.url}/members")[0]

    assert (member.role, member.is_active, member.name) == expected


@pytest.mark.parametrize(
    "broken",
    [
        Answer(body="<html>"),
        Answer(body=[]),
        Answer(body={"members": None}),
        Answer(body={"members": [{"name": "no id"}]}),
        Answer(body={"members": [{"user_id": "\x00"}]}),
        Answer(body={"members": [{"user_id": ""}]}),
        Answer(body="[" * 100_000),
        Answer(status=500),
    ],
)
def test_half_a_roster_is_no_roster(broken: Answer, platform: Platform, lms: LtiPlatform) -> None:
    link = {"Link": f"<{lms.url}/members2>; rel=next"}
    lms.answer("/members", Answer(body=members_page("s1"), headers=link))
    lms.answer("/members2", broken)

    assert kind_of(lambda: nrps.members(platform, f"{lms.url}/members")) == FaultKind.RETRY


def test_pages_that_go_in_circles_end(platform: Platform, lms: LtiPlatform) -> None:
    link = {"Link": f"<{lms.url}/members>; rel=next"}
    lms.answer("/members", Answer(body=members_page("s1"), headers=link))

    assert kind_of(lambda: nrps.members(platform, f"{lms.url}/members")) == FaultKind.RETRY


def test_a_next_page_elsewhere_gets_neither_request_nor_token_and_half_a_roster_is_none(
    platform: Platform, lms: LtiPlatform
) -> None:
    with lti_platform() as elsewhere:
        link = {"Link": f"<{elsewhere.url}/members>; rel=next"}
        lms.answer("/members", Answer(body=members_page("s1"), headers=link))

        assert kind_of(lambda: nrps.members(platform, f"{lms.url}/members")) == FaultKind.RETRY
        assert elsewhere.asked == []


# --- clocks -----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("date", "warns"),
    [
        ("Fri, 20 Nov 2026 12:00:20 GMT", False),
        ("Fri, 20 Nov 2026 12:01:00 GMT", True),
        ("Fri, 20 Nov 2026 11:59:00 GMT", True),
        ("soon", False),
        ("", False),
    ],
)
def test_a_platform_whose_clock_differs_is_told_to_the_log(
    platform: Platform,
    monkeypatch: pytest.MonkeyPatch,
    date: str,
    warns: bool,
) -> None:
    told: list[str] = []
    monkeypatch.setattr(service.clock, "now", lambda: NOON)
    monkeypatch.setattr(service.log, "warning", lambda text, **_: told.append(text))
    reply = Reply(status=200, headers={"Date": date} if date else {})
    monkeypatch.setattr(service.outgoing, "send", lambda *_, **__: reply)

    service._send("GET", "https://lms.test", "a result", {}, None)

    assert any("check NTP" in text for text in told) is warns
