"""Whole networks on a Raspberry Pi and on a Coral: where arithmetic, memory or the cable binds."""

from collections.abc import Iterator, Mapping, Sequence

from labs.activities import ActivityModel, Design, Figure, Past, Published, Told
from labs.contract import BenchTask, Estimate, Knob, Measured, Scalar
from simcore import catalog
from simcore.equations.roofline import step_terms

# Our name of a network, simcore's, and what published results call it.
NETWORKS: Mapping[str, tuple[str, str]] = {
    "mobilenet_v1": ("mobilenet-v1", "MobileNet v1"),
    "mobilenet_v2": ("mobilenet-v2", "MobileNet v2"),
    "resnet_50": ("resnet-50-v1", "ResNet-50 v1"),
}
# Edge TPUs, and what published results call each.
CORALS: Mapping[str, str] = {
    "coral-usb": "desktop-coral-usb-int8",
    "coral-dev-board": "coral-dev-board-int8",
}
PIS = ("raspberry-pi-5", "raspberry-pi-4")
_INT8, _FP32 = 1.0, 4.0
# Share of the peak that convolutions reach; depthwise ones of a MobileNet reach less of an array
# of 64 by 64. Assumed; the interval says how little is known before a measurement.
_PI_SHARE, _CORAL_SHARE, _UNKNOWN = 0.3, 0.25, 3.0
_PI_THREADS = 4


class Model(ActivityModel):
    def design(self) -> tuple[Knob, ...]:
        return (Knob(id="model", steps=tuple(NETWORKS), default=1),)

    def boards(self) -> tuple[str, ...]:
        return (*PIS, *CORALS)

    def tasks(self, design: Design, board: str) -> tuple[BenchTask, ...]:
        arguments: dict[str, Scalar] = {"model": design["model"]}
        arguments |= {"runtime": "edge_tpu"} if board in CORALS else {"threads": _PI_THREADS}
        return (BenchTask(id="inference", task="inference", arguments=arguments, use="compare"),)

    def predict(self, design: Design, board: str, past: Sequence[Past] = ()) -> tuple[Figure, ...]:
        terms = _terms(str(design["model"]), board)
        value, off = sum(terms.values()), _UNKNOWN
        if past:
            # What this kit's others took over what was expected of them, as a factor.
            ratios = [row.time_s / sum(_terms(str(row.design["model"]), board).values())
                      for row in past]  # fmt: skip
            scale = sorted(ratios)[len(ratios) // 2]
            terms = {name: scale * x for name, x in terms.items()}
            value, off = scale * value, 1.6
        time = Estimate(value=value, low=value / off, high=value * off)
        power = catalog.item("hardware", board).value("power")
        most = power * value
        energy = Estimate(value=most, low=most / off / 2, high=most * off)
        return (
            Figure(
                id="latency",
                predicted=time,
                bound=max(terms, key=lambda name: terms[name]),
                terms=terms,
            ),
            Figure(id="energy", predicted=energy),
        )

    def published(self, design: Design, board: str) -> tuple[Published, ...]:
        return tuple(_published(str(design["model"]), board))

    def read(self, told: Mapping[str, Told]) -> dict[str, Measured]:
        if "inference" not in told:
            return {}
        answer = told["inference"]
        found = {"latency": answer.measured}
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


def _terms(network: str, board: str) -> dict[str, float]:
    """Return the terms of one inference. [s]"""
    model, item = catalog.item("models", NETWORKS[network][0]), catalog.item("hardware", board)
    is_coral = board in CORALS
    size = _INT8 if is_coral else _FP32
    weights = size * model.value("parameters")
    on_chip = min(weights, item.value("capacity")) if is_coral else weights
    # A Pi's activations pass through its memory, a Coral's stay on the chip.
    traffic = on_chip if is_coral else on_chip + 2.0 * size * model.value("outputs")
    found = step_terms(
        2.0 * model.value("macs.total"),
        traffic,
        peak_flop_rate=item.value("peak.int8" if is_coral else "peak.fp32"),
        bandwidth=item.value("bandwidth"),
        efficiency=_CORAL_SHARE if is_coral else _PI_SHARE,
        overhead=item.value("overhead"),
    )
    # Of two that overlap, the longer one is seen.
    compute, memory = float(found.compute), float(found.memory)
    seen = {"arithmetic": compute} if compute >= memory else {"memory": memory}
    if is_coral and weights > on_chip:
        seen["sending weights"] = (weights - on_chip) / item.value("link.bandwidth")
    return {**seen, "call": item.value("overhead")}


def _published(network: str, board: str) -> Iterator[Published]:
    if board not in CORALS:
        return
    item, called = catalog.item("edge_results", CORALS[board]), NETWORKS[network][1]
    fact = item.get(f"latency.{called}")
    if fact is not None:
        # Larger pictures are more work: whoever compares must know.
        side = item.get(f"input.{called}")
        pictures = f", pictures of {side.value:.0f} pixels" if side else ""
        yield Published(
            figure="latency",
            value=fact.value,
            what=f"{item.name}{pictures}",
            source=fact.source.text,
            url=fact.source.url,
        )
