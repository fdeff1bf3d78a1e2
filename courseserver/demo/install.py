"""Prepare one installation in one process: `python -m courseserver.demo.install REGISTRATION FILE`.

REGISTRATION is the practice LMS's JSON for `lti_platform add`; FILE the demo kit's settings.
"""

import json
import sys
from pathlib import Path

import django
from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command


def main(registration: str, agent_settings: str) -> None:
    django.setup()
    prepare()
    options = [f"--{name}={value}" for name, value in json.loads(registration).items()]
    call_command("lti_platform", "add", *options)
    call_command("kit_enrol", "--name", "This computer", "--write", agent_settings)


def prepare() -> None:
    """Bring the database and the static files up to date."""
    call_command("migrate", interactive=False, verbosity=0)
    record = Path(settings.STATIC_ROOT) / ".gathered-from"
    sources = _static_sources()
    # Compressing them takes seconds, which a second start need not wait for.
    if not record.is_file() or record.read_text() != sources:
        call_command("collectstatic", interactive=False, verbosity=0)
        record.write_text(sources)


def _static_sources() -> str:
    """Return every static file's path, size in bytes and time of change in ns."""
    files = [
        Path(storage.path(name)) for finder in get_finders() for name, storage in finder.list(None)
    ]
    lines = [f"{path} {path.stat().st_size} {path.stat().st_mtime_ns}" for path in sorted(files)]
    return "\n".join(lines)


if __name__ == "__main__":
    main(*sys.argv[1:])
