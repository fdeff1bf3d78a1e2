"""Logins in flight: each state is random, short-lived, tied to one browser, and used once."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from courseserver.common.rows import row_where, rows_change
from courseserver.lti import vault
from courseserver.lti.models import HandOver, LoginState, PendingLogin

STATE_LIFE = timedelta(minutes=10)
SWEEP_EVERY = timedelta(minutes=1)
_swept_at = datetime.min.replace(tzinfo=UTC)
COOKIE_PREFIX = "lti-login-"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginRequest:
    """What a platform asks for when it opens us."""

    issuer: str
    client_id: str
    login_hint: str
    target_link_uri: str
    message_hint: str = ""
    deployment_id: str = ""
    # Where the platform keeps data for frames without cookies; empty where it cannot.
    storage_target: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewState:
    """The secrets of a login: two for the platform to send back, one for the browser to keep."""

    state: str
    nonce: str
    browser: str


def state_add(*, login: LoginRequest, now: datetime) -> NewState:
    """Remember a login that is about to go to the platform."""
    new = NewState(
        state=vault.fresh_secret(), nonce=vault.fresh_secret(), browser=vault.fresh_secret()
    )
    _sweep(now)
    LoginState.objects.create(
        state_hash=vault.fingerprint(new.state),
        browser_hash=vault.fingerprint(new.browser),
        nonce_hash=vault.fingerprint(new.nonce),
        issuer=login.issuer,
        client_id=login.client_id,
        login=_stored(login),
        expires_at=now + STATE_LIFE,
    )
    return new


def state_read(
    *, state: str, cookies: Mapping[str, str], now: datetime, kept: str = ""
) -> tuple[LoginState | None, str]:
    """Return the row of a state that this browser may still spend, or None with the reason.

    `kept` is the browser's secret where it comes from the platform's storage instead of a cookie.
    """
    row = row_where(LoginState, state_hash=vault.fingerprint(state))
    if row is None:
        return None, "state unknown"
    if row.used_at is not None:
        return None, "state used before"
    if row.expires_at <= now:
        return None, "state expired"
    secret = cookies.get(cookie_name(state), "") or kept
    if not secret:
        return None, "state cookie missing"
    if vault.fingerprint(secret) != row.browser_hash:
        return None, "state of another browser"
    return row, ""


def state_spend(*, state_id: str, now: datetime) -> bool:
    """Spend a state that was read; of two requests together one UPDATE lets just one through."""
    unused = {"state_hash": state_id, "used_at": None}
    return rows_change(LoginState, unused, used_at=now) == 1


def login_of_state(state: str, now: datetime) -> LoginRequest | None:
    """Return the login behind an unspent state, to begin it anew in a tab of its own."""
    row = LoginState.objects.filter(
        pk=vault.fingerprint(state), used_at=None, expires_at__gt=now
    ).first()
    return LoginRequest(**row.login) if row else None


def pending_add(*, login: LoginRequest, now: datetime) -> str:
    """Hold a login back; return the one-time code that resumes it."""
    code = vault.fresh_secret()
    PendingLogin.objects.create(
        code_hash=vault.fingerprint(code), login=_stored(login), expires_at=now + STATE_LIFE
    )
    return code


def pending_use(*, code: str, now: datetime) -> LoginRequest | None:
    """Spend a one-time code."""
    row = pending_read(code=code, now=now)
    if row is None:
        return None
    deleted, _ = PendingLogin.objects.filter(pk=vault.fingerprint(code)).delete()
    return row if deleted == 1 else None


def pending_read(*, code: str, now: datetime) -> LoginRequest | None:
    row = PendingLogin.objects.filter(pk=vault.fingerprint(code), expires_at__gt=now).first()
    return LoginRequest(**row.login) if row else None


def hand_over_add(*, session: dict[str, Any], address: str, now: datetime) -> str:
    """Keep what a proven launch may do; return the one-time code that begins its session."""
    code = vault.fresh_secret()
    HandOver.objects.create(
        code_hash=vault.fingerprint(code),
        session=session,
        address=address,
        expires_at=now + STATE_LIFE,
    )
    return code


def hand_over_use(*, code: str, now: datetime) -> HandOver | None:
    """Spend the code of a proven launch."""
    row = HandOver.objects.filter(pk=vault.fingerprint(code), expires_at__gt=now).first()
    if row is None:
        return None
    deleted, _ = HandOver.objects.filter(pk=row.pk).delete()
    return row if deleted == 1 else None


def _sweep(now: datetime) -> None:
    """Delete what ended, at most once a minute in each process."""
    global _swept_at
    if now - _swept_at < SWEEP_EVERY:
        return
    _swept_at = now
    LoginState.objects.filter(expires_at__lt=now - STATE_LIFE).delete()
    PendingLogin.objects.filter(expires_at__lt=now).delete()
    HandOver.objects.filter(expires_at__lt=now).delete()


def cookie_name(state: str) -> str:
    """Return the cookie of one login, so that several frames of a page do not share one."""
    return COOKIE_PREFIX + vault.fingerprint(state)[:16]


def _stored(login: LoginRequest) -> dict[str, str]:
    return {name: getattr(login, name) for name in LoginRequest.__dataclass_fields__}
