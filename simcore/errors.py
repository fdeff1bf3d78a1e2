"""What can go wrong in simcore. Every message holds the value, the limit and the remedy."""

from collections.abc import Iterable
from difflib import get_close_matches

_MOST_NAMED, _FEW_NAMED = 30, 8  # names of a message; of more than the first, the nearest few


class SimError(Exception):
    """Anything simcore refuses to compute."""


class UnitError(SimError, ValueError):
    """A text quantity that cannot be read, or one of another dimension than asked for."""


class CatalogueError(SimError):
    """A catalogue file that breaks a rule: a number without source, an unknown key."""


class NotInCatalogue(SimError, KeyError):
    """A name the catalogue does not know."""

    def __str__(self) -> str:
        return str(self.args[0])


def unknown(kind: str, name: str, known: Iterable[str]) -> str:
    """Return the sentence for an unknown name, with the nearest valid choice first."""
    choices = sorted(known)
    near = get_close_matches(name.lower(), choices, n=1, cutoff=0.3)
    hint = f"did you mean {near[0]!r}? " if near else ""
    shown = choices
    if len(choices) > _MOST_NAMED:
        shown = sorted(get_close_matches(name.lower(), choices, n=_FEW_NAMED, cutoff=0.0))
    more = f" and {len(choices) - len(shown)} more" if len(shown) < len(choices) else ""
    return f"no {kind} {name!r}; {hint}known: {', '.join(shown) or 'none'}{more}"
