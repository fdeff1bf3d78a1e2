"""The server's own tests once more, on PostgreSQL and Redis instead of SQLite and files."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.services import postgres_server, redis_server

# Whatever locks, counts or constrains rows.
FOLDERS = ("courses", "grading", "kits", "labruntime", "simjobs", "common/test_every_address.py")
# Pages, files, what other systems answer and the arithmetic of marks are the same everywhere.
SAME_ON_BOTH = (
    "*/test_*pages.py",
    "grading/test_*_dialect.py",
    "grading/test_outbox_story.py",
    "grading/test_teaching_notes.py",
    "grading/test_tracing.py",
    "grading/test_class_sizes.py",
    "grading/test_decisions.py",
    "grading/test_leaders.py",
    "grading/test_likeness.py",
    "grading/test_looks.py",
    "grading/test_policy.py",
    "grading/test_progress.py",
    "grading/test_rubric.py",
    "grading/test_sections_apart.py",
    "kits/test_bundles.py",
    "kits/test_checking.py",
    "kits/test_enrolment.py",
    "kits/test_fairness.py",
    "kits/test_levels.py",
    "kits/test_power.py",
    "labruntime/test_answers.py",
    "labruntime/test_first_part.py",
    "labruntime/test_method.py",
    "labruntime/test_portfolio.py",
    "labruntime/test_real_labs.py",
    "labruntime/test_report.py",
    "labruntime/test_whole_lab.py",
    "labruntime/test_leaks.py",
)
# These give the connection back in the middle of a test, as the bridge and a server do; on
# PostgreSQL that ends the transaction the test lives in. Their processes run in the story.
GIVE_BACK = ("kits/test_bridge.py", "labruntime/test_api_schema.py")


@pytest.mark.postgres
@pytest.mark.redis
@pytest.mark.slow
def test_the_servers_tests_pass_on_postgresql_and_redis(repository: Path, tmp_path: Path) -> None:
    with postgres_server(tmp_path) as database, redis_server(tmp_path) as redis:
        result = subprocess.run(
            [
                sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider",
                "-m", "not slow and not processes and not browser",
                *(f"tests/courseserver/{name}" for name in FOLDERS),
                *(f"--ignore-glob=*/courseserver/{name}" for name in SAME_ON_BOTH + GIVE_BACK),
            ],
            cwd=repository,
            env={
                **os.environ,
                "DATABASE_URL": database,
                "REDIS_URL": redis,
                "SECRET_KEY": "a secret of this test alone, long enough for every check",
                "COURSESERVER_DEVELOPMENT": "1",
                "COURSESERVER_VAR": str(tmp_path / "var"),
            },
            capture_output=True,
            text=True,
            check=False,
        )  # fmt: skip

    assert result.returncode == 0, result.stdout[-6000:]
    assert " passed" in result.stdout
