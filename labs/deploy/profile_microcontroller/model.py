"""The tiny benchmarks' networks on microcontrollers, beside what others published of them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from labs.activities import ActivityModel, Design, Figure, Past, Published, Told
from labs.contract import BenchTask, Estimate, Knob, Measured
from simcore import catalog
from simcore.catalog import Item
from simcore.solvers import solve
from simcore.tools.calibration import calibrate, predict

NETWORKS: Mapping[str, str] = {
    "kws": "dscnn-kws",
    "vww": "mobilenet-v1-025-vww",
    "ic": "resnet8-ic",
    "ad": "fc-autoencoder-ad",
}
# Board, its core, and what published results call it.
BOARDS: Mapping[str, tuple[str, str]] = {
    "nucleo-l4r5zi": ("cortex-m4", "NUCLEO-L4R5ZI"),
    "nrf5340-dk": ("cortex-m33", "nRF5340 DK"),
    "arduino-nano-33-ble-sense": ("cortex-m4", ""),
    "arduino-nicla-vision": ("cortex-m7", ""),
}
# Published systems with one core: nine tenths lie within a factor of two of their median.
_UNKNOWN, _POWER = 2.0, 1.1
# Standard deviation of ln(time) of a board's networks around one common factor. [1]
_SCATTER = 0.2


class Model(ActivityModel):
    def design(self) -> tuple[Knob, ...]:
        return (Knob(id="network", steps=tuple(NETWORKS)),)

    def boards(self) -> tuple[str, ...]:
        return tuple(BOARDS)

    def tasks(self, design: Design, board: str) -> tuple[BenchTask, ...]:
        task = str(design["network"])
        return (BenchTask(id=task, task=task, arguments={}, use="compare"),)

    def predict(self, design: Design, board: str, past: Sequence[Past] = ()) -> tuple[Figure, ...]:
        solved = solve("mcu_inference", **_asked(design, board))
        time = _calibrated(design, board, past) or Estimate(
            value=solved.value.value,
            low=solved.value.value / _UNKNOWN,
            high=solved.value.value * _UNKNOWN,
        )
        power = solved.inputs["power"]
        scale = time.value / solved.inputs["clock"] / solved.value.value
        terms = {
            name: scale * solved.inputs[f"{name}_macs"] * solved.inputs[f"{name}_cycles"]
            for name in ("first", "depthwise", "pointwise", "convolution", "dense")
            if solved.inputs[f"{name}_macs"]
        }
        energy = Estimate(
            value=power * time.value,
            low=power * (time.low or time.value) / _POWER,
            high=power * (time.high or time.value) * _POWER,
        )
        return (
            Figure(id="latency", predicted=time, bound=solved.bound, terms=terms),
            Figure(id="energy", predicted=energy),
        )

    def published(self, design: Design, board: str) -> tuple[Published, ...]:
        network, called = str(design["network"]), BOARDS[board][1]
        found = [row for item in _results(called) for row in _published(item, network)]
        return tuple(sorted(found, key=lambda row: (row.figure != "latency", row.value)))

    def read(self, told: Mapping[str, Told]) -> dict[str, Measured]:
        found: dict[str, Measured] = {}
        for answer in told.values():
            found["latency"] = answer.measured
            if answer.energy_j is not None:
                spread = 2 * answer.energy_spread_j
                found["energy"] = Measured(
                    value=answer.energy_j,
                    low=answer.energy_j - spread,
                    high=answer.energy_j + spread,
                    n=answer.measured.n,
                    evidence=answer.measured.evidence,
                )
        return found


def _asked(design: Design, board: str) -> dict[str, Any]:
    return {
        "model": NETWORKS[str(design["network"])],
        "hardware": board,
        "core": BOARDS[board][0],
    }


def _calibrated(design: Design, board: str, past: Sequence[Past]) -> Estimate | None:
    """Return the time at the pace this kit showed, or None where it has shown none.

    The clock is the one number that all of a network's time is divided by, so it stands for the
    pace: what is fitted is how fast a board of these kernels would have to be clocked.
    """
    if not past:
        return None
    points = [{"model": NETWORKS[str(row.design["network"])], "measured": row.time_s}
              for row in past]  # fmt: skip
    shared: dict[str, Any] = {"hardware": board, "core": BOARDS[board][0]}
    fitted = calibrate("mcu_inference", "clock", points, scatter=_SCATTER, **shared)
    (found,) = predict(fitted, [{"model": NETWORKS[str(design["network"])]}])
    return Estimate(value=found.value, low=found.low, high=found.high)


def _results(called: str) -> Iterator[Item]:
    if called:
        for name in catalog.names("tiny_results"):
            item = catalog.item("tiny_results", name)
            if f"board: {called}" in item.tags and "division: closed" in item.tags:
                yield item


def _published(item: Item, network: str) -> Iterator[Published]:
    for figure in ("latency", "energy"):
        fact = item.get(f"{figure}.{network}")
        if fact is not None:
            yield Published(
                figure=figure,
                value=fact.value,
                what=item.name,
                source=fact.source.text,
                url=fact.source.url,
            )
