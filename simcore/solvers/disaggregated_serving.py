"""Is it worth reading prompts on one machine and writing answers on another?"""

import numpy as np

from simcore.solvers import serving
from simcore.solvers.inputs import DEADLINE, MACHINE, MODEL
from simcore.solvers.question import Answer, Input, ItemInput, Question, Values

QUESTION = Question(
    title=__doc__,
    value="time from the start of the prompt to the last token",
    unit="s",
    inputs=(
        *serving.INPUTS,
        Input("writer_bandwidth", "byte/s", "main-memory bandwidth of the machine that writes",
              above=True, spread=0.1),
        Input("writer_capacity", "byte", "its main memory", above=True),
        Input("network_bandwidth", "byte/s", "between both, one way", above=True, spread=0.1),
        DEADLINE,
    ),
    terms={"first_token": "s", "transfer": "s", "decode": "s", "together": "s", "reader_share": "1",
           "cache": "byte"},
    items=(
        MODEL,
        MACHINE,
        ItemInput("writer", "hardware",
                  {"writer_bandwidth": "bandwidth", "writer_capacity": "capacity"},
                  "the machine that writes"),
        ItemInput("link", "links", {"network_bandwidth": "bandwidth"}, "the link between both"),
    ),
    sources=(
        *serving.SOURCES,
        "Y. Zhong et al., DistServe, OSDI 2024, arXiv:2401.09670",
        "P. Patel et al., Splitwise, ISCA 2024, arXiv:2311.18677",
    ),
    limits="weights and a cache of {cache} do not fit the {writer_capacity} of the "
    "machine that writes, or the deadline of {deadline} is missed",
    room="a cache of {cache} beside the weights fits the {writer_capacity} of the "
    "machine that writes",
)  # fmt: skip


def answer(x: Values) -> Answer:
    reader = serving.answer({**x, "answer": np.ones_like(x["answer"])})
    writer = serving.answer(
        {**x, "bandwidth": x["writer_bandwidth"], "capacity": x["writer_capacity"]}
    )
    one = serving.answer(x)
    prompt = x["prompt"] / (x["prompt"] + 1.0)
    transfer = np.asarray(reader.terms["cache"] * prompt / x["network_bandwidth"])
    first, decode = reader.terms["first_token"], writer.terms["decode"]
    total = np.asarray(first + transfer + decode)
    fits = reader.feasible & writer.feasible
    return Answer(
        value=total,
        terms={
            "first_token": np.asarray(first + transfer),
            "transfer": transfer,
            "decode": decode,
            "together": one.value,
            "reader_share": np.asarray(first / (first + decode)),
            "cache": writer.terms["cache"],
        },
        bound=Answer.longest(prefill=first, transfer=transfer, decode=decode),
        feasible=np.asarray(fits & (total <= x["deadline"])),
    )
