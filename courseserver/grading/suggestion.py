"""A band for each criterion that a machine would give, with its reason. A person decides."""

from collections.abc import Sequence
from dataclasses import dataclass

from courseserver.grading.tracing import Segment, traced
from labs.schemes import Criterion, Level, Signals


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    level: Level
    reason: str


def suggestions(
    criteria: Sequence[Criterion], log_text: str, pieces: Sequence[Segment]
) -> dict[str, Suggestion]:
    """Return a suggestion for every criterion that has signals."""
    numbers = len(traced(pieces))
    return {
        criterion.id: _suggestion(criterion.signals, log_text.lower(), numbers)
        for criterion in criteria
        if criterion.signals
    }


def _suggestion(signals: Signals, text: str, numbers: int) -> Suggestion:
    names = [word for word in signals.names if word in text]
    links = [word for word in signals.links if word in text]
    met = [
        numbers >= signals.numbers_full,
        bool(names) or not signals.names,
        bool(links) or not signals.links,
    ]
    some = numbers > 0 if signals.numbers_full and not signals.names else bool(names or links)
    level = Level.FULL if all(met) else Level.PART if some else Level.NONE
    return Suggestion(level=level, reason=_reason(signals, numbers, names, links))


def _reason(signals: Signals, numbers: int, names: list[str], links: list[str]) -> str:
    said = []
    if signals.numbers_full:
        plural = "" if numbers == 1 else "s"
        said.append(f"{numbers or 'no'} number{plural} from the student's own instruments")
    if signals.names:
        said.append(f"names {_listed(names)}")
    if signals.links:
        said.append(f"says {_listed(links)}")
    text = "; ".join(said)
    return text[:1].upper() + text[1:]


def _listed(words: list[str]) -> str:
    return ", ".join(f"“{word.strip()}”" for word in words[:3]) or "none of the words looked for"
