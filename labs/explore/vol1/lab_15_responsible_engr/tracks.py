"""What the four tracks bring, and the ways to give a reason that two parts share."""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from labs.arranging import Array, floats
from simcore.equations.explanation import gradient_evaluations, kernel_shap_evaluations

MS = 1e-3

WORDS: Mapping[str, Mapping[str, str]] = MappingProxyType({
    "cloud": {"people": "applicants", "flagged": "refused", "innocent": "would have paid back"},
    "edge": {"people": "patients", "flagged": "sent to the scanner", "innocent": "are well"},
    "mobile": {"people": "users", "flagged": "told to see a doctor",
               "innocent": "have a harmless mole"},
    "tiny": {"people": "events", "flagged": "raised as an alarm", "innocent": "are no falls"},
})  # fmt: skip
"""Who is decided about, what a decision against them is, and who is decided against wrongly."""

METHODS = ("shap", "lime", "path", "gradient")
LIME_SAMPLES = 5000.0
"""Perturbed rows of one explanation, as the library is shipped. [1]"""
PATH_STEPS = 50
"""Points of integrated gradients, within the 20 to 300 of its paper. [1]"""
ADDS_UP = ("shap", "path")
"""Methods whose reasons sum to the score they explain."""


def evaluations(method: NDArray[np.str_], features: ArrayLike) -> Array:
    """Return how often each method asks the model for one reason. [1]"""
    asked = np.broadcast_to(kernel_shap_evaluations(features), method.shape)
    fixed = {
        "lime": LIME_SAMPLES,
        "path": float(gradient_evaluations(PATH_STEPS)),
        "gradient": float(gradient_evaluations(1)),
    }
    return floats(np.select([method == name for name in fixed], list(fixed.values()), asked))
