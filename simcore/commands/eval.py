"""The time of one step on one machine.

python -m simcore eval h100-sxm --precision fp16 --flop "2.1 TFLOP" --traffic "25 GB"
"""

import argparse
from typing import Any

from simcore import catalog
from simcore.equations.roofline import arithmetic_intensity, step_terms
from simcore.units import si


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("hardware")
    parser.add_argument("--precision", default="fp16")
    parser.add_argument("--flop", required=True, help='such as "2.1 TFLOP"')
    parser.add_argument("--traffic", required=True, help='such as "25 GB"')
    parser.add_argument("--efficiency", type=float, default=1.0)
    parser.add_argument("--overhead", default="0 s", help='such as "5 us"')


def answer(options: argparse.Namespace) -> dict[str, Any]:
    machine = catalog.hardware(options.hardware)
    flop, traffic = si(options.flop, "FLOP"), si(options.traffic, "byte")
    terms = step_terms(
        flop,
        traffic,
        peak_flop_rate=machine.peak(options.precision),
        bandwidth=machine.bandwidth,
        efficiency=options.efficiency,
        overhead=si(options.overhead, "s"),
    )
    return {
        "hardware": machine.name,
        "time_s": float(terms.time),
        "compute_s": float(terms.compute),
        "memory_s": float(terms.memory),
        "overhead_s": float(terms.overhead),
        "bound": str(terms.bound),
        "intensity_flop_per_byte": float(arithmetic_intensity(flop, traffic)),
        "ridge_flop_per_byte": machine.ridge(options.precision),
    }
