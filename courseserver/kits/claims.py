"""Adopting a new kit with a claim code, in the shape of RFC 8628.

The agent asks and shows an eight-character code; staff enter it on their page; the agent, which
keeps asking, then gets its secret once. Codes live ten minutes.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction

from courseserver.audit import services as audit
from courseserver.common import clock
from courseserver.common.errors import Conflict, NotFound, Unprocessable
from courseserver.courses.models import Course, Person
from courseserver.kits import enrolment
from courseserver.kits.models import Kit, KitClaim
from courseserver.kits.states import ClaimState, KitHealth
from firmware_specs.boards import BoardError, board
from firmware_specs.wire import Claim

LIFE = timedelta(minutes=10)
INTERVAL_S = 2
# Crockford's base 32 has no i, l, o, u: a code survives being read aloud.
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PENDING_MOST = 500
_OWN_MOST = 3


class PollRefused(Exception):
    """RFC 8628 section 3.5: `code` is its error code."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What the agent is told when it asks: one code for the person, one for itself."""

    user_code: str
    device_code: str
    expires_in_s: int


def claim_open(*, claim: Claim) -> Offer:
    """Keep a new agent's request.

    Raises
    ------
    Unprocessable
        If the board is unknown, or too many requests are open.
    """
    try:
        board(claim.board)
    except BoardError as error:
        raise Unprocessable(f"There is {error}.") from error
    now = clock.now()
    KitClaim.objects.filter(expires_at__lt=now - LIFE).exclude(state=ClaimState.TAKEN).delete()
    if (
        KitClaim.objects.filter(state=ClaimState.PENDING, expires_at__gt=now).count()
        > _PENDING_MOST
    ):
        raise Unprocessable("Too many kits are waiting to be adopted; try again in ten minutes.")
    device_code = secrets.token_urlsafe(32)
    row = KitClaim.objects.create(
        user_code=_new_code(),
        device_code_hash=_digest(device_code),
        name=claim.name[:80],
        board=claim.board[:40],
        host=claim.host,
        expires_at=now + LIFE,
    )
    return Offer(
        user_code=f"{row.user_code[:4]}-{row.user_code[4:]}",
        device_code=device_code,
        expires_in_s=int(LIFE.total_seconds()),
    )


def claim_poll(*, device_code: str) -> tuple[Kit, str]:
    """Return the new kit and its secret; again, until the kit has spoken, a fresh one.

    Raises
    ------
    PollRefused
        While nobody has decided, when asked too often, and for good when denied or expired.
    """
    # The refusal is raised outside: the stamp of this poll must be kept.
    with transaction.atomic():
        outcome = _poll(device_code)
    if isinstance(outcome, str):
        raise PollRefused(outcome)
    return outcome


def _poll(device_code: str) -> tuple[Kit, str] | str:
    row = KitClaim.objects.select_for_update().filter(device_code_hash=_digest(device_code)).first()
    now = clock.now()
    if row is None or row.expires_at < now:
        return "expired_token"
    # The answer with the secret may have been lost: it is given again until the kit has spoken.
    is_heard = row.kit is not None and row.kit.last_seen_at is not None
    is_revoked = row.kit is not None and row.kit.health == KitHealth.REVOKED
    is_over = is_revoked or (row.state == ClaimState.TAKEN and is_heard)
    if row.state == ClaimState.DENIED or is_over:
        return "access_denied"
    hurried = row.polled_at and now - row.polled_at < timedelta(seconds=INTERVAL_S / 2)
    row.polled_at = now
    row.save(update_fields=["polled_at"])
    if hurried:
        return "slow_down"
    if row.state == ClaimState.PENDING or row.kit is None:
        return "authorization_pending"
    row.state = ClaimState.TAKEN
    row.save(update_fields=["state"])
    return row.kit, enrolment.kit_rotate(kit=row.kit, actor="system")


def claim_find(*, user_code: str) -> KitClaim:
    """Return the open request that shows this code.

    Raises
    ------
    NotFound
        If no kit shows it now.
    """
    row = KitClaim.objects.filter(
        user_code=_normal(user_code), state=ClaimState.PENDING, expires_at__gt=clock.now()
    ).first()
    if row is None:
        raise NotFound(
            "No kit shows this code now.",
            remedy="Codes live ten minutes: run `device_agent enrol` again and type the new one.",
        )
    return row


def claim_decide(
    *, person: Person, course: Course, user_code: str, approve: bool, is_own: bool = False
) -> KitClaim:
    """Adopt the kit for a course, or as a student's own, or turn it away.

    Raises
    ------
    Conflict
        If the person has as many kits of their own as one may.
    """
    with transaction.atomic():
        Person.objects.select_for_update().get(pk=person.pk)
        held = person.kits.exclude(health=KitHealth.REVOKED).count()
        if is_own and approve and held >= _OWN_MOST:
            raise Conflict(
                f"You have {held} kits of your own, as many as one may.",
                remedy="Remove one on the page of your kits.",
            )
        found = claim_find(user_code=user_code)
        row = KitClaim.objects.select_for_update().get(pk=found.pk)
        if row.state != ClaimState.PENDING:
            return row
        row.state = ClaimState.APPROVED if approve else ClaimState.DENIED
        if approve:
            # Its first secret is thrown away; the agent gets a fresh one when it asks.
            row.kit, _ = enrolment.kit_create(
                name=row.name,
                board_id=row.board,
                course=course,
                actor=person.id,
                owner=person if is_own else None,
            )
        row.save(update_fields=["state", "kit"])
        action = "kit_claim_approve" if approve else "kit_claim_deny"
        audit.record(actor=person.id, action=action, subject=row.id, course_id=course.id)
    return row


def _new_code() -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(8))


def _normal(code: str) -> str:
    """Return a typed code as we store it: O is 0, I and L are 1, dashes and spaces are nothing."""
    text = code.upper().replace("-", "").replace(" ", "")[:16]
    return text.translate(str.maketrans("OIL", "011"))


def _digest(device_code: str) -> str:
    return hashlib.sha256(device_code.encode()).hexdigest()
