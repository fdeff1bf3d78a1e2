"""Part C: what twice the hidden width costs, and what it buys."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from labs.contract import (
    RIGHT,
    Choice,
    Curves,
    Knob,
    Knobs,
    Option,
    Outputs,
    Params,
    Part,
    Question,
    Scalar,
    listed,
    lookup,
)
from labs.explore.vol1.lab_05_nn_compute.ladder import MIB
from labs.explore.vol1.lab_05_nn_compute.measured import WIDTHS, accuracy
from simcore import catalog
from simcore.equations.dense import StackWork, dense_stack
from simcore.equations.precision import element_size

BANDS: Mapping[str, tuple[float, float]] = {"double": (1.7, 2.3), "fourfold": (3.5, 4.5)}
"""What "about 2" and "about 4" mean; a network between them is not asked about."""

HIDDEN = 2
"""Hidden layers of the network asked about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """Where the weights should stay on a track: its name, its size [byte], how that is known."""

    name: str
    capacity: float
    known: str


def _home(name: str, machine: str, fact: str, copies: int = 1) -> Home:
    found = catalog.item("hardware", machine)
    return Home(name=name, capacity=copies * found.value(fact),
                known=str(found[fact].source.evidence))  # fmt: skip


HOMES: Mapping[str, Home] = {
    "cloud": _home("the second-level cache of an H100", "h100-sxm", "l2.capacity"),
    "edge": Home(name="the share of the cache that the line's other programs leave",
                 capacity=4 * MIB, known="assumed"),
    "mobile": _home("the buffers of the phone's neural engine", "phone-npu",
                    "core_memory.capacity", copies=4),
    "tiny": _home("the flash of an nRF52840", "arduino-nano-33-ble-sense", "flash.capacity"),
}  # fmt: skip

NETWORKS: Mapping[str, Sequence[tuple[int, int, tuple[int, ...]]]] = {
    "cloud": ((3072, 10, (64, 128, 256)), (96, 8, (1024, 1536, 2048))),
    "edge": ((640, 640, (32, 64, 128)), (32, 8, (512, 768, 1024))),
    "mobile": ((784, 10, (32, 48, 64)), (34, 12, (512, 768, 1024))),
    "tiny": ((490, 12, (32, 48, 64)), (16, 4, (256, 384, 512))),
}
"""Inputs, outputs, hidden widths: many inputs into few units, then few inputs into many."""

STEPS = (16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048, 3072, 4096)
PRECISIONS = ("fp32", "fp16", "int8")


class C(Part):
    def draw(self, rng: np.random.Generator, track: str) -> dict[str, Scalar]:
        wanted = str(rng.choice(list(BANDS)))
        own = [p for p in listed(self, track) if _band(p) == wanted]
        return dict(own[int(rng.integers(len(own)))])

    def combinations(self, track: str) -> Sequence[Params]:
        return [
            {
                "track": track,
                "inputs": inputs,
                "outputs": outputs,
                "width": width,
                "wider": 2 * width,
                "home": HOMES[track].name,
                "home_known": HOMES[track].known,
            }
            for inputs, outputs, widths in NETWORKS[track]
            for width in widths
        ]

    def questions(self, p: Params) -> tuple[Question, ...]:
        right = _band(p)
        other = (
            Option(id="every_layer_squares", value="fourfold")
            if right == "double"
            else Option(id="every_layer_in_proportion", value="double")
        )
        return (
            Choice(
                id="growth",
                options=(
                    Option(id=RIGHT, value=right),
                    other,
                    Option(id="inputs_decide", value="same"),
                    Option(id="width_and_depth", value="eightfold"),
                ),
            ),
        )

    def facts(self, p: Params) -> dict[str, Scalar]:
        before, after = (_work(p, int(p[name])) for name in ("width", "wider"))
        linear = float((before.first + before.last) / before.macs)
        return {
            "growth": _growth(p),
            "linear_share": linear,
            "square_share": 1 - linear,
            "before_flop": float(before.flop),
            "after_flop": float(after.flop),
            "accuracy_8": accuracy("relu", 1, 8),
            "accuracy_32": accuracy("relu", 1, 32),
            "accuracy_64": accuracy("relu", 1, 64),
            "accuracy_128": accuracy("relu", 1, 128),
            "mistakes_32": 100 * (1 - accuracy("relu", 1, 32)),
            "mistakes_128": 100 * (1 - accuracy("relu", 1, 128)),
            "digits_growth": float(_digits(128).macs / _digits(32).macs),
        }

    def knobs(self, p: Params) -> tuple[Knob, ...]:
        return (
            Knob(id="width", steps=STEPS, default=STEPS.index(int(p["width"]))),
            Knob(id="layers", steps=tuple(range(1, 9)), default=HIDDEN - 1),
            Knob(id="precision", steps=PRECISIONS, default=2),
        )

    def evaluate(self, p: Params, k: Knobs) -> Outputs:
        width, layers = np.asarray(k["width"]), np.asarray(k["layers"])
        work, wider = (_work(p, h, layers) for h in (width, 2 * width))
        sizes = lookup({name: element_size(name) for name in PRECISIONS}, k["precision"])
        home = np.full(width.shape, HOMES[str(p["track"])].capacity)
        size = (work.macs + work.biases) * sizes
        return {
            "twice": wider.flop / work.flop,
            "flop": work.flop,
            "linear_share": (work.first + work.last) / work.macs,
            "first": 2 * work.first,
            "inner": 2 * work.inner,
            "last": 2 * work.last,
            "parameters": work.macs + work.biases,
            "size": size,
            "capacity": home,
            "width_at": np.asarray(width, dtype=float),
            "too_large": size > home,
        }

    def curves(self, p: Params, k: Knobs) -> Curves:
        widths = np.asarray(STEPS)[None, :]
        work = _work(p, widths, np.asarray(k["layers"])[:, None])
        shape = work.flop.shape
        count = shape[0]
        measured = [accuracy("relu", 1, width) for width in WIDTHS]
        return {
            "widths": np.broadcast_to(np.asarray(STEPS, dtype=float), shape),
            "flops": work.flop,
            "linear_flops": 2 * (work.first + work.last),
            "digit_widths": np.broadcast_to(np.asarray(WIDTHS, dtype=float), (count, len(WIDTHS))),
            "digit_accuracy": np.broadcast_to(measured, (count, len(WIDTHS))),
        }


def _work(p: Params, width: int | np.ndarray, layers: int | np.ndarray = HIDDEN) -> StackWork:
    return dense_stack(int(p["inputs"]), width, int(p["outputs"]), hidden_layers=layers)


def _digits(width: int) -> StackWork:
    return dense_stack(64, width, 10, hidden_layers=1)


def _growth(p: Params) -> float:
    return float(_work(p, int(p["wider"])).flop / _work(p, int(p["width"])).flop)


def _band(p: Params) -> str:
    """Return the name of the band that the growth lies in.

    Raises
    ------
    ValueError
        If it lies between the bands, so that nobody could say.
    """
    growth = _growth(p)
    for name, (low, high) in BANDS.items():
        if low <= growth <= high:
            return name
    raise ValueError(f"growth {growth:.3g} of {dict(p)} is neither about 2 nor about 4")
