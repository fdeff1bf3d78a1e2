"""Step one of a launch: the platform introduces a browser, and we send it back to prove itself."""

from datetime import datetime
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict

from courseserver.lti import claims, frames, states
from courseserver.lti.addresses import origin_of
from courseserver.lti.errors import LoginRefused
from courseserver.lti.registrations import Registration, registration_for
from courseserver.lti.states import LoginRequest, NewState

HINT_MAX = 8000
PARAMETERS = {
    "iss": claims.ID_MAX,
    "login_hint": HINT_MAX,
    "target_link_uri": claims.URL_MAX,
    "lti_message_hint": HINT_MAX,
    "client_id": claims.ID_MAX,
    "lti_deployment_id": claims.ID_MAX,
    "lti_storage_target": claims.ID_MAX,
}


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
    values = _values(request.POST if request.method == "POST" else request.GET)
    for name in ("iss", "login_hint", "target_link_uri"):
        if not values[name]:
            raise _refused(f"{name} missing")
    target = values["target_link_uri"]
    registration = registration_for(values["iss"], values["client_id"])
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
        login_hint=values["login_hint"],
        target_link_uri=target,
        message_hint=values["lti_message_hint"],
        deployment_id=values["lti_deployment_id"],
        storage_target=values["lti_storage_target"],
    )
    return login, registration


def _values(sent: QueryDict) -> dict[str, str]:
    """Return the parameters we read: each at most once, of its length, on one printable line."""
    for name, limit in PARAMETERS.items():
        found = sent.getlist(name)
        if len(found) > 1:
            raise _refused(f"{name} given twice")
        if found and len(found[0]) > limit:
            raise _refused(f"{name} too long")
        if found and not found[0].isprintable():
            raise _refused(f"{name} malformed")
    return {name: sent.get(name, "") for name in PARAMETERS}


def send_to_platform(
    request: HttpRequest, login: LoginRequest, registration: Registration, now: datetime
) -> HttpResponse:
    """Redirect to the platform's authorisation address, leaving one cookie in this browser."""
    new = states.state_add(login=login, now=now)
    response = HttpResponseRedirect(authorisation_address(login, registration, new))
    frames.set_cookie(
        request,
        response,
        states.cookie_name(new.state),
        new.browser,
        max_age=int(states.STATE_LIFE.total_seconds()),
        platform_url=registration.auth_url,
    )
    return response


def authorisation_address(login: LoginRequest, registration: Registration, new: NewState) -> str:
    """Return where the platform says who somebody is, with all that OpenID Connect asks."""
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
    return f"{registration.auth_url}{joint}{urlencode(query)}"


def is_ours(target: str) -> bool:
    is_plain = target.isascii() and target.isprintable() and not set(target) & set(" \\")
    return is_plain and origin_of(target) == origin_of(settings.PUBLIC_URL)


def _refused(reason: str) -> LoginRefused:
    return LoginRefused(reason, "Your LMS opened the lab without saying what we need to know.")
