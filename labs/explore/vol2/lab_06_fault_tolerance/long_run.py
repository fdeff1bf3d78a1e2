"""The long job of part E: run it a thousand times, with clocks of single nodes."""

from collections.abc import Sequence

import numpy as np

from labs.contract import Estimate, JobResult, Json, Knob, LongJob, Params
from labs.explore.vol2.lab_06_fault_tolerance import hall
from labs.explore.vol2.lab_06_fault_tolerance.common import DAY, HOUR, knob_at, number
from simcore.stochastic import checkpointing

MOST_STOPS = 5000
MOST_WORK = 4e10  # node clocks read in all; about a minute of one ordinary core
RUNS = (200.0, 500.0, 1000.0, 2000.0, 4000.0, 10_000.0, 20_000.0)
DAYS = (1, 7, 14, 30, 54, 90)
BINS = 31


class LongRun(LongJob):
    """The hall's run, failing node by node, beside the closed form."""

    def inputs(self, p: Params) -> tuple[Knob, ...]:
        lives = (1e3, 2e3, 3.5e3, 5e3, 6.25e3, 8e3, 12e3, 20e3, 50e3)
        repairs = (2.0, 4.0, 8.0, 12.0, 24.0, 48.0)
        sizes = (70.0, 175.0, 405.0, 700.0, 1000.0)
        return (
            Knob(id="tier", steps=tuple(hall.TIERS), default=1),
            Knob(id="mode", steps=hall.MODES, default=0),
            Knob(id="interval", steps=hall.INTERVALS, default=hall.INTERVALS.index(1200.0)),
            Knob(id="spares", steps=(*(float(x) for x in range(25)), 32.0, 48.0, 64.0), default=20),
            Knob(id="shape", steps=(0.7, 0.8, 0.9, 1.0), default=0),
            Knob(id="start", steps=("new", "aged"), default=int(p["start"] == "aged")),
            Knob(id="luck", steps=tuple(float(x) for x in range(1, 11))),
            Knob(id="runs", steps=RUNS, default=RUNS.index(2000.0)),
            Knob(id="horizon", steps=tuple(d * DAY for d in DAYS), default=DAYS.index(54)),
            Knob(id="nodes", steps=tuple(2.0**x for x in range(6, 13)), default=5),
            knob_at("node_life_h", lives, number(p, "node_life") / HOUR),
            knob_at("repair_h", repairs, number(p, "repair") / HOUR),
            knob_at("billions", sizes, number(p, "parameters") / 1e9),
        )

    def check(self, inputs: Params) -> None:
        plan = plan_of(inputs)
        stops = plan.expected_stops
        if stops > MOST_STOPS:
            raise ValueError(
                f"about {stops:,.0f} stops per run are more than {MOST_STOPS:,}; "
                "choose fewer nodes, fewer days or nodes that live longer"
            )
        work = stops * number(inputs, "runs") * plan.nodes
        if work > MOST_WORK:
            fitting = max((r for r in RUNS if r * stops * plan.nodes <= MOST_WORK), default=0)
            raise ValueError(
                f"{number(inputs, 'runs'):,.0f} runs of this hall would take too long; "
                f"choose {fitting:,.0f} runs at most, or fewer days"
            )

    def units(self, inputs: Params) -> int:
        return _blocks(inputs)[0]

    def run_unit(self, inputs: Params, seed: np.random.SeedSequence) -> Json:
        block = checkpointing.simulate(plan_of(inputs), _blocks(inputs)[1], seed)
        return {
            "goodput": [round(float(x), 7) for x in block.shares["useful"]],
            "shares": {name: float(x.sum()) for name, x in block.shares.items()},
            "stops": int(block.stops.sum()),
            "story": {
                "start": block.story.start,
                "end": block.story.end,
                "phase": block.story.phase,
            },
        }

    def combine(self, inputs: Params, units: Sequence[Json]) -> JobResult:
        plan = plan_of(inputs)
        goodput = np.concatenate([unit["goodput"] for unit in units])
        runs = len(goodput)
        mean, spread = float(goodput.mean()), float(goodput.std(ddof=1)) if runs > 1 else 0.0
        error = spread / float(np.sqrt(runs))
        formula = checkpointing.expected_goodput(plan)
        unfinished = plan.interval / (2 * plan.horizon)
        low, high = np.quantile(goodput, (0.05, 0.95))
        stops = sum(unit["stops"] for unit in units) / runs
        values = {
            "goodput": Estimate(value=mean, low=mean - 1.96 * error, high=mean + 1.96 * error),
            "formula": Estimate(value=formula),
            "difference": Estimate(value=mean - formula),
            "edge": Estimate(value=-unfinished),
            "standard_errors": Estimate(
                value=(mean + unfinished - formula) / error if error > 0 else 0.0
            ),
            "spread": Estimate(value=spread),
            "low_run": Estimate(value=float(low)),
            "high_run": Estimate(value=float(high)),
            "stops": Estimate(value=stops),
            "stops_expected": Estimate(value=plan.expected_stops),
            "runs": Estimate(value=float(runs)),
        }
        for name in ("saving", "repeated", "restart", "waiting"):
            values[name] = Estimate(value=sum(unit["shares"][name] for unit in units) / runs)
        return JobResult(values=values, curves=_curves(goodput, formula, units[0]["story"]))


def plan_of(inputs: Params) -> checkpointing.Plan:
    """Return the simulated run of these inputs: the design's pace on this hall."""
    nodes = int(number(inputs, "nodes"))
    found = hall.pace(
        hall.size_of(1e9 * number(inputs, "billions")),
        nodes,
        np.asarray([inputs["tier"]]),
        np.asarray([inputs["mode"]]),
    )
    return checkpointing.Plan(
        nodes=nodes,
        node_mttf=HOUR * number(inputs, "node_life_h"),
        shape=number(inputs, "shape"),
        aged=inputs["start"] == "aged",
        horizon=number(inputs, "horizon"),
        interval=number(inputs, "interval"),
        spares=int(number(inputs, "spares")),
        repair=HOUR * number(inputs, "repair_h"),
        save=float(found["save"][0]),
        drain=float(found["drain"][0]),
        restart=float(found["restart"][0]),
        slowdown=float(found["slowdown"][0]),
        both_lost=float(found["both_lost"][0]),
        older_copy_period=hall.OLDER_COPY_PERIOD,
        older_copy_transfer=float(found["older_copy"][0]),
    )


def _blocks(inputs: Params) -> tuple[int, int]:
    return checkpointing.block_runs(int(number(inputs, "nodes")), int(number(inputs, "runs")))


def _curves(goodput: np.ndarray, formula: float, story: Json) -> dict[str, list[float]]:
    counts, edges = np.histogram(goodput, bins=BINS)
    shares = counts / counts.sum()
    # Two points per bar, so that a line draws steps.
    return {
        "histogram_x": np.repeat(edges, 2)[1:-1].tolist(),
        "histogram_y": np.repeat(shares, 2).tolist(),
        "formula_x": [formula, formula],
        "formula_y": [0.0, float(shares.max())],
        "story_start": list(story["start"]),
        "story_end": list(story["end"]),
        "story_lane": [float(phase) for phase in story["phase"]],
    }
