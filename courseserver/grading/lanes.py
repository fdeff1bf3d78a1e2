"""One lane per platform: a single sender at a time, and pauses when the platform needs them."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q

from courseserver.common.ids import new_id
from courseserver.grading.faults import GradebookFault
from courseserver.grading.models import PlatformLane
from courseserver.grading.outbox import lease_end

FAULTS_MAX = 5
PAUSE_MIN_S = 15.0
PAUSE_MAX_S = 600.0


# A holder renews when this share of its lease is over: not at each of twenty requests a second.
RENEW_AFTER = 1 / 3


@dataclass(slots=True)
class Lane:
    platform_id: str
    token: str
    leased_at: datetime

    def keep(self, *, now: datetime) -> bool:
        """Renew the lane in time; False when it was lost or the platform was paused meanwhile."""
        young = now - self.leased_at < (lease_end(now) - now) * RENEW_AFTER
        if young and not _is_paused(self.platform_id, now):
            return True
        if not lane_renew(self, now=now):
            return False
        self.leased_at = now
        return True


def _is_paused(platform_id: str, now: datetime) -> bool:
    return PlatformLane.objects.filter(platform_id=platform_id, paused_until__gt=now).exists()


@transaction.atomic
def lane_claim(platform_id: str, *, now: datetime) -> Lane | None:
    """Take the platform's lane; None while another sender holds it, or while it is paused."""
    PlatformLane.objects.get_or_create(platform_id=platform_id)
    token = new_id("lane")
    free = Q(lease_until__isnull=True) | Q(lease_until__lt=now)
    open_now = Q(paused_until__isnull=True) | Q(paused_until__lte=now)
    taken = PlatformLane.objects.filter(free, open_now, platform_id=platform_id).update(
        lease_token=token, lease_until=lease_end(now)
    )
    return Lane(platform_id, token, now) if taken == 1 else None


def lane_renew(lane: Lane, *, now: datetime) -> bool:
    """Keep the lane; False when it was lost or the platform was paused meanwhile."""
    open_now = Q(paused_until__isnull=True) | Q(paused_until__lte=now)
    mine = PlatformLane.objects.filter(
        open_now, platform_id=lane.platform_id, lease_token=lane.token
    )
    return mine.update(lease_until=lease_end(now)) == 1


def lane_release(lane: Lane) -> None:
    PlatformLane.objects.filter(platform_id=lane.platform_id, lease_token=lane.token).update(
        lease_token="", lease_until=None
    )


def lane_healthy(platform_id: str) -> None:
    """The platform answered: forget its faults."""
    troubled = Q(faults_in_a_row__gt=0) | Q(paused_until__isnull=False)
    PlatformLane.objects.filter(troubled, platform_id=platform_id).update(
        faults_in_a_row=0, paused_until=None, reason_code="", detail=""
    )


@transaction.atomic
def lane_faulty(platform_id: str, fault: GradebookFault, *, now: datetime) -> None:
    """Count a fault; pause on too many in a row, or as long as the platform asked for."""
    lanes = PlatformLane.objects.filter(platform_id=platform_id)
    lanes.update(faults_in_a_row=F("faults_in_a_row") + 1)
    faults = lanes.values_list("faults_in_a_row", flat=True).first() or 0
    pause_s = fault.retry_after_s or 0.0
    if faults >= FAULTS_MAX:
        pause_s = max(pause_s, PAUSE_MIN_S * 2.0 ** (faults - FAULTS_MAX))
    if pause_s > 0:
        _pause(platform_id, fault, now + timedelta(seconds=min(PAUSE_MAX_S, pause_s)))


def lane_pause(platform_id: str, fault: GradebookFault, *, now: datetime) -> datetime:
    """Stop a platform whose registration is broken; return until when."""
    until = now + timedelta(seconds=PAUSE_MAX_S)
    _pause(platform_id, fault, until)
    return until


def lane_resume(platform_id: str) -> None:
    """End a pause now (an instructor pressed)."""
    lane_healthy(platform_id)


def _pause(platform_id: str, fault: GradebookFault, until: datetime) -> None:
    PlatformLane.objects.filter(platform_id=platform_id).update(
        paused_until=until, reason_code=fault.code, detail=fault.detail[:500]
    )
