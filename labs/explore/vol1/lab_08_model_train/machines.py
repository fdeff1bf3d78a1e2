"""Machines and networks of each track from the catalogue, and what their parts share."""

from collections.abc import Mapping

import numpy as np

from labs.arranging import Array, floats, given
from simcore import catalog
from simcore.equations.memory import checkpointed_share, transformer_activations
from simcore.equations.scaling import FLOP_PER_WEIGHT_AND_TOKEN

FORWARD_AND_BACKWARD = 3.0
"""Of a forward pass: the backward pass takes two more (J. Kaplan et al., 2020). [1]"""
EFFICIENCY = 0.4
"""Share of its peak that a machine reaches while it trains. [1]"""
USABLE = 0.9
"""Share of a memory that state and activations may take; buffers and code have the rest. [1]"""

NAMES: Mapping[str, str] = {
    "a100-sxm-40gb": "A100 40 GB",
    "a100-sxm-80gb": "A100 80 GB",
    "b200": "B200",
    "esp32-s3-psram": "ESP32-S3 with PSRAM",
    "h100-sxm": "H100 SXM",
    "h200-sxm": "H200",
    "jetson-agx-orin-64gb": "Jetson AGX Orin",
    "jetson-orin-nano-8gb": "Jetson Orin Nano",
    "jetson-orin-nx-16gb": "Jetson Orin NX",
    "nucleo-h7a3zi": "STM32H7A3",
    "nucleo-l4r5zi": "STM32L4R5",
    "nucleo-u575zi": "STM32U575",
    "phone-cpu": "phone",
    "phone-npu": "phone",
    "v100-sxm2-32gb": "V100",
    # Networks
    "bert-base": "BERT base",
    "bert-large": "BERT large",
    "dscnn-kws": "keyword network",
    "fc-autoencoder-ad": "machine listener",
    "gpt-2-small": "GPT-2 small",
    "gpt-2-xl": "GPT-2 XL",
    "gpt-j-6b": "GPT-J",
    "llama-2-13b": "Llama 2 13B",
    "llama-2-7b": "Llama 2 7B",
    "llama-3-2-1b": "Llama 3.2 1B",
    "mobilenet-v1-025-vww": "person detector",
    "mobilenet-v2": "MobileNet v2",
    "resnet-50-v1": "ResNet-50",
    "resnet8-ic": "picture classifier",
    "smollm-135m": "SmolLM2 135M",
}
LAYERS: Mapping[str, int] = {
    "dscnn-kws": 10, "fc-autoencoder-ad": 10, "mobilenet-v1-025-vww": 28, "resnet8-ic": 10,
}  # fmt: skip
"""Layers with weights of the small networks, counted in their reference files. [1]"""


def machine(name: str, fact: str) -> float:
    return catalog.item("hardware", name).value(fact)


def network(name: str, fact: str) -> float:
    return catalog.item("models", name).value(fact)


_SAME_MEMORY: Mapping[str, str] = {"phone-cpu": "phone-npu"}


def capacity(name: str) -> float:
    """Return the memory that training may count on, before buffers. [byte]"""
    found = catalog.item("hardware", _SAME_MEMORY.get(name, name))
    return (found.get("usable_capacity") or found["capacity"]).value


def memory_text(name: str) -> str:
    """Return a memory as people print it: KiB of SRAM, GB of DRAM."""
    size = capacity(name)
    if size < 2**24:
        return f"{size / 2**10:,.0f} KiB"
    return given(size, "si B")


def is_language(name: str) -> bool:
    return "hidden" in catalog.item("models", name)


def training_flop(name: str) -> float:
    """Return the arithmetic of learning from one token, image or input. [FLOP]"""
    if is_language(name):
        return FLOP_PER_WEIGHT_AND_TOKEN * network(name, "parameters")
    return FORWARD_AND_BACKWARD * 2 * network(name, "macs.total")


def kept_activations(
    name: str, examples: Array, *, element: Array, recompute: Array, sequence: float = 1024.0
) -> Array:
    """Return what training keeps of the activations. [byte]

    Transformers fuse attention, so its scores never exist; recomputing, they keep each layer's
    input and, for one layer at a time, everything. Small networks keep what their layers write,
    or about 2 sqrt(L) of L + 1 tensors.
    """
    if not is_language(name):
        whole = network(name, "outputs") * examples * element
        return np.where(recompute, whole * checkpointed_share(LAYERS[name]), whole)
    sizes = (floats(sequence), examples, network(name, "hidden"))
    layers = network(name, "layers")
    one = transformer_activations(*sizes, 1, recompute="selective", element_size=element)
    inputs = transformer_activations(*sizes, layers, recompute="full", element_size=element)
    return np.where(recompute, inputs + one, one * layers)


def known(name: str, *facts: str) -> str:
    """Return "assumed" if any of these numbers is an estimate, else "published"."""
    item = catalog.item("hardware", name)
    kinds = {str(item[fact].source.evidence) for fact in facts if fact in item}
    return "assumed" if "assumed" in kinds else "published"
