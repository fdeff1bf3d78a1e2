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
from simcore.wording import assertion_words, quantity, result_lines


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("subject", help="a solver, or a machine of the catalogue")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--uncertainty", type=int, nargs="?", const=DRAWS, metavar="DRAWS",
                        help="draw the uncertain inputs and tell the interval")  # fmt: skip
    parser.add_argument("--spread", action="append", default=[], metavar="NAME=10%%",
                        help="relative standard deviation of an input")  # fmt: skip
    parser.add_argument("--column", default="value", help="what the uncertainty is of")
    parser.add_argument("--scatter", default="0%", help="what the solver leaves unexplained")
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
    if options.subject in catalog.names("hardware"):
        return _step(options)
    try:
        solvers.question(options.subject)
    except NotInCatalogue:
        known = (*solvers.names(), *catalog.names("hardware"))
        raise NotInCatalogue(unknown("solver or machine", options.subject, known)) from None
    return _solved(options)


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
        scatter=si(options.scatter, "1"),
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
    missing = [f"--{name}" for name in ("flop", "traffic") if getattr(options, name) is None]
    if missing:
        raise ValueError(f"eval {options.subject} needs {' and '.join(missing)}")
    machine = catalog.hardware(options.subject)
    flop, traffic = si(options.flop, "FLOP"), si(options.traffic, "byte")
    given = {"efficiency": options.efficiency, "overhead": si(options.overhead, "s")}
    terms = step_terms(
        flop,
        traffic,
        peak_flop_rate=machine.peak(options.precision),
        bandwidth=machine.bandwidth,
        **given,
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
        "assertions": _kept(options, flop=flop, traffic=traffic, **given),
    }


def _kept(options: argparse.Namespace, **given: float) -> list[dict[str, Any]]:
    if not options.assertions:
        return []
    result = solvers.solve(
        "single_node", hardware=options.subject, precision=options.precision, **given
    )
    return asserting.checked([result], options.assertions)


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or not value:
        raise ValueError(f"{text!r} is no spread; write NAME=10%")
    return name.strip(), value.strip()


def exit_code(found: dict[str, Any]) -> int:
    return asserting.exit_code(found)


def text(found: dict[str, Any]) -> str:
    if "solver" not in found:
        return "\n".join(commands.lines(_step_words(found)))
    shown = {f"elasticity of {name}": value
             for name, value in found.get("sensitivity", {}).items() if value}  # fmt: skip
    if "uncertainty" in found:
        shown |= _interval(found["uncertainty"])
    return "\n".join([*result_lines(found), *commands.lines(shown), *found["sources"]])


def _step_words(found: dict[str, Any]) -> dict[str, str]:
    endings = {"_s": "s", "_flop_per_byte": "FLOP/byte"}
    shown = {}
    for name, value in found.items():
        ending = next((end for end in endings if name.endswith(end)), "")
        if isinstance(value, float):
            shown[name.removesuffix(ending)] = quantity(value, endings[ending])
        elif isinstance(value, str):
            shown[name] = value
    return {**shown, **assertion_words(found["assertions"])}


def _interval(known: dict[str, Any]) -> dict[str, str]:
    low, middle, high = (quantity(known[name], known["unit"]) for name in ("low", "median", "high"))
    rows = {f"{known['level']:.0%} of draws": f"{low} to {high}, median {middle}"}
    rows["feasible in"] = f"{known['feasible']:.1%}"
    rows |= {
        f"probability {text}": f"{value:.1%}" for text, value in known["probabilities"].items()
    }
    rows |= {f"from {name}": f"{share['total']:.1%}" for name, share in known["shares"].items()
             if share["total"] > 0.001}  # fmt: skip
    return rows
