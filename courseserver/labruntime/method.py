"""How a design was searched for, read from the tries: one knob at a time, or many at once."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Protocol

from courseserver.grading.evidence import Method


class Try(Protocol):
    """What is read of a try: its design by knob, and whether it met every constraint."""

    @property
    def design(self) -> Mapping[str, Any]: ...
    @property
    def is_feasible(self) -> bool: ...


def method_of(tries: Sequence[Try], labels: Mapping[str, str]) -> Method:
    """Return what the tries, in their order, tell of the search.

    Parameters
    ----------
    tries
        As handed in, the first one first.
    labels
        Knob id to its label; knobs without one are left out of `moved`.
    """
    moves = [_moved(one.design, other.design) for one, other in pairwise(tries)]
    values = {
        label: len({str(t.design[knob]) for t in tries if knob in t.design})
        for knob, label in labels.items()
    }
    return Method(
        distinct=len({tuple(sorted((k, str(v)) for k, v in t.design.items())) for t in tries}),
        feasible=sum(t.is_feasible for t in tries),
        changes=sum(count > 0 for count in moves),
        alone=sum(count == 1 for count in moves),
        moved=tuple(
            f"{label} {count} values"
            for label, count in sorted(values.items(), key=lambda item: -item[1])
            if count > 1
        ),
    )


def _moved(one: Mapping[str, Any], other: Mapping[str, Any]) -> int:
    return sum(one.get(knob) != other.get(knob) for knob in {*one, *other})
