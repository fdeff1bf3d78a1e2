"""A small lab for tests of the runtime: moving bytes over a link, with every kind of feature."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from labs.contract import (
    RIGHT,
    BenchTask,
    Challenge,
    Choice,
    Comparison,
    ComparisonRow,
    Curves,
    Estimate,
    Evidence,
    JobResult,
    Json,
    Knob,
    Knobs,
    LongJob,
    Measured,
    Numeric,
    Option,
    Outputs,
    Params,
    Part,
    Question,
    RealityCheck,
    Scalar,
    log_steps,
)

RATES = {"cloud": 1e9, "tiny": 250e3}
SIZES = {"cloud": (3e9, 5e9, 7e9), "tiny": (3e5, 5e5, 7e5)}


def transfer_time(size: float, rate: float) -> float:
    return 8 * size / rate


class A(Part):
    def draw(self, rng: np.random.Generator, track: str) -> dict[str, Scalar]:
        return {"size": float(rng.choice(SIZES[track])), "rate": RATES[track]}

    def combinations(self, track: str) -> Sequence[Params]:
        return [{"size": size, "rate": RATES[track]} for size in SIZES[track]]

    def questions(self, p: Params) -> tuple[Question, ...]:
        right = transfer_time(float(p["size"]), float(p["rate"]))
        return (
            Choice(
                id="time",
                options=(
                    Option(id=RIGHT, value=right),
                    Option(id="bits_as_bytes", value=right / 8),
                    Option(id="bits_twice", value=right * 8),
                    Option(id="kilo_lost", value=right / 1000),
                ),
            ),
        )

    def facts(self, p: Params) -> dict[str, Scalar]:
        size = float(p["size"])
        return {"bits": 8 * size, "time": transfer_time(size, float(p["rate"]))}

    def knobs(self, p: Params) -> tuple[Knob, ...]:
        sizes = SIZES["cloud" if p["rate"] == RATES["cloud"] else "tiny"]
        steps = tuple(sorted({size * x for size in sizes for x in (0.5, 1, 2, 4, 8)}))
        return (
            Knob(id="size", steps=steps, default=steps.index(float(p["size"]))),
            Knob(id="link", steps=("sold", "double")),
            Knob(id="compressed", steps=(False, True)),
        )

    def evaluate(self, p: Params, k: Knobs) -> Outputs:
        size = np.asarray(k["size"], dtype=float) * np.where(k["compressed"], 0.5, 1.0)
        rate = float(p["rate"]) * np.where(k["link"] == "double", 2.0, 1.0)
        time = 8 * size / rate
        deadline = np.full_like(time, 20 * float(p["size"]) / float(p["rate"]))
        return {
            "time": time,
            "bound": np.where(time > deadline, "link", "deadline"),
            "late": time > deadline,
            "deadline": deadline,
        }

    def curves(self, p: Params, k: Knobs) -> Curves:
        rates = np.geomspace(1e4, 1e10, 5)
        size = np.asarray(k["size"], dtype=float)[:, None]
        return {"rates": np.broadcast_to(rates, (len(size), 5)), "times": 8 * size / rates}

    def withheld(self, p: Params, locked: Mapping[str, Params], k: Knobs) -> NDArray[np.bool_]:
        size = np.asarray(k["size"], dtype=float)
        if "b" not in locked:
            return np.zeros(len(size), dtype=bool)
        asked: NDArray[np.bool_] = np.isclose(size, float(locked["b"]["size"]))
        return asked


class Radio(Challenge):
    better = "lower"

    def variables(self, p: Params) -> tuple[Knob, ...]:
        return (
            Knob(id="duty", steps=(0.1, 0.25, 0.5, 1.0)),
            Knob(id="window", steps=log_steps(0.001, 1.0, 4)),
        )

    def assess(self, p: Params, k: Knobs) -> Outputs:
        base = transfer_time(float(p["size"]), float(p["rate"]))
        duty = np.asarray(k["duty"], dtype=float)
        time = base / duty + np.asarray(k["window"], dtype=float)
        late = time > 5 * base
        return {
            "objective": time * (0.1 + duty),
            "feasible": ~late,
            "late": late,
            "time": time,
        }


class Channel(LongJob):
    def inputs(self, p: Params) -> tuple[Knob, ...]:
        return (
            Knob(id="loss", steps=(0.01, 0.1, 0.5), default=1),
            Knob(id="packets", steps=(1000, 6_000_000)),
        )

    def check(self, inputs: Params) -> None:
        if float(inputs["loss"]) >= 1:
            raise ValueError("a loss of 100% never ends")

    def units(self, inputs: Params) -> int:
        return 12

    def run_unit(self, inputs: Params, seed: np.random.SeedSequence) -> Json:
        rng = np.random.default_rng(seed)
        tries = rng.geometric(1 - float(inputs["loss"]), size=int(inputs["packets"]))
        # A mean of counts repeats by chance once in forty runs; a phase does not.
        return {"mean": float(tries.mean()), "phase": float(rng.random())}

    def combine(self, inputs: Params, units: Sequence[Json]) -> JobResult:
        means = [float(unit["mean"]) for unit in units]
        spread = 1.96 * float(np.std(means)) / len(means) ** 0.5
        mean = float(np.mean(means))
        return JobResult(
            values={"tries": Estimate(value=mean, low=mean - spread, high=mean + spread)},
            curves={"unit": [float(i) for i in range(len(means))], "tries": means},
        )


class Bench(RealityCheck):
    def tasks(self) -> tuple[BenchTask, ...]:
        small, large = {"bytes": 2_000_000}, {"bytes": 64_000_000}
        return (
            BenchTask(id="bandwidth", task="copy_bandwidth", arguments=small, use="calibrate"),
            BenchTask(id="copy_large", task="copy_bandwidth", arguments=large, use="compare"),
        )

    def compare(self, measured: Mapping[str, Measured]) -> Comparison:
        if "bandwidth" not in measured:
            raise ValueError("the calibration measurement 'bandwidth' is missing")
        return self._table(measured["bandwidth"].value, measured.get("copy_large"))

    def simulate(self, track: str) -> Comparison:
        return self._table(1e10, None)

    def _table(self, bandwidth: float, copy: Measured | None) -> Comparison:
        time = 64e6 / bandwidth
        return Comparison(
            calibration={"bandwidth": Estimate(value=bandwidth, evidence=Evidence.MEASURED)},
            rows=(
                ComparisonRow(
                    id="copy_large",
                    predicted=Estimate(value=time),
                    measured=copy,
                    bound="memory",
                    terms={"memory": time},
                ),
            ),
        )


class B(Part):
    challenge = Radio()
    job = Channel()
    reality = Bench()

    def draw(self, rng: np.random.Generator, track: str) -> dict[str, Scalar]:
        return {"size": 2.0 * float(rng.choice(SIZES[track])), "rate": RATES[track]}

    def combinations(self, track: str) -> Sequence[Params]:
        return [{"size": 2.0 * size, "rate": RATES[track]} for size in SIZES[track]]

    def questions(self, p: Params) -> tuple[Question, ...]:
        return (
            Numeric(id="duration", key=transfer_time(float(p["size"]), float(p["rate"]))),
            Choice(
                id="saver",
                options=(
                    Option(id=RIGHT, value="faster"),
                    Option(id="slow_is_thrifty", value="slower"),
                    Option(id="energy_is_bytes", value="same"),
                ),
            ),
        )

    def facts(self, p: Params) -> dict[str, Scalar]:
        return {"power": 0.25}

    def knobs(self, p: Params) -> tuple[Knob, ...]:
        return (Knob(id="duty", steps=(0.1, 0.25, 0.5, 1.0)),)

    def evaluate(self, p: Params, k: Knobs) -> Outputs:
        energy = 2000 * np.asarray(k["duty"], dtype=float)
        return {"energy": energy, "empty": energy > 1500}
