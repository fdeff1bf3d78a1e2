"""How far students are before they hand in: told by the app where they work, which stands above.

Grading imports nothing of it; that app registers a provider when it starts.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from courseserver.courses.models import Assignment


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How many parts of a lab a person has committed in their live attempt, of how many."""

    attempt_id: str
    done: int
    total: int

    @property
    def words(self) -> str:
        if self.done == 0:
            return "Started"
        return f"Working: {self.done} of {self.total} parts"


Provider = Callable[[Assignment], Mapping[str, Progress]]
_providers: dict[str, Provider] = {}


def provide(name: str, provider: Provider) -> None:
    """Register who knows how far people are; the same name again replaces it."""
    _providers[name] = provider


def progress_of(assignment: Assignment) -> dict[str, Progress]:
    """Return each person's progress, by person id; people who never started are missing."""
    found: dict[str, Progress] = {}
    for provider in _providers.values():
        found.update(provider(assignment))
    return found
