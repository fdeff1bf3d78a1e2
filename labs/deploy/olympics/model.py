"""The same classifier in four tracks: one design, one board, and everybody's best beside it."""

from labs.activities import Design
from labs.contract import BenchTask
from labs.deploy import classifier
from labs.deploy.quantised_model import model as quantised


class Model(quantised.Model):
    def tasks(self, design: Design, board: str) -> tuple[BenchTask, ...]:
        # Every held-out image: a rank should not be the luck of a hundred.
        return classifier.tasks(design, images=500)
