"""A short round of what `make soak` does with 10,000 scores: a failing LMS, senders killed."""

from pathlib import Path

import pytest

from tests.doubles.practice import manage
from tests.soak.grades import Size, play

SIZE = Size(students=15, labs=2, scores_each=2)


@pytest.mark.processes
@pytest.mark.slow
@pytest.mark.timeout(240)
def test_every_grade_arrives_once_through_a_failing_lms(tmp_path: Path) -> None:
    environment = {
        "COURSESERVER_VAR": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "courseserver.settings",
    }
    manage(environment, "migrate", "--verbosity", "0")

    outcome = play(
        "moodle", SIZE, environment, 20261120,
        patience_s=180, wave_s=0.0, pace_s=(0.5, 2.0), kills_max=3,
    )  # fmt: skip

    assert outcome.wrong == ()
    assert (outcome.kills, outcome.restarts) == (3, 1)
    assert sum(outcome.requests.values()) > outcome.requests["good"]
