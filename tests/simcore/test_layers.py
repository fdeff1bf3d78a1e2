import numpy as np
import pytest

from simcore.equations.layers import convolution, embedding, normalisation, separable_ratio

# A. Howard et al., MobileNets, 2017, table 1: channels in, channels out, stride, output side.
BLOCKS = [(32, 64, 1, 112), (64, 128, 2, 56), (128, 128, 1, 56), (128, 256, 2, 28),
          (256, 256, 1, 28), (256, 512, 2, 14), *5 * [(512, 512, 1, 14)], (512, 1024, 2, 7),
          (1024, 1024, 1, 7)]  # fmt: skip


def macs(*shape, **options):
    return float(convolution(*shape, **options, element_size=1).flop) / 2


def test_mobilenet_takes_the_569_million_products_and_4_2_million_weights_of_its_paper():
    first = macs(112, 112, 3, 32, kernel=3, stride=2)
    depthwise = sum(macs(s, s, i, i, kernel=3, stride=t, groups=i) for i, _, t, s in BLOCKS)
    pointwise = sum(macs(s, s, i, o, kernel=1) for i, o, _, s in BLOCKS)

    assert first + depthwise + pointwise + 1024 * 1000 == pytest.approx(569e6, rel=2e-3)
    # Table 2: 74.59% of the weights, 94.86% of the products are 1 x 1, 3.06% depthwise.
    total = first + depthwise + pointwise + 1024 * 1000
    assert pointwise / total == pytest.approx(0.9486, abs=5e-4)
    assert depthwise / total == pytest.approx(0.0306, abs=5e-4)


def test_the_first_layer_of_resnet_by_hand():
    work = convolution(112, 112, 3, 64, kernel=7, stride=2, element_size=2)

    assert work.flop == 2 * 112 * 112 * 64 * 3 * 49
    assert work.parameters == 9408
    assert work.traffic == 2 * (224 * 224 * 3 + 9408 + 112 * 112 * 64)


def test_depthwise_convolution_falls_in_arithmetic_and_hardly_in_traffic():
    full = convolution(14, 14, 512, 512, kernel=3, element_size=1)
    depthwise = convolution(14, 14, 512, 512, kernel=3, groups=512, element_size=1)

    assert full.flop / depthwise.flop == 512
    assert full.flop / full.traffic > 300
    assert depthwise.flop / depthwise.traffic < 10


def test_a_separable_convolution_takes_eight_to_nine_times_less():
    # The paper, section 3.1: "between 8 to 9 times less computation" at 3 x 3.
    assert 8 < 1 / separable_ratio(3, 512) < 9
    parts = macs(14, 14, 512, 512, kernel=3, groups=512) + macs(14, 14, 512, 512, kernel=1)
    assert parts / macs(14, 14, 512, 512, kernel=3) == pytest.approx(float(separable_ratio(3, 512)))


def test_normalisation_and_embedding_are_bound_by_memory():
    norm = normalisation(2048, 4096, element_size=2)
    table = embedding(80, 64, rows=1e6, element_size=2, pooled=80)

    assert norm.flop / norm.traffic < 2
    assert normalisation(2048, 4096, element_size=2, passes=3).traffic > 1.9 * norm.traffic
    assert norm.parameters == 2 * 4096
    assert table.flop == 79 * 64
    assert table.traffic == 81 * 64 * 2
    assert table.parameters == 64e6
    assert table.flop / table.traffic < 0.5


def test_arrays_give_what_scalars_give():
    sides = np.asarray([7, 14, 28])
    together = convolution(sides, sides, 64, 128, kernel=3, element_size=2)

    for i, side in enumerate(sides):
        one = convolution(side, side, 64, 128, kernel=3, element_size=2)
        assert together.flop[i] == one.flop
        assert together.traffic[i] == one.traffic


def test_groups_that_do_not_divide_and_broken_sizes_are_refused():
    with pytest.raises(ValueError, match="groups must divide"):
        convolution(7, 7, 10, 10, kernel=3, groups=3, element_size=1)
    with pytest.raises(ValueError, match="kernel must be a whole number"):
        convolution(7, 7, 8, 8, kernel=2.5, element_size=1)
    with pytest.raises(ValueError, match="pooled must be positive"):
        embedding(1, 1, rows=1, element_size=1, pooled=0)
