"""Choosing data: what the last example is worth, and what choosing costs."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcore.equations.arguments import below_one, not_negative, positive
from simcore.equations.arguments import share as checked_share

Array = NDArray[np.float64]


def learning_curve(
    error: ArrayLike, *, kept: ArrayLike, exponent: ArrayLike, repeated: ArrayLike = 0.0
) -> Array:
    """Return the error above its floor after training on a part of the examples.

    e0 (n / n0)^-beta, with copies of other examples counting for nothing. Measured exponents lie
    between 0.07 (words of a language) and 0.35; theory of simple models gives 0.5.

    Parameters
    ----------
    error : array_like, shape (n,)
        Error above the floor with all examples, e0. [1]
    kept : array_like, shape (n,)
        Examples over all of them, n / n0. [1]
    exponent : array_like, shape (n,)
        Steepness of the curve, beta. [1]
    repeated : array_like, shape (n,)
        Share of the kept examples that repeat others, below 1. [1]

    Returns
    -------
    ndarray, shape (n,)
        Error above the floor. [1]

    Raises
    ------
    ValueError
        If examples, error or exponent are not positive, or the share lies outside 0 to below 1.

    References
    ----------
    J. Hestness et al., "Deep learning scaling is predictable, empirically", 2017. arXiv:1712.00409;
    K. Lee et al., "Deduplicating training data makes language models better", ACL 2022.
    arXiv:2107.06499
    """
    counted = positive(kept, "kept") * (1.0 - below_one(repeated, "repeated"))
    return np.asarray(positive(error, "error") * counted ** -positive(exponent, "exponent"))


def discardable_share(error: ArrayLike, *, rise: ArrayLike, exponent: ArrayLike) -> Array:
    """Return the largest share of the examples that may go if the error may rise by so much.

    1 - (1 + d / e0)^(-1 / beta): the learning curve solved for the examples.

    Parameters
    ----------
    error : array_like, shape (n,)
        Error above the floor with all examples, e0. [1]
    rise : array_like, shape (n,)
        By how much it may rise, d. [1]
    exponent : array_like, shape (n,)
        Steepness of the curve, beta. [1]

    Returns
    -------
    ndarray, shape (n,)
        Share of the examples. [1]

    Raises
    ------
    ValueError
        If error or exponent are not positive, or the rise is negative.

    References
    ----------
    J. Hestness et al., "Deep learning scaling is predictable, empirically", 2017. arXiv:1712.00409
    """
    growth = 1.0 + not_negative(rise, "rise") / positive(error, "error")
    return np.asarray(1.0 - growth ** (-1.0 / positive(exponent, "exponent")))


def measured_exponent(error: ArrayLike, *, part_error: ArrayLike, kept: ArrayLike) -> Array:
    """Return the steepness of a learning curve from two of its points: ln(e / e0) / ln(n0 / n).

    Parameters
    ----------
    error : array_like, shape (n,)
        Error above the floor with all examples, e0. [1]
    part_error : array_like, shape (n,)
        The same with a part of them, e. [1]
    kept : array_like, shape (n,)
        That part, n / n0, below 1. [1]

    Returns
    -------
    ndarray, shape (n,)
        Exponent beta. [1]

    Raises
    ------
    ValueError
        If an error is not positive, or the part not above 0 and below 1.

    References
    ----------
    J. Hestness et al., "Deep learning scaling is predictable, empirically", 2017. arXiv:1712.00409
    """
    ratio = positive(part_error, "part_error") / positive(error, "error")
    return np.asarray(np.log(ratio) / -np.log(positive(below_one(kept, "kept"), "kept")))


class SelectionTerms(NamedTuple):
    """What a chosen part costs to train on, over training on everything; each (n,). [1]"""

    scores: Array
    subset: Array

    @property
    def total(self) -> Array:
        """Both together. [1]"""
        return np.asarray(self.scores + self.subset)


FORWARD_SHARE = 1.0 / 3.0
"""Of a pass with backward and update, the forward pass alone. [1]"""


def selection_cost(
    kept: ArrayLike,
    *,
    warm_ups: ArrayLike,
    warm_epochs: ArrayLike,
    epochs: ArrayLike,
    scorer: ArrayLike = 1.0,
    projects: ArrayLike = 1.0,
) -> SelectionTerms:
    """Return the arithmetic of choosing a part by scores and training on it, over that of all.

    Scores take k r (e + 1/3) / E: r short trainings of e epochs each, and one forward pass of each,
    by a scorer of k times the network's arithmetic; m projects share them. The part takes f.

    Parameters
    ----------
    kept : array_like, shape (n,)
        Share f of the examples that is kept. [1]
    warm_ups, warm_epochs : array_like, shape (n,)
        Short trainings r whose scores are averaged, and the epochs e of each. [1]
    epochs : array_like, shape (n,)
        Of a full training, E. [1]
    scorer : array_like, shape (n,)
        Arithmetic of the scoring network over that of the network itself, k. [1]
    projects : array_like, shape (n,)
        Trainings that use the same scores, m. [1]

    Returns
    -------
    SelectionTerms
        Scores and subset, for one project.

    Raises
    ------
    ValueError
        If the share lies outside 0 to 1, epochs or projects are not positive, or another number is
        negative.

    References
    ----------
    M. Paul et al., "Deep learning on a data diet", NeurIPS 2021. arXiv:2107.07075;
    C. Coleman et al., "Selection via proxy", ICLR 2020. arXiv:1906.11829
    """
    each = not_negative(warm_epochs, "warm_epochs") + FORWARD_SHARE
    passes = not_negative(scorer, "scorer") * not_negative(warm_ups, "warm_ups") * each
    shared = positive(epochs, "epochs") * positive(projects, "projects")
    scores, subset = np.broadcast_arrays(passes / shared, checked_share(kept, "kept"))
    return SelectionTerms(np.asarray(scores), np.asarray(subset, dtype=float))


def breakeven_projects(scores: ArrayLike, *, kept: ArrayLike) -> Array:
    """Return how many projects must use the same scores until choosing has paid for itself.

    Parameters
    ----------
    scores : array_like, shape (n,)
        Arithmetic of the scores over one training on everything. [1]
    kept : array_like, shape (n,)
        Share of the examples that is kept, below 1. [1]

    Returns
    -------
    ndarray, shape (n,)
        Projects, not rounded up. [1]

    Raises
    ------
    ValueError
        If the scores are negative, or the share lies outside 0 to below 1.

    References
    ----------
    C. Coleman et al., "Selection via proxy", ICLR 2020. arXiv:1906.11829
    """
    return np.asarray(not_negative(scores, "scores") / (1.0 - below_one(kept, "kept")))
