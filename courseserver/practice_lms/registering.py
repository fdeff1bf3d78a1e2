"""Dynamic registration: a teacher enters a tool's address, the tool registers itself."""

import hashlib
import json
import secrets
import time
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from courseserver.practice_lms import pages, people, registration, store
from courseserver.practice_lms.launches import AGS_SCOPES, NRPS_SCOPE
from courseserver.practice_lms.registration import DEPLOYMENT_ID, Tool

PLATFORM = "https://purl.imsglobal.org/spec/lti-platform-configuration"
TOOL = "https://purl.imsglobal.org/spec/lti-tool-configuration"
TOKEN_LIFE_S = 3600


@require_http_methods(["GET", "POST"])
def tools(request: HttpRequest, person_id: str) -> HttpResponse:
    """Show the registered tool; open another one's registration address in a frame (POST)."""
    person = pages.staff(person_id)
    address = request.POST.get("address", "").strip()
    parts = urlsplit(address)
    is_address = parts.scheme in ("http", "https") and bool(parts.hostname)
    context = {
        "course": people.course(),
        "person": person,
        "section": "tools",
        "tool": registration.tool_read(),
        "address": address,
        "frame": _frame(address) if is_address else "",
    }
    status = 400 if address and not is_address else 200
    response = render(request, "practice_lms/tools.html", context, status=status)
    if is_address:
        response.frame_origin = f"{parts.scheme}://{parts.netloc}"  # type: ignore[attr-defined]
    return response


@require_GET
def configuration(request: HttpRequest) -> JsonResponse:
    """Tell a tool with a registration token who we are."""
    if not _is_known(_bearer(request)):
        return JsonResponse({"error": "invalid_token"}, status=401)
    issuer = registration.tool_read().issuer
    return JsonResponse(
        {
            "issuer": issuer,
            "authorization_endpoint": f"{issuer}/lti/auth/",
            "token_endpoint": f"{issuer}/lti/token/",
            "jwks_uri": f"{issuer}/lti/jwks/",
            "registration_endpoint": f"{issuer}/lti/register/",
            "scopes_supported": ["openid", *AGS_SCOPES, NRPS_SCOPE],
            "response_types_supported": ["id_token"],
            "id_token_signing_alg_values_supported": ["RS256"],
            PLATFORM: {
                "product_family_code": "practice",
                "version": "1",
                "messages_supported": [
                    {"type": "LtiResourceLinkRequest"},
                    {"type": "LtiDeepLinkingRequest"},
                    {"type": "LtiSubmissionReviewRequest"},
                ],
            },
        }
    )


@csrf_exempt
@require_POST
def register(request: HttpRequest) -> JsonResponse:
    """Replace the registered tool by the one that describes itself; a token serves once."""
    if not _spend(_bearer(request)):
        return JsonResponse({"error": "invalid_token"}, status=401)
    try:
        content = json.loads(request.body)
        tool = _tool(content)
    except (ValueError, KeyError, TypeError) as error:
        return JsonResponse({"error": "invalid_client_metadata", "why": str(error)}, status=400)
    registration.tool_save(tool)
    answer = {
        **content,
        "client_id": tool.client_id,
        TOOL: {**content[TOOL], "deployment_id": tool.deployment_id},
    }
    return JsonResponse(answer, status=201)


def _tool(content: dict[str, Any]) -> Tool:
    """Return the registration that a tool's metadata describes; ValueError if it does not."""
    if content["token_endpoint_auth_method"] != "private_key_jwt":  # noqa: S105  # a method
        raise ValueError("token_endpoint_auth_method must be private_key_jwt")
    target = content[TOOL]["target_link_uri"]
    addresses = [content["initiate_login_uri"], content["jwks_uri"], target]
    if {urlsplit(address).netloc for address in addresses} != {content[TOOL]["domain"]}:
        raise ValueError("every address must be on the tool's domain")
    return Tool(
        issuer=registration.tool_read().issuer,
        client_id=f"practice-{secrets.token_hex(6)}",
        deployment_id=DEPLOYMENT_ID,
        login_url=content["initiate_login_uri"],
        redirect_uris=tuple(str(address) for address in content["redirect_uris"]),
        target_url=target,
        jwks_url=content["jwks_uri"],
    )


def _frame(address: str) -> str:
    issuer = registration.tool_read().issuer
    query = {
        "openid_configuration": f"{issuer}/lti/openid-configuration/",
        "registration_token": _issue(),
    }
    return f"{address}{'&' if urlsplit(address).query else '?'}{urlencode(query)}"


def _issue() -> str:
    value = secrets.token_urlsafe(24)
    row = (_hash(value), "registration", time.time() + TOKEN_LIFE_S)
    with store.writing() as db:
        db.execute("INSERT INTO token VALUES (?, ?, ?)", row)
    return value


def _is_known(value: str) -> bool:
    with store.reading() as db:
        found = db.execute(
            "SELECT 1 FROM token WHERE hash = ? AND scopes = 'registration' AND expires > ?",
            (_hash(value), time.time()),
        )
        return found.fetchone() is not None


def _spend(value: str) -> bool:
    with store.writing() as db:
        spent = db.execute(
            "DELETE FROM token WHERE hash = ? AND scopes = 'registration' AND expires > ?",
            (_hash(value), time.time()),
        )
        return spent.rowcount == 1


def _bearer(request: HttpRequest) -> str:
    kind, _, value = request.headers.get("Authorization", "").partition(" ")
    return value if kind.lower() == "bearer" else ""


def _hash(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()
