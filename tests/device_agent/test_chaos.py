"""A short round of what `make soak` does for long: whatever happens on a bench, nothing is lost."""

import random
from pathlib import Path

import pytest

from device_agent.boards.dialects import dut
from tests.soak.lines import HARMS, play_line_round


def test_whatever_happens_to_a_bench_no_result_is_lost_or_doubled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A line of ours is quiet sooner than a board that resets.
    monkeypatch.setattr(dut, "_QUIET_S", 0.02)
    rng = random.Random(20261120)

    rounds = []
    for number, harm in enumerate(HARMS):
        folder = tmp_path / str(number)
        folder.mkdir()
        rounds.append(play_line_round(folder, rng, number, harm))

    assert {r.harm: r.wrong for r in rounds} == {harm: [] for harm in HARMS}
    assert all(len(r.outcomes) == 3 for r in rounds)
