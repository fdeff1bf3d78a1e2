"""How long does a convolution take, and what would a separable one?"""

import numpy as np
from numpy.typing import ArrayLike

from simcore.equations.layers import LayerWork, convolution
from simcore.equations.precision import element_size
from simcore.equations.roofline import arithmetic_intensity, step_terms
from simcore.solvers.inputs import (
    BANDWIDTH,
    EFFICIENCY,
    MACHINE,
    OVERHEAD,
    PEAK,
    PRECISION,
)
from simcore.solvers.question import Answer, Array, Input, Question, Values

QUESTION = Question(
    title=__doc__,
    value="time of the convolution",
    unit="s",
    inputs=(
        Input("side", "1", "of the square output", low=1.0, is_whole=True),
        Input("channels", "1", "of the input", low=1.0, is_whole=True),
        Input("filters", "1", "channels of the output", low=1.0, is_whole=True),
        Input("kernel", "1", "side of the window", default=3.0, low=1.0, is_whole=True),
        Input("stride", "1", "steps of the window", default=1.0, low=1.0, is_whole=True),
        Input("images", "1", "at once", default=1.0, low=1.0, is_whole=True),
        PRECISION,
        PEAK,
        BANDWIDTH,
        EFFICIENCY,
        OVERHEAD,
    ),
    terms={"compute": "s", "memory": "s", "overhead": "s", "flop": "FLOP",
           "intensity": "FLOP/byte", "separable": "s", "separable_flop": "FLOP",
           "depthwise_intensity": "FLOP/byte"},
    items=(MACHINE,),
    sources=(
        "A. Howard et al., MobileNets, 2017, arXiv:1704.04861",
        "V. Dumoulin, F. Visin, A guide to convolution arithmetic, 2016, arXiv:1603.07285",
    ),
)  # fmt: skip


def answer(x: Values) -> Answer:
    element = element_size(x["precision"])

    def layer(filters: Array, kernel: ArrayLike, stride: ArrayLike, groups: ArrayLike) -> LayerWork:
        return convolution(
            x["side"], x["side"], x["channels"], filters, kernel=kernel, stride=stride,
            groups=groups, batch=x["images"], element_size=element,
        )  # fmt: skip

    whole = layer(x["filters"], x["kernel"], x["stride"], 1)
    depthwise = layer(x["channels"], x["kernel"], x["stride"], x["channels"])
    pointwise = layer(x["filters"], 1, 1, 1)
    roofs = {"peak_flop_rate": x["peak_flop_rate"], "bandwidth": x["bandwidth"],
             "efficiency": x["efficiency"], "overhead": x["overhead"]}  # fmt: skip
    terms = step_terms(whole.flop, whole.traffic, **roofs)
    parts = [step_terms(work.flop, work.traffic, **roofs) for work in (depthwise, pointwise)]
    return Answer(
        value=terms.time,
        terms={
            "compute": terms.compute,
            "memory": terms.memory,
            "overhead": terms.overhead,
            "flop": whole.flop,
            "intensity": arithmetic_intensity(whole.flop, whole.traffic),
            "separable": np.asarray(parts[0].time + parts[1].time),
            "separable_flop": np.asarray(depthwise.flop + pointwise.flop),
            "depthwise_intensity": arithmetic_intensity(depthwise.flop, depthwise.traffic),
        },
        bound=terms.bound,
    )
