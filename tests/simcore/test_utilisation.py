import numpy as np
import pytest

from simcore.equations.utilisation import flop_utilisation, planned_kernel_share
from simcore.errors import NotInCatalogue


def test_palm_reached_46_per_cent():
    # PaLM 540B, app. B: 238.3 thousand tokens a second of 2,048 + 540e9 x 6 FLOP on 6,144 TPU v4.
    attention = 12 * 118 * 48 * 256 * 2048
    flop = (6 * 540.35e9 + attention) * 238.3e3

    assert flop_utilisation(flop, 1, peak_flop_rate=6144 * 275e12) == pytest.approx(
        0.462, abs=0.003
    )


def test_kernels_scale_up_to_their_cap():
    shares = planned_kernel_share(np.asarray([0.25, 0.5, 1.0]), kernel="conv")

    assert shares == pytest.approx([0.2, 0.4, 0.55])
    assert planned_kernel_share(0.5, kernel="flash_attention") == 0.75


def test_unknown_kernels_are_refused():
    with pytest.raises(NotInCatalogue, match="did you mean 'conv'"):
        planned_kernel_share(0.5, kernel="conv2d")
