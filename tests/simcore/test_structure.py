import numpy as np
import pytest

from simcore import catalog
from simcore.equations.layers import convolution, separable_ratio
from simcore.equations.structure import (
    attention_scores_size,
    dense_picture_layer,
    network_pass,
    scores_fill,
    separable_convolution,
    transformer_layer,
)


def test_a_dense_layer_on_a_picture_of_imagenet_and_a_window_of_three():
    dense = dense_picture_layer(224, 3, 3, element_size=4)
    window = convolution(224, 224, 3, 64, kernel=3, element_size=4)

    assert dense.parameters == 150_528**2
    assert window.parameters == 1728
    assert dense.parameters / window.parameters == pytest.approx(13.1e6, rel=1e-2)


def test_twice_the_side_is_sixteen_times_the_weights_of_a_dense_layer_and_none_of_a_window():
    dense = dense_picture_layer([64, 128], 3, 8, element_size=2).parameters
    window = separable_convolution([64, 128], 16, 8, kernel=3, element_size=2)

    assert dense[1] / dense[0] == 16
    assert window.parameters[0] == window.parameters[1] == 9 * 16 + 16 * 8
    assert window.flop[1] / window.flop[0] == 4


def test_a_separable_convolution_saves_what_its_paper_says():
    whole = convolution(32, 32, 64, 128, kernel=3, element_size=1).flop
    parts = separable_convolution(32, 64, 128, kernel=3, element_size=1).flop

    assert parts / whole == pytest.approx(separable_ratio(3, 128))


def test_scores_grow_with_the_square_and_tiles_with_the_length():
    whole = attention_scores_size([4096, 8192], 32, element_size=2)
    tiled = attention_scores_size([4096, 8192], 32, element_size=2, rows=128)

    assert whole.tolist() == [2**30, 2**32]
    assert tiled[1] / tiled[0] == 2
    assert attention_scores_size(131_072, 1, element_size=2) == 32 * 2**30
    assert scores_fill(whole, 32, element_size=2) == pytest.approx([4096, 8192])
    with pytest.raises(ValueError, match="rows"):
        attention_scores_size(8, 1, element_size=2, rows=0)


def test_a_transformer_layer_by_hand():
    work = transformer_layer(4096, width=4096, element_size=2)
    longer = transformer_layer(8192, width=4096, element_size=2)

    assert work.parameters == 12 * 4096**2
    assert work.flop == 24 * 4096**3 + 4 * 4096**3
    assert longer.flop / work.flop == pytest.approx(2.2857, abs=1e-4)


@pytest.mark.parametrize(
    ("tokens", "kept", "expected"), [(1, 2048, 1.0), (512, 0, 433), (2048, 0, 1210)]
)
def test_intensity_of_writing_and_of_reading(tokens, kept, expected):
    work = transformer_layer(tokens, width=4096, kept=kept, element_size=2)

    assert work.flop / work.traffic == pytest.approx(expected, rel=4e-3)


@pytest.mark.parametrize(
    ("name", "expected"), [("resnet-50-v1", 86), ("vgg16", 94), ("mobilenet-v2", 18)]
)
def test_intensity_of_image_networks_at_batch_one(name, expected):
    item = catalog.item("models", name)
    work = network_pass(item.value("macs.total"), item.value("parameters"), item.value("outputs"),
                        element_size=2)  # fmt: skip

    assert work.flop / work.traffic == pytest.approx(expected, rel=0.02)


def test_a_batch_reads_the_weights_once():
    one, many = (network_pass(1e6, 1e6, 10, batch=b, element_size=1) for b in (1, 100))

    assert many.flop / one.flop == 100
    assert many.traffic == 1e6 + 2000
    assert network_pass([1e6], 1e6, 10, batch=[1, 2], element_size=1).parameters.shape == (2,)


@pytest.mark.parametrize("bad", [0, -1, np.nan])
def test_impossible_sizes_are_refused(bad):
    with pytest.raises(ValueError, match="side"):
        dense_picture_layer(bad, 3, 3, element_size=1)
    with pytest.raises(ValueError, match="width"):
        transformer_layer(1, width=bad, element_size=1)
