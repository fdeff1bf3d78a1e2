"""`manage.py person find|export|erase`: what is kept about somebody, on their wish."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.core.serializers.json import DjangoJSONEncoder

from courseserver.common.errors import NotFound
from courseserver.courses.personal import people_found, person_erase, person_export

ACTOR = "system"


class Command(BaseCommand):
    help = "Find a person's opaque id; export or erase what is kept about them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        find = actions.add_parser("find", help="list who goes by a name, an email or a number")
        find.add_argument("text")
        export = actions.add_parser("export", help="write everything about a person as JSON")
        export.add_argument("id")
        export.add_argument("--output", default="", help="a file; standard output if none is named")
        erase = actions.add_parser(
            "erase", help="forget name, email, numbers and written texts; marks stay without a name"
        )
        erase.add_argument("id")
        erase.add_argument("--yes", action="store_true", help="do it; without this it is only said")

    def handle(self, *args: Any, **options: Any) -> None:
        action = {"find": self._find, "export": self._export, "erase": self._erase}
        try:
            action[options["action"]](options)
        except NotFound as error:
            raise CommandError(f"{error.detail} {error.remedy}") from error

    def _find(self, options: dict[str, Any]) -> None:
        found = people_found(options["text"])
        if not found:
            raise CommandError(f"nobody here goes by {options['text']!r}")
        for person in found:
            who = f"{person.name or '-'} <{person.email or '-'}>"
            self.stdout.write(
                f"{person.person_id}  {who}  number {person.subject} at {person.issuer}"
            )

    def _export(self, options: dict[str, Any]) -> None:
        content = person_export(options["id"], actor=ACTOR)
        text = json.dumps(content, indent=2, ensure_ascii=False, cls=DjangoJSONEncoder)
        if not options["output"]:
            self.stdout.write(text)
            return
        path = Path(options["output"])
        path.touch(mode=0o600)
        path.chmod(0o600)
        path.write_text(text + "\n")
        self.stdout.write(f"wrote {path}")

    def _erase(self, options: dict[str, Any]) -> None:
        if not options["yes"]:
            raise CommandError(
                "erasing cannot be undone: export first if somebody wants a copy, then add --yes"
            )
        for table, count in person_erase(options["id"], actor=ACTOR).items():
            self.stdout.write(f"{table}: {count}")
        self.stdout.write(
            f"erased {options['id']}; backups and log files of this server, and the LMS, keep "
            "their own copies"
        )
