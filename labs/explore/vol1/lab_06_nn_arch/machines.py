"""Machines and networks of each track from the catalogue, and what this lab's parts share."""

from collections.abc import Mapping
from dataclasses import dataclass

from labs.arranging import given
from simcore import catalog

HALF_PEAK = 0.5
"""Share of an accelerator's dense peak that ordinary kernels reach. [1]"""
OPERATOR_CALL = 20e-6
"""Calling one operator of a microcontroller's interpreter. [s]"""
FLASH_RATE = 10e6
"""Of a microcontroller's external flash, from which weights are read. [byte/s]"""

NAMES: Mapping[str, str] = {
    "a100-sxm-80gb": "A100 80 GB",
    "b200": "B200",
    "grove-vision-ai-v2": "Ethos-U55",
    "h100-sxm": "H100 SXM",
    "jetson-agx-orin-64gb": "Jetson AGX Orin",
    "jetson-orin-nano-8gb": "Jetson Orin Nano",
    "jetson-orin-nx-16gb": "Jetson Orin NX",
    "l4": "L4",
    "nucleo-h7a3zi": "STM32H7A3",
    "nucleo-l4r5zi": "STM32L4R5",
    "nucleo-u575zi": "STM32U575",
    "phone-npu": "phone NPU",
    "snapdragon-8-gen-3": "Snapdragon 8 Gen 3",
    # Networks
    "dscnn-kws": "keyword network",
    "fc-autoencoder-ad": "dense autoencoder",
    "kwt-3": "Keyword Transformer",
    "llama-2-7b": "Llama 2 7B",
    "llama-3-8b": "Llama 3 8B",
    "llama-3-2-1b": "Llama 3.2 1B",
    "mobilenet-v2": "MobileNet v2",
    "resnet-50-v1": "ResNet-50",
    "resnet8-ic": "picture classifier ResNet-8",
    "vgg16": "VGG-16",
}
_CORES: Mapping[str, str] = {
    "nucleo-l4r5zi": "cortex-m4",
    "nucleo-u575zi": "cortex-m33",
    "nucleo-h7a3zi": "cortex-m7",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """What a machine reaches: arithmetic [FLOP/s], memory [byte/s], one launch or call [s]."""

    arithmetic: float
    bandwidth: float
    launch: float


def precision(track: str) -> str:
    return "int8" if track == "tiny" else "fp16"


def element(track: str) -> float:
    """Return the size of a weight as this track runs it. [byte]"""
    return 1.0 if track == "tiny" else 2.0


def rates(name: str, form: str) -> Rates:
    """Return the rates of ordinary kernels.

    Accelerators reach half of their dense peak; a microcontroller needs the cycles that published
    systems need for one 8-bit product of a dense layer, two operations.
    """
    found = catalog.item("hardware", name)
    if name in _CORES:
        cycles = catalog.item("cores", _CORES[name]).value("cycles.dense")
        rate = 2 * found.value("clock") / cycles
        return Rates(arithmetic=rate, bandwidth=found.value("bandwidth"), launch=OPERATOR_CALL)
    return Rates(
        arithmetic=HALF_PEAK * found.value(f"peak.{form}"),
        bandwidth=found.value("bandwidth"),
        launch=found.value("overhead"),
    )


def network(name: str, fact: str) -> float:
    return catalog.item("models", name).value(fact)


def capacity(name: str) -> float:
    """Return the memory that a network may count on. [byte]"""
    found = catalog.item("hardware", name)
    return (found.get("usable_capacity") or found["capacity"]).value


def size_text(size: float) -> str:
    """Return a memory as people print it: KiB of SRAM, MiB of flash, GB of DRAM."""
    if size < 2**20:
        return f"{size / 2**10:,.0f} KiB"
    return f"{size / 2**20:g} MiB" if size < 2**26 else given(size, "si B")


def known(name: str, *facts: str) -> str:
    """Return "assumed" if any of these numbers is an estimate, else "published"."""
    item = catalog.item("hardware", name)
    kinds = {str(item[fact].source.evidence) for fact in facts if fact in item}
    return "assumed" if "assumed" in kinds else "published"
