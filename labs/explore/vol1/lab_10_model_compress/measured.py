"""What rounding, pruning and teaching do to small networks on real digits: measured, not modelled.

All 1,797 images of E. Alpaydin, C. Kaynak, Optical Recognition of Handwritten Digits (UCI, 1998,
doi:10.24432/C50P49, CC BY 4.0); ten seeds, each with its own split of 60% for training.
`simcore.stochastic.perceptron_training` trained them (60 epochs; 20 more after pruning; a teacher
of 256 units at temperature 4, seven tenths of the loss; numpy 2.4, 2026-11-20).
`python -m tests.labs.measure_compression` prints the tables anew, and a test makes rows again.
"""

from collections.abc import Mapping, Sequence

SEEDS = 10
WIDTH = 32
"""Hidden units of the reader that is rounded and pruned."""
TEACHER_WIDTH = 256
TEACHER_ACCURACY = (0.978, 0.0016)
"""Accuracy of the teacher, and its standard error."""
AS_TRAINED = (0.9741, 0.0018)
"""Accuracy of the reader in 32-bit floats with all its weights, and its standard error."""

ROUNDED: Mapping[tuple[int, bool], tuple[float, float, float]] = {
    (10, False): (0.9741, 0.0018, 54.1),
    (8, False): (0.9739, 0.0019, 42.1),
    (7, False): (0.9741, 0.0017, 35.9),
    (6, False): (0.9737, 0.0018, 29.8),
    (5, False): (0.9732, 0.0015, 23.5),
    (4, False): (0.9705, 0.0021, 16.9),
    (3, False): (0.9622, 0.0017, 9.6),
    (2, False): (0.5013, 0.0503, 1.1),
    (10, True): (0.9743, 0.0017, 57.1),
    (8, True): (0.9743, 0.0017, 45.0),
    (7, True): (0.9741, 0.0017, 38.9),
    (6, True): (0.9734, 0.0020, 32.7),
    (5, True): (0.9734, 0.0019, 26.4),
    (4, True): (0.9734, 0.0019, 19.8),
    (3, True): (0.9680, 0.0024, 12.5),
    (2, True): (0.8424, 0.0129, 3.1),
}
"""By bits and whether each unit has a scale of its own: accuracy, its standard error, and signal
over rounding noise of the first layer's weights [dB]."""

PRUNED: Mapping[tuple[str, float, bool], tuple[float, float]] = {
    ("scattered", 0.5, False): (0.9565, 0.0030),
    ("scattered", 0.5, True): (0.9722, 0.0020),
    ("scattered", 0.7, False): (0.8360, 0.0145),
    ("scattered", 0.7, True): (0.9661, 0.0019),
    ("scattered", 0.8, False): (0.6409, 0.0270),
    ("scattered", 0.8, True): (0.9350, 0.0035),
    ("scattered", 0.9, False): (0.3209, 0.0316),
    ("scattered", 0.9, True): (0.6734, 0.0245),
    ("scattered", 0.95, False): (0.1545, 0.0239),
    ("scattered", 0.95, True): (0.3099, 0.0143),
    ("2:4", 0.5, False): (0.9293, 0.0078),
    ("2:4", 0.5, True): (0.9711, 0.0021),
    ("units", 0.5, False): (0.7925, 0.0241),
    ("units", 0.5, True): (0.9665, 0.0018),
    ("units", 0.7, False): (0.6264, 0.0394),
    ("units", 0.7, True): (0.9470, 0.0029),
    ("units", 0.8, False): (0.4381, 0.0265),
    ("units", 0.8, True): (0.8716, 0.0102),
    ("units", 0.9, False): (0.2651, 0.0201),
    ("units", 0.9, True): (0.6036, 0.0143),
    ("units", 0.95, False): (0.1987, 0.0176),
    ("units", 0.95, True): (0.4266, 0.0088),
}
"""By what goes, its share and whether training followed: accuracy, and its standard error.

Of 32 units 16, 10, 6, 3 and 2 stay where whole units go.
"""

WIDTHS = (6, 8, 12, 16, 24, 32, 48)
BITS = (32, 8, 6, 5, 4, 3)
SPARSITIES = (0.0, 0.5, 0.7, 0.8)
READERS: Mapping[tuple[int, bool, float], Sequence[float]] = {
    (6, False, 0.0): (0.9419, 0.9423, 0.9392, 0.9378, 0.9274, 0.8549, 0.0034),
    (6, False, 0.5): (0.8772, 0.8772, 0.8771, 0.8733, 0.8672, 0.8057, 0.0075),
    (6, False, 0.7): (0.5565, 0.5561, 0.5567, 0.5556, 0.5537, 0.5356, 0.0268),
    (6, False, 0.8): (0.3484, 0.3485, 0.3465, 0.3471, 0.3456, 0.3394, 0.0256),
    (6, True, 0.0): (0.9437, 0.9431, 0.9427, 0.9408, 0.9334, 0.8683, 0.0024),
    (6, True, 0.5): (0.9093, 0.9090, 0.9076, 0.9057, 0.8972, 0.8519, 0.0070),
    (6, True, 0.7): (0.5761, 0.5762, 0.5772, 0.5745, 0.5663, 0.5408, 0.0184),
    (6, True, 0.8): (0.3384, 0.3382, 0.3387, 0.3384, 0.3345, 0.3255, 0.0334),
    (8, False, 0.0): (0.9555, 0.9561, 0.9559, 0.9555, 0.9494, 0.8990, 0.0031),
    (8, False, 0.5): (0.9327, 0.9325, 0.9316, 0.9293, 0.9300, 0.8914, 0.0045),
    (8, False, 0.7): (0.7512, 0.7512, 0.7510, 0.7516, 0.7469, 0.7316, 0.0223),
    (8, False, 0.8): (0.5310, 0.5307, 0.5312, 0.5327, 0.5275, 0.5199, 0.0322),
    (8, True, 0.0): (0.9608, 0.9611, 0.9602, 0.9587, 0.9544, 0.9145, 0.0028),
    (8, True, 0.5): (0.9396, 0.9394, 0.9388, 0.9389, 0.9341, 0.9042, 0.0041),
    (8, True, 0.7): (0.7338, 0.7345, 0.7344, 0.7334, 0.7196, 0.6953, 0.0234),
    (8, True, 0.8): (0.4853, 0.4848, 0.4853, 0.4818, 0.4823, 0.4541, 0.0241),
    (12, False, 0.0): (0.9647, 0.9648, 0.9647, 0.9636, 0.9597, 0.9309, 0.0018),
    (12, False, 0.5): (0.9541, 0.9548, 0.9542, 0.9534, 0.9491, 0.9349, 0.0021),
    (12, False, 0.7): (0.8887, 0.8893, 0.8879, 0.8873, 0.8869, 0.8584, 0.0091),
    (12, False, 0.8): (0.7207, 0.7211, 0.7202, 0.7188, 0.7106, 0.6911, 0.0237),
    (12, True, 0.0): (0.9679, 0.9680, 0.9670, 0.9661, 0.9599, 0.9381, 0.0016),
    (12, True, 0.5): (0.9620, 0.9619, 0.9616, 0.9606, 0.9565, 0.9451, 0.0023),
    (12, True, 0.7): (0.8693, 0.8695, 0.8698, 0.8680, 0.8634, 0.8455, 0.0169),
    (12, True, 0.8): (0.6583, 0.6590, 0.6598, 0.6604, 0.6519, 0.6427, 0.0268),
    (16, False, 0.0): (0.9713, 0.9711, 0.9709, 0.9697, 0.9670, 0.9473, 0.0024),
    (16, False, 0.5): (0.9634, 0.9637, 0.9638, 0.9627, 0.9606, 0.9463, 0.0019),
    (16, False, 0.7): (0.9229, 0.9227, 0.9224, 0.9229, 0.9216, 0.8919, 0.0042),
    (16, False, 0.8): (0.7680, 0.7684, 0.7675, 0.7670, 0.7606, 0.7527, 0.0193),
    (16, True, 0.0): (0.9709, 0.9708, 0.9700, 0.9707, 0.9661, 0.9449, 0.0019),
    (16, True, 0.5): (0.9648, 0.9647, 0.9652, 0.9652, 0.9634, 0.9559, 0.0023),
    (16, True, 0.7): (0.9134, 0.9131, 0.9124, 0.9121, 0.9090, 0.8935, 0.0095),
    (16, True, 0.8): (0.6957, 0.6961, 0.6951, 0.6957, 0.6930, 0.6765, 0.0235),
    (24, False, 0.0): (0.9727, 0.9725, 0.9723, 0.9726, 0.9693, 0.9572, 0.0018),
    (24, False, 0.5): (0.9694, 0.9697, 0.9686, 0.9691, 0.9690, 0.9584, 0.0015),
    (24, False, 0.7): (0.9526, 0.9527, 0.9535, 0.9531, 0.9510, 0.9420, 0.0025),
    (24, False, 0.8): (0.8949, 0.8954, 0.8953, 0.8942, 0.8921, 0.8809, 0.0118),
    (24, True, 0.0): (0.9732, 0.9732, 0.9725, 0.9720, 0.9694, 0.9563, 0.0015),
    (24, True, 0.5): (0.9726, 0.9727, 0.9733, 0.9727, 0.9729, 0.9636, 0.0015),
    (24, True, 0.7): (0.9490, 0.9487, 0.9494, 0.9488, 0.9480, 0.9332, 0.0027),
    (24, True, 0.8): (0.8465, 0.8466, 0.8460, 0.8452, 0.8444, 0.8242, 0.0135),
    (32, False, 0.0): (0.9741, 0.9739, 0.9737, 0.9732, 0.9705, 0.9622, 0.0018),
    (32, False, 0.5): (0.9722, 0.9726, 0.9718, 0.9720, 0.9707, 0.9654, 0.0020),
    (32, False, 0.7): (0.9661, 0.9662, 0.9662, 0.9652, 0.9638, 0.9554, 0.0019),
    (32, False, 0.8): (0.9350, 0.9348, 0.9350, 0.9362, 0.9321, 0.9186, 0.0035),
    (32, True, 0.0): (0.9737, 0.9737, 0.9739, 0.9734, 0.9709, 0.9640, 0.0018),
    (32, True, 0.5): (0.9723, 0.9722, 0.9720, 0.9713, 0.9723, 0.9651, 0.0014),
    (32, True, 0.7): (0.9529, 0.9530, 0.9529, 0.9524, 0.9526, 0.9430, 0.0065),
    (32, True, 0.8): (0.8823, 0.8825, 0.8823, 0.8801, 0.8805, 0.8672, 0.0170),
    (48, False, 0.0): (0.9745, 0.9744, 0.9747, 0.9752, 0.9751, 0.9670, 0.0010),
    (48, False, 0.5): (0.9726, 0.9726, 0.9726, 0.9720, 0.9726, 0.9676, 0.0011),
    (48, False, 0.7): (0.9688, 0.9691, 0.9691, 0.9679, 0.9684, 0.9615, 0.0017),
    (48, False, 0.8): (0.9581, 0.9581, 0.9586, 0.9573, 0.9549, 0.9488, 0.0026),
    (48, True, 0.0): (0.9768, 0.9765, 0.9759, 0.9765, 0.9740, 0.9675, 0.0016),
    (48, True, 0.5): (0.9758, 0.9758, 0.9759, 0.9750, 0.9750, 0.9694, 0.0013),
    (48, True, 0.7): (0.9673, 0.9677, 0.9680, 0.9675, 0.9669, 0.9590, 0.0017),
    (48, True, 0.8): (0.9420, 0.9416, 0.9409, 0.9410, 0.9398, 0.9327, 0.0042),
}
"""By hidden units, whether taught, and share pruned: accuracy at each of BITS (rounded last, one
scale a layer); then the standard error of the first."""


def reader_accuracy(width: int, taught: bool, sparsity: float, bits: int) -> float:
    """Return the mean accuracy of ten seeds. [1]"""
    return READERS[width, taught, sparsity][BITS.index(bits)]


def reader_error(width: int, taught: bool, sparsity: float) -> float:
    """Return the standard error of the mean at 32 bits. [1]"""
    return READERS[width, taught, sparsity][-1]


def rounded(bits: int, by_unit: bool) -> tuple[float, float, float]:
    """Return accuracy [1], its standard error [1] and signal over noise [dB] of the reader."""
    return ROUNDED[bits, by_unit]


def pruned(what: str, sparsity: float, again: bool) -> tuple[float, float]:
    """Return accuracy and its standard error; nothing pruned is the reader as trained. [1]"""
    return PRUNED.get((what, sparsity, again), AS_TRAINED)
