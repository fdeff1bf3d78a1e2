"""A Django process of an installation that does what tests ask of it, one thing after another."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.services import LIMIT_S

_ROOT = Path(__file__).resolve().parents[1]
# Runs what each line holds and prints its answer; what commands print goes into the log.
_LOOP = """
import contextlib, json, os, sys
import django
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "courseserver.settings")
django.setup()
from django.db import connection
for line in sys.stdin:
    values = {"answer": None}
    with contextlib.redirect_stdout(sys.stderr):
        exec(json.loads(line), values)
    connection.close()
    print(json.dumps(values["answer"]), flush=True)
"""


class Shell:
    """Starting Django takes a second; here it is started once, however often it is asked."""

    def __init__(self, environment: Mapping[str, str], folder: Path) -> None:
        self._log = folder / "shell.log"
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", _LOOP],
                cwd=_ROOT, env=environment, text=True,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
            )  # fmt: skip

    def ask(self, code: str) -> Any:
        """Run code and return what it assigns to `answer`."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(f"{json.dumps(code)}\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        assert answer, self._log.read_text()
        return json.loads(answer)

    def manage(self, *arguments: str) -> None:
        """Run a management command."""
        call = f"from django.core.management import call_command\ncall_command(*{arguments!r})"
        self.ask(call)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=LIMIT_S)
