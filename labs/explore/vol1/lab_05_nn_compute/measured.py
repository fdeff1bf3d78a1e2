"""Accuracy of small networks on real digits, measured; nothing here is modelled.

All 1,797 images of E. Alpaydin, C. Kaynak, Optical Recognition of Handwritten Digits (UCI, 1998,
doi:10.24432/C50P49, CC BY 4.0), 8 × 8 pixels; ten seeds, each with its own split of 60% for
training. `simcore.stochastic.perceptron_training` trained them (60 epochs, numpy 2.4, 2026-11-20);
`python -m tests.labs.measure_digits` prints the table anew, and a test compares rows of it.
"""

from collections.abc import Mapping, Sequence

SEEDS = 10
HELD_OUT = 719
"""Images that each network was tested on and had not seen."""

BITS = (32, 8, 4, 3)
WIDTHS = (4, 8, 16, 32, 64, 128)

MEASURED: Mapping[tuple[str, int, int], Sequence[float]] = {
    ("relu", 1, 4): (0.8816, 0.8805, 0.8445, 0.7185, 0.0061),
    ("relu", 1, 8): (0.9555, 0.9561, 0.9494, 0.8990, 0.0031),
    ("relu", 1, 16): (0.9713, 0.9711, 0.9670, 0.9473, 0.0024),
    ("relu", 1, 32): (0.9741, 0.9739, 0.9705, 0.9622, 0.0018),
    ("relu", 1, 64): (0.9761, 0.9758, 0.9739, 0.9673, 0.0013),
    ("relu", 1, 128): (0.9780, 0.9783, 0.9780, 0.9729, 0.0018),
    ("relu", 2, 8): (0.9417, 0.9417, 0.9223, 0.8341, 0.0027),
    ("relu", 2, 16): (0.9654, 0.9651, 0.9613, 0.9214, 0.0021),
    ("relu", 2, 32): (0.9727, 0.9726, 0.9690, 0.9556, 0.0019),
    ("relu", 2, 64): (0.9757, 0.9757, 0.9734, 0.9682, 0.0018),
    ("relu", 3, 8): (0.9284, 0.9288, 0.8844, 0.6839, 0.0042),
    ("logistic", 1, 4): (0.8462, 0.8477, 0.8412, 0.7855, 0.0099),
    ("logistic", 1, 8): (0.9506, 0.9502, 0.9444, 0.9138, 0.0024),
    ("logistic", 1, 16): (0.9682, 0.9684, 0.9650, 0.9533, 0.0020),
    ("logistic", 1, 32): (0.9712, 0.9711, 0.9684, 0.9599, 0.0016),
    ("logistic", 1, 64): (0.9715, 0.9716, 0.9691, 0.9651, 0.0017),
    ("logistic", 1, 128): (0.9709, 0.9709, 0.9707, 0.9652, 0.0011),
    ("logistic", 2, 8): (0.9228, 0.9221, 0.9079, 0.8376, 0.0056),
    ("logistic", 2, 16): (0.9574, 0.9576, 0.9535, 0.9318, 0.0021),
    ("logistic", 2, 32): (0.9669, 0.9665, 0.9658, 0.9597, 0.0024),
    ("logistic", 2, 64): (0.9697, 0.9698, 0.9697, 0.9633, 0.0018),
    ("logistic", 3, 8): (0.8967, 0.8965, 0.8713, 0.7324, 0.0093),
    ("tanh", 1, 4): (0.8687, 0.8682, 0.8535, 0.7744, 0.0059),
    ("tanh", 1, 8): (0.9510, 0.9510, 0.9484, 0.9335, 0.0026),
    ("tanh", 1, 16): (0.9673, 0.9680, 0.9672, 0.9574, 0.0021),
    ("tanh", 1, 32): (0.9694, 0.9694, 0.9675, 0.9619, 0.0019),
    ("tanh", 1, 64): (0.9680, 0.9679, 0.9679, 0.9662, 0.0023),
    ("tanh", 1, 128): (0.9670, 0.9672, 0.9661, 0.9669, 0.0019),
    ("tanh", 2, 8): (0.9395, 0.9398, 0.9306, 0.8954, 0.0033),
    ("tanh", 2, 16): (0.9636, 0.9633, 0.9604, 0.9488, 0.0019),
    ("tanh", 2, 32): (0.9697, 0.9691, 0.9677, 0.9615, 0.0026),
    ("tanh", 2, 64): (0.9695, 0.9694, 0.9684, 0.9648, 0.0020),
    ("tanh", 3, 8): (0.9353, 0.9349, 0.9241, 0.8711, 0.0038),
}
"""By activation, hidden layers and width: accuracy at each of BITS, rounded after training; then
the standard error of the first."""


def accuracy(activation: str, layers: int, width: int, bits: int = 32) -> float:
    """Return the mean accuracy of ten seeds. [1]"""
    return MEASURED[activation, layers, width][BITS.index(bits)]


def standard_error(activation: str, layers: int, width: int) -> float:
    """Return the standard error of the mean at 32 bits. [1]"""
    return MEASURED[activation, layers, width][-1]
