"""`make soak`: the long proofs, with dated evidence under `docs/evidence/`.

python -m tests.soak [--rounds 50] [--seed N]
"""

import argparse
import platform
import random
import subprocess
import sys
import tempfile
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from courseserver.demo.processes import ROOT
from tests.flows.sites import embedded_site, running
from tests.soak.kills import Round, play_round


def main() -> int:
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**31))
    arguments = parser.parse_args()
    rng = random.Random(arguments.seed)
    rounds: list[Round] = []
    with (
        tempfile.TemporaryDirectory() as folder,
        embedded_site(Path(folder)) as site,
        running(site) as supervisor,
    ):
        for number in range(arguments.rounds):
            rounds.append(play_round(site, supervisor, rng, number))
            print(_line(rounds[-1]), flush=True)
            path = _evidence(rounds, arguments.seed)
    print(f"\nwritten to {path.relative_to(ROOT)}")
    return 1 if any(r.wrong for r in rounds) else 0


def _line(r: Round) -> str:
    killed = ", ".join(f"{name} {n}" for name, n in sorted(r.killed.items())) or "nothing"
    verdict = "; ".join(r.wrong) or f"grade {r.grade:g} in the LMS, nothing lost or doubled"
    return f"| {r.number + 1} | {r.seconds:.0f} s | {killed} | {r.repeated} | {verdict} |"


def _evidence(rounds: list[Round], seed: int) -> Path:
    now = datetime.now(UTC)
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True
    ).stdout.strip()
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


if __name__ == "__main__":
    sys.exit(main())
