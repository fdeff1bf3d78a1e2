"""A small classifier, quantised and deployed over the serial line."""

from collections.abc import Mapping, Sequence

from labs.activities import ActivityModel, Design, Figure, Past, Told
from labs.contract import BenchTask, Knob, Measured
from labs.deploy import classifier


class Model(ActivityModel):
    def design(self) -> tuple[Knob, ...]:
        return classifier.knobs()

    def boards(self) -> tuple[str, ...]:
        return tuple(classifier.CORES)

    def tasks(self, design: Design, board: str) -> tuple[BenchTask, ...]:
        return classifier.tasks(design, board)

    def predict(self, design: Design, board: str, past: Sequence[Past] = ()) -> tuple[Figure, ...]:
        return classifier.predicted(design, board, past)

    def read(self, told: Mapping[str, Told]) -> dict[str, Measured]:
        return classifier.read(told)
