"""Latency on edge boards, predicted from one other network on the same device.

A network costs its products and the elements it writes; an accelerator with little memory also
streams the weights that do not fit. The other network, the one whose expected time is nearest,
says how fast the device is; its own time is never looked at.
"""

import math
from collections.abc import Mapping, Sequence
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

KNOWLEDGE = "one other model of the same device"
PRODUCTS_PER_OUTPUT = 60.0
"""What writing and reading an element back costs a processor, in products. Estimate. [1]"""
_FIXED_INPUT = "SSD"  # published detectors take 300 pixels, whatever size a table prints
_CPU_RATE = 20e9  # products a second; cancels, as only ratios on one device count
_TPU = MappingProxyType({"rate": 0.55e12, "memory": 7.5e6, "call": 1e-3, "outputs": 4e9})
"""Edge TPU: products a second in mixed networks, bytes of weights it keeps, seconds of a call,
outputs a second. Estimates."""
_LINKS = MappingProxyType({"USB2": 35e6})
_LINK = 0.5e9  # USB 3 or PCIe with protocol, byte/s


def predictions(rows: Sequence[Mapping[str, Any]]) -> list[Row]:
    """Return each latency predicted from one other network on the same device."""
    return [_predict(row, rows) for row in rows]


def _predict(row: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> Row:
    published = row["latency_ms"] / 1e3
    expected = expected_time(row)
    others = [(time, other) for other in rows
              if _device(other) == _device(row) and other["model"] != row["model"]
              and (time := expected_time(other)) is not None]  # fmt: skip
    predicted, reason = None, ""
    if expected is None:
        reason = f"no layer counts of {row['model']} in the catalogue"
    elif not others:
        reason = "no other model of this device and runtime"
    else:
        time, other = min(others, key=lambda pair: abs(math.log(pair[0] / expected)))
        predicted = other["latency_ms"] / 1e3 * expected / time
    return Row(id=f"{row['board']}/{row['model']}/{row['precision']}/{row.get('link') or '-'}",
               family="edge", knowledge=KNOWLEDGE, quantity="latency", unit="s",
               published=published, predicted=predicted, learned_from=int(predicted is not None),
               reason=reason)  # fmt: skip


def _device(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return (row["board"], row["accelerator"], row.get("link"), row["precision"],
            row.get("freq_mhz"))  # fmt: skip


def expected_time(row: Mapping[str, Any]) -> float | None:
    """Return the time up to the device's own factor, or None of a network not known. [s]"""
    id_ = NETWORKS.get(row["model"])
    if id_ is None:
        return None
    item = catalog.item("models", id_)
    scale = (row["input"] / item.value("input_side")) ** 2 if row.get("input") else 1.0
    scale = 1.0 if str(row["model"]).startswith(_FIXED_INPUT) else scale
    macs, outputs = item.value("macs.total") * scale, item.value("outputs") * scale
    if not row["accelerator"]:
        return float((macs + PRODUCTS_PER_OUTPUT * outputs) / _CPU_RATE)
    streamed = max(0.0, item.value("parameters") - _TPU["memory"])
    link = _LINKS.get(row.get("link") or "", _LINK)
    return float(_TPU["call"] + macs / _TPU["rate"] + outputs / _TPU["outputs"] + streamed / link)
