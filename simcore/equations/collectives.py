"""Time of collective operations among n devices: latency for each message, bandwidth for each byte.

The alpha-beta model (Hockney): a message of m bytes takes alpha + m / beta. Bandwidths are one way.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcore.checks import require_at_least_one, require_not_negative, require_positive

Array = NDArray[np.float64]


class CollectiveTerms(NamedTuple):
    """What a collective takes, each of shape (n,). [s]"""

    transfer: Array
    """Bytes over bandwidth. [s]"""
    startup: Array
    """Latency of its messages. [s]"""

    @property
    def time(self) -> Array:
        """Both together. [s]"""
        return np.asarray(self.transfer + self.startup)


def ring_allreduce(
    message: ArrayLike, devices: ArrayLike, *, bandwidth: ArrayLike, latency: ArrayLike
) -> CollectiveTerms:
    """Return the time of a ring all-reduce: a reduce-scatter, then an all-gather.

    Each device sends 2 (n - 1) / n of the message whatever n is, which no all-reduce undercuts,
    but in 2 (n - 1) messages.

    Parameters
    ----------
    message : array_like, shape (n,)
        Size of what is summed, on each device. [byte]
    devices : array_like, shape (n,)
        How many take part. [1]
    bandwidth : array_like, shape (n,)
        Of one link, one way. [byte/s]
    latency : array_like, shape (n,)
        Of one message. [s]

    Returns
    -------
    CollectiveTerms
        Transfer and start-up. [s]

    Raises
    ------
    ValueError
        If there is no device, a rate is not positive, or an amount negative.

    References
    ----------
    P. Patarasuk, X. Yuan, "Bandwidth optimal all-reduce algorithms for clusters of workstations",
    J. Parallel Distrib. Comput. 69(2), 2009. doi:10.1016/j.jpdc.2008.09.002
    """
    m, n, beta, alpha = _checked(message, devices, bandwidth, latency)
    return CollectiveTerms(np.asarray(2 * (n - 1) / n * m / beta), np.asarray(2 * (n - 1) * alpha))


def tree_allreduce(
    message: ArrayLike, devices: ArrayLike, *, bandwidth: ArrayLike, latency: ArrayLike
) -> CollectiveTerms:
    """Return the time of a binary-tree all-reduce: a reduction up, then a broadcast down.

    Few messages, each of full size and without pipelining: good for small sums among many.

    Parameters
    ----------
    message : array_like, shape (n,)
        Size of what is summed, on each device. [byte]
    devices : array_like, shape (n,)
        How many take part. [1]
    bandwidth : array_like, shape (n,)
        Of one link, one way. [byte/s]
    latency : array_like, shape (n,)
        Of one message. [s]

    Returns
    -------
    CollectiveTerms
        Transfer and start-up. [s]

    Raises
    ------
    ValueError
        If there is no device, a rate is not positive, or an amount negative.

    References
    ----------
    R. Thakur et al., "Optimization of collective communication operations in MPICH",
    Int. J. High Perform. Comput. Appl. 19(1), 2005. doi:10.1177/1094342005051521
    """
    m, n, beta, alpha = _checked(message, devices, bandwidth, latency)
    rounds = 2 * np.ceil(np.log2(n))
    return CollectiveTerms(np.asarray(rounds * m / beta), np.asarray(rounds * alpha))


def reduce_scatter(
    message: ArrayLike, devices: ArrayLike, *, bandwidth: ArrayLike, latency: ArrayLike
) -> CollectiveTerms:
    """Return the time of a ring reduce-scatter, or of the all-gather that mirrors it.

    Parameters
    ----------
    message : array_like, shape (n,)
        Size of what is summed or gathered in full. [byte]
    devices : array_like, shape (n,)
        How many take part. [1]
    bandwidth : array_like, shape (n,)
        Of one link, one way. [byte/s]
    latency : array_like, shape (n,)
        Of one message. [s]

    Returns
    -------
    CollectiveTerms
        Transfer and start-up. [s]

    Raises
    ------
    ValueError
        If there is no device, a rate is not positive, or an amount negative.

    References
    ----------
    R. Thakur et al., "Optimization of collective communication operations in MPICH",
    Int. J. High Perform. Comput. Appl. 19(1), 2005. doi:10.1177/1094342005051521
    """
    m, n, beta, alpha = _checked(message, devices, bandwidth, latency)
    return CollectiveTerms(np.asarray((n - 1) / n * m / beta), np.asarray((n - 1) * alpha))


def hierarchical_allreduce(
    message: ArrayLike,
    *,
    nodes: ArrayLike,
    devices_per_node: ArrayLike,
    node_bandwidth: ArrayLike,
    node_latency: ArrayLike,
    bandwidth: ArrayLike,
    latency: ArrayLike,
) -> CollectiveTerms:
    """Return the time of an all-reduce that sums inside each node before it leaves it.

    Reduce-scatter inside the node, ring all-reduce of each device's shard between nodes, all-gather
    inside the node: the slow fabric carries 1 / devices_per_node of the message.

    Parameters
    ----------
    message : array_like, shape (n,)
        Size of what is summed, on each device. [byte]
    nodes : array_like, shape (n,)
        How many nodes. [1]
    devices_per_node : array_like, shape (n,)
        Devices in one node. [1]
    node_bandwidth : array_like, shape (n,)
        Of one link inside the node, one way. [byte/s]
    node_latency : array_like, shape (n,)
        Of one message inside the node. [s]
    bandwidth : array_like, shape (n,)
        Between nodes, for each device, one way. [byte/s]
    latency : array_like, shape (n,)
        Of one message between nodes. [s]

    Returns
    -------
    CollectiveTerms
        Transfer and start-up. [s]

    Raises
    ------
    ValueError
        If there is no device, a rate is not positive, or an amount negative.

    References
    ----------
    A. Sergeev, M. Del Balso, "Horovod", 2018. arXiv:1802.05799
    """
    inside = reduce_scatter(
        message, devices_per_node, bandwidth=node_bandwidth, latency=node_latency
    )
    shard = np.asarray(message, dtype=float) / np.asarray(devices_per_node, dtype=float)
    between = ring_allreduce(shard, nodes, bandwidth=bandwidth, latency=latency)
    return CollectiveTerms(
        np.asarray(2 * inside.transfer + between.transfer),
        np.asarray(2 * inside.startup + between.startup),
    )


def all_to_all(
    message: ArrayLike, devices: ArrayLike, *, bandwidth: ArrayLike, latency: ArrayLike
) -> CollectiveTerms:
    """Return the time of an all-to-all in which each device keeps 1 / n of what it holds.

    Parameters
    ----------
    message : array_like, shape (n,)
        Size of what each device holds, an equal part for each other. [byte]
    devices : array_like, shape (n,)
        How many take part. [1]
    bandwidth : array_like, shape (n,)
        Of one link, one way. [byte/s]
    latency : array_like, shape (n,)
        Of one message. [s]

    Returns
    -------
    CollectiveTerms
        Transfer and start-up. [s]

    Raises
    ------
    ValueError
        If there is no device, a rate is not positive, or an amount negative.

    References
    ----------
    R. Thakur et al., "Optimization of collective communication operations in MPICH",
    Int. J. High Perform. Comput. Appl. 19(1), 2005. doi:10.1177/1094342005051521
    """
    return reduce_scatter(message, devices, bandwidth=bandwidth, latency=latency)


def _checked(
    message: ArrayLike, devices: ArrayLike, bandwidth: ArrayLike, latency: ArrayLike
) -> tuple[Array, Array, Array, Array]:
    require_not_negative(message=message, latency=latency)
    require_positive(bandwidth=bandwidth)
    require_at_least_one(devices=devices)
    m, n, beta, alpha = (np.asarray(x, dtype=float) for x in (message, devices, bandwidth, latency))
    return m, n, beta, alpha
