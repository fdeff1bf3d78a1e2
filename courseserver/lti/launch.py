"""Step two of a launch: PyLTI1p3's order of checks, every one of them made strict."""

import base64
import json
import re
from dataclasses import replace
from typing import Any, cast

import requests
import structlog
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from django.conf import settings
from django.http import HttpRequest
from jwt.algorithms import RSAAlgorithm
from pylti1p3.contrib.django.message_launch import DjangoMessageLaunch
from pylti1p3.exception import LtiException

from courseserver.audit.services import record
from courseserver.common import clock
from courseserver.common.rows import row_where
from courseserver.lti import claims, login, messages, platform_keys, states, vault
from courseserver.lti.addresses import origin_of
from courseserver.lti.errors import (
    BrowserUnproven,
    DeploymentPending,
    LaunchRefused,
    PlatformSilent,
    TokenRefused,
)
from courseserver.lti.messages import Launch, launch_of
from courseserver.lti.models import LoginState, Platform
from courseserver.lti.registrations import Registration, registration_for, registration_of

log = structlog.get_logger(__name__)

_RS256 = RSAAlgorithm(RSAAlgorithm.SHA256)
_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")

TOKEN_MAX_CHARS = 100_000
KEPT_FIELD = "kept"
# For iat alone: a platform's clock may be ahead of ours by this much.
IAT_LEEWAY_S = 60
IAT_MAX_AGE_S = 600
EXP_MAX_AHEAD_S = 24 * 3600


def check_launch(request: HttpRequest) -> Launch:
    """Return the launch that this POST proves.

    Raises
    ------
    LaunchRefused
        If one check fails; the log names it, the page helps.
    """
    try:
        return _StrictLaunch(request).checked()
    except LaunchRefused as refusal:
        log.warning("launch refused", reason=refusal.reason)
        raise
    except LtiException as error:
        log.warning("launch refused", reason=str(error))
        raise TokenRefused(str(error), "Your LMS's message is not a valid LTI launch.") from error


class _StrictLaunch(DjangoMessageLaunch):
    """One launch on its way through `validate()`, which PyLTI1p3 orders."""

    _row: LoginState | None = None
    _known: Registration
    _platform: Platform | None = None

    @property
    def _login(self) -> LoginState:
        assert self._row is not None  # `validate_state` comes first
        return self._row

    def __init__(self, request: HttpRequest) -> None:
        # Our rows are read through `registration_for`, our requests sent by `outgoing`.
        super().__init__(request, None, requests_session=_UNUSED)  # type: ignore[no-untyped-call]
        self._http = request
        self._now = clock.now()

    def checked(self) -> Launch:
        if self._http.method != "POST":
            raise LaunchRefused("not a POST", "Labs open from your course, not from an address.")
        try:
            if self._http.POST.get("error"):
                raise self._platform_error()
            self.validate()
        except Exception:
            # Whoever is refused must begin anew; who gets in spends the state with what it makes.
            if self._row is not None:
                states.state_spend(state_id=self._row.pk, now=self._now)
            raise
        return self._launch

    def _platform_error(self) -> LaunchRefused:
        """Explain an error that the platform answered instead of a token.

        Its own words are shown only to the browser whose login it answers: nobody else may put
        words on our pages.
        """
        form = self._http.POST
        row, _ = states.state_read(
            state=form.get("state", ""), cookies=self._http.COOKIES, now=self._now
        )
        self._row = row
        words = claims.clean(form.get("error_description", ""), 300) if row else ""
        refusal = _platform_refusal(form["error"], words)
        refusal.status = 400 if row else 401
        return refusal

    # --- row 1 and 2: the form, and this browser's own login ---------------------------------

    def validate_state(self) -> "_StrictLaunch":
        for name in ("id_token", "state"):
            if len(self._http.POST.getlist(name)) > 1:
                raise claims.refused(f"{name} given twice")
        token, state = self._http.POST.get("id_token", ""), self._http.POST.get("state", "")
        if not token or len(token) > TOKEN_MAX_CHARS:
            raise claims.refused("id_token missing or too long")
        if not state:
            raise not_this_browser("state missing")
        row, reason = states.state_read(
            state=state, cookies=self._http.COOKIES, now=self._now, kept=_kept_secret(self._http)
        )
        if row is None:
            raise not_this_browser(reason)
        self._row = row
        return self

    # --- row 3: form of the token ------------------------------------------------------------

    def validate_jwt_format(self) -> "_StrictLaunch":
        # PyJWT forgives padding; RFC 7515 has none.
        if not _COMPACT.fullmatch(self._http.POST["id_token"]):
            raise claims.refused("token malformed")
        head, body, _ = self._http.POST["id_token"].split(".")
        self._jwt = cast(Any, {"header": _object_in(head), "body": _object_in(body)})
        if self._jwt["header"].get("alg") != "RS256":
            raise claims.refused("alg is not RS256")
        return self

    def _get_jwt_body(self) -> Any:
        return self._jwt.get("body", {})

    # --- row 10: nonce -----------------------------------------------------------------------

    def validate_nonce(self) -> "_StrictLaunch":
        nonce = self._get_jwt_body().get("nonce")
        if not isinstance(nonce, str) or vault.fingerprint(nonce) != self._login.nonce_hash:
            raise claims.refused("nonce is not the one we gave")
        return self

    # --- rows 6 to 8: issuer, audience, authorised party -------------------------------------

    def get_client_id(self) -> str:
        return self._login.client_id

    def validate_registration(self) -> "_StrictLaunch":
        self._platform = self._claimed_deployment()
        known = (
            registration_of(self._platform)
            if self._platform
            else registration_for(self._login.issuer, self._login.client_id)
        )
        if known is None:
            raise claims.refused("registration gone since the login")
        self._known = known
        body = self._get_jwt_body()
        if body.get("iss") != known.issuer:
            raise claims.refused("iss is not the platform of the login")
        _check_audience(body, known.client_id)
        return self

    def _claimed_deployment(self) -> Platform | None:
        """Return the row that an unproven claim names; one query for registration and deployment.

        The signature is checked with this client's keys whichever deployment is named.
        """
        claimed = self._get_jwt_body().get(claims.DEPLOYMENT_ID)
        if not isinstance(claimed, str) or not claimed.isprintable():
            return None
        return row_where(
            Platform,
            issuer=self._login.issuer,
            client_id=self._login.client_id,
            deployment_id=claimed,
            approved=True,
        )

    # --- rows 4, 5 and 9: key, signature, times ----------------------------------------------

    def validate_jwt_signature(self) -> "_StrictLaunch":
        if "crit" in self._jwt["header"] or "b64" in self._jwt["header"]:
            raise claims.refused("header with extensions")
        if not _is_signed(self._http.POST["id_token"], self._public_key()):
            raise claims.refused("signature is not the platform's")
        _check_times(self._get_jwt_body(), self._now.timestamp())
        return self

    def _public_key(self) -> RSAPublicKey:
        kid = self._jwt["header"].get("kid")
        if not isinstance(kid, str) or not kid:
            raise claims.refused("kid missing")
        try:
            key = platform_keys.public_key(self._known.jwks_url, kid)
        except platform_keys.KeysUnreachable as error:
            log.warning("platform keys unreachable", detail=str(error))
            raise PlatformSilent(
                "key set unreachable",
                "We could not check your LMS's signature, because it did not answer us.",
                remedy="Wait a minute, then open the lab again from your course.",
            ) from error
        if key is None:
            raise claims.refused("kid unknown to the platform's key set")
        return key

    # --- row 13: deployment ------------------------------------------------------------------

    def validate_deployment(self) -> "_StrictLaunch":
        body = self._get_jwt_body()
        deployment_id = claims.required_id(
            body, claims.DEPLOYMENT_ID, "deployment_id missing or malformed"
        )
        hinted = self._login.login["deployment_id"]
        if hinted and hinted != deployment_id:
            raise claims.refused("deployment_id is not the one of the login")
        self._platform = self._platform or _approved_platform(self._known, deployment_id)
        return self

    # --- rows 11, 12 and 14 to 19: the message -----------------------------------------------

    def validate_message(self) -> "_StrictLaunch":
        body = self._get_jwt_body()
        if body.get(claims.VERSION) != "1.3.0":
            raise claims.refused("version is not 1.3.0")
        kind = body.get(claims.MESSAGE_TYPE)
        if not isinstance(kind, str) or kind not in messages.ENABLED:
            raise claims.refused("message_type unknown")
        target = body.get(claims.TARGET_LINK_URI)
        if target != self._login.login["target_link_uri"] or not login.is_ours(target):
            raise claims.refused("target_link_uri is not the one of the login")
        assert self._platform is not None  # `validate_deployment` came before
        has_cookie = states.cookie_name(self._http.POST["state"]) in self._http.COOKIES
        self._launch = replace(
            launch_of(self._platform, body), keeps_cookies=has_cookie, state_id=self._login.pk
        )
        return self

    def save_launch_data(self) -> "_StrictLaunch":
        """Keep nothing: the launch is used at once, and its token forgotten."""
        return self


_UNUSED = requests.Session()


def _platform_refusal(error: str, words: str) -> LaunchRefused:
    word = error if error.isascii() and error.replace("_", "").isalpha() else "an error"
    detail = f"Your LMS answered “{word[:40]}” when we asked who you are."
    detail += f" It adds: “{words}”" if words else ""
    if word in ("login_required", "interaction_required"):
        remedy = "Log in to your LMS in this browser, then open the lab again from your course."
        return LaunchRefused(word, detail, remedy=remedy)
    return LaunchRefused(f"platform error {word[:40]}", detail)


def _kept_secret(request: HttpRequest) -> str:
    """Return the browser's secret from the platform's storage, where our own page sends it.

    Another site's page could send a secret of its owner's and log a victim in as that owner.
    """
    own = origin_of(request.headers.get("Origin", "")) == origin_of(settings.PUBLIC_URL)
    return str(request.POST.get(KEPT_FIELD, "")) if own else ""


def not_this_browser(reason: str) -> BrowserUnproven:
    if reason == "state used before":
        detail = "This launch was used before: a page was reloaded, or a button pressed twice."
    elif reason == "state expired":
        detail = "This launch waited too long for its answer."
    else:
        detail = "The browser did not bring back the cookie that ties this launch to you."
    return BrowserUnproven(reason, detail)


def _is_signed(token: str, key: RSAPublicKey) -> bool:
    """Return whether RS256 with this key signed the token's first two parts."""
    content, _, signature = token.rpartition(".")
    return _RS256.verify(content.encode(), key, _decoded(signature))


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _object_in(part: str) -> dict[str, Any]:
    """Return the JSON object that one part of a token holds, not yet proven by its signature."""
    try:
        content = json.loads(_decoded(part))
    except (ValueError, RecursionError) as error:
        raise claims.refused("token malformed") from error
    if not isinstance(content, dict):
        raise claims.refused("token malformed")
    return content


def _check_audience(body: dict[str, Any], client_id: str) -> None:
    audience = body.get("aud")
    members = audience if isinstance(audience, list) else [audience]
    if client_id not in members or not all(isinstance(member, str) for member in members):
        raise claims.refused("aud is not our client id")
    azp = body.get("azp")
    if azp is not None and azp != client_id:
        raise claims.refused("azp is not our client id")
    if len(set(members)) > 1 and azp is None:
        raise claims.refused("several audiences and no azp")


def _check_times(body: dict[str, Any], now: float) -> None:
    issued_at, expires = _time(body, "iat"), _time(body, "exp")
    if expires <= now:
        raise TokenRefused("token expired", "This launch took too long to arrive.")
    if expires > now + EXP_MAX_AHEAD_S:
        raise claims.refused("exp too far ahead")
    if issued_at > now + IAT_LEEWAY_S:
        raise claims.refused("iat in the future")
    if issued_at < now - IAT_MAX_AGE_S:
        raise claims.refused("iat too old")
    if expires <= issued_at:
        raise claims.refused("exp not after iat")
    if "nbf" in body and _time(body, "nbf") > now + IAT_LEEWAY_S:
        raise claims.refused("nbf in the future")


def _time(body: dict[str, Any], name: str) -> float:
    value = body.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise claims.refused(f"{name} is no number")
    if not -1e12 < value < 1e12:  # also refuses NaN, which compares false with everything
        raise claims.refused(f"{name} is no time")
    return float(value)


def _approved_platform(known: Registration, deployment_id: str) -> Platform:
    """Return the deployment's row; a new one is kept for an administrator to approve."""
    platform = Platform.objects.filter(
        issuer=known.issuer, client_id=known.client_id, deployment_id=deployment_id
    ).first()
    if platform is None:
        platform = _deployment_hold(known=known, deployment_id=deployment_id)
    if not platform.approved:
        raise DeploymentPending(
            f"deployment pending: {platform.pk}",
            "Your LMS opened us from a place that nobody has approved yet.",
            remedy="Ask your instructor to have it approved, naming the reference below.",
        )
    return platform


def _deployment_hold(*, known: Registration, deployment_id: str) -> Platform:
    model = Platform.objects.filter(
        issuer=known.issuer, client_id=known.client_id, approved=True
    ).earliest("created_at")
    platform, created = Platform.objects.get_or_create(
        issuer=known.issuer,
        client_id=known.client_id,
        deployment_id=deployment_id,
        defaults={
            "auth_url": model.auth_url,
            "token_url": model.token_url,
            "jwks_url": model.jwks_url,
            "auth_audience": model.auth_audience,
            "product": model.product,
            "name": model.name,
        },
    )
    if created:
        record(actor="system", action="deployment held for approval", subject=platform.pk)
    return platform
