"""What an honest board answers: a classifier's outputs, sealed, with its model."""

import base64
import zlib
from dataclasses import replace
from typing import Any

import numpy as np

from device_agent.classifier.quantising import layers_of, run
from device_agent.classifier.training import Network
from firmware_specs import tasks
from firmware_specs.datasets import digits
from firmware_specs.serial.blob import Layer, model_pack
from firmware_specs.wire import Outcome, Result, Scalar

PIXELS = np.array([list(row) for row in digits()[1].pixels], dtype=np.int8)


def network(width: int, seed: int = 1) -> Network:
    """An untrained network: whether it is right does not matter here."""
    rng = np.random.default_rng(seed)
    draw = [rng.normal(size=shape).astype(np.float32) for shape in
            ((width, 64), (width,), (10, width), (10,))]  # fmt: skip
    return Network(w1=draw[0], b1=draw[1], w2=draw[2], b2=draw[3])


def layers(width: int = 8, precision: str = "int8", *, sparse: bool = False) -> tuple[Layer, ...]:
    made = network(width)
    if sparse:
        made = replace(made, w1=np.where(np.abs(made.w1) > 1, made.w1, 0).astype(np.float32))
    images = PIXELS.astype(np.float32)
    return layers_of(made, images, precision=precision, is_sparse=sparse)


def asked(**changes: Scalar) -> dict[str, Scalar]:
    return tasks.task("digits").check({"nonce": 1234, "images": 50, "width": 8, **changes})


def answer(
    given: dict[str, Scalar], model: tuple[Layer, ...], *, value: float = 1e-2, **changes: Any
) -> Result:
    """What an honest Uno reports of this model."""
    blob = model_pack(model)
    row = int(given["nonce"]) % len(PIXELS)
    data = run(model, PIXELS[row : row + 1]).tobytes()
    sealed = str(given["nonce"]).encode() + zlib.crc32(blob).to_bytes(4, "little")
    labels = np.array(digits()[1].labels[: int(given["images"])])
    right = run(model, PIXELS[: int(given["images"])]).argmax(axis=1) == labels
    facts: dict[str, Scalar] = {
        "board": "arduino-uno-r3", "accuracy": float(np.mean(right)),
        "outputs": data.hex(),
        "outputs_check": f"{zlib.crc32(sealed + PIXELS[row].tobytes() + data):08x}",
        "model_0": base64.b64encode(zlib.compress(blob)).decode(),
    }  # fmt: skip
    return Result(
        msg_id="m", job_id="j", attempt=1, request_id="r", task="digits",
        outcome=Outcome.MEASURED, at_utc="now", arguments=given, value=value, low=value,
        high=value, unit="s", n=5, environment=facts | changes,
    )  # fmt: skip
