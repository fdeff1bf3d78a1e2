"""Latency and energy of microcontroller inference, predicted from other published results.

The logarithm of cycles for one product is what core and network let expect, plus effects that
systems share: core class, kind of kernels, runtime, its year, board, and the system itself. Each
effect acts on all networks alike, on operator classes by their share of the cycles, and on single
networks; the variances below say how much. They, and what counts as one kind of kernels, are
constants chosen on 185 results of rounds v0.7 to v1.3, from a likelihood fit and then by comparing
leave-out errors: errors on those same results are therefore somewhat optimistic, those on results
of other systems are not. None is chosen by the row predicted.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from simcore import catalog
from simcore.equations.effects import Estimate, fading, predict_each, predict_missing, shared
from simcore.equations.mcu import cycles_per_product, inference_energy, operator_cycles
from simcore.validation import tiny_rows
from simcore.validation.rows import Row
from simcore.validation.tiny_rows import NETWORKS, TinyRow

Array = NDArray[np.float64]
Rule = Callable[[TinyRow, TinyRow], bool]
"""Whether the second row may be learned from when the first is predicted."""

CYCLES = MappingProxyType({
    "first": 2.5, "depthwise": 5.0, "pointwise": 1.8, "convolution": 1.8, "dense": 2.5,
})  # fmt: skip
"""Cycles of one product on a Cortex-M4 by operator class, before any measurement: a dual 16-bit
product a cycle, with loads and widening; a first layer has short rows, a dense layer loads a weight
for each product, depthwise kernels use each weight once. Estimates. [cycle]"""

CYCLES_PER_OUTPUT = 10.0
"""Scale, round, clamp and store one output on a Cortex-M4. Estimate. [cycle]"""

PORTABLE = MappingProxyType({"dense": 1.3, "outputs": 1.0})
PORTABLE_CONVOLUTION = 2.7
"""Cycles of portable C over those of a library with the chip's instructions: published results of
MLPerf Tiny on a Cortex-M4 lie at 7 to 9 cycles a product with reference kernels and at 2.3 to 3.4
with CMSIS-NN; a dense layer waits for its weights either way. Estimates. [1]"""

SPEED = MappingProxyType({
    "M0": 0.17, "M0+": 0.18, "M23": 0.19, "M3": 0.49, "M4": 1.0, "M33": 1.18, "M7": 2.0,
    "M55": 4.9, "M85": 7.3,
})  # fmt: skip
"""8-bit products for each cycle relative to a Cortex-M4, before any measurement: CoreMark per MHz
as Arm publishes it times the products one instruction makes (half a one on v6-M and v8-M baseline,
one on the M3, a pair with the DSP extension, eight with Helium). The M7 loads and multiplies in one
cycle: Arm gives it twice the signal processing of an M4. [1]"""
_FLOAT_SPEED = MappingProxyType({"M4": 1.0, "M33": 1.18, "M7": 1.46, "M55": 1.23, "M85": 1.84})
_FLOAT_COST = 2.0
"""The same in fp32: CoreMark alone; one product an instruction where int8 makes a pair. [1]"""

_SHORTEST_NAME = 6  # letters of a board's name that may stand in a longer one
_NOISE = 0.0036
_YEARS = 1.5  # rounds after which runtimes have changed by as much as they ever do
_WIDE = (1.0, 0.3, 0.1)
_EFFECTS = MappingProxyType({
    "all": _WIDE, "core": (0.1, 0.01, 0.002), "kind": (0.1, 0.005, 0.002),
    "kind then": (0.03, 0.003, 0.005), "then": (0.02, 0.0005, 0.0005),
    "runtime": (0.01, 0.004, 0.002), "runtime then": (0.02, 0.001, 0.009),
    "board": (0.002, 0.001, 0.0), "system": (0.01, 0.001, 0.004),
})  # fmt: skip
"""Variances of the logarithm: of all networks, of operator classes, of single networks."""

_OTHER_EFFECTS = MappingProxyType({
    **_EFFECTS, "core": (9.0, 1.0, 0.3), "system": (0.3, 0.1, 0.05),
})  # fmt: skip
"""The same for accelerators and processors of other makes: a class says little beforehand."""


def same_board(row: TinyRow, other: TinyRow) -> bool:
    """Whether two boards are one, also where one name says more: NUCLEO-H7A3ZI, NUCLEO-H7A3ZI-Q."""
    short, long = sorted((row.board, other.board), key=len)
    return short == long or (len(short) >= _SHORTEST_NAME and short in long)


def other_board_and_submitter(row: TinyRow, other: TinyRow) -> bool:
    """Learn from no result of this board and none of this submitter."""
    return not same_board(row, other) and row.submitter != other.submitter


def own_benchmarks(row: TinyRow, other: TinyRow) -> bool:
    """Learn from the system's other benchmarks, and from no other try of that team and board."""
    is_own = row.system == other.system
    return is_own or not same_board(row, other) or row.submitter != other.submitter


def own_benchmarks_strictly(row: TinyRow, other: TinyRow) -> bool:
    """Learn from the system's other benchmarks, else from other boards of other submitters."""
    return row.system == other.system or other_board_and_submitter(row, other)


LEVELS: tuple[tuple[str, Rule], ...] = (
    ("core class only", other_board_and_submitter),
    ("calibrated on the system's other benchmarks", own_benchmarks),
    ("calibrated, board and submitter left out", own_benchmarks_strictly),
)


def predictions(rows: Sequence[TinyRow]) -> list[Row]:
    """Return latencies at each level of knowledge, then energies given latency."""
    found: list[Row] = []
    for family in ("mcu int8", "mcu other"):
        found += _latencies([row for row in rows if row.family == family])
    return found + [_energy(row, rows) for row in rows if row.energy is not None]


def _latencies(rows: Sequence[TinyRow]) -> list[Row]:
    asked = [row for row in rows if not _missing(row)]
    if not asked:
        return [_answer(row, knowledge, reason=_missing(row)) for knowledge, _ in LEVELS
                for row in rows]  # fmt: skip
    timed = asked + _besides(asked)
    effects = _EFFECTS if all(row.family == "mcu int8" for row in timed) else _OTHER_EFFECTS
    covariance = _covariance(timed, effects)
    prior, logs = _prior(timed), _logarithms(timed)
    found: list[Row] = []
    for knowledge, rule in LEVELS:
        estimates = _estimates(asked, timed, rule, logs=logs, prior=prior, covariance=covariance)
        places = iter(range(len(asked)))
        for row in rows:
            if reason := _missing(row):
                found.append(_answer(row, knowledge, reason=reason))
                continue
            at = next(places)
            known = [other for j, other in enumerate(timed) if j != at and rule(row, other)]
            if reason := _nothing_to_learn(row, knowledge, known):
                found.append(_answer(row, knowledge, reason=reason))
                continue
            found.append(_answer(row, knowledge, estimate=estimates[at], learned=len(known)))
    return found


def _estimates(
    asked: Sequence[TinyRow],
    timed: Sequence[TinyRow],
    rule: Rule,
    *,
    logs: Array,
    prior: Array,
    covariance: Array,
) -> list[Estimate]:
    """Return each row's estimate; the rows of one system learn from the same others, so at once."""
    found: dict[int, Estimate] = {}
    for system in dict.fromkeys(row.system for row in asked):
        own = [i for i, row in enumerate(asked) if row.system == system]
        row = asked[own[0]]
        others = [j for j, other in enumerate(timed) if other.system != system and rule(row, other)]
        if rule(row, row):  # they learn from one another as well
            each = predict_each(logs, prior, covariance, wanted=own, others=others, noise=_NOISE)
        else:
            each = predict_missing(logs, prior, covariance, known=others, wanted=own, noise=_NOISE)
        found |= {i: Estimate(each.mean[k], each.deviation[k]) for k, i in enumerate(own)}
    return [found[i] for i in range(len(asked))]


def _besides(rows: Sequence[TinyRow]) -> list[TinyRow]:
    """Return the catalogue's results of systems that these rows hold nothing of, by any name."""
    boards = {(row.submitter, row.round, row.board) for row in rows}
    chips = {(row.submitter, row.round, row.core, row.clock) for row in rows}
    return [row for row in tiny_rows.catalogued() if row.family == rows[0].family
            and (row.submitter, row.round, row.board) not in boards
            and (row.submitter, row.round, row.core, row.clock) not in chips]  # fmt: skip


def _nothing_to_learn(row: TinyRow, knowledge: str, known: Sequence[TinyRow]) -> str:
    """Return why these results do not make the knowledge its name promises; "" if they do."""
    if knowledge != LEVELS[0][0] and not any(other.system == row.system for other in known):
        return "no other benchmark of the system"
    if row.family == "mcu other" and not any(other.core == row.core for other in known):
        return "no other result of this class of processor"
    return "" if known else "no result of another board and submitter"


def _missing(row: TinyRow) -> str:
    if row.is_open:
        return "open division: another network than the benchmark's"
    if row.network not in NETWORKS:
        return f"a stream's {row.network} result gives the energy of a stream, no latency"
    if row.latency is None:
        return "no latency published"
    return "" if row.clock else "no clock published"


def _answer(
    row: TinyRow,
    knowledge: str,
    *,
    estimate: Estimate | None = None,
    learned: int = 0,
    reason: str = "",
) -> Row:
    low = mean = high = None
    if estimate is not None and row.clock:
        scale = _macs(row.network) / row.clock
        spread = 1.96 * float(estimate.deviation)
        middle = float(estimate.mean)
        low, mean, high = (
            math.exp(x) * scale for x in (middle - spread, middle, middle + spread)
        )  # fmt: skip
    return Row(id=row.id, family=row.family, knowledge=knowledge, quantity="latency", unit="s",
               published=row.latency, predicted=mean, low=low, high=high, learned_from=learned,
               reason=reason)  # fmt: skip


def _energy(row: TinyRow, rows: Sequence[TinyRow]) -> Row:
    """Predict energy from latency and the median power of the system's other benchmarks."""
    powers = [r.energy / r.latency for r in rows
              if r is not row and r.system == row.system and r.network != row.network
              and r.energy and r.latency]  # fmt: skip
    reason = ""
    if row.latency is None:
        reason = "no latency published"
    elif not powers:
        reason = "no other benchmark of the system with its energy"
    predicted = None
    if row.latency is not None and powers:
        predicted = float(inference_energy(row.latency, active_power=np.median(powers)))
    return Row(id=row.id, family=row.family, knowledge="energy given latency", quantity="energy",
               unit="J", published=row.energy, predicted=predicted, learned_from=len(powers),
               reason=reason)  # fmt: skip


@cache
def _macs(network: str) -> float:
    return catalog.item("models", NETWORKS[network]).value("macs.total")


@cache
def network_cycles(network: str) -> MappingProxyType[str, float]:
    """Return what a Cortex-M4 is expected to spend on a network's operator classes. [cycle]"""
    item = catalog.item("models", NETWORKS[network])
    macs = item.under("macs")
    cycles = {
        name: float(
            operator_cycles(macs.get(name, 0.0), 0.0, cycles_per_mac=each, cycles_per_output=0.0)
        )
        for name, each in CYCLES.items()
    }
    outputs = operator_cycles(
        0.0, item.value("outputs"), cycles_per_mac=0.0, cycles_per_output=CYCLES_PER_OUTPUT
    )
    return MappingProxyType({**cycles, "outputs": float(outputs)})


def _prior(rows: Sequence[TinyRow]) -> Array:
    """Return the logarithm of cycles per product that core and network let expect."""
    m4 = [cycles_per_product(_cycles(row), _macs(row.network)) for row in rows]
    return np.asarray([math.log(float(c) * _slower(row.core)) for c, row in
                       zip(m4, rows, strict=True)])  # fmt: skip


def _cycles(row: TinyRow) -> float:
    """Return what a Cortex-M4 is expected to spend on a row's network, with kernels of its kind."""
    cycles = network_cycles(row.network)
    if row.kind != "portable":
        return sum(cycles.values())
    return sum(each * PORTABLE.get(name, PORTABLE_CONVOLUTION) for name, each in cycles.items())


def _slower(core: str) -> float:
    """Return cycles relative to a Cortex-M4; 1 where nothing is known."""
    if core.endswith(" fp32"):
        return _FLOAT_COST / _FLOAT_SPEED.get(core.removesuffix(" fp32"), 1.0)
    return 1.0 / SPEED.get(core, 1.0)


def _logarithms(rows: Sequence[TinyRow]) -> Array:
    cycles = [cycles_per_product((row.latency or 0.0) * (row.clock or 0.0), _macs(row.network))
              for row in rows]  # fmt: skip
    return np.asarray(np.log(np.asarray(cycles, dtype=float)))


def _covariance(
    rows: Sequence[TinyRow], effects: Mapping[str, tuple[float, float, float]]
) -> Array:
    shares = np.array([_shares(row.network) for row in rows]).reshape(len(rows), -1)
    operators, network = shares @ shares.T, shared([row.network for row in rows])
    then = fading([row.round for row in rows], memory=_YEARS)
    kind = shared([row.kind for row in rows])
    runtime = shared([row.runtime or row.system for row in rows])
    pairs = {
        "all": np.ones_like(then), "core": shared([row.core for row in rows]), "kind": kind,
        "kind then": kind * then, "then": then, "runtime": runtime,
        "runtime then": runtime * then, "board": shared([row.board for row in rows]),
        "system": shared([row.system for row in rows]),
    }  # fmt: skip
    terms = [
        pairs[name] * (each + by_operator * operators + by_network * network)
        for name, (each, by_operator, by_network) in effects.items()
    ]
    return np.asarray(np.sum(terms, axis=0))


def _shares(network: str) -> Array:
    cycles = np.array(list(network_cycles(network).values()))
    return np.asarray(cycles / cycles.sum())
