"""What a network's wiring leaves of its links when half of it talks to the other half."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcore.checks import require_at_least_one
from simcore.errors import NotInCatalogue, unknown

Array = NDArray[np.float64]

DRAGONFLY_SHARE = 0.85
"""Bisection of a dragonfly over that of a full fat tree: a planning estimate, since it follows from
how many global links are bought and from adaptive routing."""
NAMES = ("dragonfly", "fat_tree", "ring", "torus_3d")


def bisection_share(nodes: ArrayLike, *, topology: str) -> Array:
    """Return the bandwidth across the worst halving over that of a full fat tree.

    Two links join the halves of a ring, 2 N^(2/3) those of a cubic torus; a full fat tree has N/2.

    Parameters
    ----------
    nodes : array_like, shape (n,)
        Nodes N of the network. [1]
    topology : str
        "fat_tree", "dragonfly" (an estimate), "torus_3d" or "ring".

    Returns
    -------
    ndarray, shape (n,)
        Share of full bisection bandwidth; above 1 where the network is that small. [1]

    Raises
    ------
    NotInCatalogue
        If the topology is unknown, naming the nearest.
    ValueError
        If there is no node.

    References
    ----------
    W. Dally, B. Towles, Principles and Practices of Interconnection Networks, 2003, ch. 3 and 5;
    C. Leiserson, "Fat-trees", IEEE Trans. Comput. C-34(10), 1985. doi:10.1109/TC.1985.6312192
    """
    n = _nodes(nodes)
    if topology == "ring":
        return np.asarray(2.0 / n)
    if topology == "torus_3d":
        return np.asarray(2.0 * n ** (-1.0 / 3.0))
    return np.full_like(n, {"fat_tree": 1.0, "dragonfly": DRAGONFLY_SHARE}[_known(topology)])


def mean_hops(nodes: ArrayLike, *, topology: str) -> Array:
    """Return the links that a message to a random other node crosses, on average.

    A quarter of the way around a ring; a quarter of the side in each of a torus' three dimensions;
    at most four in a two-level fat tree and three in a dragonfly, taken as the mean.

    Parameters
    ----------
    nodes : array_like, shape (n,)
        Nodes N of the network. [1]
    topology : str
        "fat_tree", "dragonfly", "torus_3d" or "ring".

    Returns
    -------
    ndarray, shape (n,)
        Hops. [1]

    Raises
    ------
    NotInCatalogue
        If the topology is unknown, naming the nearest.
    ValueError
        If there is no node.

    References
    ----------
    W. Dally, B. Towles, Principles and Practices of Interconnection Networks, 2003, sec. 5.2;
    J. Kim et al., "Technology-driven, highly-scalable dragonfly topology", ISCA 2008.
    doi:10.1109/ISCA.2008.19
    """
    n = _nodes(nodes)
    if topology == "ring":
        return np.asarray(n / 4.0)
    if topology == "torus_3d":
        return np.asarray(0.75 * n ** (1.0 / 3.0))
    return np.full_like(n, {"fat_tree": 4.0, "dragonfly": 3.0}[_known(topology)])


def _nodes(nodes: ArrayLike) -> Array:
    require_at_least_one(nodes=nodes)
    return np.asarray(nodes, dtype=float)


def _known(topology: str) -> str:
    if topology not in NAMES:
        raise NotInCatalogue(unknown("topology", topology, NAMES))
    return topology
