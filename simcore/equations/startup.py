"""Cold start: how long until a new replica can answer."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from simcore.equations.arguments import Floats, not_negative, positive, whole


@dataclass(frozen=True, slots=True, kw_only=True)
class ColdStart:
    """A cold start and its terms; arrays of shape (n,).

    Attributes
    ----------
    read, copy : ndarray
        Time the storage path and the device links need for the weights, each alone. [s]
    transfer : ndarray
        Time of both together: they overlap, so the slower one. [s]
    total : ndarray
        Transfer and initialisation. [s]
    """

    read: Floats
    copy: Floats
    transfer: Floats
    total: Floats


def cold_start(
    weights: ArrayLike,
    *,
    storage_bandwidth: ArrayLike,
    link_bandwidth: ArrayLike,
    initialisation: ArrayLike,
    devices: ArrayLike = 1,
) -> ColdStart:
    """Return the time from the decision to start until a replica can answer.

    Reading and copying are pipelined in small pieces, so the slower path decides. Devices have a
    link each and share the storage path.

    Parameters
    ----------
    weights : array_like, shape (n,)
        What must be in device memory. [byte]
    storage_bandwidth : array_like, shape (n,)
        Rate of the storage or network path, all devices together. [byte/s]
    link_bandwidth : array_like, shape (n,)
        Rate of one device's link to the host. [byte/s]
    initialisation : array_like, shape (n,)
        Time after the weights are there: process, allocation, graph capture. [s]
    devices : array_like, shape (n,)
        Devices that load a share of the weights each, whole. [1]

    Returns
    -------
    ColdStart

    Raises
    ------
    ValueError
        If a size or bandwidth is not positive, a time negative, or a number of devices not whole.

    References
    ----------
    Y. Fu et al., "ServerlessLLM", OSDI 2024, section 4 (multi-tier loading pipeline).
    arXiv:2401.14351
    """
    size = positive(weights, "weights")
    start = not_negative(initialisation, "initialisation")
    links = positive(link_bandwidth, "link_bandwidth") * whole(devices, "devices")
    read, copy, start = np.broadcast_arrays(
        size / positive(storage_bandwidth, "storage_bandwidth"), size / links, start
    )
    transfer = np.maximum(read, copy)
    return ColdStart(read=read, copy=copy, transfer=transfer, total=transfer + start)
