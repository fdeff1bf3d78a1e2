"""Our answers beside those of another engine, from the same primitive inputs.

`check(document)` reads a file of cases: each has a family, a solver's name, inputs (numbers,
machines, workloads) and the other engine's outputs with their units. A family is a module of
`simcore.crosscheck.families`; where we mean to differ its `DESIGN` says why, beside the equation.
"""

from simcore.crosscheck.run import check

__all__ = ["check"]
