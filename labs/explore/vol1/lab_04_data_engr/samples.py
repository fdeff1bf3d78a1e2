"""Samples, the forms in which they are stored, and the machines that learn from them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from simcore import catalog

PASSES = 3.0
"""Of a forward pass: the backward pass takes two more (J. Kaplan et al., 2020). [1]"""
EFFICIENCY = 0.4
"""Share of its peak that a machine reaches while it trains. [1]"""
NAMES: Mapping[str, str] = {
    "a100-sxm-80gb": "A100", "h100-sxm": "H100 SXM", "v100-sxm2-32gb": "V100",
    "jetson-agx-orin-64gb": "Jetson AGX Orin", "jetson-orin-nano-8gb": "Jetson Orin Nano",
    "jetson-orin-nx-16gb": "Jetson Orin NX", "phone-cpu": "phone",
    "nucleo-h7a3zi": "STM32H7A3", "nucleo-l4r5zi": "STM32L4R5", "nucleo-u575zi": "STM32U575",
    "mobilenet-v1-025-vww": "person detector", "mobilenet-v2": "MobileNet v2",
    "resnet-152-v2": "ResNet-152", "resnet-18": "ResNet-18", "resnet-50-v1": "ResNet-50",
    "vit-large-16": "ViT-L/16",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """One form of a stored sample: its size [byte], and a core's time to make numbers of it. [s]"""

    size: float
    core_time: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What a track trains on: `side` pixels, forms of a picture, precision of the arithmetic."""

    side: int
    layouts: Mapping[str, Layout]
    precision: str
    machines: Sequence[str]
    models: Sequence[str]


FLOATS, PIXELS, JPEG = "floats", "pixels", "JPEG"
LAYOUTS = (FLOATS, PIXELS, JPEG)


def _layouts(side: int, jpeg: float, core_times: tuple[float, float, float]) -> dict[str, Layout]:
    values = 3.0 * side**2
    return {
        name: Layout(size=size, core_time=time)
        for name, size, time in zip(LAYOUTS, (4 * values, values, jpeg), core_times, strict=True)
    }


PLACES: Mapping[str, Place] = {
    "cloud": Place(
        side=224, layouts=_layouts(224, 110e3, (0.05e-3, 0.2e-3, 6e-3)), precision="fp16",
        machines=("v100-sxm2-32gb", "a100-sxm-80gb", "h100-sxm"),
        models=("resnet-18", "resnet-50-v1", "vit-large-16"),
    ),
    "edge": Place(
        side=224, layouts=_layouts(224, 110e3, (0.1e-3, 0.5e-3, 12e-3)), precision="fp16",
        machines=("jetson-orin-nano-8gb", "jetson-orin-nx-16gb", "jetson-agx-orin-64gb"),
        models=("mobilenet-v2", "resnet-50-v1", "resnet-152-v2"),
    ),
    "mobile": Place(
        side=224, layouts=_layouts(224, 30e3, (0.2e-3, 0.4e-3, 25e-3)), precision="fp32",
        machines=("phone-cpu",), models=("mobilenet-v2", "resnet-18", "resnet-50-v1"),
    ),
    "tiny": Place(
        side=96, layouts=_layouts(96, 4e3, (1e-3, 5e-3, 0.3)), precision="fp32",
        machines=("nucleo-l4r5zi", "nucleo-u575zi", "nucleo-h7a3zi"),
        models=("mobilenet-v1-025-vww",),
    ),
}  # fmt: skip
"""Times of a core and sizes of a JPEG are round figures, assumed; pixels are counted."""


def flop_rate(track: str, machine: str) -> float:
    """Return the arithmetic that a machine reaches while it trains. [FLOP/s]"""
    peak = catalog.item("hardware", machine).value(f"peak.{PLACES[track].precision}")
    return EFFICIENCY * peak


def training_flop(model: str) -> float:
    """Return the arithmetic of learning from one picture. [FLOP]"""
    return PASSES * 2 * catalog.item("models", model).value("macs.total")
