"""A short round of what `make soak` does for long: SIGKILL at random points of the story."""

import random
from pathlib import Path

import pytest

from tests.flows.sites import embedded_site, running
from tests.soak.kills import play_round

# A slow machine takes longer for a story and would meet more kills, each one slowing it further.
ROUNDS, KILLS = 5, 2


@pytest.mark.processes
@pytest.mark.slow
def test_nothing_committed_is_lost_or_doubled_when_processes_are_killed(
    tmp_path: Path, installed: Path
) -> None:
    rng = random.Random(20261120)

    with embedded_site(tmp_path, installed) as site, running(site) as supervisor:
        rounds = [
            play_round(site, supervisor, rng, number, at_most=KILLS) for number in range(ROUNDS)
        ]

    assert [r.wrong for r in rounds] == [()] * ROUNDS
    assert all(r.grade and 50 < r.grade <= 100 for r in rounds)
    assert sum(sum(r.killed.values()) for r in rounds) >= ROUNDS
