"""The authorisation address: checks what the tool sends back, then posts the signed message."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods

from courseserver.practice_lms import faults, keys, registration
from courseserver.practice_lms.launches import BadRequest, id_token_claims, message_of
from courseserver.practice_lms.registration import Tool

FIXED = {
    "scope": "openid",
    "response_type": "id_token",
    "response_mode": "form_post",
    "prompt": "none",
}


@csrf_exempt
@require_http_methods(["GET", "POST"])
def authorise(request: HttpRequest) -> HttpResponse:
    """Post the id_token to the tool, or the error; to an unknown address nothing is sent."""
    values = (request.POST if request.method == "POST" else request.GET).dict()
    tool = registration.tool_read()
    address = values.get("redirect_uri", "")
    if values.get("client_id") != tool.client_id or address not in tool.redirect_uris:
        context = {"title": "Unknown tool", "words": "client_id or redirect_uri is not registered."}
        return render(request, "practice_lms/refusal.html", context, status=400)
    fields = {"state": values.get("state", "")}
    try:
        fields["id_token"] = _id_token(tool, values)
    except BadRequest as error:
        fields |= {"error": error.error, "error_description": str(error)}
    return render(request, "practice_lms/hand_over.html", {"address": address, "fields": fields})


@require_GET
def storage(request: HttpRequest) -> HttpResponse:
    """Serve the hidden frame that keeps data for tools whose own frames keep no cookie."""
    return render(request, "practice_lms/storage.html", {"tool_origin": registration.tool_origin()})


@faults.at("jwks")
def key_set(request: HttpRequest) -> HttpResponse:
    return JsonResponse(keys.key_set(), headers={"Cache-Control": "max-age=3600"})


def _id_token(tool: Tool, values: dict[str, str]) -> str:
    for name, wanted in FIXED.items():
        if values.get(name) != wanted:
            raise BadRequest("invalid_request", f"{name} must be {wanted}")
    for name in ("nonce", "state"):
        if not values.get(name):
            raise BadRequest("invalid_request", f"{name} is missing")
    hints = values.get("login_hint", ""), values.get("lti_message_hint", "")
    person, message = message_of(*hints)
    if not person.is_member:
        raise BadRequest("access_denied", f"{person.name} is not in this course")
    return keys.sign(id_token_claims(tool, person, message, values["nonce"]))
