"""Login, the cookie check before it, the tab of its own behind it, and our public keys."""

from dataclasses import replace
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods

from courseserver.common import clock
from courseserver.common.errors import reference_of
from courseserver.lti import claims, frames, keys, states
from courseserver.lti.addresses import origin_of
from courseserver.lti.errors import BrowserUnproven, LoginRefused
from courseserver.lti.launch import KEPT_FIELD
from courseserver.lti.login import authorisation_address, read_login, send_to_platform
from courseserver.lti.registrations import Registration, registration_for
from courseserver.lti.states import LoginRequest

PROBE_COOKIE = "lti-cookies"
PROBE_LIFE_S = 600
KEY_SET_LIFE_S = 3600


@csrf_exempt
@never_cache
@require_http_methods(["GET", "POST"])
def login(request: HttpRequest) -> HttpResponse:
    """Begin a launch; in a frame, first see whether a cookie comes back."""
    asked, registration = read_login(request)
    now = clock.now()
    if frames.is_framed(request) and PROBE_COOKIE not in request.COOKIES:
        code = states.pending_add(login=asked, now=now)
        response = HttpResponseRedirect(f"{reverse('lti-login-check')}?code={code}")
        frames.set_cookie(request, response, PROBE_COOKIE, "1", max_age=PROBE_LIFE_S)
        return response
    return send_to_platform(request, asked, registration, now)


@never_cache
@require_GET
def login_check(request: HttpRequest) -> HttpResponse:
    """Go on where the cookie came back; offer a tab of its own where it did not."""
    now, code = clock.now(), request.GET.get("code", "")
    if PROBE_COOKIE in request.COOKIES:
        return _resume(request, code)
    held = states.pending_read(code=code, now=now)
    if held is None:
        raise _code_spent()
    # What the platform said at login, or else what its page answered to ours (`lti.capabilities`).
    target = held.storage_target or request.GET.get("storage", "")[: claims.ID_MAX]
    if target:
        return _storage_page(request, replace(held, storage_target=target), code)
    return new_tab_page(request, held, code, status=200, template="lti/storage_probe.html")


@never_cache
@require_GET
def login_tab(request: HttpRequest) -> HttpResponse:
    """Begin the held launch in a tab of its own, where our cookie is a first-party one."""
    return _resume(request, request.GET.get("code", ""))


@require_GET
def key_set(request: HttpRequest) -> JsonResponse:
    """Serve our public keys; platforms may keep them for an hour."""
    response = JsonResponse(keys.key_set(clock.now()))
    response["Cache-Control"] = f"public, max-age={KEY_SET_LIFE_S}"
    response["Access-Control-Allow-Origin"] = "*"
    return response


def unproven(request: HttpRequest, refusal: BrowserUnproven) -> HttpResponse:
    """Answer 401, with a fresh login in a tab of its own where the lost one is still known."""
    now = clock.now()
    login = states.login_of_state(request.POST.get("state", ""), now)
    if login is None:
        raise refusal
    code = states.pending_add(login=login, now=now)
    # Asked for once: our own page has no `kept` to send when the platform has nothing for us.
    asks_storage = login.storage_target and KEPT_FIELD not in request.POST
    if asks_storage and refusal.reason == "state cookie missing":
        return _storage_read_page(request, login, code, status=refusal.status)
    return new_tab_page(request, login, code, status=refusal.status)


def new_tab_page(
    request: HttpRequest,
    login: LoginRequest,
    code: str,
    *,
    status: int,
    template: str = "lti/new_tab.html",
    **context: Any,
) -> HttpResponse:
    """Offer a tab of its own; other templates try the platform's storage before they offer it."""
    shared = {
        "address": f"{reverse('lti-login-tab')}?code={code}",
        "reference": reference_of(request),
    }
    response = render(request, template, {**shared, **context}, status=status)
    registration = registration_for(login.issuer, login.client_id)
    if registration is not None:
        frames.allow_frames(response, registration.frame_origins)
    return response


def _storage_page(request: HttpRequest, login: LoginRequest, code: str) -> HttpResponse:
    """Let the page put the browser's secret into the platform's storage, then go on."""
    registration = registration_for(login.issuer, login.client_id)
    if registration is None:
        raise _code_spent()
    new = states.state_add(login=login, now=clock.now())
    storage = _storage(login, registration, new.state)
    storage |= {"value": new.browser, "next": authorisation_address(login, registration, new)}
    return new_tab_page(
        request, login, code, status=200, template="lti/storage_put.html", storage=storage
    )


def _storage_read_page(
    request: HttpRequest, login: LoginRequest, code: str, *, status: int
) -> HttpResponse:
    """Let the page fetch the browser's secret and send the platform's answer again with it."""
    registration = registration_for(login.issuer, login.client_id)
    if registration is None:
        raise _code_spent()
    state = request.POST["state"]
    form = {"id_token": request.POST["id_token"], "state": state}
    return new_tab_page(
        request,
        login,
        code,
        status=status,
        template="lti/storage_get.html",
        storage=_storage(login, registration, state),
        form=form,
    )


def _storage(login: LoginRequest, registration: Registration, state: str) -> dict[str, str]:
    return {
        "target": login.storage_target,
        # The specification: storage answers from where the platform authorises, nobody else.
        "origin": origin_of(registration.auth_url),
        "key": states.cookie_name(state),
    }


def _resume(request: HttpRequest, code: str) -> HttpResponse:
    now = clock.now()
    login = states.pending_use(code=code, now=now)
    registration = registration_for(login.issuer, login.client_id) if login else None
    if login is None or registration is None:
        raise _code_spent()
    return send_to_platform(request, login, registration, now)


def _code_spent() -> LoginRefused:
    return LoginRefused("login code spent", "This address opens a lab once, and it was used.")
