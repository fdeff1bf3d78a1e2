"""The evidence of a class rush: what each phase took, and what was lost."""

import os
import platform
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from courseserver.demo.processes import ROOT
from tests.benchmarks.report import percentile
from tests.soak.rush import CORES, Outcome, Pace, play

# What a page may take at the 95th percentile.
PAGE_MS = 500
PHASES = ("launch", "begin", "commit", "work", "marking")


def rush_once(students: int, faster: float, seed: int, commit: str) -> bool:
    """Play the rush; return whether something was lost, or a page took too long.

    A rush with its phases shortened shows that the proof runs, and judges no time.
    """
    pace = Pace(
        students=students,
        launch_s=60 / faster,
        commit_s=30 / faster,
        work_s=300 / faster,
        patience_s=600.0,
    )
    with tempfile.TemporaryDirectory() as folder, on_cores(CORES):
        outcome = play(Path(folder), pace, seed)
    slow = _slow(outcome)
    path = _written(outcome, slow, seed, commit, is_whole=faster == 1.0)
    print(f"rush: {'; '.join(outcome.wrong[:5]) or 'nothing lost'}; {slow or 'in time'}")
    print(f"written to {path.relative_to(ROOT) if path.is_relative_to(ROOT) else path}")
    return bool(outcome.wrong) or (bool(slow) and faster == 1.0)


def _slow(outcome: Outcome) -> str:
    """Return which phases' pages took longer than they may, in words."""
    found = {
        phase: 1e3 * percentile(seconds, 0.95)
        for phase in PHASES
        if (seconds := outcome.seconds_of(phase))
    }
    return "; ".join(f"{phase}: p95 {p95:.0f} ms" for phase, p95 in found.items() if p95 > PAGE_MS)


def _lines(outcome: Outcome) -> Iterator[str]:
    for phase in PHASES:
        seconds = outcome.seconds_of(phase)
        if not seconds:
            continue
        p50, p95 = (1e3 * percentile(seconds, share) for share in (0.5, 0.95))
        failed = sum(one.status >= 400 for one in outcome.seen if one.phase == phase)
        took = f"{outcome.spans[phase]:.0f} s" if phase in outcome.spans else "one by one"
        yield (
            f"| {phase} | {took} | {len(seconds):,} | {p50:.0f} | {p95:.0f} | "
            f"{1e3 * seconds[-1]:.0f} | {failed} |"
        )


def _written(outcome: Outcome, slow: str, seed: int, commit: str, *, is_whole: bool) -> Path:
    """Write the evidence; that of a shortened rush beside the folder of the others."""
    now, pace = datetime.now(UTC), outcome.pace
    folder = ROOT / "docs" / "evidence" if is_whole else Path(tempfile.gettempdir())
    path = folder / f"{now:%Y-%m-%d}-class-rush.md"
    counts = ", ".join(f"{count:,} {name}" for name, count in outcome.counts.items())
    path.write_text(
        f"# A class at once, {now:%Y-%m-%d}\n\n"
        f"{pace.students} students launch within {pace.launch_s:.0f} s, begin, commit their first "
        f"predictions within {pace.commit_s:.0f} s of one another, then work through every part "
        "(predictions, knobs, designs) and hand in; one marker marks every log. Production "
        f"profile: PostgreSQL, Redis, two web processes, worker, beat, on {CORES} cores, which "
        "the students' browsers and the LMS (a double of Moodle) share. Times are to the first "
        "byte of each answer. Checked: every prediction once, every submission, every ledger "
        "whole, every grade equal in the LMS.\n\n"
        f"- outcome: {'; '.join(outcome.wrong[:20]) or 'nothing lost or doubled'}\n"
        f"- {counts}\n"
        f"- the last grade was read back {outcome.settled_s:.0f} s after the last mark\n"
        f"- over {PAGE_MS} ms at the 95th percentile: {slow or 'no phase'}\n"
        f"- commit {commit}, seed {seed}, Python {platform.python_version()}, "
        f"load average {os.getloadavg()[1]:.1f} at the end\n\n"
        "| phase | took | answers | p50 ms | p95 ms | longest ms | refused or failed |\n"
        "|---|---|---|---|---|---|---|\n" + "\n".join(_lines(outcome)) + "\n"
    )
    return path


@contextmanager
def on_cores(count: int) -> Iterator[None]:
    """Keep this process, and what it starts, on so many cores."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, set(sorted(before)[:count]))
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
