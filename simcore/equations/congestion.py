"""Many senders, one port: how fast a switch's buffer overflows."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcore.equations.arguments import not_negative, positive

Array = NDArray[np.float64]


def overflow_time(
    senders: ArrayLike, *, sender_bandwidth: ArrayLike, port_bandwidth: ArrayLike, buffer: ArrayLike
) -> Array:
    """Return how long a port's buffer lasts when many send to it at once.

    It fills at the rate by which what arrives exceeds what leaves.

    Parameters
    ----------
    senders : array_like, shape (n,)
        How many send at full rate. [1]
    sender_bandwidth : array_like, shape (n,)
        Of each sender. [byte/s]
    port_bandwidth : array_like, shape (n,)
        At which the port drains. [byte/s]
    buffer : array_like, shape (n,)
        Room of the port. [byte]

    Returns
    -------
    ndarray, shape (n,)
        Time until the first loss or pause; infinite where the port keeps up. [s]

    Raises
    ------
    ValueError
        If a rate is not positive, or an amount negative.

    References
    ----------
    A. Phanishayee et al., "Measurement and analysis of TCP throughput collapse in cluster-based
    storage systems", FAST 2008.
    """
    arriving = not_negative(senders, "senders") * positive(sender_bandwidth, "sender_bandwidth")
    excess = arriving - positive(port_bandwidth, "port_bandwidth")
    room = not_negative(buffer, "buffer")
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(excess > 0, room / excess, np.inf))
