"""The reality check: three measurements make a machine, the other times are predicted from it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from labs.contract import (
    BenchTask,
    Comparison,
    ComparisonRow,
    Estimate,
    Evidence,
    Measured,
    RealityCheck,
    Scalar,
)
from simcore import catalog
from simcore.catalog import Item
from simcore.equations.calibration import (
    Calibration,
    Spread,
    fit_machine,
    predict_times,
    spread_before_and_after,
    spread_of_median,
)
from simcore.equations.operators import (
    chain_traffic_eager,
    chain_traffic_fused,
    gemm_flop,
    gemm_traffic,
)
from simcore.equations.roofline import step_terms

COPY_BYTES = 128 * 2**20
"""Several times the last-level cache of a server. [byte]"""
LARGE = 1536
CHAIN_BYTES = 64 * 2**20
BLOCK_BYTES = 128 * 2**10
"""Blocks in which the agent fuses a chain, so that they stay in a second-level cache. [byte]"""
KERNEL_SCATTER = 0.07
"""Standard deviation of the logarithm: on an x86 host, kernels of one library lay up to 1.14 times
above the roofline of its largest product, so 95% within about 1.15 either way. [1]"""

HOSTS: Mapping[str, str] = {
    "cloud": "linux-host",
    "edge": "raspberry-pi-5",
    "mobile": "phone-cpu",
    "tiny": "raspberry-pi-4",
}
"""The processor that would run these benchmarks on each track, one thread."""

_FP32, _FP64 = 4.0, 8.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One benchmark as the roofline sees it."""

    task: str
    arguments: Mapping[str, Scalar]
    flop: float
    traffic: float
    calls: float = 1.0
    peak_ratio: float = 1.0


def product(m: int, n: int, k: int, dtype: str = "float32") -> Work:
    size = _FP64 if dtype == "float64" else _FP32
    return Work(
        task="gemm",
        arguments={"m": m, "n": n, "k": k, "dtype": dtype},
        flop=float(gemm_flop(m, n, k)),
        traffic=float(gemm_traffic(m, n, k, element_size=size)),
        # A vector register holds half as many 64-bit numbers.
        peak_ratio=_FP32 / size,
    )


def matrix_vector(n: int) -> Work:
    return Work(
        task="gemv",
        arguments={"n": n, "dtype": "float32"},
        flop=float(gemm_flop(n, 1, n)),
        traffic=float(gemm_traffic(n, 1, n, element_size=_FP32)),
    )


def chain(k: int, *, fused: bool) -> Work:
    traffic = chain_traffic_fused(CHAIN_BYTES) if fused else chain_traffic_eager(k, CHAIN_BYTES)
    return Work(
        task="fused_chain",
        arguments={"k": k, "bytes": CHAIN_BYTES, "dtype": "float32", "fused": fused},
        flop=k * CHAIN_BYTES / _FP32,
        traffic=float(traffic),
        calls=k * math.ceil(CHAIN_BYTES / BLOCK_BYTES) if fused else k,
    )


def perceptron(batch: int, width: int, layers: int) -> Work:
    relu = chain_traffic_fused(batch * width * _FP32)
    layer = gemm_traffic(batch, width, width, element_size=_FP32)
    return Work(
        task="mlp",
        arguments={"batch": batch, "width": width, "layers": layers, "dtype": "float32"},
        flop=layers * float(gemm_flop(batch, width, width)),
        traffic=layers * float(layer + relu),
        calls=2 * layers,
    )


COMPARED: Mapping[str, Work] = {
    **{f"gemm_{n}": product(n, n, n) for n in (64, 128, 256, 512, 1024)},
    "gemm_512_fp64": product(512, 512, 512, "float64"),
    "gemv_2048": matrix_vector(2048),
    "gemv_4096": matrix_vector(4096),
    "skinny_4": product(2048, 4, 2048),
    "skinny_16": product(2048, 16, 2048),
    "chain_3": chain(3, fused=False),
    "chain_3_fused": chain(3, fused=True),
    "chain_5": chain(5, fused=False),
    "chain_5_fused": chain(5, fused=True),
    "mlp": perceptron(32, 512, 4),
}
CALIBRATED: Mapping[str, Work] = {
    "copy": Work(
        task="copy_bandwidth",
        arguments={"bytes": COPY_BYTES, "dtype": "float32"},
        flop=0.0,
        traffic=2.0 * COPY_BYTES,
    ),
    f"gemm_{LARGE}": product(LARGE, LARGE, LARGE),
    "call": Work(task="call_overhead", arguments={}, flop=0.0, traffic=0.0),
}
REPEATED = ("copy", f"gemm_{LARGE}")
"""Measured again at the end, so that what drifts during the run widens the intervals."""


class Check(RealityCheck):
    """Bandwidth from a copy, arithmetic from a large product, overhead from an empty call."""

    def tasks(self) -> tuple[BenchTask, ...]:
        return (
            *(_task(name, work, "calibrate") for name, work in CALIBRATED.items()),
            *(_task(name, work, "compare") for name, work in COMPARED.items()),
            *(_task(_again(name), CALIBRATED[name], "calibrate") for name in REPEATED),
        )

    def compare(self, measured: Mapping[str, Measured]) -> Comparison:
        asked = [task.id for task in self.tasks() if task.use == "calibrate"]
        missing = [name for name in asked if name not in measured]
        if missing:
            raise ValueError(f"calibration needs {', '.join(missing)}; run the check again")
        large = CALIBRATED[f"gemm_{LARGE}"]
        machine = fit_machine(
            bandwidth=_both_spread(measured, "copy"),
            product_time=_both_spread(measured, f"gemm_{LARGE}"),
            product_flop=large.flop,
            product_traffic=large.traffic,
            overhead=_spread(measured, "call"),
        )
        kinds = {str(m.evidence) for m in measured.values()}
        seen = Evidence.MEASURED if kinds == {"measured"} else Evidence.EMULATED
        return Comparison(
            calibration={
                "bandwidth": _estimate(machine.bandwidth, seen),
                "flop_rate": _estimate(machine.flop_rate, seen),
                "overhead": _estimate(machine.overhead, seen),
                "ridge": Estimate(value=machine.ridge, evidence=seen),
            },
            rows=tuple(_row(name, work, machine, measured) for name, work in COMPARED.items()),
        )

    def simulate(self, track: str) -> Comparison:
        host = catalog.item("hardware", HOSTS[track])
        rates = {name: host.value(fact) for name, fact in _FACTS.items()}
        return Comparison(
            calibration={
                **{name: Estimate(value=rate, evidence=_evidence(host, _FACTS[name]))
                   for name, rate in rates.items()},
                "ridge": Estimate(
                    value=rates["flop_rate"] / rates["bandwidth"], evidence=Evidence.ASSUMED
                ),
            },
            rows=tuple(_simulated_row(name, work, rates) for name, work in COMPARED.items()),
        )  # fmt: skip


_FACTS = {"bandwidth": "copy.bandwidth", "flop_rate": "thread.fp32", "overhead": "overhead"}


def _task(name: str, work: Work, use: str) -> BenchTask:
    return BenchTask(
        id=name,
        task=work.task,
        arguments=dict(work.arguments),
        use="calibrate" if use == "calibrate" else "compare",
    )


def _again(name: str) -> str:
    return f"{name}_again"


def _both_spread(measured: Mapping[str, Measured], name: str) -> Spread:
    return spread_before_and_after(_spread(measured, name), _spread(measured, _again(name)))


def _spread(measured: Mapping[str, Measured], name: str) -> Spread:
    found = measured[name]
    try:
        return spread_of_median(found.value, found.low, found.high, found.n)
    except ValueError as error:
        raise ValueError(f"{name}: {error}; run the check again") from error


def _estimate(spread: Spread, evidence: Evidence) -> Estimate:
    return Estimate(value=spread.value, low=spread.low, high=spread.high, evidence=evidence)


def _evidence(host: Item, fact: str) -> Evidence:
    return Evidence(host[fact].source.evidence)


def _row(
    name: str, work: Work, machine: Calibration, measured: Mapping[str, Measured]
) -> ComparisonRow:
    predicted = predict_times(
        machine,
        work.flop,
        work.traffic,
        calls=work.calls,
        peak_ratio=work.peak_ratio,
        kernel_scatter=KERNEL_SCATTER,
    )
    return ComparisonRow(
        id=name,
        predicted=Estimate(
            value=float(predicted.time), low=float(predicted.low), high=float(predicted.high)
        ),
        measured=measured.get(name),
        bound=str(predicted.terms.bound),
        terms={term: float(time) for term, time in predicted.terms._asdict().items()},
    )


def _simulated_row(name: str, work: Work, rates: Mapping[str, float]) -> ComparisonRow:
    terms = step_terms(
        work.flop,
        work.traffic,
        peak_flop_rate=rates["flop_rate"],
        bandwidth=rates["bandwidth"],
        efficiency=work.peak_ratio,
        overhead=work.calls * rates["overhead"],
    )
    return ComparisonRow(
        id=name,
        predicted=Estimate(value=float(terms.time)),
        measured=None,
        bound=str(terms.bound),
        terms={term: float(time) for term, time in terms._asdict().items()},
    )
