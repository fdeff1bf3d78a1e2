"""The design challenge of part D: a benchmark's protocol for a device that throttles."""

from labs.arranging import floats
from labs.contract import Challenge, Knob, Knobs, Outputs, Params
from simcore.equations.protocol import Protocol, throttled_protocol

from .tracks import SITES, Device

TARGETS = (0.03, 0.05)
"""Error allowed: bias and 95% interval together. [1]"""
VARIATIONS = {
    "cloud": (0.10, 0.01),
    "edge": (0.15, 0.015),
    "mobile": (0.25, 0.03),
    "tiny": (0.05, 0.01),
}
"""Standard deviation over mean: of one second's reading, between runs. [1]"""
LEAST_REPEATS = 3
"""Below, nobody can say how far runs differ. [1]"""

WARM_UPS = (0, 15, 30, 60, 90, 120, 180, 240, 300)
WINDOWS = (1, 5, 10, 30, 60, 120, 300, 600)
REPEATS = (1, 2, 3, 5, 8, 10, 15, 20)
PAUSES = (0, 30, 60, 120, 300)


class Bench(Challenge):
    better = "lower"

    def variables(self, p: Params) -> tuple[Knob, ...]:
        return (
            Knob(id="warm_up", steps=WARM_UPS),
            Knob(id="window", steps=WINDOWS, default=WINDOWS.index(60)),
            Knob(id="repeats", steps=REPEATS, default=REPEATS.index(3)),
            Knob(id="pause", steps=PAUSES, default=PAUSES.index(60)),
        )

    def assess(self, p: Params, k: Knobs) -> Outputs:
        found = self.protocol(p, k)
        imprecise = found.error > float(p["target"])
        few = floats(k["repeats"]) < LEAST_REPEATS
        return {
            "objective": found.time,
            "feasible": ~(imprecise | few),
            "imprecise": imprecise,
            "few": few,
            "error": found.error,
            "bias": found.bias,
            "noise": found.noise,
            "reported": (1.0 + found.bias) * device_for(p).held,
        }

    def protocol(self, p: Params, k: Knobs) -> Protocol:
        device = device_for(p)
        second, run = self.variations(p)
        return throttled_protocol(
            **{name: floats(k[name]) for name in ("warm_up", "window", "repeats", "pause")},
            **device.body(),
            held=device.held,
            second_variation=second,
            run_variation=run,
        )

    def variations(self, p: Params) -> tuple[float, float]:
        return VARIATIONS[str(p["place"])]


def device_for(p: Params) -> Device:
    """The device of part B in the middle of its ranges; the stricter target gets warmer air."""
    site = SITES[str(p["place"])]
    warmer = TARGETS.index(float(p["target"])) == 0
    middle = len(site.conductance) // 2
    return Device(
        idle=site.idle[0], dynamic=site.dynamic[1], conductance=site.conductance[middle],
        ambient=site.ambient[-1 if warmer else 0], limit=site.limit, constant=site.constant,
    )  # fmt: skip
