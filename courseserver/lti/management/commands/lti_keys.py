"""Our signing keys: list, rotate."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand

from courseserver.common import clock
from courseserver.lti import keys
from courseserver.lti.models import ToolKey


class Command(BaseCommand):
    help = "Our signing keys. Rotate every term, and with --now when a key may have leaked."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        actions.add_parser("list", help="show every key and when it signs")
        rotate = actions.add_parser("rotate", help="publish a new key that signs a day later")
        rotate.add_argument(
            "--now",
            action="store_true",
            help="sign with the new key at once and unpublish the others (lost or leaked key)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["action"] == "rotate":
            overlap = timedelta(0) if options["now"] else keys.OVERLAP
            key = keys.keys_rotate(now=clock.now(), overlap=overlap)
            self.stdout.write(f"published {key.kid}; it signs from {key.signs_from:%F %R} UTC")
            return
        now = clock.now()
        signing = keys.signing_key(now).kid
        for key in ToolKey.objects.order_by("-signs_from", "kid"):
            until = f"until {key.published_until:%F %R}" if key.published_until else "unlimited"
            mark = "signs" if key.kid == signing else "     "
            self.stdout.write(f"{key.kid}  {mark}  from {key.signs_from:%F %R}  {until}")
