"""Calls to a platform's services with a bearer token: cached, least scope, renewed once."""

import hashlib
import json
import secrets
from collections.abc import Iterable
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlencode

import structlog
from django.core.cache import cache

from courseserver.common import clock
from courseserver.lti import keys, outgoing, vault
from courseserver.lti.faults import FaultKind, PlatformFault, fault_of
from courseserver.lti.models import Platform
from courseserver.lti.outgoing import Reply

log = structlog.get_logger(__name__)

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_LIFE_S = 120
TOKEN_LIFE_S_DEFAULT = 3600
TOKEN_MARGIN_S = 60
CLOCKS_APART_S = 30.0
# Reading twice is harmless; whether to write twice is for the caller to decide.
SAFE_METHODS = frozenset({"GET", "PUT", "DELETE"})


def call(
    platform: Platform,
    method: str,
    url: str,
    *,
    what: str,
    scopes: Iterable[str],
    accept: str = "",
    content: Any = None,
    content_type: str = "",
) -> Reply:
    """Return a successful reply of a platform's service.

    A 401 renews the token and asks once more, whatever the method: the platform did not act on
    it. A lost or 5xx reply is repeated once where repeating is harmless.

    Raises
    ------
    PlatformFault
        For any other reply, or none.
    """
    body = None if content is None else json.dumps(content).encode()
    headers = {"Accept": accept, "Content-Type": content_type}
    headers = {name: value for name, value in headers.items() if value}
    wanted = frozenset(scopes)
    reply = _attempt(platform, method, url, what, wanted, headers, body)
    if reply.status == 401:
        cache.delete(_token_name(platform, wanted))
        reply = _attempt(platform, method, url, what, wanted, headers, body)
    if not 200 <= reply.status < 300:
        raise fault_of(platform.product, what, reply)
    return reply


def _attempt(
    platform: Platform,
    method: str,
    url: str,
    what: str,
    scopes: frozenset[str],
    headers: dict[str, str],
    body: bytes | None,
) -> Reply:
    authorised = {**headers, "Authorization": f"Bearer {access_token(platform, scopes)}"}
    if method not in SAFE_METHODS:
        return _send(method, url, what, authorised, body)
    try:
        reply = _send(method, url, what, authorised, body)
    except PlatformFault as fault:
        if fault.kind is not FaultKind.RETRY:
            raise
        return _send(method, url, what, authorised, body)
    if reply.status in (500, 502, 503, 504) and "Retry-After" not in reply.headers:
        return _send(method, url, what, authorised, body)
    return reply


def _send(method: str, url: str, what: str, headers: dict[str, str], body: bytes | None) -> Reply:
    try:
        reply = outgoing.send(method, url, headers=headers, body=body)
    except outgoing.AddressRefused as error:
        raise PlatformFault(FaultKind.REGISTRATION, f"{what}: {error}") from error
    except outgoing.Unreachable as error:
        raise PlatformFault(FaultKind.RETRY, f"{what}: {error}") from error
    log.info("platform asked", what=what, status=reply.status)
    _compare_clocks(reply)
    return reply


def _compare_clocks(reply: Reply) -> None:
    """Warn where the platform's clock is not ours: launches live a minute, stamps decide order."""
    try:
        theirs = parsedate_to_datetime(reply.headers.get("Date", ""))
    except ValueError:
        return
    ahead_s = (theirs - clock.now()).total_seconds() if theirs.tzinfo else 0.0
    if abs(ahead_s) > CLOCKS_APART_S:
        log.warning("the platform's clock differs from ours; check NTP", ahead_s=round(ahead_s))


def access_token(platform: Platform, scopes: frozenset[str]) -> str:
    """Return a bearer token for exactly these scopes, from the cache where one still lives."""
    name = _token_name(platform, scopes)
    held = cache.get(name)
    if held:
        return vault.decrypt(held)
    token, life_s = _token_fetch(platform, scopes)
    if life_s > TOKEN_MARGIN_S:
        cache.set(name, vault.encrypt(token), life_s - TOKEN_MARGIN_S)
    return token


def _token_fetch(platform: Platform, scopes: frozenset[str]) -> tuple[str, float]:
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": _assertion(platform),
        "scope": " ".join(sorted(scopes)),
    }
    headers = {
        "Accept": "application/json",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    what = "a token request"
    reply = _send("POST", platform.token_url, what, headers, urlencode(form).encode())
    if reply.status in (400, 401):
        # OAuth answers invalid_client, invalid_scope and the like with these.
        raise PlatformFault(
            FaultKind.REGISTRATION, f"the LMS refused {what}: {reply.status}", status=reply.status
        )
    if reply.status != 200:
        raise fault_of(platform.product, what, reply)
    return _token_of(reply)


def _token_of(reply: Reply) -> tuple[str, float]:
    # The media type is not checked: Moodle sends text/html.
    try:
        answer = reply.json()
        token, life_s = answer["access_token"], answer.get("expires_in", TOKEN_LIFE_S_DEFAULT)
        if not isinstance(token, str) or not token:
            raise ValueError("no token")
        return token, float(life_s)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise PlatformFault(
            FaultKind.RETRY, "the LMS answered a token request without a token", status=200
        ) from error


def _assertion(platform: Platform) -> str:
    now = clock.now()
    issued_at = int(now.timestamp())
    claims = {
        "iss": platform.client_id,
        "sub": platform.client_id,
        "aud": platform.auth_audience or platform.token_url,
        "iat": issued_at,
        "exp": issued_at + ASSERTION_LIFE_S,
        "jti": secrets.token_urlsafe(24),
    }
    return keys.sign(claims, now=now)


def _token_name(platform: Platform, scopes: frozenset[str]) -> str:
    parts = "\n".join([platform.pk, platform.token_url, platform.client_id, *sorted(scopes)])
    return f"lti-token:{hashlib.sha256(parts.encode()).hexdigest()}"
