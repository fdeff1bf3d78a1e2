"""The 99th percentile of part A's queue, simulated ahead: 20 million requests take a second.

`python -m labs.explore.vol1.lab_13_model_serving.simulated` prints the table anew; a test compares.
"""

from simcore.stochastic.queue import Station, queue_simulation

from .tracks import LATE

LOADS = (0.70, 0.75, 0.80, 0.85, 0.90)
SEED, SEEDS, REQUESTS_A_SEED = 13, 20, 1_000_000
REQUESTS = SEEDS * REQUESTS_A_SEED

SIMULATED = {
    0.70: (15.3549, 0.0541),
    0.75: (18.4268, 0.0830),
    0.80: (22.9951, 0.1623),
    0.85: (30.4913, 0.3235),
    0.90: (45.4043, 0.9046),
}
"""By load: 99th percentile and half its 95% interval, in mean services."""


def simulate(load: float) -> tuple[float, float]:
    """Return the 99th percentile in mean services, and half its 95% interval."""
    found = queue_simulation(
        Station(mean_service=1.0, utilisation=load),
        SEED,
        requests=REQUESTS_A_SEED,
        replications=SEEDS,
        probabilities=(LATE,),
    )
    return found.quantiles[0].mean, found.quantiles[0].half_width


if __name__ == "__main__":
    for load in LOADS:
        p99, half = simulate(load)
        print(f"    {load:.2f}: ({p99:.4f}, {half:.4f}),")
