"""`make soak`: the long proofs, with dated evidence under `docs/evidence/`.

python -m tests.soak [--only kills|grades] [--rounds 50] [--seed N]
"""

import argparse
import os
import platform
import random
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from courseserver.demo.processes import ROOT
from tests.doubles.practice import manage
from tests.flows.sites import embedded_site, running
from tests.services import postgres_server, redis_server
from tests.soak.grades import Outcome, Size, play
from tests.soak.kills import Round, play_round

# 10,000 scores for 500 students.
SIZE = Size(students=500, labs=4, scores_each=5)
PATIENCE_S, WAVE_S, PACE_S = 3600.0, 100.0, (3.0, 12.0)


def main() -> int:
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=("kills", "grades"))
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**31))
    arguments = parser.parse_args()
    wrong = 0
    if arguments.only != "grades":
        wrong += _kill_rounds(arguments.rounds, arguments.seed)
    if arguments.only != "kills":
        wrong += _grade_rounds(arguments.seed)
    return 1 if wrong else 0


# --- kill rounds ------------------------------------------------------------------------------
def _kill_rounds(count: int, seed: int) -> int:
    rng = random.Random(seed)
    rounds: list[Round] = []
    with (
        tempfile.TemporaryDirectory() as folder,
        embedded_site(Path(folder)) as site,
        running(site) as supervisor,
    ):
        for number in range(count):
            rounds.append(play_round(site, supervisor, rng, number))
            print(_line(rounds[-1]), flush=True)
            path = _evidence(rounds, seed)
    print(f"\nwritten to {path.relative_to(ROOT)}")
    return sum(bool(r.wrong) for r in rounds)


def _line(r: Round) -> str:
    killed = ", ".join(f"{name} {n}" for name, n in sorted(r.killed.items())) or "nothing"
    verdict = "; ".join(r.wrong) or f"grade {r.grade:g} in the LMS, nothing lost or doubled"
    return f"| {r.number + 1} | {r.seconds:.0f} s | {killed} | {r.repeated} | {verdict} |"


def _evidence(rounds: list[Round], seed: int) -> Path:
    now, commit = datetime.now(UTC), _commit()
    killed: Counter[str] = sum((r.killed for r in rounds), Counter())
    good = sum(not r.wrong for r in rounds)
    path = ROOT / "docs" / "evidence" / f"{now:%Y-%m-%d}-kill-rounds.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        f"# Kill rounds, {now:%Y-%m-%d}\n\n"
        "One student's story per round (launch, predict, explore, measure on the kit, decide, "
        "submit, mark, grade in the LMS) on the embedded profile, while processes are killed with "
        "SIGKILL at random moments. The browser repeats what got no answer. Checked at the end: "
        "every prediction once, every measurement once, the submission, our grade equal to the "
        "LMS's.\n\n"
        f"- commit {commit}, seed {seed}, Python {platform.python_version()}\n"
        f"- {good} of {len(rounds)} rounds with nothing lost or doubled\n"
        f"- killed: {', '.join(f'{name} {n}' for name, n in sorted(killed.items()))}\n\n"
        "| round | took | killed | requests repeated | outcome |\n|---|---|---|---|---|\n"
        + "\n".join(_line(r) for r in rounds)
        + "\n"
    )
    return path


def _commit() -> str:
    command = ["git", "rev-parse", "--short", "HEAD"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True).stdout.strip()


# --- grades through a failing LMS -------------------------------------------------------------
def _grade_rounds(seed: int) -> int:
    told: list[tuple[str, Outcome, float]] = []
    for database, product in (("SQLite", "moodle"), ("PostgreSQL and Redis", "canvas")):
        with tempfile.TemporaryDirectory() as folder, _database(database, Path(folder)) as names:
            manage(names, "migrate", "--verbosity", "0")
            outcome = play(
                product, SIZE, names, seed, patience_s=PATIENCE_S, wave_s=WAVE_S, pace_s=PACE_S
            )
        told.append((database, outcome, os.getloadavg()[2]))
        print(f"{database}: {'; '.join(outcome.wrong) or 'nothing wrong'}", flush=True)
        path = _grade_evidence(told, seed)
    print(f"\nwritten to {path.relative_to(ROOT)}")
    return sum(bool(outcome.wrong) for _, outcome, _ in told)


@contextmanager
def _database(name: str, folder: Path) -> Iterator[dict[str, str]]:
    names = {
        "COURSESERVER_VAR": str(folder / "var"),
        "DJANGO_SETTINGS_MODULE": "courseserver.settings",
        "COURSESERVER_DEVELOPMENT": "1",
    }
    if name == "SQLite":
        yield names
        return
    with postgres_server(folder) as database, redis_server(folder) as redis:
        secret = "a secret of this round alone, long enough for every check"
        yield {**names, "DATABASE_URL": database, "REDIS_URL": redis, "SECRET_KEY": secret}


def _grade_evidence(told: list[tuple[str, Outcome, float]], seed: int) -> Path:
    now = datetime.now(UTC)
    path = ROOT / "docs" / "evidence" / f"{now:%Y-%m-%d}-grades.md"
    rows = "\n".join(_grade_line(*line) for line in told)
    requests = sum((outcome.requests for _, outcome, _ in told), Counter[str]())
    fates = "\n".join(f"| {name} | {n} |" for name, n in requests.most_common())
    path.write_text(
        f"# Grades through a failing LMS, {now:%Y-%m-%d}\n\n"
        f"{SIZE.scores:,} scores for {SIZE.students} students in {SIZE.labs} labs whose columns "
        "the tool makes itself, through a double of a real product that fails as listed below and "
        "restarts, while one of two senders is killed (SIGKILL) every 3 to 12 s. Newer scores "
        "replace older ones that have not left. All waits of the sender are a tenth of "
        "production's. Checked at the end: every grade there equals ours and is read back, one "
        "column per lab, the stamps of applied scores strictly increasing for each student "
        "and column.\n\n"
        f"- commit {_commit()}, seed {seed}, Python {platform.python_version()}, "
        f"{os.cpu_count()} cores\n\n"
        "| database | LMS | took | requests | scores applied there | senders killed "
        "| LMS restarts | “Retry all” | load average | outcome |\n"
        "|---|---|---|---|---|---|---|---|---|---|\n"
        f"{rows}\n\n| a request was | times |\n|---|---|\n{fates}\n"
    )
    return path


def _grade_line(database: str, outcome: Outcome, load: float) -> str:
    verdict = "; ".join(outcome.wrong[:5]) or "every grade equal, nothing doubled, none older"
    cells = (
        database,
        outcome.product,
        f"{outcome.seconds:.0f} s",
        f"{sum(outcome.requests.values()):,}",
        f"{outcome.posts_applied:,}",
        outcome.kills,
        outcome.restarts,
        outcome.presses,
        f"{load:.1f}",
        verdict,
    )
    return "| " + " | ".join(map(str, cells)) + " |"


if __name__ == "__main__":
    sys.exit(main())
