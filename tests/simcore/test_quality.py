import numpy as np
import pytest

from simcore.equations.quality import pruning_loss, quantization_loss


def test_fewer_bits_never_lose_less():
    losses = quantization_loss(np.asarray([32, 16, 8, 6, 4, 3, 2]))

    assert losses.tolist() == [0, 0, 0.005, 0.025, 0.025, 0.05, 0.05]
    assert quantization_loss(8, floating=True) == 0.002
    assert [float(quantization_loss(b)) for b in (32, 8, 2)] == [0, 0.005, 0.05]


def test_pruning_is_cheap_up_to_half_and_steep_beyond():
    assert pruning_loss(0.5) == 0.001
    assert pruning_loss(0.9) == pytest.approx(0.060496474644129467)
    assert (np.diff(pruning_loss(np.linspace(0, 1, 50))) >= 0).all()


def test_impossible_bits_and_shares_are_refused():
    with pytest.raises(ValueError, match="bits must be positive"):
        quantization_loss(0)
    with pytest.raises(ValueError, match="sparsity must lie in 0 to 1"):
        pruning_loss(1.2)
