"""`manage.py kit_bundle_import`: results that benches without a network signed."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from courseserver.common.errors import CourseserverError
from courseserver.courses.models import Course
from courseserver.kits.bundles import bundle_import


class Command(BaseCommand):
    help = "Import files that `device_agent bench --bundle FILE` wrote; each counts once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("files", nargs="+", type=Path)
        parser.add_argument("--course", default="", help="course id; without it, no course's")

    def handle(self, *args: Any, **options: Any) -> None:
        course = Course.objects.filter(pk=options["course"]).first() if options["course"] else None
        if options["course"] and course is None:
            raise CommandError(f"no course {options['course']!r}")
        refused = 0
        for path in options["files"]:
            try:
                kept = bundle_import(payload=path.read_bytes(), course=course, actor="system")
            except (CourseserverError, OSError) as error:
                refused += 1
                self.stderr.write(f"{path}: {error} {getattr(error, 'remedy', '')}".rstrip())
            else:
                self.stdout.write(f"{path}: {kept.job.total} results of {kept.kit.name} imported")
        if refused:
            raise CommandError(f"{refused} of {len(options['files'])} files refused")
