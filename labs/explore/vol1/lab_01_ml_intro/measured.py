"""How well small networks read digits after the camera changed: measured, not modelled.

All 1,797 images of E. Alpaydin, C. Kaynak, Optical Recognition of Handwritten Digits (UCI, 1998,
doi:10.24432/C50P49, CC BY 4.0); ten seeds, each with its own split: 800 images before the change,
400 after it that may be labelled, 597 to test on. `simcore.stochastic.perceptron_training` trained
them (one hidden layer of 32, 60 epochs, numpy 2.4, 2026-11-20);
`python -m tests.labs.measure_drift` prints the table anew, and a test trains rows of it again.
"""

from collections.abc import Mapping

SEEDS = 10
OLD, FRESH, TESTED = 800, 400, 597
"""Images before the change, labelled ones after it, and those tested on."""
FRESH_STEPS = (0, 50, 100, 200, 400)

BEFORE = (0.9628, 0.0031)
"""Accuracy on images as they were, and its standard error."""

AFTER: Mapping[tuple[str, str], tuple[float, float]] = {
    ("right", "stale"): (0.4533, 0.0165),
    ("right", "passes"): (0.4539, 0.0140),
    ("right", "wider"): (0.4734, 0.0097),
    ("right", "smaller"): (0.4338, 0.0136),
    ("right", "bits"): (0.4436, 0.0133),
    ("right", "fresh_50"): (0.7739, 0.0108),
    ("right", "fresh_100"): (0.8439, 0.0078),
    ("right", "fresh_200"): (0.9012, 0.0044),
    ("right", "fresh_400"): (0.9420, 0.0022),
    ("left", "stale"): (0.4188, 0.0112),
    ("left", "passes"): (0.4102, 0.0132),
    ("left", "wider"): (0.4152, 0.0118),
    ("left", "smaller"): (0.3829, 0.0082),
    ("left", "bits"): (0.4171, 0.0134),
    ("left", "fresh_50"): (0.7724, 0.0136),
    ("left", "fresh_100"): (0.8492, 0.0132),
    ("left", "fresh_200"): (0.9027, 0.0058),
    ("left", "fresh_400"): (0.9410, 0.0044),
    ("down", "stale"): (0.4082, 0.0111),
    ("down", "passes"): (0.4152, 0.0125),
    ("down", "wider"): (0.4320, 0.0082),
    ("down", "smaller"): (0.3477, 0.0178),
    ("down", "bits"): (0.4114, 0.0088),
    ("down", "fresh_50"): (0.7251, 0.0077),
    ("down", "fresh_100"): (0.8067, 0.0061),
    ("down", "fresh_200"): (0.8732, 0.0050),
    ("down", "fresh_400"): (0.9263, 0.0031),
    ("inverted", "stale"): (0.0101, 0.0035),
    ("inverted", "passes"): (0.0174, 0.0089),
    ("inverted", "wider"): (0.0027, 0.0009),
    ("inverted", "smaller"): (0.0169, 0.0083),
    ("inverted", "bits"): (0.0047, 0.0012),
    ("inverted", "fresh_50"): (0.4260, 0.0662),
    ("inverted", "fresh_100"): (0.6750, 0.0391),
    ("inverted", "fresh_200"): (0.8663, 0.0168),
    ("inverted", "fresh_400"): (0.9276, 0.0095),
    ("turned", "stale"): (0.1030, 0.0034),
    ("turned", "passes"): (0.1017, 0.0030),
    ("turned", "wider"): (0.1018, 0.0030),
    ("turned", "smaller"): (0.1122, 0.0101),
    ("turned", "bits"): (0.1022, 0.0030),
    ("turned", "fresh_50"): (0.7233, 0.0115),
    ("turned", "fresh_100"): (0.8280, 0.0089),
    ("turned", "fresh_200"): (0.9007, 0.0048),
    ("turned", "fresh_400"): (0.9395, 0.0021),
}
"""By change and by what was done since: accuracy on changed images, and its standard error."""


def accuracy(change: str, fix: str, fresh: int = 0) -> float:
    """Return the mean accuracy after the change; a machine or nothing done leaves it stale. [1]"""
    row = f"fresh_{fresh}" if fix == "fresh" and fresh else fix
    return AFTER.get((change, row), AFTER[change, "stale"])[0]


def recovered(change: str, fix: str, fresh: int = 0) -> float:
    """Return the share of the lost accuracy that came back. [1]"""
    stale = AFTER[change, "stale"][0]
    return (accuracy(change, fix, fresh) - stale) / (BEFORE[0] - stale)


def recovered_error(change: str, fix: str, fresh: int = 0) -> float:
    """Return the standard error of that share; both ends were measured on the same images. [1]"""
    row = f"fresh_{fresh}" if fix == "fresh" and fresh else fix
    after, stale = AFTER[change, row], AFTER[change, "stale"]
    return float((after[1] ** 2 + stale[1] ** 2) ** 0.5 / (BEFORE[0] - stale[0]))
