"""How near somebody's predictions come: errors as powers of ten, above 0 too high."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcore.equations.arguments import positive
from simcore.equations.arguments import share as within

Array = NDArray[np.float64]


def factor_holding(errors: ArrayLike, *, share: ArrayLike) -> Array:
    """Return the factor, either way, that this share of the predictions stays within.

    Half of them stay within the median factor.

    Parameters
    ----------
    errors : sequence of float, shape (m,)
        Of each prediction: the common logarithm of predicted over actual. [1]
    share : array_like, shape (n,)
        Of the predictions. [1]

    Returns
    -------
    ndarray, shape (n,)
        Factor, 1 or more. [1]

    Raises
    ------
    ValueError
        If there is no prediction, an error is not finite, or a share lies outside 0 to 1.

    References
    ----------
    C. Tofallis, "A better measure of relative prediction accuracy for model selection and model
    estimation", J. Operational Research Society 66(8), 2015 (log of the accuracy ratio).
    doi:10.1057/jors.2014.103
    """
    return np.asarray(10.0 ** np.quantile(np.abs(_finite(errors)), within(share, "share")))


def share_within(errors: ArrayLike, *, factor: ArrayLike) -> Array:
    """Return the share of the predictions that are off by this factor at most, either way.

    Somebody who gives each estimate with a range from a factor below to a factor above is right so
    often.

    Parameters
    ----------
    errors : sequence of float, shape (m,)
        Of each prediction: the common logarithm of predicted over actual. [1]
    factor : array_like, shape (n,)
        Half width of the range, 1 or more. [1]

    Returns
    -------
    ndarray, shape (n,)
        Share. [1]

    Raises
    ------
    ValueError
        If there is no prediction, an error is not finite, or a factor is below 1.

    References
    ----------
    S. Lichtenstein, B. Fischhoff, L. Phillips, "Calibration of probabilities", in Judgment under
    Uncertainty, Cambridge University Press, 1982, ch. 22.
    """
    wide = positive(factor, "factor")
    if np.any(wide < 1):
        raise ValueError(f"factor must be 1 or more, got {np.min(wide):g}")
    sizes = np.abs(_finite(errors)).ravel()
    inside = sizes <= np.log10(wide)[..., np.newaxis] * (1 + 1e-12) + 1e-12
    return np.asarray(inside.mean(axis=-1))


def _finite(errors: ArrayLike) -> Array:
    found = np.asarray(errors, dtype=float)
    if found.size == 0 or not np.isfinite(found).all():
        raise ValueError(f"errors must be finite and at least one, got {errors!r}")
    return found
