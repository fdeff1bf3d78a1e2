"""Launches that somebody bent: one thing differs from a good one, and it is refused for that."""

import base64
import json
import time
from typing import Any

import pytest
from django.test import Client

from courseserver import entry
from courseserver.common import clock
from courseserver.courses.models import Enrolment, Identity
from courseserver.lti import states
from courseserver.lti.models import LoginState, Platform
from tests.courseserver.lti.launching import DROP, Launcher, Login, Reasons, target
from tests.doubles.lti_platform import CONTEXT_ROLE, LTI, rsa_key

NOW = int(time.time())
DAY = 24 * 3600
LINK = f"{LTI}resource_link"

BENT_CLAIMS: dict[str, tuple[dict[str, Any], str]] = {
    "no exp": ({"exp": DROP}, "exp is no number"),
    "no iat": ({"iat": DROP}, "iat is no number"),
    "exp now": ({"exp": NOW}, "token expired"),
    "exp one second ago": ({"exp": NOW - 1}, "token expired"),
    "exp in ten years": ({"exp": NOW + 3650 * DAY}, "exp too far ahead"),
    "exp a text": ({"exp": str(NOW + 60)}, "exp is no number"),
    "exp true": ({"exp": True}, "exp is no number"),
    "exp infinite": ({"exp": float("inf")}, "exp is no time"),
    "exp not a number": ({"exp": float("nan")}, "exp is no time"),
    "iat huge": ({"iat": 10**400}, "iat is no time"),
    "iat not a number": ({"iat": float("nan")}, "iat is no time"),
    "iat a day old": ({"iat": NOW - DAY}, "iat too old"),
    "iat in an hour": ({"iat": NOW + 3600}, "iat in the future"),
    "nbf in an hour": ({"nbf": NOW + 3600}, "nbf in the future"),
    "no nonce": ({"nonce": DROP}, "nonce is not the one we gave"),
    "foreign nonce": ({"nonce": "x" * 43}, "nonce is not the one we gave"),
    "nonce half a character": ({"nonce": "\ud800"}, "nonce is not the one we gave"),
    "nonce a list": ({"nonce": ["x"]}, "nonce is not the one we gave"),
    "no iss": ({"iss": DROP}, "iss is not the platform of the login"),
    "foreign iss": ({"iss": "https://evil.test"}, "iss is not the platform of the login"),
    "iss with a slash": ({"iss": "https://lms.test/"}, "iss is not the platform of the login"),
    "no aud": ({"aud": DROP}, "aud is not our client id"),
    "foreign aud": ({"aud": "client-2"}, "aud is not our client id"),
    "aud empty": ({"aud": []}, "aud is not our client id"),
    "aud of an object": ({"aud": {"client-1": 1}}, "aud is not our client id"),
    "aud with a number": ({"aud": ["client-1", 7], "azp": "client-1"}, "aud is not our client id"),
    "two aud, no azp": ({"aud": ["client-1", "other"]}, "several audiences and no azp"),
    "two aud, foreign azp": (
        {"aud": ["client-1", "other"], "azp": "other"},
        "azp is not our client id",
    ),
    "one aud, foreign azp": ({"azp": "other"}, "azp is not our client id"),
    "azp empty": ({"azp": ""}, "azp is not our client id"),
    "unknown message type": ({f"{LTI}message_type": "LtiStartTalk"}, "message_type unknown"),
    "message type a list": ({f"{LTI}message_type": ["x"]}, "message_type unknown"),
    "version a number": ({f"{LTI}version": 1.3}, "version is not 1.3.0"),
    "deployment of 300 characters": (
        {f"{LTI}deployment_id": "d" * 300},
        "deployment_id missing or malformed",
    ),
    "deployment a number": ({f"{LTI}deployment_id": 1}, "deployment_id missing or malformed"),
    "deployment not of the login": (
        {f"{LTI}deployment_id": "deployment-2"},
        "deployment_id is not the one of the login",
    ),
    "no target": (
        {f"{LTI}target_link_uri": DROP},
        "target_link_uri is not the one of the login",
    ),
    "another target of ours": (
        {f"{LTI}target_link_uri": target("/grading/")},
        "target_link_uri is not the one of the login",
    ),
    "foreign target": (
        {f"{LTI}target_link_uri": "https://evil.test/"},
        "target_link_uri is not the one of the login",
    ),
    "roles a string": (
        {f"{LTI}roles": f"{CONTEXT_ROLE}Instructor"},
        "roles missing or no list of strings",
    ),
    "roles null": ({f"{LTI}roles": None}, "roles missing or no list of strings"),
    "roles of numbers": ({f"{LTI}roles": [1]}, "roles missing or no list of strings"),
    "roles an object": (
        {f"{LTI}roles": {"role": "Instructor"}},
        "roles missing or no list of strings",
    ),
    "sub empty": ({"sub": ""}, "sub missing or malformed"),
    "sub of 300 characters": ({"sub": "s" * 300}, "sub missing or malformed"),
    "sub a number": ({"sub": 7}, "sub missing or malformed"),
    "sub not ASCII": ({"sub": "bób"}, "sub missing or malformed"),
    "sub with a line break": ({"sub": "bob\nadmin"}, "sub missing or malformed"),
    "resource link a string": ({LINK: "link-1"}, "resource_link is no object"),
    "resource link without id": ({LINK: {"title": "x"}}, "resource_link id missing or malformed"),
    "resource link id a number": ({LINK: {"id": 1}}, "resource_link id missing or malformed"),
    "resource link id too long": (
        {LINK: {"id": "l" * 256}},
        "resource_link id missing or malformed",
    ),
    "context a string": ({f"{LTI}context": "course-1"}, "context is no object"),
    "context without id": ({f"{LTI}context": {"title": "x"}}, "context id malformed"),
    "custom a list": ({f"{LTI}custom": ["lab"]}, "custom is no object"),
    "review of nobody": (
        {f"{LTI}message_type": "LtiSubmissionReviewRequest"},
        "for_user.user_id missing or malformed",
    ),
    "deep linking without settings": (
        {f"{LTI}message_type": "LtiDeepLinkingRequest"},
        "deep_linking_settings incomplete",
    ),
}


@pytest.mark.parametrize("case", BENT_CLAIMS)
def test_a_bent_claim_is_refused_for_its_own_reason(
    case: str, launcher: Launcher, reasons: Reasons
) -> None:
    changes, reason = BENT_CLAIMS[case]

    response = launcher.launch(**changes)

    assert response.status_code == 400
    assert reasons == [reason]
    assert "person" not in launcher.client.session
    assert not Enrolment.objects.exists()


def test_a_token_that_ends_before_it_begins_is_refused(
    launcher: Launcher, reasons: Reasons
) -> None:
    now = int(time.time())

    assert launcher.launch(iat=now + 50, exp=now + 40).status_code == 400
    assert reasons == ["exp not after iat"]


@pytest.mark.parametrize("ahead_s", [-590, -1, 0, 45])
def test_iat_has_leeway(ahead_s: int, launcher: Launcher) -> None:
    assert launcher.launch(iat=int(time.time()) + ahead_s).status_code == 303


@pytest.mark.parametrize(
    "audience", ["client-1", ["client-1"], ["other", "client-1"], ["client-1", "other"]]
)
def test_an_audience_that_names_us_is_accepted_with_azp(audience: Any, launcher: Launcher) -> None:
    assert launcher.launch(aud=audience, azp="client-1").status_code == 303


# --- the token's form and key ---------------------------------------------------------------------


def unsigned(claims: dict[str, Any], header: dict[str, Any]) -> str:
    def part(content: Any) -> str:
        return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()

    return f"{part(header)}.{part(claims)}."


def bent_token(case: str, launcher: Launcher, login: Login) -> str:
    lms, claims = launcher.lms, launcher.claims(login)
    good = lms.sign(claims)
    head, body, signature = good.split(".")
    numbers = lms.published["first"]
    secret = base64.urlsafe_b64decode(numbers["n"] + "==")
    tokens = {
        "alg none": lambda: unsigned(claims, {"alg": "none", "kid": "first"}),
        "HS256 with our public numbers": lambda: lms.sign(claims, key=secret, algorithm="HS256"),
        "RS512": lambda: lms.sign(claims, algorithm="RS512"),
        "PS256": lambda: lms.sign(claims, algorithm="PS256"),
        "foreign key, right kid": lambda: lms.sign(claims, key=rsa_key("foreign")),
        "key in the header": lambda: lms.sign(
            claims,
            key=rsa_key("foreign"),
            headers={"kid": "first", "jwk": {**numbers, "n": "AQAB"}},
        ),
        "key set in the header": lambda: lms.sign(
            claims,
            key=rsa_key("foreign"),
            headers={"kid": "first", "jku": "https://evil.test/jwks"},
        ),
        "kid a path": lambda: lms.sign(claims, headers={"kid": "../../etc/passwd"}),
        "kid empty": lambda: lms.sign(claims, headers={"kid": ""}),
        "critical extension": lambda: lms.sign(
            claims, headers={"kid": "first", "crit": ["http://evil.test"], "http://evil.test": 1}
        ),
        "two parts": lambda: f"{head}.{body}",
        "padded": lambda: f"{good}=",
        "a line break inside": lambda: f"{head}.\n{body}.{signature}",
        "content not encoded": lambda: lms.sign(claims, headers={"kid": "first", "b64": False}),
        "four parts": lambda: f"{good}.{signature}",
        "no signature": lambda: f"{head}.{body}.",
        "body of another token": lambda: ".".join(
            [head, lms.sign({**claims, "sub": "mallory"}).split(".")[1], signature]
        ),
        "not base64": lambda: f"{head}.%%%.{signature}",
        "not JSON": lambda: f"{head}.{base64.urlsafe_b64encode(b'hello').decode()}.{signature}",
        "a JSON list": lambda: f"{head}.{base64.urlsafe_b64encode(b'[]').decode()}.{signature}",
        "nested without end": lambda: ".".join(
            [head, base64.urlsafe_b64encode(b"[" * 60_000).decode().rstrip("="), signature]
        ),
        "empty": lambda: "",
        "far too long": lambda: good + "a" * 100_000,
    }
    return tokens[case]()


BENT_TOKENS = [
    "alg none", "HS256 with our public numbers", "RS512", "PS256", "foreign key, right kid",
    "key in the header", "key set in the header", "kid a path", "kid empty", "critical extension",
    "two parts", "padded", "a line break inside", "content not encoded",
    "four parts", "no signature", "body of another token", "not base64", "not JSON",
    "a JSON list", "nested without end", "empty", "far too long",
]  # fmt: skip


@pytest.mark.parametrize("case", BENT_TOKENS)
def test_a_bent_token_is_refused(case: str, launcher: Launcher, reasons: Reasons) -> None:
    login = launcher.login()

    response = launcher.post(login, bent_token(case, launcher, login))

    assert response.status_code == 400
    assert len(reasons) == 1
    assert not Identity.objects.exists()


@pytest.mark.parametrize(
    ("changes", "bits"),
    [({"use": "enc"}, 2048), ({"alg": "RS512"}, 2048), ({"kty": "EC"}, 2048), ({"n": "AQ"}, 2048)],
)
def test_a_published_key_that_may_not_sign_is_not_used(
    changes: dict[str, str], bits: int, launcher: Launcher, reasons: Reasons
) -> None:
    launcher.lms.publish("first", bits=bits, **changes)

    assert launcher.launch().status_code == 400
    assert reasons == ["kid unknown to the platform's key set"]


def test_a_short_key_is_not_used(launcher: Launcher, reasons: Reasons) -> None:
    launcher.lms.publish("short", bits=1024)
    login = launcher.login()
    key = rsa_key("short", 1024)
    token = launcher.lms.sign(launcher.claims(login), key=key, headers={"kid": "short"})

    assert launcher.post(login, token).status_code == 400
    assert reasons == ["kid unknown to the platform's key set"]


@pytest.mark.parametrize("field", ["alg", "use"])
def test_a_published_key_may_leave_out_its_use(field: str, launcher: Launcher) -> None:
    launcher.lms.publish("first", without=field)

    assert launcher.launch().status_code == 303


# --- state, browser, replay -----------------------------------------------------------------------


def test_the_same_answer_twice_is_refused_the_second_time(
    launcher: Launcher, reasons: Reasons
) -> None:
    login = launcher.login()
    token = launcher.lms.sign(launcher.claims(login))

    first, second = launcher.post(login, token), launcher.post(login, token)

    assert (first.status_code, second.status_code) == (303, 401)
    assert reasons == ["state used before"]


def test_another_browser_cannot_use_an_answer(launcher: Launcher, reasons: Reasons) -> None:
    login = launcher.login()
    token = launcher.lms.sign(launcher.claims(login))
    thief = Launcher(launcher.lms, Client())

    assert thief.post(login, token).status_code == 401
    assert reasons == ["state cookie missing"]
    assert "person" not in thief.client.session
    # The thief has not spent it: the browser it belongs to still gets in.
    assert launcher.post(login, token).status_code == 303


def test_another_login_of_another_browser_does_not_help(
    launcher: Launcher, reasons: Reasons
) -> None:
    login = launcher.login()
    thief = Launcher(launcher.lms, Client())
    own = thief.login()
    name = states.cookie_name(login.state)
    thief.client.cookies[name] = thief.client.cookies[states.cookie_name(own.state)].value

    response = thief.post(login, launcher.lms.sign(launcher.claims(login)))

    assert response.status_code == 401
    assert reasons == ["state of another browser"]


@pytest.mark.parametrize("name", ["id_token", "state"])
def test_a_form_that_names_a_field_twice_is_refused(
    name: str, launcher: Launcher, reasons: Reasons
) -> None:
    login = launcher.login()
    body: dict[str, Any] = {
        "id_token": launcher.lms.sign(launcher.claims(login)),
        "state": login.state,
    }

    response = launcher.client.post("/lti/launch/", {**body, name: ["x", body[name]]})

    assert response.status_code == 400
    assert reasons == [f"{name} given twice"]


def test_a_good_answer_in_the_address_is_refused(launcher: Launcher) -> None:
    login = launcher.login()
    token = launcher.lms.sign(launcher.claims(login))

    by_get = launcher.client.get("/lti/launch/", {"id_token": token, "state": login.state})
    by_query = launcher.client.post(f"/lti/launch/?id_token={token}&state={login.state}")

    assert (by_get.status_code, by_query.status_code) == (400, 400)
    assert not Identity.objects.exists()


def test_the_state_of_one_login_does_not_carry_the_token_of_another(
    launcher: Launcher, reasons: Reasons
) -> None:
    first, second = launcher.login(), launcher.login()

    response = launcher.post(first, launcher.lms.sign(launcher.claims(second)))

    assert response.status_code == 400
    assert reasons == ["nonce is not the one we gave"]


@pytest.mark.parametrize("state", ["", "x", "x" * 5000, "\x00"])
def test_an_unknown_state_is_refused(state: str, launcher: Launcher, reasons: Reasons) -> None:
    login = launcher.login()
    token = launcher.lms.sign(launcher.claims(login))

    response = launcher.client.post("/lti/launch/", {"id_token": token, "state": state})

    assert response.status_code == 401
    assert len(reasons) == 1


def test_a_state_older_than_ten_minutes_is_refused(launcher: Launcher, reasons: Reasons) -> None:
    login = launcher.login()
    LoginState.objects.update(expires_at=clock.now())

    assert launcher.post(login, launcher.lms.sign(launcher.claims(login))).status_code == 401
    assert reasons == ["state expired"]


def test_a_refused_token_spends_its_state(launcher: Launcher, reasons: Reasons) -> None:
    login = launcher.login()
    bad = launcher.lms.sign(launcher.claims(login, sub=DROP))

    launcher.post(login, bad)
    again = launcher.post(login, launcher.lms.sign(launcher.claims(login)))

    assert again.status_code == 401
    assert reasons[-1] == "state used before"


def test_secrets_of_a_login_are_kept_as_hashes_only(launcher: Launcher) -> None:
    login = launcher.login()

    row = LoginState.objects.get()

    kept = json.dumps([str(getattr(row, f.name)) for f in LoginState._meta.fields])
    assert login.state not in kept
    assert login.nonce not in kept


def test_of_two_answers_at_once_one_gets_in(
    launcher: Launcher, reasons: Reasons, monkeypatch: pytest.MonkeyPatch
) -> None:
    login = launcher.login()
    token = launcher.lms.sign(launcher.claims(login))
    rival = Client()
    rival.cookies.load({n: m.value for n, m in launcher.client.cookies.items()})
    let_in, answers = entry._let_in, []

    def overtaken(request: Any, checked: Any) -> Any:
        """Between the checks of one and its writing, the other comes and goes."""
        monkeypatch.setattr(entry, "_let_in", let_in)
        answers.append(Launcher(launcher.lms, rival).post(login, token).status_code)
        return let_in(request, checked)

    monkeypatch.setattr(entry, "_let_in", overtaken)
    answers.append(launcher.post(login, token).status_code)

    assert answers == [303, 401]
    assert Enrolment.objects.count() == 1
    assert "person" not in launcher.client.session


def test_a_launch_that_leads_nowhere_spends_its_login(launcher: Launcher) -> None:
    login = launcher.login()
    custom = {f"{LTI}custom": {"lab": "no-such-lab"}}
    token = launcher.lms.sign(launcher.claims(login, **custom))

    first, second = launcher.post(login, token), launcher.post(login, token)

    assert (first.status_code, second.status_code) == (404, 401)
    assert not Enrolment.objects.exists()


# --- platforms and deployments --------------------------------------------------------------------


def test_an_unknown_deployment_is_held_until_somebody_approves_it(
    launcher: Launcher, reasons: Reasons
) -> None:
    changes = {f"{LTI}deployment_id": "deployment-2"}
    login = launcher.login(lti_deployment_id=DROP)
    refused = launcher.post(login, launcher.lms.sign(launcher.claims(login, **changes)))
    held = Platform.objects.get(deployment_id="deployment-2")

    assert refused.status_code == 403
    assert reasons == [f"deployment pending: {held.pk}"]
    assert not held.approved
    assert not Enrolment.objects.exists()

    Platform.objects.filter(pk=held.pk).update(approved=True)
    login = launcher.login(lti_deployment_id=DROP)
    assert (
        launcher.post(login, launcher.lms.sign(launcher.claims(login, **changes))).status_code
        == 303
    )


def test_a_platform_that_lost_its_approval_cannot_finish_a_launch(
    launcher: Launcher, reasons: Reasons
) -> None:
    login = launcher.login()
    Platform.objects.update(approved=False)

    assert launcher.post(login, launcher.lms.sign(launcher.claims(login))).status_code == 400
    assert reasons == ["registration gone since the login"]


def test_one_platforms_key_does_not_sign_for_another(launcher: Launcher, reasons: Reasons) -> None:
    launcher.register(issuer="https://other.test", client_id="c9", jwks_url="http://127.0.0.1:9/x")
    login = launcher.login(iss="https://other.test", client_id="c9")
    token = launcher.lms.sign(launcher.claims(login))

    assert launcher.post(login, token).status_code == 400
    assert reasons == ["iss is not the platform of the login"]


# --- what the platform or a person may post instead -----------------------------------------------


@pytest.mark.parametrize(
    ("error", "says"), [("login_required", b"Log in to your LMS"), ("access_denied", b"denied")]
)
def test_a_platforms_error_is_explained(error: str, says: bytes, launcher: Launcher) -> None:
    login = launcher.login()
    body = {"error": error, "error_description": "Ben & co", "state": login.state}

    response = launcher.client.post("/lti/launch/", body)
    again = launcher.client.post("/lti/launch/", body)

    assert response.status_code == 400
    assert says in response.content
    assert "“Ben &amp; co”" in response.content.decode()
    assert again.status_code == 401


def test_nobody_else_puts_words_on_our_page(launcher: Launcher) -> None:
    login = launcher.login()
    body = {"error": "<script>alert(1)</script>", "error_description": "<b>buy</b>"}

    responses = [
        Client().post("/lti/launch/", {**body, "state": state}) for state in ("", login.state)
    ]

    assert [response.status_code for response in responses] == [401, 401]
    assert all(b"script>alert" not in response.content for response in responses)
    assert all(b"buy" not in response.content for response in responses)


def test_opening_the_launch_address_by_hand_says_where_labs_open(launcher: Launcher) -> None:
    response = launcher.client.get("/lti/launch/")

    assert response.status_code == 400
    assert b"Labs open from your course" in response.content


def test_a_refusal_shows_a_reference_and_tells_no_token(launcher: Launcher) -> None:
    login = launcher.login()
    token = launcher.lms.sign(launcher.claims(login, sub=DROP))

    response = launcher.post(login, token)

    assert response["X-Reference"] in response.content.decode()
    assert token[:40] not in response.content.decode()
