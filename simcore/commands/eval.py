"""One question at one point; or, for a machine, the time of one step on it.

python -m simcore eval tail_latency --set arrival_rate="160 1/s" --set service="5 ms" \\
    --uncertainty --spread service=20% --assert "value < 150 ms"
python -m simcore eval h100-sxm --precision fp16 --flop "2.1 TFLOP" --traffic "25 GB"
"""

import argparse
from typing import Any

from simcore import catalog, commands, solvers
from simcore.equations.roofline import arithmetic_intensity, step_terms
from simcore.errors import NotInCatalogue, unknown
from simcore.tools import asserting, sensitivity, uncertainty
from simcore.tools.reading import inputs
from simcore.tools.uncertainty import DRAWS
from simcore.units import si


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("subject", help="a solver, or a machine of the catalogue")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--uncertainty", type=int, nargs="?", const=DRAWS, metavar="DRAWS",
                        help="draw the uncertain inputs and tell the interval")  # fmt: skip
    parser.add_argument("--spread", action="append", default=[], metavar="NAME=10%%",
                        help="relative standard deviation of an input")  # fmt: skip
    parser.add_argument("--column", default="value", help="what the uncertainty is of")
    parser.add_argument("--level", type=float, default=0.9, help="share that the interval holds")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--sensitivity", action="store_true", help="per cent for each per cent")
    asserting.argument(parser)
    step = parser.add_argument_group("a machine's step")
    step.add_argument("--precision", default="fp16")
    step.add_argument("--flop", help='such as "2.1 TFLOP"')
    step.add_argument("--traffic", help='such as "25 GB"')
    step.add_argument("--efficiency", type=float, default=1.0)
    step.add_argument("--overhead", default="0 s", help='such as "5 us"')


def answer(options: argparse.Namespace) -> dict[str, Any]:
    if options.subject in solvers.names():
        return _solved(options)
    known = (*solvers.names(), *catalog.names("hardware"))
    if options.subject not in known:
        raise NotInCatalogue(unknown("solver or machine", options.subject, known))
    return _step(options)


def _solved(options: argparse.Namespace) -> dict[str, Any]:
    given = inputs(options.subject, options.set)
    result = solvers.solve(options.subject, **given)
    found = result.as_dict()
    found["assertions"] = asserting.checked([result], options.assertions)
    if options.sensitivity:
        found["sensitivity"] = sensitivity(options.subject, **given)
    if options.uncertainty is not None or options.spread:
        found["uncertainty"] = _uncertain(options, given)
    return found


def _uncertain(options: argparse.Namespace, given: dict[str, Any]) -> dict[str, Any]:
    known = uncertainty(
        options.subject,
        draws=options.uncertainty or DRAWS,
        seed=options.seed,
        level=options.level,
        column=options.column,
        spreads={name: si(text, "1") for name, text in map(_pair, options.spread)},
        constraints=options.assertions,
        **given,
    )
    finite = {name: None if value in (float("inf"), float("-inf")) else value
              for name in ("center", "mean", "deviation", "median", "low", "high")
              for value in (getattr(known, name),)}  # fmt: skip
    return {
        "column": known.column,
        "unit": known.unit,
        **finite,
        "level": known.level,
        "finite": known.finite,
        "feasible": known.feasible,
        "probabilities": dict(known.kept),
        "shares": {name: {"alone": share.alone, "total": share.total}
                   for name, share in known.shares.items()},
        "draws": known.draws,
        "seed": known.seed,
    }  # fmt: skip


def _step(options: argparse.Namespace) -> dict[str, Any]:
    if options.flop is None or options.traffic is None:
        raise ValueError("a machine's step needs --flop and --traffic, such as --flop '2 TFLOP'")
    machine = catalog.hardware(options.subject)
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


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or not value:
        raise ValueError(f"{text!r} is no spread; write NAME=10%")
    return name.strip(), value.strip()


def exit_code(found: dict[str, Any]) -> int:
    return asserting.exit_code(found) if "assertions" in found else 0


def text(found: dict[str, Any]) -> str:
    if "solver" not in found:
        return "\n".join(commands.lines(found))
    terms = {"value": found["value"], **found["terms"]}
    shown: dict[str, Any] = {name: _quantity(term) for name, term in terms.items()}
    shown |= {name: found[name] for name in ("bound", "reason", "evidence")}
    shown |= {f"elasticity of {name}": value
              for name, value in found.get("sensitivity", {}).items() if value}  # fmt: skip
    if "uncertainty" in found:
        shown |= _interval(found["uncertainty"])
    shown |= {f"assert {entry['assert']}": "holds" if entry["holds"] else "VIOLATED"
              for entry in found["assertions"]}  # fmt: skip
    return "\n".join(commands.lines(shown))


def _interval(known: dict[str, Any]) -> dict[str, str]:
    def number(name: str) -> str:
        return "infinite" if known[name] is None else f"{known[name]:.5g}"

    rows = {f"{known['level']:.0%} of draws": f"{number('low')} to {number('high')} "
            f"{known['unit']}, median {number('median')}"}  # fmt: skip
    rows["feasible in"] = f"{known['feasible']:.1%}"
    rows |= {
        f"probability {text}": f"{value:.1%}" for text, value in known["probabilities"].items()
    }
    rows |= {f"from {name}": f"{share['total']:.1%}" for name, share in known["shares"].items()
             if share["total"] > 0.001}  # fmt: skip
    return rows


def _quantity(term: dict[str, Any]) -> str:
    return "infinite" if term["value"] is None else f"{term['value']:.6g} {term['unit']}"
