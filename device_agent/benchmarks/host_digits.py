"""The students' classifier on the kit's own computer: the bits of the boards, in numpy.

So a Raspberry Pi may stand beside microcontrollers: the same network, the same images, another
machine, whose time is that of small calls and not of arithmetic.
"""

import zlib
from collections.abc import Callable, Mapping

from device_agent.benchmarks.base import Arguments, Prepared
from device_agent.benchmarks.board_digits import enclosed, trained
from device_agent.benchmarks.host import why_not as why_not
from firmware_specs.datasets import digits
from firmware_specs.serial import blob
from firmware_specs.serial.replies import outputs_check
from firmware_specs.wire import Scalar


def host_digits(arguments: Arguments) -> Prepared:
    """Train, score on held-out images, and prepare one inference."""
    import numpy as np

    from device_agent.classifier.quantising import classifier_of, products

    training, held_out = digits()
    layers = trained(arguments, training)
    model, answer = blob.model_pack(layers), classifier_of(layers)
    pixels = np.array([list(row) for row in held_out.pixels], dtype=np.int8)
    count, nonce = int(arguments["images"]), int(arguments["nonce"])
    right = answer(pixels[:count]).argmax(axis=1) == np.array(held_out.labels[:count])
    chosen = nonce % len(pixels)
    told = answer(pixels[chosen : chosen + 1]).tobytes()
    check = outputs_check(str(nonce), zlib.crc32(model), held_out.pixels[chosen], told)
    facts: dict[str, Scalar] = {
        "accuracy": float(right.mean()),
        "images": count,
        "model_bytes": len(model),
        "macs": products(layers),
        "outputs": told.hex(),
        "outputs_check": f"{check:08x}",
        **enclosed(model),
    }
    one = pixels[chosen : chosen + 1]
    return Prepared(call=lambda: answer(one), environment=facts)


TASKS: Mapping[str, Callable[[Arguments], Prepared]] = {"digits_host": host_digits}
