"""Part A: how long requests stay at one server that is busy most of the time."""

from collections.abc import Sequence
from functools import lru_cache
from itertools import product

import numpy as np

from labs.contract import (
    RIGHT,
    Choice,
    Curves,
    Knob,
    Knobs,
    Numeric,
    Option,
    Outputs,
    Params,
    Part,
    Question,
    Scalar,
    log_steps,
    with_value,
)
from labs.text import time_with_margin
from simcore.equations.queue_tails import mgc_sojourn_quantile
from simcore.equations.queueing import (
    allen_cunneen_wait_mean,
    mg1_wait_mean,
    mm1_sojourn_mean,
    mm1_sojourn_quantile,
    mm1_utilisation_limit,
)

from .queue_job import QueueJob
from .simulated import LOADS, REQUESTS, SIMULATED
from .tracks import LATE, MS, given

SERVICES = {
    "cloud": (5 * MS, 6 * MS, 8 * MS),
    "edge": (10 * MS, 15 * MS, 20 * MS),
    "mobile": (20 * MS, 30 * MS, 40 * MS),
    "tiny": (50 * MS, 80 * MS, 120 * MS),
}
PROMISES = {"cloud": 50 * MS, "edge": 120 * MS, "mobile": 250 * MS, "tiny": 700 * MS}

LOAD_STEPS = tuple(
    round(x, 2)
    for x in (*np.arange(0.05, 0.70, 0.05), *np.arange(0.70, 0.95, 0.01), 0.95, 0.96, 0.97, 0.98)
)
VARIATIONS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0)
SERVERS = (1, 2, 3, 4, 6, 8, 12, 16)
POOL = 4


class A(Part):
    job = QueueJob()

    def combinations(self, track: str) -> Sequence[Params]:
        return [
            {
                "load": load,
                "service": service,
                "service_text": given(service, "time"),
                "promise": PROMISES[track],
                "promise_text": given(PROMISES[track], "time"),
            }
            for load, service in product(LOADS, SERVICES[track])
        ]

    def questions(self, p: Params) -> tuple[Question, ...]:
        service, load = float(p["service"]), float(p["load"])
        mean = float(mm1_sojourn_mean(service, load))
        return (
            Choice(
                id="p99",
                options=(
                    Option(id=RIGHT, value=float(mm1_sojourn_quantile(service, load, LATE))),
                    Option(id="idle_is_free", value=service),
                    Option(id="in_proportion", value=service * (1 + load)),
                    Option(id="mean_for_tail", value=mean),
                ),
            ),
            Numeric(id="limit", key=float(mm1_utilisation_limit(service, p["promise"], LATE))),
        )

    def facts(self, p: Params) -> dict[str, Scalar]:
        service, load = float(p["service"]), float(p["load"])
        p99 = float(mm1_sojourn_quantile(service, load, LATE))
        simulated, half = SIMULATED[load]
        fixed, pooled = mgc_sojourn_quantile(service, load, [1, POOL], [0.0, 1.0], LATE)
        limit = float(mm1_utilisation_limit(service, p["promise"], LATE))
        return {
            "p99": p99,
            "multiple": p99 / service,
            "mean": float(mm1_sojourn_mean(service, load)),
            "wait": float(mg1_wait_mean(service, load, 1.0)),
            "stretch": 1 / (1 - load),
            "idle": 1 - load,
            "log_of_hundred": float(np.log(100)),
            "fixed_p99": float(fixed),
            "pool": POOL,
            "pooled_p99": float(pooled),
            "rho_max": limit,
            "rate_max": limit / service,
            "simulated_p99": simulated * service,
            "simulated_text": time_with_margin(simulated * service, half * service),
            "simulated_requests": f"{REQUESTS / 1e6:g} million",
        }

    def knobs(self, p: Params) -> tuple[Knob, ...]:
        service = float(p["service"])
        times, drawn = with_value(log_steps(1 * MS, 120 * MS, 24), service)
        return (
            Knob(id="load", steps=LOAD_STEPS),
            Knob(id="service", steps=times, default=drawn),
            Knob(id="variation", steps=VARIATIONS, default=VARIATIONS.index(1.0)),
            Knob(id="servers", steps=SERVERS),
        )

    def evaluate(self, p: Params, k: Knobs) -> Outputs:
        load, service = np.asarray(k["load"], dtype=float), np.asarray(k["service"], dtype=float)
        servers = np.asarray(k["servers"], dtype=float)
        wait = allen_cunneen_wait_mean(service, load, servers, 1.0, k["variation"])
        p99 = service * p99_multiple(load, servers, np.asarray(k["variation"], dtype=float))
        promise = np.full(load.shape, float(p["promise"]))
        rate = load * servers / service
        return {
            "load_now": load,
            "p99": p99,
            "mean": wait + service,
            "wait": wait,
            "share": wait / (wait + service),
            "rate": rate,
            "waiting": rate * wait,
            "promise": promise,
            "used": p99 / promise,
            "larger": np.where(wait > service, "waiting", "service"),
            "late": p99 > promise,
        }

    def curves(self, p: Params, k: Knobs) -> Curves:
        service = np.asarray(k["service"], dtype=float)[:, None]
        pairs = list(zip(k["servers"].tolist(), k["variation"].tolist(), strict=True))
        tail = np.asarray([p99_line(float(c), float(v)) for c, v in pairs])
        mean = np.asarray([mean_line(float(c), float(v)) for c, v in pairs])
        plain = np.broadcast_to(p99_line(1.0, 1.0), tail.shape)
        return {
            "loads": np.broadcast_to(LOAD_STEPS, tail.shape),
            "p99_line": tail * service,
            "mean_line": mean * service,
            "plain_line": plain * service,
        }


def p99_multiple(load: np.ndarray, servers: np.ndarray, variation: np.ndarray) -> np.ndarray:
    """99th percentile in mean services, read off the lines of the plot: each is solved once."""
    settings = zip(load.tolist(), servers.tolist(), variation.tolist(), strict=True)
    return np.asarray([p99_line(c, v)[LOAD_STEPS.index(rho)] for rho, c, v in settings])


@lru_cache(maxsize=256)
def p99_line(servers: float, variation: float) -> tuple[float, ...]:
    """99th percentile along all loads, in mean services."""
    found = mgc_sojourn_quantile(1.0, np.asarray(LOAD_STEPS), servers, variation, LATE)
    return tuple(found.tolist())


@lru_cache(maxsize=256)
def mean_line(servers: float, variation: float) -> tuple[float, ...]:
    """Mean stay along all loads, in mean services."""
    wait = allen_cunneen_wait_mean(1.0, np.asarray(LOAD_STEPS), servers, 1.0, variation)
    return tuple((1.0 + wait).tolist())
