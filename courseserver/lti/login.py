"""Step one of a launch: the platform introduces a browser, and we send it back to prove itself."""

from datetime import datetime
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from courseserver.lti import claims, frames, states
from courseserver.lti.errors import LoginRefused
from courseserver.lti.registrations import Registration, origin_of, registration_for
from courseserver.lti.states import LoginRequest

HINT_MAX = 8000


def launch_url() -> str:
    """Return the one redirect address that platforms register."""
    return f"{settings.PUBLIC_URL}/lti/launch/"


def read_login(request: HttpRequest) -> tuple[LoginRequest, Registration]:
    """Return the login a platform asks for, and who it is.

    Raises
    ------
    LoginRefused
        If a parameter is missing, the platform is unknown, or the target is not ours. Nobody is
        redirected then.
    """
    values = request.POST if request.method == "POST" else request.GET
    issuer = values.get("iss", "")
    hint = values.get("login_hint", "")
    target = values.get("target_link_uri", "")
    for name, value in (("iss", issuer), ("login_hint", hint), ("target_link_uri", target)):
        if not value:
            raise _refused(f"{name} missing")
    message_hint = values.get("lti_message_hint", "")
    if len(hint) > HINT_MAX or len(message_hint) > HINT_MAX or len(target) > claims.URL_MAX:
        raise _refused("parameter too long")
    registration = registration_for(issuer, values.get("client_id", ""))
    if registration is None:
        raise LoginRefused(
            "platform unknown",
            "This LMS is not registered with us, or its registration is not approved.",
            remedy="Ask your instructor to have the lab tool registered, naming the reference.",
        )
    if not is_ours(target):
        raise _refused("target_link_uri is not ours")
    login = LoginRequest(
        issuer=registration.issuer,
        client_id=registration.client_id,
        login_hint=hint,
        target_link_uri=target,
        message_hint=message_hint,
        deployment_id=values.get("lti_deployment_id", ""),
    )
    return login, registration


def send_to_platform(
    request: HttpRequest, login: LoginRequest, registration: Registration, now: datetime
) -> HttpResponse:
    """Redirect to the platform's authorisation address, leaving one cookie in this browser."""
    new = states.state_add(login=login, now=now)
    query = {
        "scope": "openid",
        "response_type": "id_token",
        "response_mode": "form_post",
        "prompt": "none",
        "client_id": login.client_id,
        "redirect_uri": launch_url(),
        "state": new.state,
        "nonce": new.nonce,
        "login_hint": login.login_hint,
    }
    if login.message_hint:
        query["lti_message_hint"] = login.message_hint
    joint = "&" if urlsplit(registration.auth_url).query else "?"
    response = HttpResponseRedirect(f"{registration.auth_url}{joint}{urlencode(query)}")
    life_s = int(states.STATE_LIFE.total_seconds())
    name = states.cookie_name(new.state)
    frames.set_cookie(
        request,
        response,
        name,
        new.browser,
        max_age=life_s,
        platform_url=registration.auth_url,
    )
    return response


def is_ours(target: str) -> bool:
    return origin_of(target) == origin_of(settings.PUBLIC_URL)


def _refused(reason: str) -> LoginRefused:
    return LoginRefused(reason, "Your LMS opened the lab without saying what we need to know.")
