"""The daily reference job: the same small work on each kit, and an alarm where its time drifts.

Boards of one model differ, and one board differs from itself once it is hot, throttled or on
another supply: what a kit measured for students is worth what its reference says of that day.
"""

from collections.abc import Sequence
from datetime import timedelta
from math import log
from statistics import median

from django.db.models import Exists, OuterRef, Q

from courseserver.common import clock
from courseserver.kits import queue, requests
from courseserver.kits.models import Kit, KitJob, Lease, Measurement
from courseserver.kits.requests import TaskRequest
from courseserver.kits.states import FINAL, JobKind, JobState, KitHealth
from firmware_specs.wire import Outcome, Scalar

EVERY = timedelta(days=1)
PRIORITY = -1
# A kit just added is still being set up.
_SETTLED = timedelta(minutes=15)
_HISTORY, _HISTORY_LEAST = 30, 4
# B. Iglewicz, D. Hoaglin, 1993: modified z-score, and the score above which a point stands out.
_SCALE, _ALARM = 0.6745, 3.5
# A spread below this is luck: timers and temperature alone do as much. [relative]
_SPREAD_LEAST = 0.01

# What is asked, of those a kit can run: arithmetic first, then memory.
_WORK: tuple[tuple[str, dict[str, Scalar]], ...] = (
    ("mac8", {"size": 64, "window_s": 0.5}),
    ("copy", {"size": 64, "window_s": 0.5}),
    ("gemm", {"m": 512, "n": 512, "k": 512}),
    ("copy_bandwidth", {}),
    ("kws", {}),
)
_TASKS_MOST = 2


def jobs_ask() -> list[KitJob]:
    """Queue a reference job for each idle kit in doubt, or whose last one is a day old."""
    now = clock.now()
    leased = Lease.objects.filter(kit=OuterRef("pk"), released_at__isnull=True)
    asked = KitJob.objects.filter(only_kit=OuterRef("pk")).exclude(state__in=FINAL)
    due = (
        queue.kits_present()
        .filter(
            Q(failures__gte=queue.FAILURES_DOUBT)
            | Q(created_at__lt=now - _SETTLED)
            & (Q(reference_at__isnull=True) | Q(reference_at__lt=now - EVERY))
        )
        .exclude(Exists(leased))
        .exclude(Exists(asked))
    )
    return [job for job in map(_job_for, due) if job is not None]


def kit_failed(*, kit: Kit, job: KitJob) -> None:
    """Count a failure against a kit.

    After three in a row it takes nothing but its reference work, which decides: students may ask
    for what no board can do, and that must not cost a bench its kits.
    """
    kit.failures += 1
    is_known_work = job.kind == JobKind.REFERENCE or not _able(kit)
    is_in_doubt = kit.failures >= queue.FAILURES_DOUBT
    if is_in_doubt and is_known_work and kit.health == KitHealth.ACTIVE:
        kit.health = KitHealth.SICK
    kit.save(update_fields=["failures", "health"])


def _able(kit: Kit) -> list[tuple[str, dict[str, Scalar]]]:
    return [(task, given) for task, given in _WORK if kit.can_run({task})][:_TASKS_MOST]


def _job_for(kit: Kit) -> KitJob | None:
    able = _able(kit)
    if not able:
        return None
    asked = [TaskRequest(id=t, task=t, arguments=given) for t, given in able]
    # Fresh numbers each day, so that no kit can answer from before.
    wanted = requests.drawn(requests.checked(asked))
    return KitJob.objects.create(
        kind=JobKind.REFERENCE,
        course=kit.course,
        purpose="Daily reference",
        tasks=requests.as_json(wanted),
        total=len(wanted),
        only_kit=kit,
        priority=PRIORITY,
        queued_at=clock.now(),
        message="Waiting until the kit is free",
    )


def answered(kit: Kit, measured: Sequence[Measurement]) -> list[str]:
    """Keep what a reference job says of its kit. Return the alarms, in words."""
    alarms = [alarm for row in measured if (alarm := drift_of(row, earlier(row)))]
    kit.reference_at = clock.now()
    kit.drift = "; ".join(alarms)[:200]
    kit.save(update_fields=["reference_at", "drift"])
    return alarms


def earlier(row: Measurement) -> list[float]:
    """Return what the same reference work gave on this kit before, the latest first.

    What was drawn may differ: none of the work takes another time for other numbers.
    """
    size = requests.without_drawn(row.arguments)
    same = Measurement.objects.filter(
        kit=row.kit_id, task=row.task, job__kind=JobKind.REFERENCE, job__state=JobState.DONE,
        outcome=Outcome.MEASURED.value, value__gt=0,
        **{f"arguments__{name}": value for name, value in size.items()},
    ).exclude(job=row.job_id)  # fmt: skip
    values = same.order_by("-received_at").values_list("value", flat=True)[:_HISTORY]
    return [value for value in values if value is not None]


def drift_of(row: Measurement, before: Sequence[float]) -> str:
    """Return in words how far a value stands out from those before it, or an empty string."""
    if row.value is None or len(before) < _HISTORY_LEAST:
        return ""
    logs = [log(value) for value in before]
    middle = median(logs)
    spread = max(median(abs(value - middle) for value in logs), _SCALE * _SPREAD_LEAST)
    score = _SCALE * (log(row.value) - middle) / spread
    if abs(score) <= _ALARM:
        return ""
    usual = median(before)
    change = row.value / usual - 1
    return (
        f"{row.task}: {change:+.0%} against its usual {usual:.3g} {row.unit} (score {score:+.1f})"
    )
