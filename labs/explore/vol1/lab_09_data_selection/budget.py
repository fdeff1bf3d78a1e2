"""Part D: one training budget, cut into parameters and tokens; and the plan to make."""

from collections.abc import Mapping, Sequence
from itertools import product

import numpy as np

from labs.arranging import Array, column, floats, rows
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
    log_steps,
    lookup,
    nearest,
)
from labs.text import quantity
from simcore.equations.scaling import (
    BESIROGLU_2024,
    HOFFMANN_2022,
    LossFit,
    affordable_tokens,
    fitted_loss,
    fitted_parameters,
    repeated_tokens,
)

from .plan import BRIEFS, BYTES_OF_STATE, DataPlan

FIT = BESIROGLU_2024
FITS: Mapping[str, LossFit] = {"refit": BESIROGLU_2024, "first": HOFFMANN_2022}
BILLION = 1e9
PLACES: Mapping[str, tuple[float, float, float]] = {
    "small": (1.0, 6.0, 24.0),
    "middle": (1.0 / 6.0, 1.0, 6.0),
    "large": (1.0 / 24.0, 1.0 / 6.0, 1.0),
}
"""Which of three sizes is best, and all three over the best one."""
SIZES = ("small", "middle", "large")
BUDGETS: Mapping[str, Sequence[float]] = {
    "cloud": (2e22, 5e22, 1e23, 2e23),
    "edge": (2e21, 5e21, 1e22, 2e22),
    "mobile": (2e20, 5e20, 1e21, 2e21),
    "tiny": (2e19, 5e19, 1e20, 2e20),
}
PARAMETERS = log_steps(0.01, 1000.0, 51)
"""Sizes of the instrument, in billions."""
TEXTS = (1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0, 3000.0, 10_000.0, 30_000.0)
"""Text that exists, in billions of tokens."""
TIMES = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
MOST_EPOCHS = 64.0
_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_EPOCHS = np.geomspace(1.0, 100.0, 40)


class D(Part):
    challenge = DataPlan()

    def combinations(self, track: str) -> Sequence[Params]:
        briefs = BRIEFS[track]
        cases = product(BUDGETS[track], SIZES)
        return [
            {**_params(track, budget, best), **briefs[i % len(briefs)].params(track)}
            for i, (budget, best) in enumerate(cases)
        ]

    def questions(self, p: Params) -> tuple[Question, ...]:
        best = str(p["best"])
        options = (
            Option(id=RIGHT if size == best else f"{size}_chosen", value=size)
            for size in (*SIZES, "equal")
        )
        return (Choice(id="cut", options=tuple(options)),)

    def facts(self, p: Params) -> dict[str, Scalar]:
        budget = float(p["budget"])
        sizes = _sizes(budget, str(p["best"]))
        losses = _loss(sizes, budget)
        least = float(losses.min())
        ratios = affordable_tokens(budget, sizes) / sizes
        times = (losses - FIT.irreducible) / (least - FIT.irreducible)
        best = float(fitted_parameters(budget, fit=FIT))
        first = float(fitted_parameters(budget, fit=HOFFMANN_2022))
        return {
            **{f"{name}_loss": float(x) for name, x in zip(SIZES, losses, strict=True)},
            **{f"{name}_ratio": float(x) for name, x in zip(SIZES, ratios, strict=True)},
            **{f"{name}_times": float(x) for name, x in zip(SIZES, times, strict=True)},
            "best_loss": least,
            "best_ratio": float(affordable_tokens(budget, best) / best),
            "best_parameters_text": _count(best),
            "best_tokens_text": _count(float(affordable_tokens(budget, best))),
            "floor": FIT.irreducible,
            "next_times": float(np.sort(times)[1]),
            "first_ratio": float(affordable_tokens(budget, first) / first),
            "state": BYTES_OF_STATE * best,
            "four_epochs": float(repeated_tokens(1.0, 4.0)),
            "most_worth": float(repeated_tokens(1.0, 1e6)),
        }

    def knobs(self, p: Params) -> tuple[Knob, ...]:
        best = float(fitted_parameters(float(p["budget"]), fit=FIT)) / BILLION
        return (
            Knob(id="parameters", steps=PARAMETERS, default=nearest(PARAMETERS, 2 * best)),
            Knob(id="times", steps=TIMES, default=TIMES.index(1.0)),
            Knob(id="text", steps=TEXTS, default=len(TEXTS) - 1),
            Knob(id="fit", steps=tuple(FITS)),
        )

    def evaluate(self, p: Params, k: Knobs) -> Outputs:
        budget = float(p["budget"]) * floats(k["times"])
        size = BILLION * floats(k["parameters"])
        tokens = affordable_tokens(budget, size)
        epochs = np.maximum(1.0, tokens / (BILLION * floats(k["text"])))
        loss = _loss_at(k, size, repeated_tokens(tokens / epochs, epochs))
        best = _best(k, budget)
        floor = _floor(k)
        return {
            "loss": loss,
            "worse": (loss - floor) / (best - floor),
            "per_parameter": tokens / size,
            "tokens": tokens / BILLION,
            "epochs": epochs,
            "worth": repeated_tokens(1.0, epochs),
            "size_now": size / BILLION,
            "state": BYTES_OF_STATE * size,
            "best_now": best,
            "budget_now": budget,
            "exhausted": epochs > MOST_EPOCHS,
        }

    def curves(self, p: Params, k: Knobs) -> Curves:
        axis = BILLION * floats(PARAMETERS)
        count = len(k["parameters"])
        budget = float(p["budget"]) * column(k["times"])
        tokens = affordable_tokens(budget, axis)
        epochs = np.maximum(1.0, tokens / (BILLION * column(k["text"])))
        many = {"fit": np.asarray(k["fit"])[:, np.newaxis]}
        return {
            "sizes": rows(floats(PARAMETERS), count),
            "fresh_line": _loss_at(many, axis, tokens),
            "text_line": _loss_at(many, axis, repeated_tokens(tokens / epochs, epochs)),
            "epochs_axis": rows(_EPOCHS, count),
            "worth_line": rows(repeated_tokens(1.0, _EPOCHS), count),
            "hoped_line": rows(_EPOCHS, count),
        }


def _params(track: str, budget: float, best: str) -> Params:
    sizes = _sizes(budget, best)
    texts = {
        f"{name}_text": f"{_count(float(n))} parameters on "
        f"{_count(float(affordable_tokens(budget, n)))} tokens"
        for name, n in zip(SIZES, sizes, strict=True)
    }
    mantissa, exponent = f"{budget:.0e}".split("e+")
    power = "10" + str(int(exponent)).translate(_RAISED)
    return {
        "track": track,
        "budget": budget,
        "budget_text": power if mantissa == "1" else f"{mantissa} × {power}",
        "best": best,
        **texts,
    }


def _sizes(budget: float, best: str) -> Array:
    return np.asarray(fitted_parameters(budget, fit=FIT) * floats(PLACES[best]))


def _loss(sizes: Array, budget: float) -> Array:
    return fitted_loss(sizes, affordable_tokens(budget, sizes), fit=FIT)


def _loss_at(k: Knobs, sizes: Array, tokens: Array) -> Array:
    losses = {name: fitted_loss(sizes, tokens, fit=fit) for name, fit in FITS.items()}
    return np.where(k["fit"] == "refit", losses["refit"], losses["first"])


def _best(k: Knobs, budget: Array) -> Array:
    """Return the least loss at these budgets, with fresh text."""
    found = {
        name: fitted_loss(size, affordable_tokens(budget, size), fit=fit)
        for name, fit in FITS.items()
        for size in (fitted_parameters(budget, fit=fit),)
    }
    return np.where(k["fit"] == "refit", found["refit"], found["first"])


def _floor(k: Knobs) -> Array:
    return lookup({name: fit.irreducible for name, fit in FITS.items()}, k["fit"])


def _count(number: float) -> str:
    """Return a number in words: 2.8 billion."""
    scales = ((1e15, "quadrillion"), (1e12, "trillion"), (1e9, "billion"), (1e6, "million"))
    for scale, word in scales:
        if number >= 0.9995 * scale:
            return f"{quantity(number / scale, 'g2')} {word}"
    return quantity(number, "int")
