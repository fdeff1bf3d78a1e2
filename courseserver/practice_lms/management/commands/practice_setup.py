"""Prepare the practice LMS: its key, its course, and the tool at a given address."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from courseserver.practice_lms import gradebook, keys, links, people, registration, store
from courseserver.practice_lms.registration import Tool


class Command(BaseCommand):
    help = "Prepare the practice LMS; run it again to change addresses. Grades are kept."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--tool", required=True, help="where the tool answers")
        parser.add_argument("--lms", required=True, help="where this LMS answers")
        parser.add_argument("--json", action="store_true", help="print the values as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        store.make_tables()
        keys.make_key()
        tool = registration.tool_of(options["lms"].rstrip("/"), options["tool"].rstrip("/"))
        _seed(tool)
        registration.tool_save(tool)
        values = _values(tool)
        if options["json"]:
            self.stdout.write(json.dumps(values))
            return
        arguments = " ".join(f"--{name} {value}" for name, value in values.items())
        self.stdout.write(f"python manage.py lti_platform add {arguments}")


def _values(tool: Tool) -> dict[str, str]:
    """Return the options of the tool's `lti_platform add`."""
    return {
        "issuer": tool.issuer,
        "client-id": tool.client_id,
        "deployment-id": tool.deployment_id,
        "auth-url": f"{tool.issuer}/lti/auth/",
        "token-url": tool.token_url,
        "jwks-url": f"{tool.issuer}/lti/jwks/",
        "product": "practice",
    }


def _seed(tool: Tool) -> None:
    """Add the course's first links with a column each, or move its links to the tool's address."""
    former = store.setting_read("tool")
    with store.writing() as db:
        if db.execute("SELECT count(*) FROM link").fetchone()[0]:
            was = json.loads(former)["target_url"] if former else tool.target_url
            db.execute("UPDATE link SET url = replace(url, ?, ?)", (was, tool.target_url))
            return
        for first in people.course().links:
            link_id = links.link_add(
                db,
                title=first.title,
                text=first.text,
                url=tool.target_url,
                custom={"lab": first.lab},
            )
            gradebook.item_add(
                db,
                label=first.title,
                maximum=first.points,
                link_id=link_id,
                resource_id=first.lab,
            )
