"""Which numbers of a Decision Log the student had on screen, within rounding."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from courseserver.grading.evidence import SeenNumber
from courseserver.grading.written import Written, numbers_in
from labs.iron_law import TermWords, named_in

# A full stop inside a number is followed by a digit.
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A piece of the log; `seen` where it is a number from the student's own trace."""

    text: str
    seen: SeenNumber | None = None
    is_number: bool = False
    # The term of the Iron Law that it names.
    term: TermWords | None = None


def segments(log_text: str, seen: Sequence[SeenNumber]) -> tuple[Segment, ...]:
    """Return the log cut into plain text and numbers; joined, they are the log."""
    pieces: list[Segment] = []
    position = 0
    shown = [(number, next(numbers_in(number.text), None)) for number in seen]
    for written in numbers_in(log_text):
        if written.significant < 2 and not written.dimension:
            continue  # "3 reasons" is no evidence
        pieces.append(Segment(text=log_text[position : written.start]))
        source = next(
            (n for n, on_screen in shown if on_screen and _same(written, on_screen)), None
        )
        text = log_text[written.start : written.end]
        pieces.append(Segment(text=text, seen=source, is_number=True))
        position = written.end
    pieces.append(Segment(text=log_text[position:]))
    return tuple(piece for piece in pieces if piece.text)


def with_terms(pieces: Sequence[Segment]) -> tuple[Segment, ...]:
    """Return the same log with the words that name a term of the Iron Law cut out, too."""
    found: list[Segment] = []
    for piece in pieces:
        if piece.is_number:
            found.append(piece)
            continue
        position = 0
        for named in named_in(piece.text):
            found.append(Segment(text=piece.text[position : named.start]))
            found.append(Segment(text=piece.text[named.start : named.end], term=named.term))
            position = named.end
        found.append(Segment(text=piece.text[position:]))
    return tuple(piece for piece in found if piece.text)


def terms_named(pieces: Sequence[Segment]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return each term that is named, with the words that name it, each once."""
    words: dict[str, dict[str, None]] = {}
    for piece in pieces:
        if piece.term is not None:
            words.setdefault(piece.term.meaning, {})[piece.text.lower()] = None
    return tuple((meaning, tuple(found)) for meaning, found in words.items())


def traced(pieces: Sequence[Segment]) -> tuple[Segment, ...]:
    """Return the numbers found in the trace, each different one once."""
    found = {(s.text, s.seen.label): s for s in pieces if s.seen}
    return tuple(found.values())


def untraced(pieces: Sequence[Segment]) -> tuple[str, ...]:
    """Return the numbers that no instrument showed; arithmetic of the student's own, or copied."""
    return tuple(dict.fromkeys(s.text for s in pieces if s.is_number and not s.seen))


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeOff:
    """A sentence that sets one quantity against another, and the word that links them."""

    sentence: str
    link: str


def trade_offs(log_text: str, links: Sequence[str]) -> tuple[TradeOff, ...]:
    """Return the sentences in which a number stands on both sides of a linking word.

    Lower-case `links` ("but ", "at the cost") are those of the scheme. It is a place to look: the
    numbers may have nothing to do with one another.
    """
    found = (_trade_off(sentence, links) for sentence in _SENTENCE_END.split(log_text.strip()))
    return tuple(trade for trade in found if trade is not None)


def _trade_off(sentence: str, links: Sequence[str]) -> TradeOff | None:
    told = sentence.lower()
    for link in links:
        place = told.find(link)
        if place < 0:
            continue
        if _has_number(sentence[:place]) and _has_number(sentence[place + len(link) :]):
            return TradeOff(sentence=sentence.strip(), link=link.strip())
    return None


def _has_number(text: str) -> bool:
    return any(number.significant > 1 or number.dimension for number in numbers_in(text))


def _same(written: Written, on_screen: Written) -> bool:
    """Return whether a written number is what the screen showed, rounded at most once more."""
    if written.dimension and on_screen.dimension and written.dimension != on_screen.dimension:
        return False
    if written.dimension and on_screen.dimension:
        gap = abs(written.value - on_screen.value)
        slack = max(written.half * written.factor, on_screen.half * on_screen.factor)
    else:
        gap = abs(written.figure - on_screen.figure)
        slack = max(written.half, on_screen.half)
    return gap <= slack * (1 + 1e-9)
