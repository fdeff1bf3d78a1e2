"""How near a student's predictions come over the term: shown to them, never graded.

Told by the app where students predict, which stands above; it registers a provider when it starts.
"""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from courseserver.courses.models import Course, Person


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """One committed prediction of a number. `log10_error` is signed: above 0 is too high."""

    lab: str
    part: str
    log10_error: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LabForesight:
    """A lab's predictions, and by which factor they were off in the middle: 1 is exact."""

    lab: str
    errors: tuple[float, ...]

    @property
    def factor(self) -> float:
        """Return the median factor between prediction and answer, either way. [1]"""
        return float(10 ** statistics.median(abs(error) for error in self.errors))

    @property
    def dots(self) -> tuple[float, ...]:
        """Return where each error stands on a line of 0 to 100, a hundredfold off at both ends."""
        return tuple(50.0 + 25.0 * max(-2.0, min(2.0, error)) for error in self.errors)

    @property
    def words(self) -> str:
        """Each error in words, in the order of the predictions: "2.0× too high, 1.5× too low"."""
        return ", ".join(
            f"{10 ** abs(error):.1f}× too {'high' if error > 0 else 'low'}" for error in self.errors
        )


Provider = Callable[[Course, Person], Sequence[Prediction]]
_providers: dict[str, Provider] = {}


def provide(name: str, provider: Provider) -> None:
    """Register who knows what people predicted; the same name again replaces it."""
    _providers[name] = provider


def foresight(course: Course, person: Person) -> list[LabForesight]:
    """Return a student's predictions of numbers by lab, in the order they were made."""
    found: dict[str, list[float]] = {}
    for provider in _providers.values():
        for prediction in provider(course, person):
            found.setdefault(prediction.lab, []).append(prediction.log10_error)
    return [LabForesight(lab=lab, errors=tuple(errors)) for lab, errors in found.items()]
