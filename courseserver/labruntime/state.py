"""One attempt with everything a page needs, in a handful of queries."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import structlog

from courseserver.common.errors import Conflict, Unavailable
from courseserver.courses.models import Assignment
from courseserver.labruntime.answers import Outcome, outcome_of
from courseserver.labruntime.instances import Draw, PartInstance, digest, part_instance
from courseserver.labruntime.models import Attempt, ChallengeTry, Commit, Draft, Exploration
from labs.content import Lab, LabPart
from labs.contract import Params
from labs.loader import UnknownLab, load_lab
from labs.tables import ContentError

log = structlog.get_logger(__name__)


def lab_of(slug: str) -> Lab:
    """Return the lab of that slug.

    Raises
    ------
    Unavailable
        If it is not installed here or its content has a fault.
    """
    try:
        return load_lab(slug)
    except (UnknownLab, ContentError) as error:
        log.error("lab cannot be opened", lab=slug, fault=str(error))
        raise Unavailable(
            f"The lab {slug!r} cannot be opened.", remedy="Tell your instructor; we log the reason."
        ) from error


def required_parts(lab: Lab, assignment: Assignment) -> list[LabPart]:
    """Return the parts that a course asks for: all that are not optional there."""
    found = [part for part in lab.parts if part.id not in assignment.optional_parts]
    # With nothing asked for there would be nothing to hand in, nor to score.
    return found or list(lab.parts)


def part_ahead(lab: Lab, required: Sequence[LabPart], done: Collection[str]) -> str | None:
    """Return the part that comes next, those that were skipped left behind; None for none."""
    ids = [part.id for part in lab.parts]
    waiting = [part.id for part in required if part.id not in done]
    if not waiting:
        return None
    reached = max((ids.index(part) for part in done), default=-1)
    return min([*ids[reached + 1 : reached + 2], waiting[0]], key=ids.index)


def draw_of(attempt: Attempt) -> Draw:
    """Return what fixes an attempt's numbers; the order of options is the attempt's own."""
    return Draw(
        seed=attempt.seed,
        shuffle=digest(attempt.seed, "shuffle", attempt.pk).hex(),
        track=attempt.track,
        reads=tuple(sorted(attempt.reads.items())),
    )


@dataclass(frozen=True, kw_only=True)
class AttemptState:
    """An attempt, its lab, and what was committed so far. Read once per request."""

    attempt: Attempt
    lab: Lab
    commits: Mapping[tuple[str, str], Commit] = field(default_factory=dict)

    @cached_property
    def draw(self) -> Draw:
        return draw_of(self.attempt)

    def instance(self, part_id: str) -> PartInstance:
        part = self.lab.part(part_id)
        assert part is not None, part_id
        return part_instance(self.lab, part, self.draw)

    def is_committed(self, part_id: str) -> bool:
        part = self.lab.part(part_id)
        return part is not None and all((part_id, q.id) in self.commits for q in part.questions)

    def is_open(self, part_id: str) -> bool:
        """Whether every part before this one is committed, or may be skipped."""
        for part in self.lab.parts:
            if part.id == part_id:
                return True
            if self.is_required(part.id) and not self.is_committed(part.id):
                return False
        return False

    def is_passed(self, part_id: str) -> bool:
        """Whether a later part is committed, which may have told this one's answer."""
        ids = [part.id for part in self.lab.parts]
        later = ids[ids.index(part_id) + 1 :]
        return any(part in later for part, _ in self.commits)

    def is_required(self, part_id: str) -> bool:
        return any(part.id == part_id for part in self.required_parts)

    @property
    def waiting_parts(self) -> list[str]:
        return [part.id for part in self.lab.parts if not self.is_committed(part.id)]

    @property
    def required_parts(self) -> list[LabPart]:
        """The parts that the course asks for."""
        return required_parts(self.lab, self.attempt.assignment)

    @property
    def missing_parts(self) -> list[str]:
        """The parts to be predicted before the lab may be handed in."""
        return [part.id for part in self.required_parts if not self.is_committed(part.id)]

    @property
    def done_parts(self) -> list[LabPart]:
        return [part for part in self.lab.parts if self.is_committed(part.id)]

    @property
    def locked(self) -> dict[str, Params]:
        """Parameters of the parts still to be predicted, for `Part.withheld`."""
        return {part_id: self.instance(part_id).params for part_id in self.waiting_parts}

    def outcomes(self, part_id: str) -> dict[str, Outcome]:
        """Return predicted beside actual, by question; only for a committed part."""
        assert self.is_committed(part_id), part_id
        instance = self.instance(part_id)
        return {
            question.id: outcome_of(question, option_id=c.option, number=c.number, text=c.text)
            for question in instance.questions
            for c in [self.commits[(part_id, question.id)]]
        }


def state_of(attempt: Attempt) -> AttemptState:
    """Return the attempt's state.

    Raises
    ------
    Conflict
        If the lab has a new version since this attempt began.
    """
    lab = lab_of(attempt.lab)
    if lab.version != attempt.lab_version:
        raise Conflict(
            f"This attempt began with version {attempt.lab_version} of the lab; "
            f"installed is version {lab.version}.",
            remedy="Ask your instructor to void this attempt; the next one is of the new version.",
        )
    commits = {(c.part, c.question): c for c in Commit.objects.filter(attempt=attempt)}
    return AttemptState(attempt=attempt, lab=lab, commits=commits)


def drafts_of(attempt: Attempt) -> dict[str, Draft]:
    return {draft.name: draft for draft in Draft.objects.filter(attempt=attempt)}


def last_steps(attempt: Attempt, part_id: str, *, safe: bool = False) -> dict[str, int] | None:
    """Return where the knobs were released last (where nothing failed, if `safe`)."""
    rows = Exploration.objects.filter(attempt=attempt, part=part_id)
    if safe:
        rows = rows.filter(is_safe=True)
    steps: dict[str, int] | None = rows.order_by("-id").values_list("steps", flat=True).first()
    return steps


def best_try(tries: list[ChallengeTry], better: str) -> ChallengeTry | None:
    """Return the best feasible try, the earliest of equals."""
    sound = [t for t in tries if t.is_feasible and t.objective is not None]
    if not sound:
        return None
    sign = 1 if better == "lower" else -1
    return min(sound, key=lambda t: (sign * (t.objective or 0.0), t.number))
