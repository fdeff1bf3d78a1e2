"""Access tokens: the tool proves itself with a signed assertion, once per assertion."""

import hashlib
import secrets
import time

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from courseserver.practice_lms import faults, keys, registration, store
from courseserver.practice_lms.launches import AGS_SCOPES, NRPS_SCOPE

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LIFE_S = 3600
ASSERTION_MAX_S = 600
KNOWN = frozenset({*AGS_SCOPES, NRPS_SCOPE})


class Unauthorised(Exception):
    """No token, an expired one, or one without the scope; `status` is 401 or 403."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status


@csrf_exempt
@require_POST
@faults.at("token")
def token(request: HttpRequest) -> HttpResponse:
    form = request.POST
    if form.get("grant_type") != "client_credentials":
        return _error("unsupported_grant_type", "grant_type must be client_credentials")
    if form.get("client_assertion_type") != ASSERTION_TYPE:
        return _error("invalid_request", "client_assertion_type must be jwt-bearer")
    scopes = form.get("scope", "").split()
    if not scopes or not KNOWN.issuperset(scopes):
        return _error("invalid_scope", "scope is empty or names one that we do not know")
    try:
        _check_assertion(form.get("client_assertion", ""))
    except keys.BadToken as error:
        return _error("invalid_client", str(error))
    return JsonResponse(
        {
            "access_token": _issue(scopes),
            "token_type": "Bearer",
            "expires_in": LIFE_S,
            "scope": " ".join(scopes),
        },
        headers={"Cache-Control": "no-store"},
    )


def check(request: HttpRequest, *scopes: str) -> None:
    """Let a request pass whose token carries one of these scopes.

    Raises
    ------
    Unauthorised
        Otherwise.
    """
    kind, _, value = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer" or not value:
        raise Unauthorised(401, "no bearer token")
    with store.reading() as db:
        row = db.execute(
            "SELECT scopes FROM token WHERE hash = ? AND expires > ?", (_hash(value), time.time())
        ).fetchone()
    if row is None:
        raise Unauthorised(401, "the token is unknown or expired")
    if not set(scopes) & set(row["scopes"].split()):
        raise Unauthorised(403, "the token lacks the scope")


def _check_assertion(assertion: str) -> None:
    tool = registration.tool_read()
    claims = keys.verify(tool, assertion, audience=tool.token_url)
    if claims.get("sub") != tool.client_id:
        raise keys.BadToken("sub is not the client id")
    jti = claims.get("jti")
    if not isinstance(jti, str) or not jti:
        raise keys.BadToken("jti is missing")
    if claims["exp"] - claims["iat"] > ASSERTION_MAX_S:
        raise keys.BadToken(f"the assertion lives longer than {ASSERTION_MAX_S} s")
    with store.writing() as db:
        db.execute("DELETE FROM assertion WHERE expires < ?", (time.time(),))
        added = db.execute("INSERT OR IGNORE INTO assertion VALUES (?, ?)", (jti, claims["exp"]))
        if added.rowcount != 1:
            raise keys.BadToken("jti was used before")


def _issue(scopes: list[str]) -> str:
    value = secrets.token_urlsafe(32)
    with store.writing() as db:
        db.execute("DELETE FROM token WHERE expires < ?", (time.time(),))
        db.execute(
            "INSERT INTO token VALUES (?, ?, ?)",
            (_hash(value), " ".join(scopes), time.time() + LIFE_S),
        )
    return value


def _hash(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()


def _error(error: str, detail: str) -> JsonResponse:
    status = 401 if error == "invalid_client" else 400
    return JsonResponse({"error": error, "error_description": detail}, status=status)
