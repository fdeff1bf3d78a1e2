"""Monte Carlo of a training run that saves, fails, waits, restarts and goes on.

Every node has its own failure clock; the job stops at the earliest. Kept is what was durable; the
rest is repeated. The failed node goes to repair and its slot takes a spare, or waits for the first
node back. All runs of a block advance together, one pass per stop. The closed form beside it is
`simcore.equations.checkpoint.goodput` times 1 - `short_of_a_node`.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from simcore.checks import require_fraction, require_not_negative, require_positive
from simcore.equations import checkpoint, reliability
from simcore.stochastic.intervals import Interval, mean_interval

Floats = NDArray[np.float64]

SHARES = ("useful", "saving", "repeated", "restart", "waiting")
BLOCK_ENTRIES = 800_000  # runs times nodes that still fit a processor's cache well (6.5 MB)
STORY_STOPS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One training run's physics and its way of saving.

    Attributes
    ----------
    nodes : int
        Nodes that must all work. [1]
    node_mttf : float
        Mean life of one node. [s]
    shape : float
        Weibull shape of the lives; 1 is a constant failure rate. [1]
    aged : bool
        Whether nodes start in the middle of their lives (equilibrium) instead of new.
    horizon : float
        Wall-clock length of the run. [s]
    interval, save, drain : float
        Compute between saves, pause of one save, time until it is durable. [s]
    restart : float
        Time from a replaced node to computing again. [s]
    slowdown : float
        Share of the speed lost while draining. [1]
    spares : int
        Hot spare nodes. [1]
    repair : float
        Mean time in repair, exponential. [s]
    both_lost : float
        Share of failures that also destroy the neighbour's copy. [1]
    older_copy_period, older_copy_transfer : float
        How often a copy goes to the far store, and how long it takes either way. [s]
    """

    nodes: int
    node_mttf: float
    horizon: float
    interval: float
    save: float
    restart: float
    shape: float = 1.0
    aged: bool = False
    drain: float = 0.0
    slowdown: float = 0.0
    spares: int = 0
    repair: float = 0.0
    both_lost: float = 0.0
    older_copy_period: float = 3600.0
    older_copy_transfer: float = 0.0

    def __post_init__(self) -> None:
        require_positive(
            nodes=self.nodes, node_mttf=self.node_mttf, shape=self.shape, horizon=self.horizon,
            interval=self.interval,
        )  # fmt: skip
        require_not_negative(
            save=self.save, restart=self.restart, drain=self.drain, spares=self.spares,
            repair=self.repair, older_copy_period=self.older_copy_period,
            older_copy_transfer=self.older_copy_transfer,
        )  # fmt: skip
        require_fraction(slowdown=self.slowdown, both_lost=self.both_lost)

    @property
    def mtbf(self) -> float:
        """Mean time between stops of the job at the mean failure rate. [s]"""
        return float(reliability.series_mtbf(self.node_mttf, self.nodes))

    @property
    def expected_stops(self) -> float:
        """Stops per run at the mean failure rate. [1]"""
        return self.horizon / self.mtbf

    @property
    def cycle(self) -> float:
        """Compute and pause of one save. [s]"""
        return self.interval + self.save

    @property
    def work_per_cycle(self) -> float:
        """Compute of one cycle at full speed. [s]"""
        return self.interval - self.slowdown * min(self.drain, self.interval)


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What happened in one run: phases on its wall clock.

    Attributes
    ----------
    start, end : list of float
        Bounds of each phase. [s]
    phase : list of int
        0 running, 1 restarting, 2 waiting for a node.
    """

    start: list[float] = field(default_factory=list)
    end: list[float] = field(default_factory=list)
    phase: list[int] = field(default_factory=list)

    def add(self, start: float, end: float, phase: int) -> None:
        if end > start:
            self.start.append(start)
            self.end.append(end)
            self.phase.append(phase)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """The outcome of one block of runs.

    Attributes
    ----------
    shares : dict of ndarray, shape (runs,)
        Shares of the horizon by `SHARES`; they add up to 1 in each run. [1]
    stops : ndarray, shape (runs,)
        Stops in each run. [1]
    story : Story
        The first run's first stops.
    """

    shares: dict[str, Floats]
    stops: NDArray[np.int64]
    story: Story


def block_runs(nodes: int, runs: int, *, least_blocks: int = 8) -> tuple[int, int]:
    """Return how many equal blocks to split the runs into, and the runs in each.

    Parameters
    ----------
    nodes : int
        Nodes in one run. [1]
    runs : int
        Runs wanted; the blocks hold at least as many. [1]
    least_blocks : int
        Blocks wanted at least, so that progress shows. [1]

    Returns
    -------
    tuple of int
        Blocks, and runs in each. [1]
    """
    blocks = min(runs, max(least_blocks, -(-runs * nodes // BLOCK_ENTRIES)))
    return blocks, -(-runs // blocks)


def simulate(plan: Plan, runs: int, seed: np.random.SeedSequence) -> Block:
    """Return the outcome of `runs` independent runs; the same seed gives the same numbers.

    Parameters
    ----------
    plan : Plan
        The run's physics.
    runs : int
        Runs in this block. [1]
    seed : SeedSequence
        Source of all randomness of the block.

    Returns
    -------
    Block
        Shares and stops of every run.

    Raises
    ------
    ValueError
        If runs is not positive.

    References
    ----------
    J. T. Daly, Future Generation Computer Systems 22(3), 2006. doi:10.1016/j.future.2004.11.016
    """
    require_positive(runs=runs)
    return _Runs(plan, int(runs), np.random.default_rng(seed)).play()


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingResult:
    """Means over runs with their 95% intervals.

    Attributes
    ----------
    shares : dict of Interval
        Shares of the horizon by `SHARES`; "useful" is the goodput. [1]
    stops : Interval
        Stops of a run. [1]
    """

    shares: dict[str, Interval]
    stops: Interval


def training_simulation(
    plan: Plan, seed: int | np.random.SeedSequence, *, runs: int
) -> TrainingResult:
    """Return where a training run's time goes, with 95% intervals over independent runs.

    Parameters
    ----------
    plan : Plan
        The run's physics.
    seed : int or numpy.random.SeedSequence
        Root seed; each block of runs gets a child of its own.
    runs : int
        Independent runs wanted, at least 2; blocks of equal size hold at least as many. [1]

    Returns
    -------
    TrainingResult

    Raises
    ------
    ValueError
        If there are fewer than 2 runs.

    References
    ----------
    A. M. Law, Simulation Modeling and Analysis, 5th ed., McGraw-Hill, 2015, section 9.5.2.
    """
    root = seed if isinstance(seed, np.random.SeedSequence) else np.random.SeedSequence(seed)
    count, each = block_runs(plan.nodes, runs, least_blocks=1)
    blocks = [simulate(plan, each, child) for child in root.spawn(count)]
    return TrainingResult(
        shares={name: mean_interval(np.concatenate([block.shares[name] for block in blocks]))
                for name in SHARES},
        stops=mean_interval(np.concatenate([block.stops for block in blocks])),
    )  # fmt: skip


def expected_goodput(plan: Plan) -> float:
    """Return the closed form: goodput times the share of time with a full set of nodes.

    Exact for a constant failure rate in the long run. The far store's older copy enters to first
    order: each failure that takes both copies costs half a copy period and two transfers.

    Parameters
    ----------
    plan : Plan
        The run's physics; shape and age are left out, which is the point of comparing.

    Returns
    -------
    float
        Goodput. [1]

    References
    ----------
    J. T. Daly, Future Generation Computer Systems 22(3), 2006. doi:10.1016/j.future.2004.11.016
    """
    kept = checkpoint.goodput(
        plan.interval, plan.save, plan.mtbf,
        restart=plan.restart, drain=plan.drain, slowdown=plan.slowdown,
    )  # fmt: skip
    waiting = reliability.short_of_a_node(plan.spares, plan.repair, plan.mtbf)
    gone = checkpoint.older_copy_loss(
        plan.both_lost, plan.older_copy_period, plan.older_copy_transfer, plan.mtbf
    )
    return float(kept * (1 - waiting) * (1 - gone))


class _Runs:
    """All runs of a block, side by side.

    `clock` counts time in which nodes can fail; `waited` what the wall clock is ahead of it.
    """

    def __init__(self, plan: Plan, runs: int, rng: np.random.Generator) -> None:
        self.plan, self.rng = plan, rng
        self.rows = np.arange(runs)
        self.fails_at = self._first_lives(runs)
        self.back_at = np.zeros((runs, plan.spares + 1))  # last column: the node failing now
        self.resumes = np.zeros(runs)
        self.stopped = np.zeros(runs)  # clock of the last stop; restart lies after it
        self.waited = np.zeros(runs)
        self.stops = np.zeros(runs, dtype=np.int64)
        self.spent = {name: np.zeros(runs) for name in SHARES}
        self.alive = np.ones(runs, dtype=bool)
        self.story = Story()

    def play(self) -> Block:
        while self.alive.any():
            self._to_the_next_stop()
        shares = {name: spent / self.plan.horizon for name, spent in self.spent.items()}
        return Block(shares=shares, stops=self.stops, story=self.story)

    def _first_lives(self, runs: int) -> Floats:
        plan = self.plan
        size = (runs, plan.nodes)
        if not plan.aged:
            return self._lives(size)
        scale = float(reliability.weibull_scale(plan.node_mttf, plan.shape))
        whole = scale * self.rng.standard_gamma(1 + 1 / plan.shape, size) ** (1 / plan.shape)
        return np.asarray(whole * self.rng.random(size), dtype=float)

    def _lives(self, size: int | tuple[int, int]) -> Floats:
        plan = self.plan
        if plan.shape == 1:
            return np.asarray(self.rng.exponential(plan.node_mttf, size), dtype=float)
        scale = float(reliability.weibull_scale(plan.node_mttf, plan.shape))
        return np.asarray(scale * self.rng.weibull(plan.shape, size), dtype=float)

    def _to_the_next_stop(self) -> None:
        node = np.argmin(self.fails_at, axis=1)
        clock = self.fails_at[self.rows, node]
        clock_end = self.plan.horizon - self.waited
        ends = self.alive & (clock >= clock_end)
        fails = self.alive & ~ends
        self._account(np.where(ends, clock_end, clock), self.alive)
        self.alive = fails
        self.stops += fails
        self._older_copy(clock, fails)
        self._replace(node, clock, fails)

    def _account(self, until: Floats, live: NDArray[np.bool_]) -> None:
        """Book the time since the last stop: restart first, then running."""
        plan = self.plan
        restarting = np.minimum(self.resumes, until) - self.stopped
        up = np.maximum(until - self.resumes, 0.0)
        cycles = np.maximum(np.floor((up - plan.drain) / plan.cycle), 0.0)
        self._book("restart", restarting, live)
        self._book("useful", cycles * plan.work_per_cycle, live)
        self._book("saving", cycles * plan.save, live)
        self._book("repeated", up - cycles * (plan.work_per_cycle + plan.save), live)
        self._tell(until, up, bool(live[0]))

    def _book(self, name: str, amount: Floats, live: NDArray[np.bool_]) -> None:
        self.spent[name] += np.where(live, amount, 0.0)

    def _tell(self, until: Floats, up: Floats, live: bool) -> None:
        if live and self.stops[0] < STORY_STOPS:
            wall, end = float(self.waited[0]), float(until[0])
            self.story.add(wall + float(self.stopped[0]), wall + end - float(up[0]), 1)
            self.story.add(wall + end - float(up[0]), wall + end, 0)

    def _older_copy(self, clock: Floats, fails: NDArray[np.bool_]) -> None:
        """Go back to the far store's copy where the neighbour's went down with the node.

        Its age in wall-clock time turns into work at the run's mean pace so far: failures see
        time averages, so this is right in the mean.
        """
        plan, runs = self.plan, len(self.rows)
        self.extra_restart = np.zeros(runs)
        if plan.both_lost == 0:
            return
        lost = fails & (self.rng.random(runs) < plan.both_lost)
        age = plan.older_copy_period * self.rng.random(runs) + plan.older_copy_transfer
        gone = self.spent["useful"] * np.minimum(age / (clock + self.waited), 1.0)
        self._book("useful", -gone, lost)
        self._book("repeated", gone, lost)
        self.extra_restart = np.where(lost, plan.older_copy_transfer, 0.0)

    def _replace(self, node: NDArray[np.int64], clock: Floats, fails: NDArray[np.bool_]) -> None:
        """Send the node to repair, take the first machine there is, and begin the restart."""
        plan, rows = self.plan, self.rows[fails]
        if len(rows) == 0:
            return
        wall = (clock + self.waited)[rows]
        self.back_at[rows, -1] = wall + plan.repair * self.rng.standard_exponential(len(rows))
        taken = np.argmin(self.back_at[rows], axis=1)
        wait = np.maximum(self.back_at[rows, taken] - wall, 0.0)
        self.back_at[rows, taken] = self.back_at[rows, -1]
        self.fails_at[rows, node[rows]] = clock[rows] + self._lives(len(rows))
        self._wait(rows, wall, wait)
        self.stopped[rows] = clock[rows]
        self.resumes[rows] = clock[rows] + plan.restart + self.extra_restart[rows]

    def _wait(self, rows: NDArray[np.int64], wall: Floats, wait: Floats) -> None:
        within = np.minimum(wait, self.plan.horizon - wall)
        self.spent["waiting"][rows] += within
        self.waited[rows] += wait
        self.alive[rows] = wall + wait < self.plan.horizon
        if rows[0] == 0 and self.stops[0] <= STORY_STOPS:
            self.story.add(float(wall[0]), float(wall[0] + within[0]), 2)
