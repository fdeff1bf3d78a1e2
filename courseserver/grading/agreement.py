"""How far two markers agree on an ordered scale: exact, adjacent, and weighted kappa."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from labs.schemes import Level

ORDER: tuple[Level, ...] = (Level.NONE, Level.PART, Level.FULL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Agreement of two markers on the same logs.

    `exact` and `adjacent` (at most one level apart) are shares of the logs, 0 to 1. `kappa` is
    Cohen's with linear weights: 1 for full agreement, 0 for what chance would give; None where
    chance alone would agree always, because both gave one and the same level throughout.
    """

    count: int
    exact: float
    adjacent: float
    kappa: float | None

    @property
    def words(self) -> str:
        """A reading after Landis and Koch (1977); their limits are a convention."""
        if self.kappa is None:
            return "one level throughout"
        limits = ((0.8, "almost perfect"), (0.6, "substantial"), (0.4, "moderate"), (0.2, "fair"))
        return next((word for limit, word in limits if self.kappa > limit), "slight or none")


def agreement(pairs: Sequence[tuple[Level, Level]]) -> Agreement | None:
    """Return how far two markers agree; None without a log that both marked.

    References
    ----------
    J. Cohen, "Weighted kappa", Psychological Bulletin 70(4), 1968. doi:10.1037/h0026256
    """
    if not pairs:
        return None
    ranks = [(ORDER.index(a), ORDER.index(b)) for a, b in pairs]
    count, widest = len(ranks), len(ORDER) - 1
    apart = sum(abs(a - b) for a, b in ranks) / widest / count
    first, second = Counter(a for a, _ in ranks), Counter(b for _, b in ranks)
    by_chance = sum(first[a] * second[b] * abs(a - b) for a in first for b in second) / (
        widest * count**2
    )
    return Agreement(
        count=count,
        exact=sum(a == b for a, b in ranks) / count,
        adjacent=sum(abs(a - b) <= 1 for a, b in ranks) / count,
        kappa=1.0 - apart / by_chance if by_chance else None,
    )
