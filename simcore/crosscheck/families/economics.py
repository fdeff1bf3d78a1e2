"""What a fleet costs while it runs. L. Barroso, U. Hoelzle, P. Ranganathan, 2018, ch. 6.

Cases give prices; utilisation and duration are those of the family's energy (40%, 30 days).
"""

from typing import Any

from simcore.crosscheck import names
from simcore.crosscheck.case import Case
from simcore.crosscheck.families.sustainability import KWH, Footprint, footprint
from simcore.equations.facility import YEAR, CostTerms, ownership_cost

UTILISATION, DAYS = 0.4, 30.0


def solve(case: Case) -> dict[str, Any]:
    used = footprint(case, mfu=UTILISATION, days=DAYS)
    cost = ownership(case, used)
    running = float(cost.energy) + float(cost.maintenance)
    return used.shown() | {
        "capex_usd": float(cost.capital),
        "opex_energy_usd": float(cost.energy),
        "opex_maintenance_usd": float(cost.maintenance),
        "total_opex_usd": running,
        "tco_usd": float(cost.total),
    }


def ownership(case: Case, used: Footprint) -> CostTerms:
    """Return the cost of the fleet over the time of its footprint."""
    fleet = case.get("fleet")
    listed = names.found("fleets", fleet)["price"] if isinstance(fleet, str) else None
    price = case.number("unit_cost", default=listed)
    return ownership_cost(
        price * used.devices * case.number("infrastructure_multiplier", default=1.0),
        used.energy,
        used.seconds,
        life=case.number("amort_y", "amortization_years", default=3.0) * YEAR,
        price=case.number("kwh_price", default=0.12) / KWH,
        maintenance=case.number("maint", default=0.05),
    )


SOLVERS = {"EconomicsModel": solve}
