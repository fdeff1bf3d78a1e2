"""Login, the cookie check before it, the tab of its own behind it, and our public keys."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods

from courseserver.common import clock
from courseserver.common.errors import reference_of
from courseserver.lti import frames, keys, states
from courseserver.lti.errors import BrowserUnproven, LoginRefused
from courseserver.lti.login import read_login, send_to_platform
from courseserver.lti.registrations import registration_for
from courseserver.lti.states import LoginRequest

PROBE_COOKIE = "lti-cookies"
PROBE_LIFE_S = 600
KEY_SET_LIFE_S = 3600


@csrf_exempt
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


@require_GET
def login_check(request: HttpRequest) -> HttpResponse:
    """Go on where the cookie came back; offer a tab of its own where it did not."""
    now, code = clock.now(), request.GET.get("code", "")
    if PROBE_COOKIE in request.COOKIES:
        return _resume(request, code)
    held = states.pending_read(code=code, now=now)
    if held is None:
        raise _code_spent()
    return new_tab_page(request, held, code, status=200)


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
    return new_tab_page(request, login, code, status=refusal.status)


def new_tab_page(
    request: HttpRequest, login: LoginRequest, code: str, *, status: int
) -> HttpResponse:
    context = {
        "address": f"{reverse('lti-login-tab')}?code={code}",
        "reference": reference_of(request),
    }
    response = render(request, "lti/new_tab.html", context, status=status)
    registration = registration_for(login.issuer, login.client_id)
    if registration is not None:
        frames.allow_frames(response, registration.frame_origins)
    return response


def _resume(request: HttpRequest, code: str) -> HttpResponse:
    now = clock.now()
    login = states.pending_use(code=code, now=now)
    registration = registration_for(login.issuer, login.client_id) if login else None
    if login is None or registration is None:
        raise _code_spent()
    return send_to_platform(request, login, registration, now)


def _code_spent() -> LoginRefused:
    return LoginRefused("login code spent", "This address opens a lab once, and it was used.")
