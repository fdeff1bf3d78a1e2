"""Part E: learning from a teacher, and the challenge of shipping a reader."""

from collections.abc import Sequence
from functools import lru_cache
from itertools import product

import numpy as np

from labs.arranging import floats, rows
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
    linear_steps,
)
from simcore.equations.distillation import teacher_pull

from .measured import (
    BITS,
    TEACHER_ACCURACY,
    TEACHER_WIDTH,
    WIDTHS,
    reader_accuracy,
    reader_error,
)
from .shipping import BRIEFS, INDEXED_SLOWER, Shipping

FACTORS = (2, 3, 4)
TEMPERATURES = (10, 20)
CLASSES = (10, 100)
SPREAD = 3.0
"""Standard deviation of the scores that student and teacher are drawn with. [1]"""
EXAMPLES = 400
TOO_FAR = 0.05
"""How far behind its teacher a student may stay. [1]"""
STEPS = linear_steps(1.0, 20.0, 20)


class E(Part):
    challenge = Shipping()

    def combinations(self, track: str) -> Sequence[Params]:
        brief = BRIEFS[track]
        return [
            {
                "track": track,
                "temperature": temperature,
                "times": times,
                "hotter": temperature * times,
                "classes": classes,
                "times_text": {2: "doubled", 3: "tripled", 4: "made four times as high"}[times],
                "floor": floor,
                "products_text": f"{brief.products:,.0f}",
                "slower_text": f"{INDEXED_SLOWER:g}",
            }
            for temperature, times, classes, floor in product(
                TEMPERATURES, FACTORS, CLASSES, brief.floors
            )
        ]

    def questions(self, p: Params) -> tuple[Question, ...]:
        times = float(p["times"])
        wrong = {"only_the_target": 1.0, "chain_rule_alone": times, "square_squared": times**4}
        options = (Option(id=name, value=value) for name, value in wrong.items())
        return (Choice(id="shrinks", options=(Option(id=RIGHT, value=_shrinks(p)), *options)),)

    def facts(self, p: Params) -> dict[str, Scalar]:
        small, large = WIDTHS[0], 16
        alone, taught = (reader_accuracy(small, on, 0.0, 32) for on in (False, True))
        sparse = [reader_accuracy(large, on, 0.5, 3) for on in (False, True)]
        return {
            "shrinks": _shrinks(p),
            "expected": float(p["times"]) ** 2,
            "teacher": TEACHER_ACCURACY[0],
            "teacher_width": TEACHER_WIDTH,
            "small": small,
            "small_alone": alone,
            "small_taught": taught,
            "small_gain": 100 * (taught - alone),
            "small_error": 100 * reader_error(small, False, 0.0),
            "sparse_width": large,
            "sparse_gain": 100 * (sparse[1] - sparse[0]),
        }

    def knobs(self, p: Params) -> tuple[Knob, ...]:
        return (
            Knob(id="width", steps=WIDTHS, default=WIDTHS.index(16)),
            Knob(id="bits", steps=tuple(reversed(BITS)), default=len(BITS) - 1),
            Knob(id="temperature_now", steps=STEPS, default=3),
        )

    def evaluate(self, p: Params, k: Knobs) -> Outputs:
        rows_of = list(zip(k["width"].tolist(), k["bits"].tolist(), strict=True))
        alone, taught = (
            floats([reader_accuracy(int(w), on, 0.0, int(b)) for w, b in rows_of])
            for on in (False, True)
        )
        pull = floats([_pull(int(p["classes"]), float(t)) for t in k["temperature_now"]])
        return {
            "alone": alone,
            "taught": taught,
            "gain": 100 * (taught - alone),
            "uncertainty": 100 * floats([reader_error(int(w), True, 0.0) for w, _ in rows_of]),
            "behind": 100 * (TEACHER_ACCURACY[0] - taught),
            "teacher_now": np.full(alone.shape, TEACHER_ACCURACY[0]),
            "pull": pull / _pull(int(p["classes"]), 1.0),
            "pull_weighted": pull * floats(k["temperature_now"]) ** 2
            / _pull(int(p["classes"]), 1.0),
            "width_now": floats(k["width"]),
            "at_temperature": floats(k["temperature_now"]),
            "too_small": TEACHER_ACCURACY[0] - taught > TOO_FAR,
        }  # fmt: skip

    def curves(self, p: Params, k: Knobs) -> Curves:
        many = len(k["width"])
        pulls = floats([_pull(int(p["classes"]), t) for t in STEPS])
        lines = {
            name: floats([[reader_accuracy(w, on, 0.0, int(b)) for w in WIDTHS] for b in k["bits"]])
            for name, on in (("alone_line", False), ("taught_line", True))
        }
        return {
            "widths": rows(floats(WIDTHS), many),
            **lines,
            "temperatures": rows(floats(STEPS), many),
            "pull_line": rows(pulls / pulls[0], many),
            "weighted_line": rows(pulls * floats(STEPS) ** 2 / pulls[0], many),
        }


def _shrinks(p: Params) -> float:
    """Return how many times weaker the teacher pulls at the higher temperature."""
    classes, temperature = int(p["classes"]), float(p["temperature"])
    return _pull(classes, temperature) / _pull(classes, temperature * float(p["times"]))


@lru_cache(maxsize=256)
def _pull(classes: int, temperature: float) -> float:
    """Return the mean length of the gradient over drawn scores of student and teacher."""
    rng = np.random.default_rng(classes)
    student, teacher = SPREAD * rng.standard_normal((2, EXAMPLES, classes))
    return float(teacher_pull(student, teacher, temperature=temperature).mean())
