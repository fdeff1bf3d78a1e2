"""Does a sensor spend its battery on sending or on thinking?"""

import numpy as np

from simcore.equations.radio import duty_cycled_power, transmission
from simcore.solvers.question import Answer, Input, Question, Values

QUESTION = Question(
    title=__doc__,
    value="time that the battery lasts",
    unit="s",
    inputs=(
        Input("payload", "byte", "sent for each event", above=True),
        Input("radio_rate", "byte/s", "that the radio really reaches", above=True, spread=0.3),
        Input("radio_power", "W", "of the radio when on", above=True, spread=0.2),
        Input("wake_time", "s", "of the radio, without sending", default=0.0, spread=0.3),
        Input("inference_time", "s", "of one event's computation on the device", default=0.0,
              spread=0.1),
        Input("active_power", "W", "of the device while it computes", default=0.0, spread=0.1),
        Input("sleep_power", "W", "of the device asleep", spread=0.2),
        Input("events", "1/s", "events", above=True),
        Input("sent_share", "1", "share of the events that are sent", default=1.0, high=1.0),
        Input("battery", "J", "usable energy; a 250 mAh coin cell at 3 V holds 2700", above=True,
              spread=0.1),
    ),
    terms={"send_energy": "J", "compute_energy": "J", "radio": "W", "compute": "W", "sleep": "W",
           "send_over_compute": "1"},
    sources=(
        ("N. Balasubramanian et al., Energy consumption in mobile phones, 2009, "
        "doi:10.1145/1644893.1644927"),
        "J. Polastre et al., Versatile low power media access, 2004, doi:10.1145/1031495.1031508",
    ),
    less_is_better=False,
    limits="events come faster than they can be computed and sent",
)  # fmt: skip


def answer(x: Values) -> Answer:
    sending = transmission(
        x["payload"], rate=x["radio_rate"], power=x["radio_power"], wake_time=x["wake_time"]
    )
    computing = np.asarray(x["inference_time"] * x["active_power"])
    busy = x["events"] * (x["inference_time"] + x["sent_share"] * sending.time)
    parts = {
        "radio": np.asarray(x["events"] * x["sent_share"] * sending.energy),
        "compute": np.asarray(x["events"] * computing),
        "sleep": duty_cycled_power(0.0, sleep=x["sleep_power"], duty=np.clip(busy, 0.0, 1.0)),
    }
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(computing > 0, sending.energy / computing, np.inf)
        lasts = np.asarray(x["battery"] / sum(parts.values()))
    return Answer(
        value=lasts,
        terms={
            "send_energy": sending.energy,
            "compute_energy": computing,
            **parts,
            "send_over_compute": ratio,
        },
        bound=Answer.longest(**parts),
        feasible=np.asarray(busy <= 1),
    )
