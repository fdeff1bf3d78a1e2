"""The same classifier in four tracks: one design, one board, and everybody's best beside it."""

from collections.abc import Sequence

from labs.activities import Design, Figure, Past
from labs.contract import BenchTask
from labs.deploy import classifier
from labs.deploy.quantised_model import model as quantised

# Every held-out image: a rank should not be the luck of a hundred.
_IMAGES = 500


class Model(quantised.Model):
    def boards(self) -> tuple[str, ...]:
        return (*super().boards(), *classifier.HOSTS)

    def tasks(self, design: Design, board: str) -> tuple[BenchTask, ...]:
        return classifier.tasks(design, board, images=_IMAGES)

    def predict(self, design: Design, board: str, past: Sequence[Past] = ()) -> tuple[Figure, ...]:
        return classifier.predicted(design, board, past, images=_IMAGES)
