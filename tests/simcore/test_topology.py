"""By hand: a ring of 64 has 2 links across its middle, a 4x4x4 torus 32 of 32."""

import numpy as np
import pytest

from simcore.equations.topology import NAMES, bisection_share, mean_hops
from simcore.errors import NotInCatalogue


@pytest.mark.parametrize(
    ("topology", "share", "hops"),
    [("ring", 2 / 64, 16), ("torus_3d", 0.5, 3), ("fat_tree", 1, 4), ("dragonfly", 0.85, 3)],
)
def test_sixty_four_nodes(topology, share, hops):
    assert bisection_share(64, topology=topology) == pytest.approx(share)
    assert mean_hops(64, topology=topology) == pytest.approx(hops)


@pytest.mark.parametrize("topology", NAMES)
def test_arrays_are_their_numbers_and_more_nodes_never_widen_the_middle(topology):
    nodes = np.asarray([8.0, 64, 512])
    shares = bisection_share(nodes, topology=topology)

    assert shares.tolist() == [float(bisection_share(n, topology=topology)) for n in nodes]
    assert (np.diff(shares) <= 0).all()
    assert (np.diff(mean_hops(nodes, topology=topology)) >= 0).all()


def test_unknown_topologies_and_no_nodes_are_refused():
    with pytest.raises(NotInCatalogue, match="did you mean 'torus_3d'"):
        bisection_share(64, topology="torus")
    with pytest.raises(ValueError, match="nodes must be 1 or more"):
        mean_hops(0, topology="ring")
