"""Frames without cookies: the platform keeps the login secret, and only its browser gets in."""

import re
from html import unescape
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from courseserver.common import clock
from courseserver.courses.models import Enrolment
from courseserver.lti.models import HandOver, LoginState, Platform
from tests.courseserver.lti.launching import Launcher, Login, Reasons

FRAMED = {"HTTP_SEC_FETCH_DEST": "iframe", "HTTP_SEC_FETCH_SITE": "cross-site"}
OURS = {"HTTP_ORIGIN": settings.PUBLIC_URL}


def data_of(page: Any) -> dict[str, str]:
    found = re.findall(r' data-(target|origin|key|value|next)="([^"]*)"', page.content.decode())
    return {name: unescape(value) for name, value in found}


def stored_login(launcher: Launcher, target: str = "_parent") -> tuple[Login, str]:
    """Begin a login in a frame without cookies; return it with what the platform keeps."""
    values = launcher.login_values(lti_storage_target=target)
    first = Client().get("/lti/login/", values, **FRAMED)
    page = Client().get(first["Location"], **FRAMED)
    data = data_of(page)
    query = dict(part.split("=", 1) for part in data["next"].partition("?")[2].split("&"))
    return Login(query=query, location=data["next"]), data["value"]


def answer(launcher: Launcher, login: Login, kept: str, **headers: str) -> Any:
    token = launcher.lms.sign(launcher.claims(login))
    body = {"id_token": token, "state": login.state, "kept": kept}
    return Client().post("/lti/launch/", body, **headers)


def code_of(page: Any) -> str:
    return page.content.decode().partition('name="code" value="')[2].partition('"')[0]


def test_a_frame_without_cookies_lets_the_platform_keep_its_secret(launcher: Launcher) -> None:
    values = launcher.login_values(lti_storage_target="lti-storage")
    first = launcher.client.get("/lti/login/", values, **FRAMED)

    page = Client().get(first["Location"], **FRAMED)

    data = data_of(page)
    assert page.status_code == 200
    assert (data["target"], data["origin"]) == ("lti-storage", "https://lms.test")
    assert data["next"].startswith("https://lms.test/auth?")
    assert len(data["value"]) >= 43
    assert data["value"] not in data["next"]
    assert "frame-ancestors 'self' https://lms.test" in page["Content-Security-Policy"]
    assert "no-store" in page["Cache-Control"]


def test_a_frame_that_keeps_cookies_needs_no_storage(launcher: Launcher) -> None:
    values = launcher.login_values(lti_storage_target="_parent")
    first = launcher.client.get("/lti/login/", values, **FRAMED)

    second = launcher.client.get(first["Location"], **FRAMED)

    assert second["Location"].startswith("https://lms.test/auth?")


def test_a_platform_that_offers_storage_when_asked_is_believed(launcher: Launcher) -> None:
    first = launcher.client.get("/lti/login/", launcher.login_values(), **FRAMED)
    asking = Client().get(first["Location"], **FRAMED)

    page = Client().get(f"{first['Location']}&storage=keeps%22here", **FRAMED)

    assert "lti/storage_probe" in asking.content.decode()
    assert "/lti/login/tab/?code=" in asking.content.decode()
    assert (data_of(page)["target"], data_of(page)["origin"]) == ('keeps"here', "https://lms.test")
    (login,) = LoginState.objects.all()
    assert login.login["storage_target"] == 'keeps"here'


def test_an_answer_without_a_cookie_asks_the_platform_for_the_secret(launcher: Launcher) -> None:
    login, kept = stored_login(launcher)
    token = launcher.lms.sign(launcher.claims(login))

    page = Client().post("/lti/launch/", {"id_token": token, "state": login.state})

    data, body = data_of(page), page.content.decode()
    assert page.status_code == 401
    assert data["origin"] == "https://lms.test"
    assert kept not in body
    assert f'value="{login.state}"' in body
    assert f'value="{token}"' in body
    assert "/lti/login/tab/?code=" in body
    assert "no-store" in page["Cache-Control"]
    assert not Enrolment.objects.exists()


def test_the_secret_proves_the_launch_and_a_tab_of_its_own_begins_the_session(
    launcher: Launcher,
) -> None:
    login, kept = stored_login(launcher)

    proven = answer(launcher, login, kept, **OURS)
    tab = Client()
    entered = tab.post("/lti/enter/", {"code": code_of(proven)}, **OURS)

    assert proven.status_code == 200
    assert "courseserver" not in proven.cookies
    assert entered.status_code == 303
    assert tab.get(entered["Location"]).status_code == 200
    assert "frame-ancestors 'self' https://lms.test" in proven["Content-Security-Policy"]


def test_a_hand_over_works_once(launcher: Launcher) -> None:
    login, kept = stored_login(launcher)
    code = code_of(answer(launcher, login, kept, **OURS))
    Client().post("/lti/enter/", {"code": code}, **OURS)

    again = Client().post("/lti/enter/", {"code": code}, **OURS)

    assert again.status_code == 403
    assert "courseserver" not in again.cookies


def test_a_hand_over_ends(launcher: Launcher) -> None:
    login, kept = stored_login(launcher)
    code = code_of(answer(launcher, login, kept, **OURS))
    HandOver.objects.update(expires_at=clock.now())

    assert Client().post("/lti/enter/", {"code": code}, **OURS).status_code == 403


@pytest.mark.parametrize("origin", ["", "https://evil.test", "null", f"{settings.PUBLIC_URL}0"])
def test_another_page_can_neither_prove_nor_enter(
    origin: str, launcher: Launcher, reasons: Reasons
) -> None:
    headers = {"HTTP_ORIGIN": origin} if origin else {}
    login, kept = stored_login(launcher)

    refused = answer(launcher, login, kept, **headers)
    proven = answer(launcher, login, kept, **OURS)
    entered = Client().post("/lti/enter/", {"code": code_of(proven)}, **headers)

    assert refused.status_code == 401
    assert reasons == ["state cookie missing"]
    assert proven.status_code == 200
    assert entered.status_code == 403


def test_a_code_in_an_address_opens_nothing(launcher: Launcher) -> None:
    login, kept = stored_login(launcher)
    code = code_of(answer(launcher, login, kept, **OURS))

    assert Client().get(f"/lti/enter/?code={code}").status_code == 405
    assert Client().post(f"/lti/enter/?code={code}", {}, **OURS).status_code == 403


@pytest.mark.parametrize("kept", ["x" * 43, "", "another"])
def test_a_wrong_secret_proves_nothing(kept: str, launcher: Launcher, reasons: Reasons) -> None:
    login, own = stored_login(launcher)
    _, other = stored_login(launcher)

    response = answer(launcher, login, other if kept == "another" else kept, **OURS)

    assert response.status_code == 401
    # No second round: the page offers a tab of its own.
    assert "data-storage" not in response.content.decode()
    assert "/lti/login/tab/?code=" in response.content.decode()
    assert answer(launcher, login, own, **OURS).status_code == 200


def test_a_proven_answer_is_used_once(launcher: Launcher) -> None:
    login, kept = stored_login(launcher)
    answer(launcher, login, kept, **OURS)

    assert answer(launcher, login, kept, **OURS).status_code == 401


def test_the_storage_page_of_a_platform_that_is_gone_opens_nothing(launcher: Launcher) -> None:
    values = launcher.login_values(lti_storage_target="_parent")
    first = launcher.client.get("/lti/login/", values, **FRAMED)
    Platform.objects.update(approved=False)

    assert Client().get(first["Location"], **FRAMED).status_code == 400


def test_a_target_is_shown_as_text(launcher: Launcher) -> None:
    values = launcher.login_values(lti_storage_target='"><script>alert(1)</script>')
    first = launcher.client.get("/lti/login/", values, **FRAMED)

    assert b"<script>alert" not in Client().get(first["Location"], **FRAMED).content
