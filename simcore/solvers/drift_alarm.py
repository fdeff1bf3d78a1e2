"""Would a monitor of the inputs see this drift?"""

import numpy as np

from simcore.equations.drift import stability_noise, stability_of_shift
from simcore.equations.normal import normal_quantile
from simcore.solvers.question import Answer, Input, Question, Values

QUESTION = Question(
    title=__doc__,
    value="population stability index to expect",
    unit="1",
    inputs=(
        Input("shift", "1", "of the mean, over the standard deviation", high=10.0, spread=0.2),
        Input("bins", "1", "of the histogram", default=10.0, low=2.0, is_whole=True),
        Input("reference", "1", "samples when the model was trained", low=1.0),
        Input("window", "1", "samples of one check", low=1.0),
        Input("threshold", "1", "index at which the alarm goes off", default=0.25, above=True),
        Input("features", "1", "watched at once, each with its alarm", default=1.0, low=1.0,
              is_whole=True),
        Input("false_alarms", "1", "share of checks without drift that may alarm", default=0.01,
              high=0.5, above=True),
    ),
    terms={"drift": "1", "noise": "1", "quiet_limit": "1", "samples_needed": "1"},
    sources=(
        "N. Siddiqi, Credit Risk Scorecards, Wiley, 2006, ch. 9",
        "B. Yurdakul, Statistical properties of population stability index, 2018",
        "E. Wilson, M. Hilferty, The distribution of chi-square, 1931, doi:10.1073/pnas.17.12.684",
    ),
    less_is_better=False,
    limits="the index to expect stays below the alarm at {threshold}, or chance alone reaches it "
    "too often ({quiet_limit})",
)  # fmt: skip


def answer(x: Values) -> Answer:
    drift = stability_of_shift(x["shift"])
    noise = stability_noise(
        x["bins"], reference_samples=x["reference"], current_samples=x["window"]
    )
    # The index without drift is a scaled chi-square; Wilson and Hilferty give its quantile.
    free = x["bins"] - 1.0
    z = normal_quantile(1.0 - x["false_alarms"] / x["features"])
    factor = (1.0 - 2.0 / (9.0 * free) + z * np.sqrt(2.0 / (9.0 * free))) ** 3
    quiet = np.asarray(noise * factor)
    with np.errstate(divide="ignore"):
        needed = free * factor / x["threshold"]
        left = needed / np.maximum(1.0 - needed / x["reference"], 0.0)
    return Answer(
        value=np.asarray(drift + noise),
        terms={"drift": drift, "noise": noise, "quiet_limit": quiet, "samples_needed": left},
        bound=np.where(drift > noise, "drift", "chance"),
        feasible=np.asarray((drift + noise >= x["threshold"]) & (quiet < x["threshold"])),
    )
