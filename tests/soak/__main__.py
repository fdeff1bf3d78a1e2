"""`make soak`: the long proofs, with dated evidence under `docs/evidence/`.

python -m tests.soak [--only kills|grades|boards|lines|ingest|rush] [--rounds 50] [--students 500]
    [--class-size 200] [--faster 1]
"""

import argparse
import os
import platform
import random
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from courseserver.demo.processes import ROOT
from tests.doubles.practice import manage
from tests.emulators.bench import bench_in
from tests.flows.sites import embedded_site, running
from tests.services import postgres_server, redis_server
from tests.soak.boards import BoardRound, play_board_round
from tests.soak.grades import Outcome, Size, play
from tests.soak.ingest import LINES, SAID_IN_S, IngestRound, play_ingest_round, room_in
from tests.soak.kills import Round, play_round
from tests.soak.lines import HARMS, LineRound, play_line_round
from tests.soak.rush_report import rush_once

# With 500 students: 10,000 scores.
LABS, SCORES_EACH = 4, 5
PRODUCT_ON = {"sqlite": "moodle", "postgresql": "canvas"}
TITLES = {"sqlite": "SQLite", "postgresql": "PostgreSQL and Redis"}
# A round is a second.
LINE_ROUNDS = 100
PATIENCE_S, WAVE_S, PACE_S = 3600.0, 100.0, (3.0, 12.0)


def main() -> int:
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=("kills", "grades", "boards", "lines", "ingest", "rush"))
    parser.add_argument("--databases", nargs="+", choices=PRODUCT_ON, default=list(PRODUCT_ON))
    parser.add_argument("--students", type=int, default=500)
    parser.add_argument("--class-size", type=int, default=200)
    parser.add_argument("--faster", type=float, default=1.0, help="shortens the rush's phases")
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**31))
    arguments = parser.parse_args()
    wrong = 0
    if arguments.only in (None, "kills"):
        wrong += _kill_rounds(arguments.rounds, arguments.seed)
    if arguments.only in (None, "rush"):
        wrong += rush_once(arguments.class_size, arguments.faster, arguments.seed, _commit())
    if arguments.only in (None, "boards"):
        wrong += _board_rounds(arguments.rounds, arguments.seed)
    if arguments.only in (None, "lines"):
        wrong += _line_rounds(max(LINE_ROUNDS, arguments.rounds), arguments.seed)
    if arguments.only in (None, "ingest"):
        wrong += _ingest_rounds(arguments.rounds, arguments.seed)
    if arguments.only in (None, "grades"):
        size = Size(students=arguments.students, labs=LABS, scores_each=SCORES_EACH)
        wrong += _grade_rounds(arguments.seed, arguments.databases, size)
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


# --- a kit's lines into PostgreSQL --------------------------------------------------------------
def _ingest_rounds(count: int, seed: int) -> int:
    rng = random.Random(seed)
    rounds: list[IngestRound] = []
    with tempfile.TemporaryDirectory() as folder, room_in(Path(folder)) as room:
        for number in range(count):
            rounds.append(play_ingest_round(room, rng, number))
            print(_ingest_line(rounds[-1]), flush=True)
            path = _ingest_evidence(rounds, seed)
    print(f"\nwritten to {path.relative_to(ROOT)}")
    return sum(bool(r.wrong) for r in rounds)


def _ingest_line(r: IngestRound) -> str:
    verdict = "; ".join(r.wrong) or "right"
    return f"| {r.number + 1} | {r.seconds:.0f} s | {r.victim} | {r.repeated} | {verdict} |"


def _ingest_evidence(rounds: list[IngestRound], seed: int) -> Path:
    now = datetime.now(UTC)
    killed = Counter(r.victim for r in rounds)
    good = sum(not r.wrong for r in rounds)
    path = ROOT / "docs" / "evidence" / f"{now:%Y-%m-%d}-ingest-rounds.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        f"# Ingest rounds, {now:%Y-%m-%d}\n\n"
        f"A kit reports {LINES} lines in {SAID_IN_S:g} s while PostgreSQL, the bridge or Mosquitto "
        "is killed with SIGKILL and started again; it says again what has no acknowledgement. "
        "Checked at the end: every line has its row, once.\n\n"
        f"- commit {_commit()}, seed {seed}, Python {platform.python_version()}\n"
        f"- {good} of {len(rounds)} rounds with nothing lost or doubled\n"
        f"- killed: {', '.join(f'{name} {n}' for name, n in sorted(killed.items()))}\n\n"
        "| round | took | killed | lines said again | outcome |\n|---|---|---|---|---|\n"
        + "\n".join(_ingest_line(r) for r in rounds)
        + "\n"
    )
    return path


# --- jobs on a board --------------------------------------------------------------------------
def _board_rounds(count: int, seed: int) -> int:
    rng = random.Random(seed)
    rounds: list[BoardRound] = []
    with tempfile.TemporaryDirectory() as folder, bench_in(Path(folder)) as bench:
        for number in range(count):
            rounds.append(play_board_round(bench, rng, number))
            print(_board_line(rounds[-1]), flush=True)
            path = _board_evidence(rounds, seed)
    print(f"\nwritten to {path.relative_to(ROOT)}")
    return sum(bool(r.wrong) for r in rounds)


def _board_line(r: BoardRound) -> str:
    verdict = "; ".join(r.wrong) or "right"
    outcomes = ", ".join(r.outcomes)
    return f"| {r.number + 1} | {r.seconds:.0f} s | {r.victim} | {outcomes} | {verdict} |"


def _board_evidence(rounds: list[BoardRound], seed: int) -> Path:
    now = datetime.now(UTC)
    harmed = Counter(r.victim for r in rounds)
    good = sum(not r.wrong for r in rounds)
    path = ROOT / "docs" / "evidence" / f"{now:%Y-%m-%d}-board-rounds.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        f"# Jobs on a board, {now:%Y-%m-%d}\n\n"
        "One job of three runs per round on the reference firmware in simavr, over Mosquitto, "
        "energy from a replayed trace. At a random moment the board is unplugged and plugged in "
        "again, or agent, bridge or broker killed with SIGKILL and started again. Checked: one row "
        "for each run, measured with its energy, or, where the board was unplugged, the reason in "
        "words.\n\n"
        f"- commit {_commit()}, seed {seed}, Python {platform.python_version()}\n"
        f"- {good} of {len(rounds)} rounds with nothing lost, doubled or unexplained\n"
        f"- harmed: {', '.join(f'{name} {n}' for name, n in sorted(harmed.items()))}\n\n"
        "| round | took | harmed | runs | outcome |\n|---|---|---|---|---|\n"
        + "\n".join(_board_line(r) for r in rounds)
        + "\n"
    )
    return path


# --- everything else that goes wrong on a bench -------------------------------------------------
def _line_rounds(count: int, seed: int) -> int:
    rng = random.Random(seed)
    rounds: list[LineRound] = []
    for number in range(count):
        with tempfile.TemporaryDirectory() as folder:
            harm = HARMS[number % len(HARMS)]
            rounds.append(play_line_round(Path(folder), rng, number, harm))
        print(_line_round_text(rounds[-1]), flush=True)
    path = _line_evidence(rounds, seed)
    print(f"\nwritten to {path.relative_to(ROOT)}")
    return sum(bool(r.wrong) for r in rounds)


def _line_round_text(r: LineRound) -> str:
    outcomes = ", ".join(f"{n} {name}" for name, n in sorted(Counter(r.outcomes).items()))
    verdict = "; ".join(r.wrong) or "right"
    return (
        f"| {r.number + 1} | {r.seconds:.1f} s | {r.harm} | {r.restarts} | {outcomes} | {verdict} |"
    )


def _line_evidence(rounds: list[LineRound], seed: int) -> Path:
    now = datetime.now(UTC)
    good = sum(not r.wrong for r in rounds)
    path = ROOT / "docs" / "evidence" / f"{now:%Y-%m-%d}-line-rounds.md"
    path.write_text(
        f"# What goes wrong on a bench, {now:%Y-%m-%d}\n\n"
        "One job of three runs per round, on firmware in Python behind a pty, with the real agent, "
        "worker and spool, a broker in memory and a double of the server. Done to it, in turn: the "
        "board is unplugged at a random command and comes back as another port; noise on the line; "
        "the disk is full for a while; the clock jumps by up to fifty years, either way; messages "
        "are doubled, reordered, cut, made up, and every fifth acknowledgement lost; the agent "
        "dies. In half of the rounds the board's 32-bit counter wraps. Checked: one row for each "
        "run, measured with the right figure, or, where the board was unplugged, the reason in "
        "words; nothing left in the spool.\n\n"
        f"- commit {_commit()}, seed {seed}, Python {platform.python_version()}\n"
        f"- {good} of {len(rounds)} rounds with nothing lost, doubled or unexplained\n\n"
        "| round | took | harm | restarts | runs | outcome |\n|---|---|---|---|---|---|\n"
        + "\n".join(_line_round_text(r) for r in rounds)
        + "\n"
    )
    return path


# --- grades through a failing LMS -------------------------------------------------------------
def _grade_rounds(seed: int, databases: Sequence[str], size: Size) -> int:
    wrong = 0
    for name in databases:
        with tempfile.TemporaryDirectory() as folder, _database(name, Path(folder)) as names:
            manage(names, "migrate", "--verbosity", "0")
            outcome = play(
                PRODUCT_ON[name], size, names, seed,
                patience_s=PATIENCE_S, wave_s=WAVE_S, pace_s=PACE_S,
            )  # fmt: skip
        wrong += bool(outcome.wrong)
        path = _grade_evidence(name, outcome, seed)
        print(f"{name}: {'; '.join(outcome.wrong[:5]) or 'nothing wrong'}")
        print(f"written to {path.relative_to(ROOT)}", flush=True)
    return wrong


@contextmanager
def _database(name: str, folder: Path) -> Iterator[dict[str, str]]:
    names = {
        "COURSESERVER_VAR": str(folder / "var"),
        "DJANGO_SETTINGS_MODULE": "courseserver.settings",
        "COURSESERVER_DEVELOPMENT": "1",
    }
    if name == "sqlite":
        yield names
        return
    with postgres_server(folder, durable=True) as database, redis_server(folder) as redis:
        secret = "a secret of this round alone, long enough for every check"
        yield {**names, "DATABASE_URL": database, "REDIS_URL": redis, "SECRET_KEY": secret}


def _grade_evidence(database: str, outcome: Outcome, seed: int) -> Path:
    now, size = datetime.now(UTC), outcome.size
    path = ROOT / "docs" / "evidence" / f"{now:%Y-%m-%d}-grades-{database}.md"
    fates = "\n".join(f"| {name} | {n:,} |" for name, n in outcome.requests.most_common())
    verdict = "; ".join(outcome.wrong[:20]) or "every grade equal, nothing doubled, none older"
    path.write_text(
        f"# Grades through a failing LMS on {TITLES[database]}, {now:%Y-%m-%d}\n\n"
        f"{size.scores:,} scores for {size.students} students in {size.labs} labs whose columns "
        f"the tool makes itself, through a double of {outcome.product.capitalize()} that fails as "
        "listed below and restarts, while one of two senders is killed (SIGKILL) every 3 to 12 s. "
        "Newer scores replace older ones that have not left. All waits of the sender are a tenth "
        "of production's. Checked at the end: every grade there equals ours and is read back, one "
        "column per lab, the stamps of applied scores strictly increasing for each student and "
        "column.\n\n"
        f"- outcome: {verdict}\n"
        f"- commit {_commit()}, seed {seed}, Python {platform.python_version()}, "
        f"{os.cpu_count()} cores, load average {os.getloadavg()[2]:.1f} at the end\n"
        f"- took {outcome.seconds:.0f} s; {outcome.posts_applied:,} scores applied there; "
        f"{outcome.kills} senders killed; {outcome.restarts} restarts of the LMS; "
        f"“Retry all” pressed {outcome.presses} times\n\n"
        f"| {sum(outcome.requests.values()):,} requests were | times |\n|---|---|\n{fates}\n"
    )
    return path


if __name__ == "__main__":
    sys.exit(main())
