"""The first step: who may send a browser, what it takes along, and where cookies do not stick."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from courseserver.common import clock
from courseserver.lti import states
from courseserver.lti.models import LoginState, PendingLogin, Platform
from tests.courseserver.lti.launching import DROP, Launcher, target

FRAMED = {"HTTP_SEC_FETCH_DEST": "iframe", "HTTP_SEC_FETCH_SITE": "cross-site"}


def test_a_login_goes_to_the_platform_with_all_that_oidc_asks(launcher: Launcher) -> None:
    login = launcher.login()

    assert login.location.startswith("https://lms.test/auth?")
    expected = {
        "scope": "openid",
        "response_type": "id_token",
        "response_mode": "form_post",
        "prompt": "none",
        "client_id": "client-1",
        "redirect_uri": target(),
        "login_hint": "hint-1",
        "lti_message_hint": "message-1",
    }
    assert expected.items() <= login.query.items()
    assert len(login.state) >= 43
    assert len(login.nonce) >= 43
    assert login.state != login.nonce


def test_post_and_get_are_the_same_login(launcher: Launcher) -> None:
    browser = Client(enforce_csrf_checks=True)

    response = browser.post("/lti/login/", launcher.login_values())

    assert response.status_code == 302
    assert response["Location"].startswith("https://lms.test/auth?")


def test_two_logins_share_no_secret(launcher: Launcher) -> None:
    first, second = launcher.login(), launcher.login()

    assert first.state != second.state
    assert first.nonce != second.nonce
    assert len(launcher.client.cookies) == 2


def test_a_message_hint_is_optional(launcher: Launcher) -> None:
    assert "lti_message_hint" not in launcher.login(lti_message_hint=DROP).query


def test_an_authorisation_address_keeps_its_own_query(launcher: Launcher) -> None:
    Platform.objects.update(auth_url="https://lms.test/auth?school=7")

    assert launcher.login().location.startswith("https://lms.test/auth?school=7&scope=openid")


@pytest.mark.parametrize("name", ["iss", "login_hint", "target_link_uri"])
def test_a_login_without_a_required_parameter_is_refused(name: str, launcher: Launcher) -> None:
    response = launcher.client.get("/lti/login/", launcher.login_values(**{name: DROP}))

    assert response.status_code == 400
    assert not LoginState.objects.exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://unknown.test"},
        {"iss": "https://lms.test/"},
        {"client_id": "client-2"},
        {"target_link_uri": "https://evil.test/lti/launch/"},
        {"target_link_uri": "javascript:alert(1)"},
        {"target_link_uri": f"{settings.PUBLIC_URL}@evil.test/"},
        {"target_link_uri": f"{settings.PUBLIC_URL}.evil.test/"},
        {"target_link_uri": "//evil.test/"},
        {"target_link_uri": f"http://user@{settings.PUBLIC_URL.removeprefix('http://')}/"},
        {"target_link_uri": f"{settings.PUBLIC_URL}\\@evil.test/"},
        {"target_link_uri": f"{settings.PUBLIC_URL}/a b"},
        {"target_link_uri": f"{settings.PUBLIC_URL}/{'x' * 1000}"},
        {"login_hint": "h" * 9000},
        {"login_hint": "hint\x00"},
        {"lti_message_hint": "a\nb"},
        {"lti_message_hint": "m" * 9000},
        {"client_id": "client-1\x00"},
        {"lti_deployment_id": "d" * 300},
        {"lti_deployment_id": "\x00"},
    ],
)
def test_a_login_we_cannot_vouch_for_redirects_nobody(
    changes: dict[str, str], launcher: Launcher
) -> None:
    response = launcher.client.get("/lti/login/", launcher.login_values(**changes))

    assert response.status_code == 400
    assert "Location" not in response
    assert response["X-Reference"] in response.content.decode()


@pytest.mark.parametrize(
    "name", ["iss", "login_hint", "target_link_uri", "client_id", "lti_deployment_id"]
)
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_parameter_given_twice_is_refused(name: str, method: str, launcher: Launcher) -> None:
    values = launcher.login_values()
    query = {**values, name: ["https://evil.test", values[name]]}

    response = getattr(launcher.client, method)("/lti/login/", query)

    assert response.status_code == 400
    assert not LoginState.objects.exists()


def test_what_a_post_carries_in_its_address_is_not_read(launcher: Launcher) -> None:
    values = launcher.login_values()
    issuer = values.pop("iss")

    response = launcher.client.post(f"/lti/login/?iss={issuer}", values)

    assert response.status_code == 400


@pytest.mark.parametrize("method", ["put", "delete", "patch"])
def test_a_login_is_a_get_or_a_post(method: str, launcher: Launcher) -> None:
    assert getattr(launcher.client, method)("/lti/login/").status_code == 405


def test_without_a_client_id_the_only_client_of_an_issuer_is_meant(launcher: Launcher) -> None:
    assert launcher.login(client_id=DROP).query["client_id"] == "client-1"


def test_without_a_client_id_two_clients_of_an_issuer_are_ambiguous(launcher: Launcher) -> None:
    launcher.register(client_id="client-2")

    response = launcher.client.get("/lti/login/", launcher.login_values(client_id=DROP))

    assert response.status_code == 400


def test_two_clients_of_one_issuer_are_told_apart(launcher: Launcher) -> None:
    launcher.register(client_id="client-2", auth_url="https://lms.test/auth2")

    login = launcher.login(client_id="client-2")

    assert login.location.startswith("https://lms.test/auth2?")
    assert login.query["client_id"] == "client-2"


def test_a_platform_that_nobody_approved_cannot_log_in(launcher: Launcher) -> None:
    Platform.objects.update(approved=False)

    response = launcher.client.get("/lti/login/", launcher.login_values())

    assert response.status_code == 400


def test_old_logins_are_swept_away(launcher: Launcher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(states, "SWEEP_EVERY", timedelta(0))
    launcher.login()
    LoginState.objects.update(expires_at=clock.now() - 2 * states.STATE_LIFE)

    launcher.login()

    assert LoginState.objects.count() == 1


# --- cookies --------------------------------------------------------------------------------------


def state_cookie(response: Any) -> Any:
    return next(m for name, m in response.cookies.items() if name.startswith(states.COOKIE_PREFIX))


def test_over_https_the_login_cookie_is_partitioned(launcher: Launcher, settings: Any) -> None:
    settings.SECURE_COOKIES = True

    cookie = state_cookie(launcher.client.get("/lti/login/", launcher.login_values()))

    assert (cookie["samesite"], cookie["secure"], cookie["httponly"]) == ("None", True, True)
    assert cookie["partitioned"]


def test_over_http_the_login_cookie_is_plain(launcher: Launcher) -> None:
    cookie = state_cookie(launcher.client.get("/lti/login/", launcher.login_values()))

    assert (cookie["samesite"], cookie["secure"], cookie["httponly"]) == ("Lax", "", True)
    assert not cookie["partitioned"]


def test_over_http_a_browser_that_trusts_us_gets_a_cookie_for_frames(launcher: Launcher) -> None:
    response = launcher.client.get(
        "/lti/login/", launcher.login_values(), HTTP_SEC_FETCH_SITE="cross-site"
    )

    cookie = state_cookie(response)
    assert (cookie["samesite"], cookie["secure"]) == ("None", True)
    assert cookie["partitioned"]


def test_a_tab_we_opened_ourselves_gets_a_cookie_that_comes_back_from_the_platform(
    launcher: Launcher,
) -> None:
    response = launcher.client.get(
        "/lti/login/", launcher.login_values(), HTTP_SEC_FETCH_SITE="same-origin"
    )

    assert state_cookie(response)["samesite"] == "None"


def test_a_platform_on_our_own_host_gets_a_plain_cookie(launcher: Launcher) -> None:
    Platform.objects.update(auth_url="http://127.0.0.1:9/auth")

    response = launcher.client.get(
        "/lti/login/", launcher.login_values(), HTTP_SEC_FETCH_SITE="same-site"
    )

    cookie = state_cookie(response)
    assert (cookie["samesite"], cookie["secure"]) == ("Lax", "")


# --- frames whose cookies do not stick ------------------------------------------------------------


def test_a_frame_is_first_asked_to_bring_a_cookie_back(launcher: Launcher) -> None:
    first = launcher.client.get("/lti/login/", launcher.login_values(), **FRAMED)
    second = launcher.client.get(first["Location"], **FRAMED)

    assert first.status_code == 302
    assert first["Location"].startswith("/lti/login/check/?code=")
    assert second.status_code == 302
    assert second["Location"].startswith("https://lms.test/auth?")


def test_a_frame_that_brought_a_cookie_before_goes_straight_on(launcher: Launcher) -> None:
    launcher.client.get("/lti/login/", launcher.login_values(), **FRAMED)

    again = launcher.client.get("/lti/login/", launcher.login_values(), **FRAMED)

    assert again["Location"].startswith("https://lms.test/auth?")


def test_a_frame_without_cookies_offers_a_tab_that_goes_on_once(launcher: Launcher) -> None:
    first = launcher.client.get("/lti/login/", launcher.login_values(), **FRAMED)
    code = first["Location"].partition("code=")[2]
    forgetful, tab = Client(), Client()

    page = forgetful.get(first["Location"], **FRAMED)
    opened = tab.get(f"/lti/login/tab/?code={code}")
    again = tab.get(f"/lti/login/tab/?code={code}")

    assert page.status_code == 200
    assert f"/lti/login/tab/?code={code}" in page.content.decode()
    assert "frame-ancestors 'self' https://lms.test" in page["Content-Security-Policy"]
    assert opened["Location"].startswith("https://lms.test/auth?")
    assert state_cookie(opened).value
    assert again.status_code == 400


def test_the_page_without_cookies_shows_no_secret_but_the_code(launcher: Launcher) -> None:
    first = launcher.client.get("/lti/login/", launcher.login_values(), **FRAMED)

    page = Client().get(first["Location"], **FRAMED).content.decode()

    assert "hint-1" not in page
    assert "message-1" not in page


@pytest.mark.parametrize("address", ["/lti/login/check/", "/lti/login/tab/"])
@pytest.mark.parametrize("code", ["", "wrong"])
def test_a_wrong_code_opens_nothing(address: str, code: str, launcher: Launcher) -> None:
    response = Client().get(f"{address}?code={code}")

    assert response.status_code == 400
    assert "Location" not in response


def test_an_old_code_opens_nothing(launcher: Launcher) -> None:
    first = launcher.client.get("/lti/login/", launcher.login_values(), **FRAMED)
    PendingLogin.objects.update(expires_at=clock.now())

    assert launcher.client.get(first["Location"]).status_code == 400


def test_an_answer_without_its_cookie_gets_401_and_a_tab_to_start_anew(launcher: Launcher) -> None:
    login = launcher.login()
    token = launcher.lms.sign(launcher.claims(login))
    forgetful = Launcher(launcher.lms, Client())

    response = forgetful.post(login, token)
    link = response.content.decode().partition('href="/lti/login/tab/')[2].partition('"')[0]
    anew = Client().get(f"/lti/login/tab/{link}")

    assert response.status_code == 401
    assert "person" not in forgetful.client.session
    assert anew["Location"].startswith("https://lms.test/auth?")
    assert login.state not in anew["Location"]


def test_a_refusal_in_a_frame_may_be_read_there(launcher: Launcher) -> None:
    response = launcher.client.get("/lti/login/", launcher.login_values(iss="https://unknown.test"))

    assert "frame-ancestors 'self' *" in response["Content-Security-Policy"]
