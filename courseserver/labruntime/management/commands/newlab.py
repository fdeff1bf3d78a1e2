"""`manage.py newlab SLUG --volume 1 --number N`: a lab's folder, ready to be rewritten."""

import re
import shutil
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from labs import loader
from labs.tables import ContentError

_TEMPLATE = loader.LABS / "explore" / "template"


class Command(BaseCommand):
    help = "Copy the lab template into a folder of its own; it loads and proves itself at once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", help="lower-case words joined by -, such as v1-14-drift")
        parser.add_argument("--volume", type=int, required=True)
        parser.add_argument("--number", type=int, required=True)
        parser.add_argument("--root", type=Path, default=loader.LABS / "explore")

    def handle(
        self, *args: Any, slug: str, volume: int, number: int, root: Path, **options: Any
    ) -> None:
        folder = root / f"vol{volume}" / folder_name(slug, volume, number)
        if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", slug) or len(slug) > 64:
            raise CommandError(f"{slug!r} is no slug: write words joined by -, as in v1-14-drift")
        if folder.exists() or slug in known_slugs():
            raise CommandError(f"a lab {slug} or its folder {folder} is there already")
        shutil.copytree(_TEMPLATE, folder, ignore=shutil.ignore_patterns("__pycache__"))
        for file in folder.glob("*.toml"):
            text = file.read_text(encoding="utf-8").replace("SLUG", slug)
            text = text.replace("= VOLUME", f"= {volume}").replace("= NUMBER", f"= {number}")
            file.write_text(text, encoding="utf-8")
        loader.forget()
        self.stdout.write(f"made {folder}")
        self.stdout.write("now rewrite its words and its model.py, and run:")
        self.stdout.write(f"  python manage.py check_content {slug}")


def folder_name(slug: str, volume: int, number: int) -> str:
    """Return `lab_14_drift` for `v1-14-drift`."""
    words = re.sub(rf"^v{volume}-0*{number}-", "", slug).replace("-", "_")
    return f"lab_{number:02d}_{words}"


def known_slugs() -> set[str]:
    try:
        return set(loader.slugs())
    except ContentError:
        return set()
