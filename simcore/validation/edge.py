"""Latency on edge boards, predicted from one other network on the same device.

A network costs its products and the elements it writes; an accelerator with little memory also
streams the weights that do not fit. The other network, the one most alike in products, elements
and weights, says how fast the device is; the row's own time is never looked at.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any

from simcore import catalog
from simcore.validation.rows import Row

NETWORKS = MappingProxyType({
    "MobileNet v1": "mobilenet-v1", "MobileNet v2": "mobilenet-v2", "ResNet-50 v1": "resnet-50-v1",
    "ResNet-50 v2": "resnet-50-v2", "ResNet-152 v2": "resnet-152-v2",
    "Inception v1": "inception-v1", "Inception v3": "inception-v3", "Inception v4": "inception-v4",
    "Inception-ResNet v2": "inception-resnet-v2", "VGG16": "vgg16", "VGG19": "vgg19",
    "DenseNet": "densenet-121", "SqueezeNet": "squeezenet",
    "EfficientNet-EdgeTPU-S": "efficientnet-edgetpu-s",
    "EfficientNet-EdgeTPU-M": "efficientnet-edgetpu-m",
    "EfficientNet-EdgeTPU-L": "efficientnet-edgetpu-l",
    "SSD MobileNet v1": "ssd-mobilenet-v1", "SSD MobileNet v2": "ssd-mobilenet-v2",
    "SSD MobileNet v1 0.75": "ssd-mobilenet-v1-075", "UNet Mv2": "unet-mobilenet-v2",
    "DeepLab V3": "deeplab-v3-mobilenet-v2-05",
})  # fmt: skip
"""Name in published tables: network of the catalogue."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What a network asks of a device: products, elements written, weights. [1]"""

    products: float
    outputs: float
    weights: float
    is_detector: bool


KNOWLEDGE = "one other model of the same device"
PRODUCTS_PER_OUTPUT = 60.0
"""What writing and reading an element back costs a processor, in products. Estimate. [1]"""
_DETECTOR = "SSD"  # sorts boxes on the host; takes 300 pixels, whatever size a table prints
_CPU_RATE = 20e9  # products a second; cancels, as only ratios on one device count
_TPU = MappingProxyType({"rate": 0.55e12, "memory": 7.5e6, "call": 1e-3, "outputs": 4e9})
"""Edge TPU: products a second in mixed networks, bytes of weights it keeps, seconds of a call,
outputs a second. Estimates."""
_LINKS = MappingProxyType({"USB2": 35e6})
_LINK = 0.5e9  # USB 3 or PCIe with protocol, byte/s


def predictions(rows: Sequence[Mapping[str, Any]]) -> list[Row]:
    """Return each latency predicted from one other network on the same device."""
    present = {(_device(row), row["model"]) for row in rows}
    known = [*rows, *(row for row in catalogued() if (_device(row), row["model"]) not in present)]
    return [_predict(row, known) for row in rows]


@cache
def catalogued() -> tuple[Mapping[str, Any], ...]:
    """Return the results the catalogue holds, which a file's rows may be learned from as well."""
    found: list[Mapping[str, Any]] = []
    for id_ in catalog.names("edge_results"):
        item = catalog.item("edge_results", id_)
        said = dict(tag.split(": ", 1) for tag in item.tags)
        found += [
            {"accelerator": None, **said, "model": name, "latency_ms": time * 1e3,
             "input": item.value(f"input.{name}")}
            for name, time in item.under("latency").items()
        ]  # fmt: skip
    return tuple(found)


def _predict(row: Mapping[str, Any], known: Sequence[Mapping[str, Any]]) -> Row:
    published = row["latency_ms"] / 1e3 if row["latency_ms"] else None
    work = work_of(row)
    others = [(other_work, other) for other in known if other["latency_ms"]
              and _device(other) == _device(row) and other["model"] != row["model"]
              and (other_work := work_of(other)) is not None]  # fmt: skip
    predicted, reason = None, ""
    if published is None:
        reason = "no latency published"
    elif work is None:
        reason = f"no layer counts of {row['model']} in the catalogue"
    elif not others:
        reason = "no other model of this device and runtime"
    else:
        other_work, other = min(others, key=lambda pair: unlikeness(pair[0], work))
        ratio = expected_time(row, work) / expected_time(other, other_work)
        predicted = other["latency_ms"] / 1e3 * ratio
    return Row(id=f"{row['board']}/{row['model']}/{row['precision']}/{row.get('link') or '-'}",
               family="edge", knowledge=KNOWLEDGE, quantity="latency", unit="s",
               published=published, predicted=predicted, learned_from=int(predicted is not None),
               reason=reason)  # fmt: skip


def _device(row: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(str(row.get(key) or "") for key in
                 ("board", "accelerator", "link", "precision", "freq_mhz"))  # fmt: skip


def work_of(row: Mapping[str, Any]) -> Work | None:
    """Return what a row's network asks of a device, or None of one not known."""
    id_ = NETWORKS.get(row["model"])
    if id_ is None:
        return None
    item = catalog.item("models", id_)
    is_detector = str(row["model"]).startswith(_DETECTOR)
    scale = (row["input"] / item.value("input_side")) ** 2 if row.get("input") else 1.0
    scale = 1.0 if is_detector else scale
    return Work(products=item.value("macs.total") * scale, outputs=item.value("outputs") * scale,
                weights=item.value("parameters"), is_detector=is_detector)  # fmt: skip


def unlikeness(one: Work, other: Work) -> float:
    """Return how far two networks are from each other: logarithms of what they ask for. [1]"""
    pairs = zip((one.products, one.outputs, one.weights),
                (other.products, other.outputs, other.weights), strict=True)  # fmt: skip
    return sum(abs(math.log(a / b)) for a, b in pairs) + (one.is_detector != other.is_detector)


def expected_time(row: Mapping[str, Any], work: Work) -> float:
    """Return the time up to the device's own factor. [s]"""
    if "tpu" not in str(row.get("accelerator")).lower():
        return (work.products + PRODUCTS_PER_OUTPUT * work.outputs) / _CPU_RATE
    streamed = max(0.0, work.weights - _TPU["memory"])
    link = _LINKS.get(row.get("link") or "", _LINK)
    return (_TPU["call"] + work.products / _TPU["rate"] + work.outputs / _TPU["outputs"]
            + streamed / link)  # fmt: skip
