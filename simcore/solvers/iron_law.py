"""How long does work take once its memory or its arithmetic is made faster?"""

import numpy as np

from simcore.solvers.question import Answer, Input, Question, Values

QUESTION = Question(
    title=__doc__,
    value="time of the work",
    unit="s",
    inputs=(
        Input("memory", "s", "moving data", spread=0.1),
        Input("compute", "s", "arithmetic", spread=0.1),
        Input("overhead", "s", "everything else, never overlapped", default=0.0, spread=0.1),
        Input("overlap", "1", "share of the shorter of both that runs beside the longer",
              default=1.0, high=1.0),
        Input("memory_speedup", "1", "how much faster memory gets", default=1.0, above=True),
        Input("compute_speedup", "1", "how much faster arithmetic gets", default=1.0, above=True),
    ),
    terms={"memory_after": "s", "compute_after": "s", "before": "s",
           "speedup": "1", "hoped_speedup": "1"},
    sources=(
        "J. Hennessy, D. Patterson, Computer Architecture, 6th ed., 2017, sec. 1.9",
        "S. Williams et al., Roofline, CACM 52(4), 2009, doi:10.1145/1498765.1498785",
    ),
)  # fmt: skip


def answer(x: Values) -> Answer:
    memory = np.asarray(x["memory"] / x["memory_speedup"])
    compute = np.asarray(x["compute"] / x["compute_speedup"])
    before = _time(x["memory"], x["compute"], x)
    after = _time(memory, compute, x)
    with np.errstate(divide="ignore", invalid="ignore"):
        speedup = np.where(after > 0, before / after, 1.0)
    return Answer(
        value=after,
        terms={
            "memory_after": memory,
            "compute_after": compute,
            "before": before,
            "speedup": speedup,
            "hoped_speedup": np.asarray(x["memory_speedup"] * x["compute_speedup"]),
        },
        bound=Answer.longest(memory=memory, compute=compute, overhead=x["overhead"]),
    )


def _time(memory: np.ndarray, compute: np.ndarray, x: Values) -> np.ndarray:
    shorter = np.minimum(memory, compute)
    return np.asarray(memory + compute - x["overlap"] * shorter + x["overhead"])
