"""Part A: one in a million, sixteen thousand times. Survival of many parts in series."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import ClassVar

import numpy as np

from labs.contract import (
    RIGHT,
    Choice,
    Curves,
    Knob,
    Knobs,
    Option,
    Outputs,
    Params,
    Part,
    Question,
    Scalar,
    log_steps,
)
from labs.explore.vol2.lab_06_fault_tolerance import published
from labs.explore.vol2.lab_06_fault_tolerance.common import (
    DAY,
    HOUR,
    column,
    knob_at,
    number,
    rows,
    settings,
)
from simcore.equations import reliability

RATIOS = (0.5, 0.75, 1.0, 1.5, 2.0)  # the time asked about, in mean times between stops
LIST_AXIS = np.geomspace(64, 131_072, 41)
STRETCHES = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """One track's parts: how many, how long they live, and how its times are said."""

    counts: tuple[int, ...]
    lives: tuple[float, ...]
    unit: float
    digits: int
    unit_word: str
    rounded_to: float
    life_range: tuple[float, float]
    time_range: tuple[float, float]
    part: str
    parts: str
    fails: str
    healthy: str


FLEETS = {
    "cloud": Fleet(
        counts=(4096, 8192, 16_384, 24_576), lives=(40_000, 50_000, 60_000), unit=HOUR,
        digits=1, unit_word="h", rounded_to=0.1, life_range=(5e3, 2e5), time_range=(0.5, 168),
        part="GPU", parts="GPUs",
        fails="fails",
        healthy="healthy",
    ),
    "edge": Fleet(
        counts=(240, 480, 960), lives=(8000, 12_000, 15_000), unit=HOUR,
        digits=0, unit_word="h", rounded_to=1, life_range=(1e3, 4e4), time_range=(1, 168),
        part="box", parts="boxes",
        fails="fails",
        healthy="healthy",
    ),
    "mobile": Fleet(
        counts=(200, 400, 800), lives=(4, 6, 8), unit=1.0,
        digits=0, unit_word="s", rounded_to=1, life_range=(0.5, 24), time_range=(5, 3600),
        part="phone", parts="phones",
        fails="leaves",
        healthy="in place",
    ),
    "tiny": Fleet(
        counts=(1000, 2500, 5000), lives=(200, 350, 500), unit=1.0,
        digits=0, unit_word="s", rounded_to=10, life_range=(20, 2000), time_range=(60, 14_400),
        part="sensor", parts="sensors",
        fails="goes dark",
        healthy="awake",
    ),
}  # fmt: skip


class A(Part):
    """How likely does a job of many parts survive a given time?"""

    does_not_finish: ClassVar[float] = 0.01

    def combinations(self, track: str) -> Sequence[Params]:
        return _combinations(track)

    def questions(self, p: Params) -> tuple[Question, ...]:
        t, theta, n = number(p, "duration"), number(p, "life"), number(p, "n")
        options = (
            Option(id=RIGHT, value=_survival(t, theta, n)),
            Option(id="as_good_as_one_part", value=_survival(t, theta, 1)),
            Option(id="countdown", value=_countdown(t, theta, n)),
            Option(id="half_life", value=_half_life(t, theta, n)),
        )
        return (Choice(id="survive", options=options),)

    def facts(self, p: Params) -> dict[str, Scalar]:
        t, theta, n = number(p, "duration"), number(p, "life"), number(p, "n")
        m = float(reliability.series_mtbf(theta, n))
        return {
            "mtbf": m,
            "stops": t / m,
            "survive_mtbf": _survival(m, theta, n),
            "survive_part": _survival(t, theta, 1),
            "median": float(np.log(2)) * m,
            "stops_per_day": DAY / m,
            "llama_gpus": published.LLAMA_GPUS,
            "llama_stops": published.LLAMA_STOPS,
            "llama_days": published.LLAMA_TIME / DAY,
            "llama_mtbf": published.LLAMA_MTBF,
            "llama_part_life_h": published.LLAMA_MTBF * published.LLAMA_GPUS / HOUR,
            "llama_gpu_share": published.LLAMA_GPU_STOPS / published.LLAMA_STOPS,
        }

    def knobs(self, p: Params) -> tuple[Knob, ...]:
        fleet = FLEETS[str(p["track"])]
        counts = tuple(float(round(2 ** (x / 2))) for x in range(12, 35))
        lives = log_steps(*fleet.life_range, 25)
        times = tuple(x * fleet.unit for x in log_steps(*fleet.time_range, 27))
        return (
            knob_at("n", counts, number(p, "n")),
            knob_at("life_h", lives, number(p, "life") / HOUR),
            knob_at("duration", times, number(p, "duration")),
            Knob(id="shape", steps=(0.7, 0.8, 0.9, 1.0), default=3),
        )

    def evaluate(self, p: Params, k: Knobs) -> Outputs:
        m = reliability.series_mtbf(_life(k), k["n"])
        stops = reliability.early_failures(k["duration"], _life(k), k["n"], shape=k["shape"])
        survive = reliability.series_survival_weibull_new(
            k["duration"], _life(k), k["n"], shape=k["shape"]
        )
        return {
            "mtbf": m,
            "survive": survive,
            "stopped": 1 - survive,
            "stops": stops,
            "stops_per_day": DAY / m,
            "stops_llama_time": published.LLAMA_TIME / m,
            "fleet": np.asarray(k["n"], dtype=float),
            "wont_finish": survive < self.does_not_finish,
        }

    def curves(self, p: Params, k: Knobs) -> Curves:
        m, axis = settings(k), LIST_AXIS
        t, theta, shape = column(k["duration"]), column(_life(k)), column(k["shape"])
        survive = reliability.series_survival_weibull_new(t, theta, axis, shape=shape)
        ages = np.asarray(axis * t / theta, dtype=float)
        starts, ends = _stretches(k)
        return {
            "n_axis": rows(axis, m),
            "survive_n": np.round(survive, 4),
            "countdown_n": np.round(np.maximum(0.0, 1 - ages), 4),
            "half_life_n": np.round(np.exp2(-ages), 4),
            "mtbf_n_axis": rows([64, 131_072], m),
            "mtbf_n": reliability.series_mtbf(theta, np.array([64.0, 131_072.0])),
            "measured_n": rows([published.LLAMA_GPUS, published.RSC_MEASURED[0]], m),
            "measured_mtbf": rows([published.LLAMA_MTBF, published.RSC_MEASURED[1]], m),
            "projected_n": rows([n for n, _ in published.RSC_PROJECTED], m),
            "projected_mtbf": rows([mtbf for _, mtbf in published.RSC_PROJECTED], m),
            "stretch_start": starts,
            "stretch_end": ends,
            "stretch_lane": rows(np.zeros(STRETCHES), m),
        }


@cache
def _combinations(track: str) -> tuple[Params, ...]:
    fleet = FLEETS[track]
    listed = (
        _parameters(track, fleet, n, life * HOUR, ratio)
        for n in fleet.counts
        for life in fleet.lives
        for ratio in RATIOS
    )
    return tuple(p for p in listed if not _time_looks_like_the_key(p))


def _parameters(track: str, fleet: Fleet, n: int, life: float, ratio: float) -> Params:
    exact = ratio * float(reliability.series_mtbf(life, n)) / fleet.unit
    said = round(round(exact / fleet.rounded_to) * fleet.rounded_to, fleet.digits)
    return {
        "track": track,
        "n": n,
        "life": life,
        "duration": said * fleet.unit,
        "life_text": f"{life / HOUR:,.0f} h",
        "duration_text": f"{said:,.{fleet.digits}f} {fleet.unit_word}",
        "part": fleet.part,
        "parts": fleet.parts,
        "fails": fleet.fails,
        "healthy": fleet.healthy,
    }


def _time_looks_like_the_key(p: Params) -> bool:
    """Whether the time's numeral comes within 3% of the key in percent, which would point at it."""
    numeral = float(str(p["duration_text"]).split()[0].replace(",", ""))
    key = 100 * _survival(number(p, "duration"), number(p, "life"), number(p, "n"))
    return abs(numeral - key) <= 0.03 * key


def _survival(duration: float, life: float, n: float) -> float:
    return float(reliability.series_survival(duration, life, n))


def _countdown(duration: float, life: float, n: float) -> float:
    return max(0.0, 1 - duration / float(reliability.series_mtbf(life, n)))


def _half_life(duration: float, life: float, n: float) -> float:
    return float(2 ** (-duration / reliability.series_mtbf(life, n)))


def _life(k: Knobs) -> np.ndarray:
    return np.asarray(k["life_h"] * HOUR, dtype=float)


def _stretches(k: Knobs) -> tuple[np.ndarray, np.ndarray]:
    """Return where one seeded run's unbroken stretches begin and end, as shares of the time."""
    gaps = np.random.default_rng(1977).exponential(1.0, STRETCHES)
    stops = np.concatenate(([0.0], np.cumsum(gaps)))
    mtbf = reliability.series_mtbf(_life(k), k["n"])
    shares = stops * column(mtbf / k["duration"])
    begun = shares[:, :-1] < 1
    starts = np.where(begun, shares[:, :-1], np.nan)
    return np.round(starts, 5), np.round(np.where(begun, np.minimum(shares[:, 1:], 1), np.nan), 5)
