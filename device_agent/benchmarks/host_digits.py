"""The students' classifier on the kit's own computer: the bits of the boards, in numpy.

So a Raspberry Pi may stand beside microcontrollers: the same network, the same images, another
machine, whose time is that of small calls and not of arithmetic.
"""

import zlib
from collections.abc import Callable, Mapping

from device_agent.benchmarks.base import Arguments, DriverError, Prepared
from device_agent.benchmarks.board_digits import enclosed
from device_agent.benchmarks.host import why_not as why_not
from firmware_specs.datasets import digits
from firmware_specs.serial import blob
from firmware_specs.wire import Scalar


def host_digits(arguments: Arguments) -> Prepared:
    """Train, score on held-out images, and prepare one inference."""
    import numpy as np

    from device_agent.classifier.hosting import host_classifier
    from device_agent.classifier.quantising import layers_of, products
    from device_agent.classifier.training import network_train, pixels_of

    training, held_out = digits()
    sparsity = float(arguments["sparsity"])
    network = network_train(training, width=int(arguments["width"]), sparsity=sparsity)
    try:
        layers = layers_of(
            network,
            pixels_of(training),
            precision=str(arguments["precision"]),
            is_sparse=sparsity > 0,
        )
    except ValueError as error:
        raise DriverError(f"{error}: take int8, or sparsity 0") from error
    model, answer = blob.model_pack(layers), host_classifier(layers)
    pixels = np.array([list(row) for row in held_out.pixels], dtype=np.int8)
    count, nonce = int(arguments["images"]), int(arguments["nonce"])
    right = answer(pixels[:count]).argmax(axis=1) == np.array(held_out.labels[:count])
    chosen = nonce % len(pixels)
    told = answer(pixels[chosen : chosen + 1]).tobytes()
    sealed = str(nonce).encode() + zlib.crc32(model).to_bytes(4, "little")
    facts: dict[str, Scalar] = {
        "accuracy": float(right.mean()),
        "images": count,
        "model_bytes": len(model),
        "macs": products(layers),
        "outputs": told.hex(),
        "outputs_check": f"{zlib.crc32(sealed + held_out.pixels[chosen] + told):08x}",
        **enclosed(model),
    }
    one = pixels[chosen : chosen + 1]
    return Prepared(call=lambda: answer(one), environment=facts)


TASKS: Mapping[str, Callable[[Arguments], Prepared]] = {"digits_host": host_digits}
