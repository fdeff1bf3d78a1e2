"""One module for each family of cases: `SOLVERS` by the other engine's name, `DESIGN` by output."""
