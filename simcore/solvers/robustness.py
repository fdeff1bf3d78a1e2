"""What does a guarantee against small attacks cost?"""

import numpy as np

from simcore.equations.robustness import (
    adversarial_training_ratio,
    certified_radius,
    unanimous_bound,
)
from simcore.solvers.question import Answer, Input, Question, Values

QUESTION = Question(
    title=__doc__,
    value="radius within which the answer is certain",
    unit="1",
    inputs=(
        Input("samples", "1", "noisy copies of each input that are classified", low=1.0,
              is_whole=True),
        Input("noise", "1", "standard deviation added to each input number", above=True),
        Input("agreement", "1", "share of the copies with the answer", default=1.0, high=1.0,
              above=True, spread=0.02),
        Input("failure", "1", "probability that the guarantee is wrong", default=0.001, high=0.5,
              above=True),
        Input("attack_steps", "1", "of adversarial training, for each batch", default=0.0,
              is_whole=True),
        Input("least_radius", "1", "that is asked for", default=0.0),
    ),
    terms={"sure_agreement": "1", "most_radius": "1", "inference_ratio": "1",
           "training_ratio": "1"},
    sources=(
        ("J. Cohen et al., Certified adversarial robustness via randomized smoothing, 2019, "
        "arXiv:1902.02918"),
        ("A. Madry et al., Towards deep learning models resistant to adversarial attacks, 2018, "
        "arXiv:1706.06083"),
    ),
    less_is_better=False,
    limits="a radius of {least_radius} is not reached: more noise or more copies ({samples} "
    "allow {most_radius} at most)",
)  # fmt: skip


def answer(x: Values) -> Answer:
    sure = unanimous_bound(x["samples"], failure=x["failure"])
    # A share below one is bounded from below by Hoeffding, which unanimity beats.
    slack = np.sqrt(np.log(1.0 / x["failure"]) / (2.0 * x["samples"]))
    bound = np.where(x["agreement"] >= 1, sure, np.clip(x["agreement"] - slack, 1e-12, sure))
    radius = certified_radius(bound, noise=x["noise"])
    return Answer(
        value=radius,
        terms={
            "sure_agreement": bound,
            "most_radius": certified_radius(sure, noise=x["noise"]),
            "inference_ratio": np.asarray(x["samples"]),
            "training_ratio": adversarial_training_ratio(x["attack_steps"]),
        },
        bound=np.where(x["agreement"] >= 1, "samples", "agreement"),
        feasible=np.asarray(radius >= x["least_radius"]),
    )
