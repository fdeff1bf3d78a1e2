"""`manage.py retention`: erase students whom no course keeps any more."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from courseserver.common import clock
from courseserver.courses.retention import people_past, people_past_erase


class Command(BaseCommand):
    help = "Erase students whose courses keep them no longer (the course's settings say how long)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--yes", action="store_true", help="do it; without this only count")

    def handle(self, *args: Any, **options: Any) -> None:
        now = clock.now()
        if options["yes"]:
            self.stdout.write(f"{people_past_erase(now)} erased")
        else:
            self.stdout.write(f"{len(people_past(now))} would be erased; add --yes to do it")
