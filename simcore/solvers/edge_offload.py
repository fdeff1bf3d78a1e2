"""Compute on the device, or send the input to a server?"""

import numpy as np

from simcore.equations.radio import round_trip, transmission
from simcore.solvers.question import Answer, Input, Question, Values

QUESTION = Question(
    title=__doc__,
    value="time of the faster way",
    unit="s",
    inputs=(
        Input("flop", "FLOP", "arithmetic of one inference", above=True),
        Input("device_rate", "FLOP/s", "that the device really reaches", above=True, spread=0.2),
        Input("server_rate", "FLOP/s", "that the server really reaches", above=True, spread=0.2),
        Input("upload", "byte", "of one input"),
        Input("radio_rate", "byte/s", "of the upload", above=True, spread=0.3),
        Input("distance", "m", "of fibre to the server, one way", default=0.0),
        Input("network_delay", "s", "of radio and routers, both ways", default=0.02, spread=0.3),
        Input("queue", "s", "wait at the server", default=0.0),
        Input("device_power", "W", "of the device when it computes", default=0.0),
        Input("radio_power", "W", "of the radio when it sends or waits", default=0.0),
        Input("deadline", "s", "for the answer", default=1e9, above=True),
    ),
    terms={
        "local": "s",
        "offloaded": "s",
        "sending": "s",
        "propagation": "s",
        "remote": "s",
        "local_energy": "J",
        "offload_energy": "J",
    },
    sources=(
        (
            "K. Kumar, Y.-H. Lu, Cloud computing for mobile users, Computer 43(4), 2010, "
            "doi:10.1109/MC.2010.98"
        ),
    ),
    limits="neither way meets the deadline of {deadline}: {local} on the device, "
    "{offloaded} through the network",
    room="{local} on the device, {offloaded} through the network",
)


def answer(x: Values) -> Answer:
    local = np.asarray(x["flop"] / x["device_rate"])
    upload = transmission(x["upload"], rate=x["radio_rate"], power=x["radio_power"]).time
    propagation = round_trip(x["distance"])
    remote = np.asarray(x["flop"] / x["server_rate"] + x["queue"])
    offloaded = np.asarray(upload + propagation + x["network_delay"] + remote)
    time = np.minimum(local, offloaded)
    return Answer(
        value=time,
        terms={
            "local": local,
            "offloaded": offloaded,
            "sending": upload,
            "propagation": propagation,
            "remote": remote,
            "local_energy": np.asarray(x["device_power"] * local),
            "offload_energy": np.asarray(x["radio_power"] * offloaded),
        },
        bound=np.where(local <= offloaded, "device", Answer.longest(
            sending=upload, propagation=propagation, network_delay=x["network_delay"], remote=remote
        )),
        feasible=np.asarray(time <= x["deadline"]),
    )  # fmt: skip
