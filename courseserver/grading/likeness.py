"""Decision Logs that resemble one another: for a person to look at, never a verdict.

Two signs. Runs of five words that two logs share; and a number that stands in both logs, was on the
other student's screen and not on this one's: parameters are drawn for each student, so a number
of one's own rarely is another's.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from courseserver.grading import evidence, tracing
from courseserver.grading.models import Submission
from courseserver.grading.written import numbers_in

RUN = 5
# A third of a log in another's words, and not just one common phrase.
SHARE_LEAST, RUNS_LEAST = 1 / 3, 8
_DIGITS_LEAST = 3
_WORD = re.compile(r"[^\W_]+(?:[.,]\d+)*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Alike:
    """Another student's log that resembles this one."""

    submission_id: str
    person_id: str
    # Of this log's runs of five words, how many stand in the other, 0 to 1.
    share: float
    # Numbers of this log that only the other student's instruments showed.
    numbers: tuple[str, ...]


def alike(submission: Submission, others: Iterable[Submission]) -> tuple[Alike, ...]:
    """Return the logs that resemble this one, the most alike first."""
    mine = runs(submission.log_text)
    own = evidence.from_json(submission.evidence)
    strange = {
        _plain(text)
        for text in tracing.untraced(tracing.segments(submission.log_text, own.numbers))
        if _significant(text) >= _DIGITS_LEAST
    }
    theirs = [other for other in others if other.person_id != submission.person_id]
    evidences = _evidence_of(other.pk for other in theirs if strange & _written(other.log_text))
    found = [
        Alike(
            submission_id=other.pk,
            person_id=other.person_id,
            share=_share(mine, runs(other.log_text)),
            numbers=_shared_numbers(strange, other.log_text, evidences.get(other.pk)),
        )
        for other in theirs
    ]
    marked = [item for item in found if item.share or item.numbers]
    return tuple(sorted(marked, key=lambda item: (-item.share, -len(item.numbers))))


def runs(text: str) -> frozenset[tuple[str, ...]]:
    """Return every run of five words of a text, case and punctuation left out."""
    words = [word.casefold() for word in _WORD.findall(text)]
    return frozenset(tuple(words[i : i + RUN]) for i in range(len(words) - RUN + 1))


def _share(mine: frozenset[tuple[str, ...]], theirs: frozenset[tuple[str, ...]]) -> float:
    shared = len(mine & theirs)
    share = shared / len(mine) if mine else 0.0
    return share if shared >= RUNS_LEAST and share >= SHARE_LEAST else 0.0


def _written(text: str) -> set[str]:
    return {_plain(text[number.start : number.end]) for number in numbers_in(text)}


def _evidence_of(submissions: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return what these students' instruments showed, in one query: it is long."""
    wanted = list(submissions)
    rows = Submission.objects.filter(pk__in=wanted) if wanted else Submission.objects.none()
    return dict(rows.values_list("pk", "evidence"))


def _shared_numbers(strange: set[str], text: str, shown: dict[str, Any] | None) -> tuple[str, ...]:
    """Return which numbers, strange to one log, the other student wrote from their own screen."""
    if shown is None:
        return ()
    traced = tracing.traced(tracing.segments(text, evidence.from_json(shown).numbers))
    return tuple(dict.fromkeys(p.text for p in traced if _plain(p.text) in strange))


def _plain(text: str) -> str:
    return "".join(text.casefold().split())


def _significant(text: str) -> int:
    return next((number.significant for number in numbers_in(text)), 0)
