"""The page of a dynamic registration: who offers itself, one button, and how it went."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from courseserver.common import clock
from courseserver.lti import dynamic, frames
from courseserver.lti.addresses import origin_of


@csrf_exempt  # the form carries a secret of its own; there may be no session in this frame
@require_http_methods(["GET", "POST"])
def register(request: HttpRequest, code: str) -> HttpResponse:
    """Show what the platform offers (GET); register with it (POST)."""
    now = clock.now()
    invite = dynamic.invite_read(code, now)
    if request.method == "POST":
        confirm = request.POST.get("confirm", "")
        platform = dynamic.offer_accept(invite=invite, confirm=confirm, now=now)
        is_known = platform.deployment_id != dynamic.UNKNOWN_DEPLOYMENT
        context = {"platform": platform, "is_deployment_known": is_known}
        response = render(request, "lti/registered.html", context)
        frames.allow_frames(response, [origin_of(platform.issuer), origin_of(platform.auth_url)])
        return response
    configuration_url = request.GET.get("openid_configuration", "")
    offer = dynamic.offer_read(configuration_url, request.GET.get("registration_token", ""))
    confirm = dynamic.offer_keep(invite=invite, offer=offer)
    response = render(request, "lti/register.html", {"offer": offer, "confirm": confirm})
    frames.allow_frames(response, [origin_of(offer.issuer), origin_of(configuration_url)])
    return response
