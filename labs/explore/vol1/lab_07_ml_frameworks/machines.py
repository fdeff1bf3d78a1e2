"""Machines and runtimes of each track from the catalogue, and what this lab's parts share."""

from collections.abc import Mapping
from dataclasses import dataclass

from labs.arranging import given
from simcore import catalog
from simcore.equations.precision import element_size

EFFICIENCY = 0.5
"""Share of its dense peak that an ordinary matrix product reaches. [1]"""
NAMES: Mapping[str, str] = {
    "grove-vision-ai-v2": "Ethos-U55",
    "jetson-orin-nx-16gb": "Jetson Orin NX",
    "l4": "L4",
    "phone-npu": "phone NPU",
    # Networks
    "dscnn-kws": "keyword network",
    "fc-autoencoder-ad": "machine listener",
    "mobilenet-v1-025-vww": "person detector",
    "mobilenet-v2": "MobileNet v2",
    "resnet-50-v1": "ResNet-50",
    "resnet8-ic": "picture classifier",
    "vgg16": "VGG-16",
    "bert-base": "BERT base",
    # Runtimes
    "pytorch-cuda": "PyTorch with its CUDA libraries",
    "onnxruntime-gpu": "ONNX Runtime for GPUs",
    "tensorflow-lite-all": "TensorFlow Lite, all operators",
    "tensorflow-lite-mobilenet": "TensorFlow Lite, MobileNet's operators",
    "executorch-core": "ExecuTorch's core",
    "tflm-keywords": "TensorFlow Lite Micro, keyword operators",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A track's machine, its number format, and what one call of its framework takes [s]."""

    machine: str
    precision: str
    calls: tuple[float, ...]

    @property
    def element(self) -> float:
        return element_size(self.precision)

    @property
    def rate(self) -> float:
        return EFFICIENCY * catalog.item("hardware", self.machine).value(f"peak.{self.precision}")

    @property
    def peak(self) -> float:
        return catalog.item("hardware", self.machine).value(f"peak.{self.precision}")

    @property
    def bandwidth(self) -> float:
        return catalog.item("hardware", self.machine).value("bandwidth")

    @property
    def capacity(self) -> float:
        found = catalog.item("hardware", self.machine)
        return (found.get("usable_capacity") or found["capacity"]).value

    @property
    def known(self) -> str:
        """Return "assumed" if its rates are estimates, else "published"."""
        return self._known(f"peak.{self.precision}", "bandwidth")

    @property
    def capacity_known(self) -> str:
        return self._known("capacity", "usable_capacity")

    def _known(self, *facts: str) -> str:
        item = catalog.item("hardware", self.machine)
        kinds = {str(item[fact].source.evidence) for fact in facts if fact in item}
        return "assumed" if "assumed" in kinds else "published"


PLACES: Mapping[str, Place] = {
    "cloud": Place(machine="l4", precision="fp16", calls=(5e-6, 10e-6, 20e-6)),
    "edge": Place(machine="jetson-orin-nx-16gb", precision="fp16", calls=(10e-6, 20e-6)),
    "mobile": Place(machine="phone-npu", precision="fp16", calls=(20e-6, 50e-6)),
    "tiny": Place(machine="grove-vision-ai-v2", precision="int8", calls=(20e-6, 50e-6)),
}


def size_text(size: float) -> str:
    """Return a size as people print it: KiB of flash, MB and GB of everything else."""
    return f"{size / 2**10:,.0f} KiB" if size < 2**20 and size % 2**10 == 0 else given(size, "si B")
