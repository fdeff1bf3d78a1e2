"""`manage.py mqtt_credentials`: Mosquitto's password and access files from the kits' rows."""

import os
import signal
import time
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from courseserver.kits import brokerfiles


class Command(BaseCommand):
    help = "Write Mosquitto's password and ACL files; with --watch, whenever a kit changes."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--folder", required=True, type=Path, help="passwords and acl go here")
        parser.add_argument("--pid-file", type=Path, help="Mosquitto's; it is told to read again")
        parser.add_argument("--watch", type=float, metavar="SECONDS", help="look again that often")

    def handle(self, *args: Any, **options: Any) -> None:
        self._write(options["folder"], options["pid_file"])
        while options["watch"]:
            time.sleep(options["watch"])
            self._write(options["folder"], options["pid_file"])

    def _write(self, folder: Path, pid_file: Path | None) -> None:
        changed = [
            brokerfiles.write_if_changed(folder / "passwords", brokerfiles.passwords_text()),
            brokerfiles.write_if_changed(folder / "acl", brokerfiles.access_text()),
        ]
        if any(changed):
            self.stdout.write(f"wrote {folder}")
            if pid_file and pid_file.exists():
                os.kill(int(pid_file.read_text()), signal.SIGHUP)
