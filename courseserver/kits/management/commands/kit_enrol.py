"""`manage.py kit_enrol`: a kit on this machine, without the claim code."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from courseserver.courses.models import Course
from courseserver.kits import enrolment
from courseserver.kits.models import Kit
from courseserver.kits.states import KitHealth


class Command(BaseCommand):
    help = "Make a kit and write its agent's settings file (readable to its owner only)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--name", required=True)
        parser.add_argument("--board", default="host-linux")
        parser.add_argument("--course", default="", help="course id; without it the kit is shared")
        parser.add_argument("--write", required=True, type=Path, help="the agent's settings file")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["write"]
        if kit := enrolment.settings_file_kit(path):
            self.stdout.write(f"{kit.id} already enrolled in {path}")
            return
        course = Course.objects.filter(pk=options["course"]).first() if options["course"] else None
        if options["course"] and course is None:
            raise CommandError(f"no course {options['course']!r}")
        kit, secret = self._kit(options["name"], options["board"], course)
        enrolment.settings_file_write(path=path, values=enrolment.agent_settings(kit, secret))
        self.stdout.write(f"{kit.id} enrolled, settings in {path}")

    def _kit(self, name: str, board: str, course: Course | None) -> tuple[Kit, str]:
        """Return the kit of that name with a fresh secret, making it where there is none."""
        known = Kit.objects.filter(name=name, board=board, course=course)
        kit = known.exclude(health=KitHealth.REVOKED).first()
        if kit is not None:
            return kit, enrolment.kit_rotate(kit=kit, actor="system")
        return enrolment.kit_create(name=name, board_id=board, course=course, actor="system")
