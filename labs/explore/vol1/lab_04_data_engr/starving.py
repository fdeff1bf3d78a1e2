"""Part A: storage, cores and accelerators in a row, and the share of the time that computes."""

from collections.abc import Mapping, Sequence
from itertools import product

import numpy as np

from labs.arranging import Array, floats, given, rows, spread
from labs.contract import (
    RIGHT,
    Choice,
    Curves,
    Knob,
    Knobs,
    Numeric,
    Option,
    Outputs,
    Params,
    Part,
    Question,
    Scalar,
    log_steps,
    lookup,
    nearest,
    with_value,
)
from labs.text import quantity
from simcore.equations.feeding import FeedTerms, feed_rates

from .samples import FLOATS, JPEG, LAYOUTS, NAMES, PASSES, PIXELS, PLACES, flop_rate, training_flop

STARVING_FROM, STARVING_TO = 0.02, 0.6
FED_FROM, FED_TO = 1.5, 5.0
"""Of storage over what the accelerator could take: clearly less, or clearly enough. [1]"""
MOST_OF_EACH = 9
STARVED = 0.1
BITS = 8.0
FORMS: Mapping[str, str] = {FLOATS: "decoded, in 32-bit floats", PIXELS: "decoded, a byte a value"}
MB = 1e6
STORES: Mapping[str, Sequence[tuple[str, Sequence[float]]]] = {
    "cloud": (("a shared object store", (100 * MB, 150 * MB)),
              ("a cloud volume", (250 * MB, 400 * MB)),
              ("an SSD volume", (500 * MB, 800 * MB, 1200 * MB)),
              ("local NVMe", (2000 * MB, 3000 * MB, 5000 * MB))),
    "edge": (("an old memory card", (20 * MB, 30 * MB)), ("a memory card", (45 * MB, 60 * MB)),
             ("a fast memory card", (90 * MB, 120 * MB)),
             ("an SSD", (250 * MB, 350 * MB, 500 * MB)), ("NVMe", (1000 * MB, 2000 * MB))),
    "mobile": (("an album fetched over the network", (1 * MB, 2 * MB)),
               ("an album fetched over Wi-Fi", (4 * MB, 5 * MB, 8 * MB)),
               ("a memory card", (12.5 * MB, 20 * MB)),
               ("a fast memory card", (32 * MB, 45 * MB))),
    "tiny": (("external flash, read bit by bit", (25e3, 50e3)),
             ("a memory card on a slow bus", (80e3, 125e3, 180e3)),
             ("a memory card on a fast bus", (250e3, 400e3, 500e3, 800e3))),
}  # fmt: skip
RANGES: Mapping[str, tuple[float, float]] = {
    "cloud": (10e6, 50e9), "edge": (5e6, 5e9), "mobile": (0.5e6, 2e9), "tiny": (5e3, 20e6),
}  # fmt: skip
CORES: Mapping[str, Sequence[int]] = {
    "cloud": (1, 2, 4, 8, 16, 32, 64, 96), "edge": (1, 2, 4, 8), "mobile": (1, 2, 4, 6),
    "tiny": (1, 2),
}  # fmt: skip
ACCELERATORS = (1, 2, 4, 8)


class A(Part):
    def combinations(self, track: str) -> Sequence[Params]:
        place = PLACES[track]
        sets = [
            _params(track, machine, model, form, store, rate)
            for machine, model, form, (store, rates) in product(
                place.machines, place.models, FORMS, STORES[track]
            )
            for rate in rates
        ]
        starving = [p for p in sets if STARVING_FROM <= _ratio(p) <= STARVING_TO]
        fed = [p for p in sets if FED_FROM <= _ratio(p) <= FED_TO]
        count = min(MOST_OF_EACH, len(starving), len(fed))
        return [*spread(starving, count), *spread(fed, count)]

    def questions(self, p: Params) -> tuple[Question, ...]:
        options = [Option(id=name, value=value) for name, value in _wrong(p).items()]
        right = Option(id=RIGHT, value=float(_asked(p).rate))
        return (
            Choice(id="through", options=(right, *options)),
            Numeric(id="demand", key=_demand(p)),
        )

    def facts(self, p: Params) -> dict[str, Scalar]:
        ratio, rates = _ratio(p), _asked(p)
        size = float(p["sample"])
        layouts = PLACES[str(p["track"])].layouts
        cores = int(np.ceil(layouts[JPEG].core_time * float(rates.compute)))
        bytes_each = {name: layout.size for name, layout in layouts.items()}
        return {
            "busy": float(rates.busy),
            "idle": 1 - float(rates.busy),
            "pace": float(rates.rate),
            "ratio": ratio,
            "read_rate": float(rates.read),
            "compute_rate": float(rates.compute),
            "demand": _demand(p),
            "demand_jpeg": bytes_each[JPEG] * float(rates.compute),
            "cores_text": "one core" if cores == 1 else f"{cores} cores",
            "jpeg_over": size / bytes_each[JPEG],
            "in_turn": 1 / float(1 / rates.read + 1 / rates.compute),
            "verdict": "waits for storage" if ratio < 1 else "never waits",
            "faster_text": "would learn no faster at all"
            if ratio < 1
            else f"would learn {min(2.0, ratio):.2g} times as fast",
            "binding_stage": "storage" if ratio < 1 else "arithmetic",
            "storage_rate": float(p["storage"]),
        }

    def knobs(self, p: Params) -> tuple[Knob, ...]:
        track = str(p["track"])
        steps, _ = with_value(log_steps(*RANGES[track], 37, digits=2), float(p["storage"]))
        cores = tuple(CORES[track])
        return (
            Knob(id="storage_now", steps=steps, default=nearest(steps, 1.5 * _demand(p))),
            Knob(id="form", steps=LAYOUTS, default=LAYOUTS.index(str(p["form"]))),
            Knob(id="cores", steps=cores, default=len(cores) // 2),
            Knob(id="accelerators", steps=ACCELERATORS),
        )

    def evaluate(self, p: Params, k: Knobs) -> Outputs:
        rates = _at(p, k, floats(k["storage_now"]))
        return {
            "busy_now": rates.busy,
            "through": rates.rate,
            "waits_for": np.asarray([_WORDS[str(name)] for name in rates.bound]),
            "read": rates.read,
            "prepare": rates.prepare,
            "compute": rates.compute,
            "needed": rates.compute * _sizes(p, k),
            "idle_hours": 86_400.0 * (1 - rates.busy),
            "storage_at": floats(k["storage_now"]),
            "starving": rates.busy < STARVED,
        }

    def curves(self, p: Params, k: Knobs) -> Curves:
        axis = floats(log_steps(*RANGES[str(p["track"])], 61, digits=3))
        many = {name: np.asarray(values)[:, np.newaxis] for name, values in k.items()}
        rates, count = _at(p, many, axis[np.newaxis, :]), len(k["cores"])
        shape = (count, axis.size)
        return {
            "storages": rows(axis, count),
            "through_line": np.broadcast_to(rates.rate, shape),
            "compute_line": np.broadcast_to(rates.compute, shape),
            "prepare_line": np.broadcast_to(rates.prepare, shape),
        }


_WORDS: Mapping[str, str] = {
    "read": "storage", "prepare": "the cores", "compute": "nobody",
}  # fmt: skip


def _params(track: str, machine: str, model: str, form: str, store: str, storage: float) -> Params:
    layout = PLACES[track].layouts[form]
    return {
        "track": track,
        "machine": machine,
        "machine_name": NAMES[machine],
        "model": model,
        "model_name": NAMES[model],
        "form": form,
        "form_text": FORMS[form],
        "side": PLACES[track].side,
        "sample": layout.size,
        "sample_text": f"{layout.size:,.0f} bytes",
        "storage": storage,
        "storage_text": given(storage, "si B/s"),
        "store_name": store,
        "flop": training_flop(model),
        "flop_text": quantity(training_flop(model), "si FLOP"),
        "rate": flop_rate(track, machine),
        "rate_text": quantity(flop_rate(track, machine), "si FLOP/s"),
    }


def _asked(p: Params) -> FeedTerms:
    """Return the pipeline of the question, whose cores cost nothing."""
    return feed_rates(
        float(p["sample"]), float(p["flop"]), storage_rate=float(p["storage"]),
        core_time=1e-12, cores=1, flop_rate=float(p["rate"]),
    )  # fmt: skip


def _ratio(p: Params) -> float:
    rates = _asked(p)
    return float(rates.read / rates.compute)


def _demand(p: Params) -> float:
    return float(_asked(p).compute) * float(p["sample"])


def _wrong(p: Params) -> dict[str, float]:
    rates = _asked(p)
    read, compute = float(rates.read), float(rates.compute)
    other = {"arithmetic_alone": compute} if read < compute else {"storage_alone": read}
    return {**other, "bits": min(read / BITS, compute), "forward_only": PASSES * compute}


def _sizes(p: Params, k: Knobs) -> Array:
    layouts = PLACES[str(p["track"])].layouts
    return lookup({name: layout.size for name, layout in layouts.items()}, k["form"])


def _at(p: Params, k: Knobs, storage: Array) -> FeedTerms:
    layouts = PLACES[str(p["track"])].layouts
    times = {name: layout.core_time for name, layout in layouts.items()}
    return feed_rates(
        _sizes(p, k), float(p["flop"]), storage_rate=storage,
        core_time=lookup(times, k["form"]), cores=floats(k["cores"]),
        flop_rate=float(p["rate"]) * floats(k["accelerators"]),
    )  # fmt: skip
