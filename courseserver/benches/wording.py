"""Designs in words, as their activity calls and prints them."""

from labs.activities import Activity, Design, Words
from labs.contract import Scalar
from labs.text import quantity


def step_text(step: Scalar, words: Words) -> str:
    """Return one choice in words."""
    if str(step) in words.texts:
        return words.texts[str(step)]
    is_number = isinstance(step, int | float) and not isinstance(step, bool)
    return quantity(float(step), words.format) if is_number else str(step)


def design_text(activity: Activity, design: Design) -> str:
    """Return a design in one line."""
    named = [knob.id for knob in activity.model.design()]
    return ", ".join(step_text(design[name], activity.choices[name]) for name in named)
