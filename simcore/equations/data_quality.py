"""Faults in data on their way into features."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcore.equations.arguments import share, whole
from simcore.equations.robustness import at_least_one

Array = NDArray[np.float64]


def spoiled_share(error: ArrayLike, records: ArrayLike, *, run: ArrayLike = 1) -> Array:
    """Return the share of features spoiled when each is built from many records, some wrong.

    A feature is spoiled if any of its k records in a row is wrong. Wrong records come in runs of
    r, blocks of neighbours that are wrong together (one camera for a whole day); with r = 1 they
    are independent and the share is 1 - (1 - e)^k. A window that begins anywhere meets
    1 + floor((k - 1) / r) blocks, or one more.

    Parameters
    ----------
    error : array_like, shape (n,)
        Share of the records that are wrong, e. [1]
    records : array_like, shape (n,)
        Records of one feature, k, whole. [1]
    run : array_like, shape (n,)
        Records that are wrong together, r, whole. [1]

    Returns
    -------
    ndarray, shape (n,)
        Share of the features. [1]

    Raises
    ------
    ValueError
        If the share lies outside 0 to 1, or a number is no positive whole number.

    References
    ----------
    N. Sambasivan et al., "Data cascades in high-stakes AI", CHI 2021 (that errors grow on their
    way). doi:10.1145/3411764.3445518
    """
    e, k, r = share(error, "error"), whole(records, "records"), whole(run, "run")
    fewer = np.floor((k - 1) / r) + 1
    # Of the r places where a window may begin in a block, so many meet one block more.
    more = ((k - 1) % r) / r
    met = (1 - more) * at_least_one(e, fewer) + more * at_least_one(e, fewer + 1)
    return np.asarray(met)
