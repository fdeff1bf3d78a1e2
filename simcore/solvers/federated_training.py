"""How long does training on many devices take that keep their data?"""

import numpy as np

from simcore.equations.federated import client_round, slowest_of
from simcore.solvers.question import Answer, Input, Question, Values

QUESTION = Question(
    title=__doc__,
    value="time of all rounds",
    unit="s",
    inputs=(
        Input("model", "byte", "size of the model", above=True),
        Input("rounds", "1", "rounds until it is good enough", low=1.0, is_whole=True,
              spread=0.3),
        Input("clients", "1", "of a round, all waited for", low=1.0, high=1e6, is_whole=True),
        Input("update_ratio", "1", "size of an update over that of the model", default=1.0,
              above=True),
        Input("download_rate", "byte/s", "of a client", above=True, spread=0.3),
        Input("upload_rate", "byte/s", "of a client", above=True, spread=0.3),
        Input("flop", "FLOP", "local arithmetic of a round", above=True),
        Input("flop_rate", "FLOP/s", "that a client really reaches", above=True, spread=0.2),
        Input("uneven", "1", "share of a round that differs among clients, exponentially",
              default=0.0, high=1.0),
        Input("power", "W", "of a client that works", default=0.0),
        Input("data", "byte", "that leaving them at home saves to send", default=0.0),
        Input("patience", "s", "time that all rounds may take", default=1e12, above=True),
    ),
    terms={"download": "s", "compute": "s", "upload": "s", "waiting": "s", "round": "s",
           "traffic": "byte", "traffic_over_data": "1", "client_energy": "J"},
    sources=(
        "B. McMahan et al., Communication-efficient learning, AISTATS 2017, arXiv:1602.05629",
        "X. Li et al., On the convergence of FedAvg on non-IID data, ICLR 2020, arXiv:1907.02189",
    ),
    limits="{rounds} rounds of {round} take longer than {patience}",
)  # fmt: skip


def answer(x: Values) -> Answer:
    one = client_round(
        x["model"],
        update_ratio=x["update_ratio"],
        download_rate=x["download_rate"],
        upload_rate=x["upload_rate"],
        flop=x["flop"],
        flop_rate=x["flop_rate"],
    )
    slowest = slowest_of(x["clients"], mean=x["uneven"] * one.time)
    waiting = np.asarray(slowest - x["uneven"] * one.time)
    each = np.asarray(one.time + waiting)
    traffic = x["rounds"] * x["clients"] * x["model"] * (1 + x["update_ratio"])
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(x["data"] > 0, traffic / x["data"], np.inf)
    time = np.asarray(x["rounds"] * each)
    parts = {"download": one.download, "compute": one.compute, "upload": one.upload,
             "waiting": waiting}  # fmt: skip
    return Answer(
        value=time,
        terms={
            **parts,
            "round": each,
            "traffic": np.asarray(traffic),
            "traffic_over_data": ratio,
            "client_energy": np.asarray(x["power"] * one.time * x["rounds"]),
        },
        bound=Answer.longest(**parts),
        feasible=np.asarray(time <= x["patience"]),
    )
