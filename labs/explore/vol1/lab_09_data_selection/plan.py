"""The challenge of part D: parameters, text to buy, and how often to read it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from labs.arranging import floats, given
from labs.contract import Challenge, Knob, Knobs, Outputs, Params, Scalar, log_steps
from labs.text import quantity
from simcore import catalog
from simcore.equations.scaling import (
    BESIROGLU_2024,
    FLOP_PER_WEIGHT_AND_TOKEN,
    fitted_loss,
    repeated_tokens,
)

BILLION = 1e9
HOUR = 3600.0
EFFICIENCY = 0.4
"""Share of its peak that an H100 reaches while it trains a language model. [1]"""
BYTES_OF_STATE = 16.0
"""Of one parameter in training with Adam, as in lab 8. [byte]"""
EPOCHS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64)
PARAMETERS = log_steps(0.044, 40.0, 30)
TOKENS = log_steps(0.1, 1000.0, 33)
"""In billions."""


def rent() -> float:
    """Return what an H100 costs, charged inside a company. [USD/s]"""
    return catalog.item("prices", "gpu-hour-internal").value("rent")


def price_per_flop() -> float:
    """Return what one operation of training costs on a rented H100. [USD/FLOP]"""
    return rent() / (EFFICIENCY * catalog.item("hardware", "h100-sxm").value("peak.fp16"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """One task: money [USD], price of a token [USD], largest model, text for sale [1]."""

    money: float
    token: float
    largest: float
    supply: float

    def params(self, track: str) -> Mapping[str, Scalar]:
        return {
            "plan_money": self.money,
            "plan_money_text": quantity(self.money, "usd"),
            "plan_token": self.token,
            "plan_token_text": given(BILLION * self.token, "usd"),
            "plan_largest": self.largest,
            "plan_largest_text": f"{self.largest / BILLION:g} billion",
            "plan_supply": self.supply,
            "plan_supply_text": f"{self.supply / BILLION:g} billion",
            "plan_use": USES[track],
            "plan_rent_text": quantity(HOUR * rent(), "usd"),
        }


USES: Mapping[str, str] = {
    "cloud": "an assistant behind an interface",
    "edge": "a model for machines on site",
    "mobile": "a model that phones carry",
    "tiny": "a model for the gateway of the sensors",
}
BRIEFS: Mapping[str, Sequence[Brief]] = {
    "cloud": (
        Brief(money=500e3, token=5e-7, largest=20e9, supply=500e9),
        Brief(money=300e3, token=1e-6, largest=20e9, supply=200e9),
    ),
    "edge": (
        Brief(money=50e3, token=2e-7, largest=3e9, supply=200e9),
        Brief(money=50e3, token=1e-6, largest=8e9, supply=200e9),
    ),
    "mobile": (
        Brief(money=20e3, token=2e-7, largest=1.2e9, supply=100e9),
        Brief(money=20e3, token=5e-7, largest=3e9, supply=20e9),
    ),
    "tiny": (
        Brief(money=1e3, token=5e-8, largest=0.1e9, supply=20e9),
        Brief(money=2e3, token=2e-7, largest=0.3e9, supply=20e9),
    ),
}


class DataPlan(Challenge):
    """Text read e times counts as `repeated_tokens`; compute and text share the money."""

    better = "lower"

    def variables(self, p: Params) -> tuple[Knob, ...]:
        return (
            Knob(id="parameters", steps=PARAMETERS),
            Knob(id="tokens", steps=TOKENS),
            Knob(id="epochs", steps=EPOCHS),
        )

    def assess(self, p: Params, k: Knobs) -> Outputs:
        size, text = BILLION * floats(k["parameters"]), BILLION * floats(k["tokens"])
        epochs = floats(k["epochs"])
        compute = price_per_flop() * FLOP_PER_WEIGHT_AND_TOKEN * size * text * epochs
        bought = float(p["plan_token"]) * text
        loss = fitted_loss(size, repeated_tokens(text, epochs), fit=BESIROGLU_2024)
        broken = {
            "over_budget": compute + bought > float(p["plan_money"]),
            "too_large": size > float(p["plan_largest"]),
            "no_such_text": text > float(p["plan_supply"]),
        }
        return {
            "objective": loss - BESIROGLU_2024.irreducible,
            "feasible": ~np.logical_or.reduce(list(broken.values())),
            **broken,
            "loss": loss,
            "cost": compute + bought,
            "text_share": bought / (compute + bought),
            "per_parameter": text * epochs / size,
            "fresh": repeated_tokens(text, epochs) / BILLION,
        }
