"""How an ageing camera looks to a monitor, and to a reader of digits: measured, not modelled.

All 1,797 images of E. Alpaydin, C. Kaynak, Optical Recognition of Handwritten Digits (UCI, 1998,
doi:10.24432/C50P49, CC BY 4.0); ten seeds, each with its own split of 60% for training.
`simcore.stochastic.perceptron_training` trained networks of 32 hidden units on images as they were
(60 epochs, numpy 2.4, 2026-11-20); those to test on were dimmed, or moved to the right by parts of
a pixel. The monitor watches the mean brightness in ten deciles.
`python -m tests.labs.measure_ageing` prints the table anew, and a test makes rows again.
"""

from collections.abc import Mapping

AGED: Mapping[tuple[str, float], tuple[float, float, float]] = {
    ("dimmed", 0.0): (0.9741, 0.0018, 0.020),
    ("dimmed", 0.02): (0.9745, 0.0017, 0.050),
    ("dimmed", 0.05): (0.9747, 0.0018, 0.240),
    ("dimmed", 0.1): (0.9740, 0.0017, 0.827),
    ("dimmed", 0.2): (0.9712, 0.0019, 3.596),
    ("dimmed", 0.3): (0.9561, 0.0036, 6.718),
    ("dimmed", 0.4): (0.9216, 0.0064, 8.135),
    ("dimmed", 0.5): (0.8484, 0.0094, 8.135),
    ("dimmed", 0.6): (0.7280, 0.0122, 8.135),
    ("dimmed", 0.7): (0.5491, 0.0242, 8.135),
    ("moved", 0.25): (0.9588, 0.0020, 0.019),
    ("moved", 0.5): (0.8708, 0.0043, 0.019),
    ("moved", 0.75): (0.6590, 0.0083, 0.020),
    ("moved", 1.0): (0.4846, 0.0100, 0.020),
    ("moved", 1.5): (0.2862, 0.0106, 0.116),
    ("moved", 2.0): (0.1467, 0.0110, 0.359),
}
"""By what happened and how much (light lost, pixels): accuracy, its standard error, and index."""
TRAINED, TESTED = 1078, 719
"""Images the monitor knows, and those it compares with them."""

AS_NEW = AGED["dimmed", 0.0]


def aged(change: str, amount: float) -> tuple[float, float, float]:
    """Return accuracy [1], its error [1] and the stability index of the brightness. [1]"""
    return AGED[change, amount] if amount else AS_NEW
