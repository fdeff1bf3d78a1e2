"""How long does writing a checkpoint hold the training up?"""

import numpy as np

from simcore.equations.storage import checkpoint_write
from simcore.solvers.inputs import MODEL, PARAMETERS
from simcore.solvers.question import Answer, Input, Question, Values

QUESTION = Question(
    title=__doc__,
    value="time of one save",
    unit="s",
    inputs=(
        PARAMETERS,
        Input("state", "byte", "saved for each parameter: 14 with Adam, 4 with plain SGD",
              default=14.0, above=True),
        Input("copies", "1", "copies written: 1 where replicas share the work", default=1.0,
              low=1.0),
        Input("writers", "1", "how many write at once", default=1.0, low=1.0, is_whole=True),
        Input("writer_rate", "byte/s", "of one writer", above=True, spread=0.1),
        Input("store_rate", "byte/s", "that the storage takes in from all", above=True,
              spread=0.2),
        Input("interval", "s", "between two saves", default=4 * 3600.0, above=True),
    ),
    terms={"size": "byte", "through_writers": "s", "through_store": "s", "share": "1"},
    items=(MODEL,),
    sources=("A. Eisenman et al., Check-N-Run, NSDI 2022, arXiv:2010.08679",),
    limits="a save does not end before the next begins, every {interval}",
    room="a save of {size} ends before the next begins, {interval} later",
)  # fmt: skip


def answer(x: Values) -> Answer:
    size = x["parameters"] * x["state"]
    terms = checkpoint_write(
        size,
        copies=x["copies"],
        writers=x["writers"],
        writer_rate=x["writer_rate"],
        store_rate=x["store_rate"],
    )
    return Answer(
        value=terms.time,
        terms={
            "size": np.asarray(size * x["copies"]),
            "through_writers": terms.writers,
            "through_store": terms.store,
            "share": np.asarray(terms.time / (terms.time + x["interval"])),
        },
        bound=Answer.longest(writers=terms.writers, store=terms.store),
        feasible=np.asarray(terms.time <= x["interval"]),
    )
