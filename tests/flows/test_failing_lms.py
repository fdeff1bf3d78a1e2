"""A short round of what `make soak` does with 10,000 scores: a failing LMS, senders killed."""

import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.doubles.moodle import Moodle
from tests.soak.grades import Size, faults_of, play

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)

SIZE = Size(students=15, labs=2, scores_each=2)


@pytest.mark.processes
@pytest.mark.slow
def test_every_grade_arrives_once_through_a_failing_lms(tmp_path: Path, installed: Path) -> None:
    environment = {
        "COURSESERVER_VAR": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "courseserver.settings",
    }
    shutil.copy(installed / "courseserver.sqlite3", tmp_path)

    outcome = play(
        "moodle", SIZE, environment, 20261120,
        patience_s=900, wave_s=0.0, pace_s=(0.3, 1.0), kills_max=3,
    )  # fmt: skip

    assert outcome.wrong == ()
    assert outcome.kills >= 1
    assert sum(outcome.requests.values()) > outcome.requests["good"]


# --- the count at the end notices ----------------------------------------------------------------
def _lms() -> tuple[Moodle, list[dict[str, Any]]]:
    """Return an LMS with one student's grade, and the same as our side tells it."""
    lms = Moodle(url="http://lms.test")
    column = lms.add_column()
    lms.grade(column, "1000").shown = 70.0
    lms.took(column, "1000", NOON, 70.0)
    row = {
        "column": lms.column_url(column),
        "subject": "1000",
        "points": 70.0,
        "versions": 1,
        "state": "in_lms",
        "reason": "",
        "is_newest": True,
    }
    return lms, [row]


def _older_applied(lms: Moodle, rows: list[dict[str, Any]]) -> None:
    lms.took(lms.columns[1], "1000", NOON - timedelta(seconds=1), 10.0)


TAMPERED: dict[str, Callable[[Moodle, list[dict[str, Any]]], object]] = {
    "another grade there": lambda lms, rows: setattr(lms.grades[1, "1000"], "shown", 71.0),
    "no grade there": lambda lms, rows: lms.grades.clear(),
    "a second column": lambda lms, rows: lms.add_column(),
    "an older score applied": _older_applied,
    "a grade of ours missing": lambda lms, rows: rows.clear(),
    "a score of ours missing": lambda lms, rows: rows[0].update(versions=0),
    "not read back": lambda lms, rows: rows[0].update(state="sent"),
    "a newer one unsent": lambda lms, rows: rows[0].update(is_newest=False),
}
ONE = Size(students=1, labs=1, scores_each=1)


def test_a_round_without_a_fault_is_called_so() -> None:
    assert list(faults_of(*_lms(), ONE)) == []


@pytest.mark.parametrize("how", TAMPERED)
def test_each_kind_of_loss_is_noticed(how: str) -> None:
    lms, rows = _lms()
    TAMPERED[how](lms, rows)

    assert list(faults_of(lms, rows, ONE))
