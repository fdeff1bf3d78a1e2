"""A lab's parts at chosen parameters and knobs, as the labs' own tests ask for them."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from labs.content import Lab


class Trying:
    """The parts of one lab by their ids."""

    def __init__(self, lab: Lab) -> None:
        self.parts = {part.id: part for part in lab.parts}

    def combinations(self, part: str, track: str) -> Sequence[Any]:
        """Return every set of parameters that a student of this track may draw."""
        return self.parts[part].model.combinations(track)

    def one(self, part: str, track: str, **fixed: Any) -> Any:
        """Return the first set of parameters in which these are as given."""
        return next(
            p
            for p in self.combinations(part, track)
            if all(p[key] == value for key, value in fixed.items())
        )

    def at(self, part: str, p: Any, **moved: Any) -> dict[str, Any]:
        """Return the outputs at the defaults, some knobs moved; each to one of its steps."""
        outputs = self.parts[part].model.evaluate(p, self.settings(part, p, **moved))
        return {name: column[0] for name, column in outputs.items()}

    def settings(self, part: str, p: Any, **moved: Any) -> dict[str, Any]:
        """Return the defaults, some knobs moved, as a part's model takes them."""
        knobs = self.parts[part].model.knobs(p)
        chosen = {knob.id: moved.get(knob.id, knob.steps[knob.default]) for knob in knobs}
        for knob in knobs:
            assert chosen[knob.id] in knob.steps, (knob.id, chosen[knob.id])
        return {name: np.asarray([value]) for name, value in chosen.items()}
