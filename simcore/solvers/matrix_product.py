"""How long does a matrix product take, and is it bound by arithmetic?"""

import numpy as np

from simcore.equations.operators import gemm_flop, gemm_intensity, gemm_traffic
from simcore.equations.precision import element_size
from simcore.equations.roofline import ridge_point, step_terms
from simcore.solvers.inputs import (
    BANDWIDTH,
    CAPACITY,
    EFFICIENCY,
    MACHINE,
    OVERHEAD,
    PEAK,
    PRECISION,
)
from simcore.solvers.question import Answer, Input, Question, Values

QUESTION = Question(
    title=__doc__,
    value="time of the product",
    unit="s",
    inputs=(
        Input("rows", "1", "of the first matrix", low=1.0, is_whole=True),
        Input("columns", "1", "of the second", low=1.0, is_whole=True),
        Input("inner", "1", "length that both share", low=1.0, is_whole=True),
        PRECISION,
        PEAK,
        BANDWIDTH,
        CAPACITY,
        EFFICIENCY,
        OVERHEAD,
    ),
    terms={"compute": "s", "memory": "s", "overhead": "s", "flop": "FLOP", "traffic": "byte",
           "intensity": "FLOP/byte", "ridge": "FLOP/byte", "utilisation": "1"},
    items=(MACHINE,),
    sources=("S. Williams et al., Roofline, CACM 52(4), 2009, doi:10.1145/1498765.1498785",),
    limits="operands and result of {traffic} do not fit {capacity}",
    room="operands and result of {traffic} fit {capacity}",
)  # fmt: skip


def answer(x: Values) -> Answer:
    sizes = (x["rows"], x["columns"], x["inner"])
    element = element_size(x["precision"])
    flop, traffic = gemm_flop(*sizes), gemm_traffic(*sizes, element_size=element)
    terms = step_terms(
        flop, traffic, peak_flop_rate=x["peak_flop_rate"], bandwidth=x["bandwidth"],
        efficiency=x["efficiency"], overhead=x["overhead"],
    )  # fmt: skip
    return Answer(
        value=terms.time,
        terms={
            "compute": terms.compute,
            "memory": terms.memory,
            "overhead": terms.overhead,
            "flop": flop,
            "traffic": traffic,
            "intensity": gemm_intensity(*sizes, element_size=element),
            "ridge": ridge_point(
                peak_flop_rate=x["peak_flop_rate"] * x["efficiency"], bandwidth=x["bandwidth"]
            ),
            "utilisation": np.asarray(flop / terms.time / x["peak_flop_rate"]),
        },
        bound=terms.bound,
        feasible=np.asarray(traffic <= x["capacity"]),
    )
