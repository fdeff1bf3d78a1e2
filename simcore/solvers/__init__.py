"""One question per module: its inputs with units and limits, its answer for numbers or arrays.

`solve("single_node", hardware="h100-sxm", flop=2e12, traffic=2.5e10)` returns a `Result` with
value, terms, what bound it, feasibility with the reason, uncertainty, how it is known, and sources.
A module of this folder with a `QUESTION` and an `answer(values)` is a solver; nothing lists them.
"""

from simcore.solvers.asking import names, question, solve, titles
from simcore.solvers.question import Answer, Input, ItemInput, Question
from simcore.solvers.result import Quantity, Result

__all__ = [
    "Answer",
    "Input",
    "ItemInput",
    "Quantity",
    "Question",
    "Result",
    "names",
    "question",
    "solve",
    "titles",
]
