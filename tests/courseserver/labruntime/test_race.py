"""Many tabs at once, as real processes on one database: one attempt, one prediction, one chain."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tests.services import LIMIT_S

from .conftest import FIXTURE_LABS, SLUG

_SCHOOL = """
from courseserver.courses.models import *
from courseserver.lti.models import Platform
p = Platform.objects.create(issuer="i", client_id="c", deployment_id="1", auth_url="https://l/a",
    token_url="https://l/t", jwks_url="https://l/j")
c = Course.objects.create(platform=p, context_id="x")
Enrolment.objects.create(person=Person.objects.create(id="per_bob"), course=c, role="learner")
Assignment.objects.create(id="asg_1", course=c, resource_link_id="r", lab="%s", title="t")
"""

# One tab: opens the lab, waits for the signal, commits the option of its number.
_TAB = """
import json, sys
from courseserver.common.errors import Conflict
from courseserver.courses.models import Assignment, Enrolment, Person
from courseserver.labruntime import services
from courseserver.labruntime.state import state_of
print("ready", flush=True)
sys.stdin.readline()
bob, assignment = Person.objects.get(), Assignment.objects.select_related("course").get()
enrolment = Enrolment.objects.get()
attempt = services.attempt_begin(person=bob, assignment=assignment, enrolment=enrolment)
state = state_of(attempt)
tokens = sorted(option.token for option in state.instance("a").questions[0].options)
try:
    _, is_new = services.prediction_commit(
        state=state, part_id="a", answers={"time": tokens[%d %% len(tokens)]}
    )
    told = "new" if is_new else "same"
except Conflict as refused:
    told = "conflict " + refused.extra["stored"]["value"]
print(json.dumps({"attempt": attempt.pk, "token": tokens[%d %% len(tokens)], "told": told}))
"""


def shell(code: str, environment: dict[str, str]) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "manage.py", "shell", "-v0", "-c", code],
        env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def released(tab: "subprocess.Popen[str]") -> None:
    assert tab.stdin is not None
    tab.stdin.write("\n")
    tab.stdin.flush()


@pytest.mark.processes
def test_tabs_racing_to_commit_leave_one_prediction(tmp_path: Path, installed: Path) -> None:
    environment = {
        **os.environ,
        "COURSESERVER_VAR": str(tmp_path),
        "LABS_PATH": str(FIXTURE_LABS),
        "DATABASE_URL": "",
    }
    shutil.copy(installed / "courseserver.sqlite3", tmp_path)
    assert shell(_SCHOOL % SLUG, environment).wait(timeout=LIMIT_S) == 0
    tabs = [shell(_TAB % (number, number), environment) for number in range(4)]
    for tab in tabs:
        assert tab.stdout is not None
        assert tab.stdout.readline().strip() == "ready"

    for tab in tabs:
        released(tab)
    told = [json.loads(tab.communicate(timeout=LIMIT_S)[0].splitlines()[-1]) for tab in tabs]

    assert len({answer["attempt"] for answer in told}) == 1
    winners = [answer for answer in told if answer["told"] == "new"]
    assert len(winners) == 1
    others = {answer["told"] for answer in told} - {"new"}
    assert others == {f"conflict {winners[0]['token']}"}
    with sqlite3.connect(tmp_path / "courseserver.sqlite3") as connection:
        (commits,) = connection.execute("SELECT count(*) FROM labruntime_commit").fetchone()
        kinds = connection.execute("SELECT kind FROM labruntime_ledgerentry ORDER BY number")
        assert commits == 1
        assert [kind for (kind,) in kinds] == ["begun", "prediction", "reveal"]
