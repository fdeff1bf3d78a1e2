"""What the tries of a challenge tell of the search for it."""

from dataclasses import dataclass
from typing import Any

from courseserver.grading.evidence import from_json
from courseserver.labruntime.method import method_of

LABELS = {"batch": "batch", "window": "window"}


@dataclass(frozen=True)
class Tried:
    design: dict[str, Any]
    is_feasible: bool = True


def test_a_sweep_of_one_knob_is_told_from_leaps() -> None:
    swept = [Tried({"batch": b, "window": 5}) for b in (1, 2, 4)]
    leap = Tried({"batch": 8, "window": 1}, is_feasible=False)

    found = method_of([*swept, leap], LABELS)

    assert (found.distinct, found.feasible) == (4, 3)
    assert (found.alone, found.changes) == (2, 3)
    assert found.moved == ("batch 4 values", "window 2 values")


def test_the_same_design_again_is_no_change() -> None:
    found = method_of([Tried({"batch": 1, "window": 5})] * 3, LABELS)

    assert (found.distinct, found.changes, found.moved) == (1, 0, ())


def test_no_try_is_no_method() -> None:
    assert method_of([], LABELS).distinct == 0


def test_evidence_of_before_methods_were_recorded_is_still_read() -> None:
    stored = {"challenge": {"title": "A design", "design": "batch 8", "ratio": 0.9, "tries": 6}}

    challenge = from_json(stored).challenge

    assert challenge is not None
    assert challenge.method is None
