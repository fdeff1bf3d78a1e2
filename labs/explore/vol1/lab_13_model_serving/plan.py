"""The design challenge of part D: precision, batch and replicas for the least money."""

import numpy as np

from labs.contract import Challenge, Knob, Knobs, Outputs, Params, lookup
from simcore.equations.queueing import overload_wait
from simcore.equations.serving_plan import PlanLatency, plan_latency

from .tracks import LATE, LOSSES, MS, OVERLOAD_AFTER, SERVICES

# Requests a second and the promise to 99 of 100 of them. [1/s, s]
SCENARIOS = {
    "cloud": tuple((rate, ms * MS) for rate in (6000.0, 9000.0, 12_000.0) for ms in (30, 50)),
    "edge": tuple((rate, ms * MS) for rate in (600.0, 900.0, 1200.0) for ms in (100, 150)),
    "mobile": tuple((rate, ms * MS) for rate in (120.0, 180.0, 240.0) for ms in (150, 200)),
    "tiny": tuple((rate, ms * MS) for rate in (60.0, 90.0, 120.0) for ms in (300, 400)),
}
BATCHES = (1, 2, 4, 8, 16, 32, 64)
REPLICAS = tuple(range(1, 13))
LOSS_LIMIT = 1.0


class Plan(Challenge):
    better = "lower"

    def variables(self, p: Params) -> tuple[Knob, ...]:
        return (
            Knob(id="precision", steps=tuple(LOSSES)),
            Knob(id="batch", steps=BATCHES, default=4),
            Knob(id="replicas", steps=REPLICAS, default=11),
        )

    def assess(self, p: Params, k: Knobs) -> Outputs:
        found = plan_of(p, k)
        overloaded = found.utilisation >= 1.0
        queue = np.where(overloaded, overload_wait(found.utilisation, OVERLOAD_AFTER), found.queue)
        total = found.fill + queue + found.service
        loss = lookup(LOSSES, k["precision"])
        inaccurate = loss > LOSS_LIMIT
        late = ~overloaded & (total > float(p["promise"]))
        price = SERVICES[str(p["place"])].price
        return {
            "objective": price * np.asarray(k["replicas"], dtype=float),
            "feasible": ~(overloaded | late | inaccurate),
            "overloaded": overloaded,
            "late": late,
            "inaccurate": inaccurate,
            "p99": total,
            "fill": found.fill,
            "queue": queue,
            "service": found.service,
            "busy": found.utilisation,
            "loss": loss,
        }


def plan_of(p: Params, k: Knobs) -> PlanLatency:
    """Latency of plans at m settings; `p` names the place and the arrival rate."""
    service = SERVICES[str(p["place"])]
    return plan_latency(
        float(p["rate"]),
        batch=k["batch"],
        replicas=k["replicas"],
        setup=service.setup,
        per_request=lookup(service.per_request, k["precision"]),
        probability=LATE,
    )
