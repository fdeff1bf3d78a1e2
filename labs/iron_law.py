"""The words by which a text names the terms of the Iron Law, as data of the course."""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from labs.course_map import TERMS
from labs.tables import Table

FILE = Path(__file__).parent / "courses" / "iron_law.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class TermWords:
    """One term, what it means, and the words that name it, in lower case."""

    term: str
    meaning: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A place of a text that names a term."""

    start: int
    end: int
    term: TermWords


@cache
def terms() -> tuple[TermWords, ...]:
    """Return the terms in the file's order.

    Raises
    ------
    ContentError
        If the file has a fault, or leaves a term out.
    """
    table = Table.of_file(FILE, f"courses/{FILE.name}")
    found = []
    for entry in table.tables("term"):
        found.append(
            TermWords(
                term=entry.choice("term", TERMS),
                meaning=entry.text("meaning"),
                words=entry.texts("words"),
            )
        )
        entry.close()
    table.close()
    missing = [term for term in TERMS if term not in {item.term for item in found}]
    if missing:
        table.refuse("term", f"write [[term]] for {missing[0]!r} too")
    return tuple(found)


@cache
def _pattern() -> tuple[re.Pattern[str], dict[str, TermWords]]:
    by_word = {word: term for term in terms() for word in term.words}
    # The longest first, so that "bytes moved" is not cut to "bytes".
    words = "|".join(re.escape(word) for word in sorted(by_word, key=len, reverse=True))
    return re.compile(rf"\b({words})s?\b", re.IGNORECASE), by_word


def named_in(text: str) -> tuple[Named, ...]:
    """Return where a text names terms, in order."""
    pattern, by_word = _pattern()
    return tuple(
        Named(start=match.start(), end=match.end(), term=by_word[match[1].lower()])
        for match in pattern.finditer(text)
    )
