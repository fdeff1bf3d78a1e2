"""A short round of `make soak --only ingest`: the database itself killed while a kit reports."""

import random
import tempfile
from pathlib import Path

import pytest

from tests.soak.ingest import play_ingest_round, room_in


@pytest.mark.processes
@pytest.mark.postgres
@pytest.mark.mosquitto
@pytest.mark.slow
def test_each_line_is_one_row_when_database_bridge_or_broker_are_killed() -> None:
    rng = random.Random(20261120)

    # PostgreSQL's own user reads its data here; pytest's folders are closed to it.
    with tempfile.TemporaryDirectory() as folder, room_in(Path(folder)) as room:
        rounds = [
            play_ingest_round(room, rng, number, (victim,))
            for number, victim in enumerate(("database", "bridge", "broker"))
        ]

    assert [(r.victim, r.wrong) for r in rounds] == [
        ("database", []),
        ("bridge", []),
        ("broker", []),
    ]
