"""Where the doubt in an energy comes from: gain, offset, timing, quantisation, repeats, idle.

Each part is a standard uncertainty (one sigma); parts are independent and join by squares
(JCGM 100:2008). A limit of a data sheet counts as a rectangular distribution.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from firmware_specs.wire import Scalar

RECTANGULAR = 3**-0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Accuracy:
    """What is known of a power meter, as standard uncertainties.

    `gain_share` is relative; `offset_w` its error at no load; `step_w` one step of what it reads;
    `lacks` names what nobody has told us, so that a small budget is not taken for a good meter.
    """

    gain_share: float = 0.0
    offset_w: float = 0.0
    step_w: float = 0.0
    lacks: tuple[str, ...] = ()


UNKNOWN = Accuracy(lacks=("gain", "offset"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """The standard uncertainty of one run's energy, part by part. [J]"""

    gain_j: float
    offset_j: float
    timing_j: float
    quantisation_j: float
    repeat_j: float
    # Of the idle power that is subtracted; gain and idle are those of the dynamic energy.
    dynamic_gain_j: float
    idle_j: float
    lacks: tuple[str, ...] = ()

    @property
    def total_j(self) -> float:
        return _joined(
            self.gain_j, self.offset_j, self.timing_j, self.quantisation_j, self.repeat_j
        )

    @property
    def dynamic_j(self) -> float:
        """Of the energy less idle: the offset is in both and cancels."""
        return _joined(
            self.dynamic_gain_j, self.idle_j, self.timing_j, self.quantisation_j, self.repeat_j
        )

    def facts(self) -> Mapping[str, Scalar]:
        """Return the budget as a result's environment carries it."""
        known: dict[str, Scalar] = {
            "energy_uncertainty_j": self.total_j,
            "energy_dynamic_uncertainty_j": self.dynamic_j,
            "energy_u_gain_j": self.gain_j,
            "energy_u_offset_j": self.offset_j,
            "energy_u_timing_j": self.timing_j,
            "energy_u_quantisation_j": self.quantisation_j,
            "energy_u_repeat_j": self.repeat_j,
            "energy_u_idle_j": self.idle_j,
        }
        return known | ({"energy_u_lacks": ", ".join(self.lacks)} if self.lacks else {})


def budget_of(
    *,
    accuracy: Accuracy,
    totals_j: Sequence[float],
    length_s: float,
    idle_w: float,
    idle_drift_w: float,
    edge_s: float,
    runs: int,
    samples: int,
    scatter_w: float,
) -> Budget:
    """Return the uncertainty of the energy of one run.

    Parameters
    ----------
    totals_j
        Energy of each window. [J]
    length_s, idle_w
        Median length of the windows; power of the idle board. [s], [W]
    idle_drift_w
        Idle power after the windows less that before. [W]
    edge_s
        Standard uncertainty of the moment at which a window begins or ends. [s]
    runs
        Runs in one window.
    samples, scatter_w
        Power samples in one window, and their standard deviation. [W]
    """
    total = sorted(totals_j)[len(totals_j) // 2]
    dynamic = total - idle_w * length_s
    timing = 2**0.5 * edge_s * abs(total / length_s - idle_w) if length_s > 0 else 0.0
    return Budget(
        gain_j=accuracy.gain_share * total / runs,
        offset_j=accuracy.offset_w * length_s / runs,
        timing_j=timing / runs,
        quantisation_j=_quantisation(accuracy.step_w, samples, scatter_w) * length_s / runs,
        repeat_j=_deviation(totals_j) / len(totals_j) ** 0.5 / runs,
        dynamic_gain_j=abs(accuracy.gain_share * dynamic) / runs,
        # Somewhere between before and after, with equal chance.
        idle_j=abs(idle_drift_w) / 12**0.5 * length_s / runs,
        lacks=accuracy.lacks,
    )


def _quantisation(step_w: float, samples: int, scatter_w: float) -> float:
    """Return the standard uncertainty that steps leave in a mean power. [W]

    Rounding averages out only where the power itself moves from step to step.
    """
    one = step_w / 12**0.5
    return one / max(1, samples) ** 0.5 if scatter_w >= step_w / 2 else one


def _deviation(values: Sequence[float]) -> float:
    mean = sum(values) / len(values)
    squares = sum((value - mean) ** 2 for value in values)
    return float((squares / max(1, len(values) - 1)) ** 0.5)


def _joined(*parts: float) -> float:
    return float(sum(part**2 for part in parts) ** 0.5)
