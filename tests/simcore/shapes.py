"""Counts of published networks from their layers, independent of the catalogue that holds them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from simcore.catalog import Item


@dataclass(slots=True)
class Counted:
    """A network as it is built: its side in pixels, parameters, multiply-adds."""

    side: int
    parameters: int = 0
    macs: int = 0

    def conv(
        self,
        inputs: int,
        outputs: int,
        kernel: int,
        stride: int = 1,
        *,
        padding: int | None = None,
        groups: int = 1,
        norm: bool = True,
        aside: bool = False,
    ) -> None:
        """Add a convolution, with batch norm or else a bias; `aside` leaves the side as it is."""
        padding = kernel // 2 if padding is None else padding
        side = (self.side + 2 * padding - kernel) // stride + 1
        weights = inputs // groups * outputs * kernel**2
        self.parameters += weights + outputs * (2 if norm else 1)
        self.macs += weights * side**2
        self.side = self.side if aside else side

    def dense(self, inputs: int, outputs: int) -> None:
        self.parameters += inputs * outputs + outputs
        self.macs += inputs * outputs

    def pool(self, kernel: int, stride: int, padding: int = 0) -> None:
        self.side = (self.side + 2 * padding - kernel) // stride + 1


def resnet(blocks: tuple[int, ...], *, bottleneck: bool) -> Counted:
    """He et al., 2015, table 1; the stride in the 3x3 layer, as every library has it."""
    net, channels = Counted(224), 64
    net.conv(3, 64, 7, 2)
    net.pool(3, 2, 1)
    for stage, count in enumerate(blocks):
        width = 64 << stage
        outputs = 4 * width if bottleneck else width
        for block in range(count):
            stride = 2 if stage and block == 0 else 1
            if channels != outputs or stride != 1:
                net.conv(channels, outputs, 1, stride, padding=0, aside=True)
            if bottleneck:
                net.conv(channels, width, 1)
                net.conv(width, width, 3, stride)
                net.conv(width, outputs, 1)
            else:
                net.conv(channels, width, 3, stride)
                net.conv(width, width, 3)
            channels = outputs
    net.dense(channels, 1000)
    return net


def vgg(stages: tuple[int, ...]) -> Counted:
    """Simonyan and Zisserman, 2014, table 1: convolutions of each stage."""
    net, channels = Counted(224), 3
    for stage, count in enumerate(stages):
        for _ in range(count):
            net.conv(channels, min(64 << stage, 512), 3, norm=False)
            channels = min(64 << stage, 512)
        net.pool(2, 2)
    net.dense(channels * net.side**2, 4096)
    net.dense(4096, 4096)
    net.dense(4096, 1000)
    return net


def mobilenet_v2(alpha: float, *, classifier: bool = True) -> Counted:
    """Sandler et al., 2018, table 2, channels rounded to eights."""

    def wide(channels: int) -> int:
        rounded = max(8, int(channels * alpha + 4) // 8 * 8)
        return rounded + 8 if rounded < 0.9 * channels * alpha else rounded

    net, channels = Counted(224), wide(32)
    net.conv(3, channels, 3, 2)
    stages = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1),
              (6, 160, 3, 2), (6, 320, 1, 1))  # fmt: skip
    for factor, width, count, stride in stages:
        for block in range(count):
            hidden = channels * factor
            if factor != 1:
                net.conv(channels, hidden, 1)
            net.conv(hidden, hidden, 3, stride if block == 0 else 1, groups=hidden)
            net.conv(hidden, wide(width), 1)
            channels = wide(width)
    net.conv(channels, 1280, 1)
    if classifier:
        net.dense(1280, 1000)
    return net


def mobilenet_v1() -> Counted:
    """Howard et al., 2017, table 1."""
    net, channels = Counted(224), 32
    net.conv(3, 32, 3, 2)
    for width, stride in ((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2),
                          *[(512, 1)] * 5, (1024, 2), (1024, 1)):  # fmt: skip
        net.conv(channels, channels, 3, stride, groups=channels)
        net.conv(channels, width, 1)
        channels = width
    net.dense(channels, 1000)
    return net


def gated_transformer(model: Item) -> float:
    """Return the parameters of a decoder with gated feed-forward layers and two norms a layer."""
    hidden, layers = model.value("hidden"), model.value("layers")
    queries = model.value("heads") * model.value("head_width")
    keys = model.value("kv_heads") * model.value("head_width")
    attention = 2 * hidden * queries + 2 * hidden * keys
    feed_forward = 3 * hidden * model.value("feed_forward")
    embeddings = (2 - model.value("tied_embeddings")) * model.value("vocabulary") * hidden
    return layers * (attention + feed_forward + 2 * hidden) + embeddings + hidden


NETWORKS: Mapping[str, Callable[[], Counted]] = {
    "resnet-18": partial(resnet, (2, 2, 2, 2), bottleneck=False),
    "resnet-50-v1": partial(resnet, (3, 4, 6, 3), bottleneck=True),
    "resnet-50-v2": partial(resnet, (3, 4, 6, 3), bottleneck=True),
    "resnet-152-v2": partial(resnet, (3, 8, 36, 3), bottleneck=True),
    "vgg16": partial(vgg, (2, 2, 3, 3, 3)),
    "vgg19": partial(vgg, (2, 2, 4, 4, 4)),
    "mobilenet-v1": mobilenet_v1,
    "mobilenet-v2": partial(mobilenet_v2, 1.0),
    "mobilenet-v2-075": partial(mobilenet_v2, 0.75),
    "mobilenet-v2-05": partial(mobilenet_v2, 0.5),
    "mobilenet-v2-05-features": partial(mobilenet_v2, 0.5, classifier=False),
}
