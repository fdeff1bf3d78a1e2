"""Prepare one installation in one process: `python -m courseserver.demo.install REGISTRATION FILE`.

REGISTRATION is the practice LMS's JSON for `lti_platform add`; FILE the demo kit's settings.
"""

import json
import sys

import django
from django.core.management import call_command


def main(registration: str, agent_settings: str) -> None:
    django.setup()
    call_command("migrate", interactive=False, verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    options = [f"--{name}={value}" for name, value in json.loads(registration).items()]
    call_command("lti_platform", "add", *options)
    call_command("kit_enrol", "--name", "This computer", "--write", agent_settings)


if __name__ == "__main__":
    main(*sys.argv[1:])
