"""One payload over several links; many senders into one port. A. Phanishayee et al., 2008."""

from typing import Any

from simcore.crosscheck import names
from simcore.crosscheck.case import Case, quantity
from simcore.equations.congestion import overflow_time

FEEDBACK = 1e-5
"""Round trip until senders slow down, where a case names none. [s]"""


def ladder(case: Case) -> dict[str, Any]:
    payload = case.number("payload_B", "payload")
    given = case.get("links")
    if isinstance(given, dict):
        links = {name: quantity(rate) for name, rate in given.items()}
    else:
        asked = case.outputs.get("bandwidths", {})
        links = {name: names.found("links", name)["bandwidth"] for name in asked}
    return {
        "payload": payload,
        "bandwidths": links,
        "times": {name: payload / rate for name, rate in links.items()},
    }


def incast(case: Case) -> dict[str, Any]:
    senders = case.number("senders", "n_senders")
    rate = case.number("bw_bps") / 8 if case.has("bw_bps") else case.number("bw_Bps")
    port = case.number("egress_Bps", default=rate)
    buffer = case.number("buffer_B", "buffer")
    time = overflow_time(senders, sender_bandwidth=rate, port_bandwidth=port, buffer=buffer)
    return {
        "offered_load": senders * rate,
        "oversubscription": senders * rate / port,
        "net_fill_rate": senders * rate - port,
        "overflow_time": float(time),
        "drain_time": buffer / port,
        "bandwidth_delay_product": port * case.number("rtt_s", "feedback_rtt", default=FEEDBACK),
    }


SOLVERS = {"TransferLadderModel": ladder, "IncastModel": incast}
