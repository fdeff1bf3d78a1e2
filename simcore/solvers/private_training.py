"""What privacy does noisy training give, and what does it take?"""

import numpy as np

from simcore.equations.privacy import private_sgd_loss
from simcore.solvers.question import Answer, Input, Question, Values

QUESTION = Question(
    title=__doc__,
    value="privacy loss epsilon",
    unit="1",
    inputs=(
        Input("epochs", "1", "passes over the data", above=True),
        Input("examples", "1", "people in the data, an example each", low=2.0),
        Input("batch", "1", "examples of a step", low=1.0),
        Input("noise", "1", "standard deviation over the clipping norm", low=0.3),
        Input("delta", "1", "probability of a larger loss", default=1e-5, high=0.1, above=True),
        Input("clip", "1", "norm that each example's gradient is cut to", default=1.0,
              above=True),
        Input("step_cost", "1", "time of a clipped step over a plain one", default=1.5, low=1.0,
              spread=0.3),
        Input("budget", "1", "privacy loss that is allowed", default=1e6, above=True),
    ),
    terms={"steps": "1", "sampling": "1", "gradient_noise": "1", "slowdown": "1"},
    sources=(
        ("M. Abadi et al., Deep learning with differential privacy, 2016, "
        "doi:10.1145/2976749.2978318"),
        "I. Mironov et al., Renyi differential privacy of the sampled Gaussian, arXiv:1908.10530",
    ),
    limits="the loss exceeds the budget of {budget}: more noise, smaller batches or fewer steps",
)  # fmt: skip


def refuse(x: Values) -> None:
    """Raise ValueError for a batch larger than the data."""
    if x["batch"] > x["examples"]:
        raise ValueError(
            f"batch must be at most examples, {x['examples']:g}, got {x['batch']:g}; nearest "
            f"valid: {x['examples']:g}"
        )


def answer(x: Values) -> Answer:
    sampling = np.asarray(np.minimum(x["batch"] / x["examples"], 1.0))
    steps = np.asarray(x["epochs"] / sampling)
    loss = private_sgd_loss(x["noise"], sampling=sampling, steps=steps, delta=x["delta"])
    return Answer(
        value=loss,
        terms={
            "steps": steps,
            "sampling": sampling,
            "gradient_noise": np.asarray(x["noise"] * x["clip"] / x["batch"]),
            "slowdown": np.asarray(x["step_cost"]),
        },
        bound=np.where(x["noise"] < 1, "noise", "steps"),
        feasible=np.asarray((loss <= x["budget"]) & (x["batch"] <= x["examples"])),
    )
