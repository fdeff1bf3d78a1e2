"""How likely is a silently wrong result in a job, and what does checking for it cost?"""

import numpy as np

from simcore.solvers.question import Answer, Input, Question, Values

HOUR = 3600.0

QUESTION = Question(
    title=__doc__,
    value="probability of at least one",
    unit="1",
    inputs=(
        Input("devices", "1", "accelerators of the job", low=1.0, is_whole=True),
        Input("duration", "s", "of the job", above=True),
        Input("rate", "1/s", "silent errors of one device; one in 10,000 device-hours is 2.8e-8",
              spread=0.5),
        Input("coverage", "1", "share of them that checks find", default=0.0, high=1.0),
        Input("check_cost", "1", "time that the checks take, over the job's", default=0.0),
        Input("most", "1", "probability that is accepted", default=1.0, high=1.0),
    ),
    terms={"expected": "1", "unchecked": "1", "device_hours": "1", "slowdown": "1"},
    sources=(
        "H. Dixit et al., Silent data corruptions at scale, 2021, arXiv:2102.11245",
        "P. Hochschild et al., Cores that don't count, HotOS 2021, doi:10.1145/3458336.3465297",
    ),
    evidence="assumed",
    limits="the probability is above {most}; {expected} are expected that no check finds",
)  # fmt: skip


def answer(x: Values) -> Answer:
    seconds = x["devices"] * x["duration"] * (1 + x["check_cost"])
    all_of = seconds * x["rate"]
    missed = np.asarray(all_of * (1 - x["coverage"]))
    found = np.asarray(-np.expm1(-missed))
    return Answer(
        value=found,
        terms={
            "expected": missed,
            "unchecked": np.asarray(-np.expm1(-all_of)),
            "device_hours": np.asarray(seconds / HOUR),
            "slowdown": np.asarray(1 + x["check_cost"]),
        },
        bound=np.where(x["coverage"] > 0.5, "devices", "checks"),
        feasible=np.asarray(found <= x["most"]),
    )
