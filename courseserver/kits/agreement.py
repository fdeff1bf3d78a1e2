"""What other measurements say of one: kept answers given again, and other kits asked the same."""

import secrets
from collections.abc import Mapping

from django.db.models import QuerySet

from courseserver.kits import consistency
from courseserver.kits.models import Kit, KitJob, Measurement
from courseserver.kits.states import Finding, JobKind, Verdict
from firmware_specs.wire import Outcome, Result, Scalar

# Seeds asked anew come from the latest answers.
_LATEST = 20
# What must be the same for two kits to hold the same network.
_IDENTITY = ("model", "dialect", "board", "sha256", "runtime")
_OWN_DRAW = "the bench drew its own numbers, so the answer may have been kept from before"


def seed_asked_before(task: str) -> int | None:
    """Return a seed that a kit of the institution answered, half of the time; else None.

    Who cannot know which one is asked again cannot invent answers.
    """
    if secrets.randbelow(2):
        return None
    seeds = list(
        _answered(task)
        .filter(kit__owner=None)
        .order_by("-received_at")
        .values_list("arguments__seed", flat=True)[:_LATEST]
    )
    return secrets.choice(seeds) if seeds else None


def compared(
    finding: Finding, kit: Kit, job: KitJob, result: Result, *, asked: Mapping[str, Scalar]
) -> Finding:
    """Return the finding after a look at what was measured before."""
    if finding.verdict is Verdict.RECOMPUTED and job.kind == JobKind.OFFLINE:
        return Finding(verdict=Verdict.CONSISTENT, reason=_OWN_DRAW)
    if finding.verdict is not Verdict.CONSISTENT:
        return finding
    answers, seed = str(result.environment["answers"]), asked["seed"]
    others = _answered(result.task).exclude(job=job.pk)
    kept = others.filter(environment__answers=answers).exclude(arguments__seed=seed)
    if consistency.is_telling(result.task, answers) and kept.exists():
        return Finding(
            verdict=Verdict.REJECTED, reason="its answers are those that other inputs were given"
        )
    return _beside_another(finding, kit, result, others.filter(arguments__seed=seed))


def _beside_another(
    finding: Finding, kit: Kit, result: Result, asked_the_same: QuerySet[Measurement]
) -> Finding:
    same = {
        f"environment__{x}": result.environment[x] for x in _IDENTITY if x in result.environment
    }
    other = (
        asked_the_same.filter(**same, kit__owner=None)
        .exclude(kit=kit.pk)
        .order_by("-received_at")
        .first()
    )
    if other is None:
        return finding
    theirs = str(other.environment["answers"])
    if consistency.agree(result.task, str(result.environment["answers"]), theirs):
        return Finding(
            verdict=Verdict.CONSISTENT, reason="another kit answered the same inputs alike"
        )
    return Finding(
        verdict=Verdict.PLAUSIBLE,
        reason="another kit with the same network answered the same inputs otherwise",
    )


def _answered(task: str) -> QuerySet[Measurement]:
    return Measurement.objects.filter(
        task=task, outcome=Outcome.MEASURED.value, verdict=Verdict.CONSISTENT,
        job__kind=JobKind.REQUEST,
    )  # fmt: skip
