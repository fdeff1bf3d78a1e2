"""How well small networks read digits after training on chosen images: measured, not modelled.

All 1,797 images of E. Alpaydin, C. Kaynak, Optical Recognition of Handwritten Digits (UCI, 1998,
doi:10.24432/C50P49, CC BY 4.0); ten seeds, each with its own pool of 1,000 images to choose from
and 797 to test on. Images are ranked by how far the outputs of short trainings (10 epochs) lie
from the label, as M. Paul et al. do (2021, arXiv:2107.07075); then
`simcore.stochastic.perceptron_training` trained a network of 32 hidden units on what was kept, with
as many updates as 60 epochs of the whole pool take (numpy 2.4, 2026-11-20).
`python -m tests.labs.measure_selection` prints the table anew, and a test makes rows again.
"""

from collections.abc import Mapping

SEEDS = 10
TESTED: Mapping[str, int] = {"pool": 1000, "test": 797}
SHARES = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1)
WARM_UPS = (1, 5, 10)
"""Short trainings whose scores are averaged."""

KEPT: Mapping[tuple[str, int, int, float], tuple[float, float]] = {
    ("random", 0, 0, 1.0): (0.9726, 0.0021),
    ("random", 0, 0, 0.9): (0.9714, 0.0021),
    ("random", 0, 0, 0.8): (0.9693, 0.0025),
    ("random", 0, 0, 0.7): (0.9688, 0.0020),
    ("random", 0, 0, 0.6): (0.9662, 0.0020),
    ("random", 0, 0, 0.5): (0.9619, 0.0018),
    ("random", 0, 0, 0.4): (0.9557, 0.0023),
    ("random", 0, 0, 0.3): (0.9476, 0.0030),
    ("random", 0, 0, 0.2): (0.9282, 0.0024),
    ("random", 0, 0, 0.1): (0.8861, 0.0055),
    ("hardest", 0, 1, 0.9): (0.9718, 0.0020),
    ("hardest", 0, 1, 0.8): (0.9730, 0.0015),
    ("hardest", 0, 1, 0.7): (0.9734, 0.0014),
    ("hardest", 0, 1, 0.6): (0.9738, 0.0022),
    ("hardest", 0, 1, 0.5): (0.9738, 0.0018),
    ("hardest", 0, 1, 0.4): (0.9743, 0.0017),
    ("hardest", 0, 1, 0.3): (0.9725, 0.0017),
    ("hardest", 0, 1, 0.2): (0.9529, 0.0036),
    ("hardest", 0, 1, 0.1): (0.8143, 0.0121),
    ("hardest", 0, 5, 0.9): (0.9728, 0.0019),
    ("hardest", 0, 5, 0.8): (0.9725, 0.0020),
    ("hardest", 0, 5, 0.7): (0.9738, 0.0016),
    ("hardest", 0, 5, 0.6): (0.9739, 0.0021),
    ("hardest", 0, 5, 0.5): (0.9753, 0.0017),
    ("hardest", 0, 5, 0.4): (0.9728, 0.0020),
    ("hardest", 0, 5, 0.3): (0.9739, 0.0016),
    ("hardest", 0, 5, 0.2): (0.9568, 0.0024),
    ("hardest", 0, 5, 0.1): (0.7896, 0.0118),
    ("hardest", 0, 10, 0.9): (0.9731, 0.0018),
    ("hardest", 0, 10, 0.8): (0.9735, 0.0020),
    ("hardest", 0, 10, 0.7): (0.9729, 0.0016),
    ("hardest", 0, 10, 0.6): (0.9743, 0.0017),
    ("hardest", 0, 10, 0.5): (0.9744, 0.0016),
    ("hardest", 0, 10, 0.4): (0.9764, 0.0016),
    ("hardest", 0, 10, 0.3): (0.9742, 0.0015),
    ("hardest", 0, 10, 0.2): (0.9568, 0.0027),
    ("hardest", 0, 10, 0.1): (0.7923, 0.0121),
    ("easiest", 0, 1, 0.9): (0.9557, 0.0021),
    ("easiest", 0, 1, 0.8): (0.9427, 0.0016),
    ("easiest", 0, 1, 0.7): (0.9332, 0.0014),
    ("easiest", 0, 1, 0.6): (0.9215, 0.0028),
    ("easiest", 0, 1, 0.5): (0.9061, 0.0039),
    ("easiest", 0, 1, 0.4): (0.8897, 0.0060),
    ("easiest", 0, 1, 0.3): (0.8536, 0.0128),
    ("easiest", 0, 1, 0.2): (0.7970, 0.0156),
    ("easiest", 0, 1, 0.1): (0.7375, 0.0192),
    ("easiest", 0, 5, 0.9): (0.9546, 0.0021),
    ("easiest", 0, 5, 0.8): (0.9467, 0.0019),
    ("easiest", 0, 5, 0.7): (0.9351, 0.0018),
    ("easiest", 0, 5, 0.6): (0.9182, 0.0042),
    ("easiest", 0, 5, 0.5): (0.9094, 0.0052),
    ("easiest", 0, 5, 0.4): (0.8868, 0.0041),
    ("easiest", 0, 5, 0.3): (0.8483, 0.0112),
    ("easiest", 0, 5, 0.2): (0.7995, 0.0100),
    ("easiest", 0, 5, 0.1): (0.7343, 0.0115),
    ("easiest", 0, 10, 0.9): (0.9547, 0.0013),
    ("easiest", 0, 10, 0.8): (0.9450, 0.0018),
    ("easiest", 0, 10, 0.7): (0.9314, 0.0015),
    ("easiest", 0, 10, 0.6): (0.9205, 0.0036),
    ("easiest", 0, 10, 0.5): (0.9085, 0.0055),
    ("easiest", 0, 10, 0.4): (0.8878, 0.0041),
    ("easiest", 0, 10, 0.3): (0.8476, 0.0103),
    ("easiest", 0, 10, 0.2): (0.7828, 0.0084),
    ("easiest", 0, 10, 0.1): (0.7281, 0.0077),
    ("random", 10, 0, 1.0): (0.9048, 0.0057),
    ("random", 10, 0, 0.9): (0.8995, 0.0044),
    ("random", 10, 0, 0.8): (0.8888, 0.0049),
    ("random", 10, 0, 0.7): (0.8827, 0.0064),
    ("random", 10, 0, 0.6): (0.8757, 0.0077),
    ("random", 10, 0, 0.5): (0.8683, 0.0085),
    ("random", 10, 0, 0.4): (0.8640, 0.0088),
    ("random", 10, 0, 0.3): (0.8609, 0.0085),
    ("random", 10, 0, 0.2): (0.8396, 0.0076),
    ("random", 10, 0, 0.1): (0.8115, 0.0125),
    ("hardest", 10, 1, 0.9): (0.9003, 0.0044),
    ("hardest", 10, 1, 0.8): (0.8901, 0.0043),
    ("hardest", 10, 1, 0.7): (0.8753, 0.0051),
    ("hardest", 10, 1, 0.6): (0.8361, 0.0076),
    ("hardest", 10, 1, 0.5): (0.7873, 0.0093),
    ("hardest", 10, 1, 0.4): (0.6906, 0.0104),
    ("hardest", 10, 1, 0.3): (0.5193, 0.0121),
    ("hardest", 10, 1, 0.2): (0.2748, 0.0116),
    ("hardest", 10, 1, 0.1): (0.0295, 0.0043),
    ("hardest", 10, 5, 0.9): (0.8987, 0.0042),
    ("hardest", 10, 5, 0.8): (0.8920, 0.0048),
    ("hardest", 10, 5, 0.7): (0.8790, 0.0051),
    ("hardest", 10, 5, 0.6): (0.8512, 0.0053),
    ("hardest", 10, 5, 0.5): (0.7970, 0.0080),
    ("hardest", 10, 5, 0.4): (0.7054, 0.0124),
    ("hardest", 10, 5, 0.3): (0.5127, 0.0135),
    ("hardest", 10, 5, 0.2): (0.2754, 0.0113),
    ("hardest", 10, 5, 0.1): (0.0257, 0.0035),
    ("hardest", 10, 10, 0.9): (0.8994, 0.0028),
    ("hardest", 10, 10, 0.8): (0.8930, 0.0042),
    ("hardest", 10, 10, 0.7): (0.8774, 0.0064),
    ("hardest", 10, 10, 0.6): (0.8538, 0.0068),
    ("hardest", 10, 10, 0.5): (0.7984, 0.0101),
    ("hardest", 10, 10, 0.4): (0.6844, 0.0123),
    ("hardest", 10, 10, 0.3): (0.5114, 0.0097),
    ("hardest", 10, 10, 0.2): (0.2601, 0.0089),
    ("hardest", 10, 10, 0.1): (0.0285, 0.0035),
    ("easiest", 10, 1, 0.9): (0.9644, 0.0025),
    ("easiest", 10, 1, 0.8): (0.9523, 0.0019),
    ("easiest", 10, 1, 0.7): (0.9420, 0.0036),
    ("easiest", 10, 1, 0.6): (0.9317, 0.0036),
    ("easiest", 10, 1, 0.5): (0.9207, 0.0031),
    ("easiest", 10, 1, 0.4): (0.9085, 0.0043),
    ("easiest", 10, 1, 0.3): (0.8954, 0.0048),
    ("easiest", 10, 1, 0.2): (0.8513, 0.0136),
    ("easiest", 10, 1, 0.1): (0.7368, 0.0138),
    ("easiest", 10, 5, 0.9): (0.9661, 0.0029),
    ("easiest", 10, 5, 0.8): (0.9503, 0.0024),
    ("easiest", 10, 5, 0.7): (0.9418, 0.0036),
    ("easiest", 10, 5, 0.6): (0.9297, 0.0024),
    ("easiest", 10, 5, 0.5): (0.9178, 0.0022),
    ("easiest", 10, 5, 0.4): (0.9051, 0.0031),
    ("easiest", 10, 5, 0.3): (0.8886, 0.0077),
    ("easiest", 10, 5, 0.2): (0.8553, 0.0133),
    ("easiest", 10, 5, 0.1): (0.6979, 0.0255),
    ("easiest", 10, 10, 0.9): (0.9661, 0.0023),
    ("easiest", 10, 10, 0.8): (0.9507, 0.0025),
    ("easiest", 10, 10, 0.7): (0.9394, 0.0038),
    ("easiest", 10, 10, 0.6): (0.9289, 0.0024),
    ("easiest", 10, 10, 0.5): (0.9183, 0.0020),
    ("easiest", 10, 10, 0.4): (0.9060, 0.0042),
    ("easiest", 10, 10, 0.3): (0.8890, 0.0081),
    ("easiest", 10, 10, 0.2): (0.8518, 0.0163),
    ("easiest", 10, 10, 0.1): (0.6915, 0.0266),
}
"""By what is kept, percent of wrong labels, short trainings, share kept: accuracy, its error."""


def kept_accuracy(way: str, wrong: int, warm_ups: int, share: float) -> float:
    """Return the mean accuracy of ten seeds; everything is everything in any order. [1]"""
    return KEPT[_row(way, wrong, warm_ups, share)][0]


def kept_error(way: str, wrong: int, warm_ups: int, share: float) -> float:
    """Return the standard error of that mean. [1]"""
    return KEPT[_row(way, wrong, warm_ups, share)][1]


def _row(way: str, wrong: int, warm_ups: int, share: float) -> tuple[str, int, int, float]:
    if way == "random" or share == 1.0:
        return "random", wrong, 0, share
    return way, wrong, warm_ups, share
