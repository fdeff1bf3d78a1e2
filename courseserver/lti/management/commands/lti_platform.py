"""Register platforms: add, invite, list, approve, remove."""

import getpass
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import ProtectedError

from courseserver.common import clock
from courseserver.lti import dynamic, legacy, presets
from courseserver.lti.models import Platform
from courseserver.lti.services import PlatformRefused, platform_add, platform_approve

ADDRESSES = ("issuer", "auth_url", "token_url", "jwks_url")


class Command(BaseCommand):
    help = "Register the LMSs that may open us."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        add = actions.add_parser("add", help="register one deployment; again with new addresses")
        for name in ("client-id", "deployment-id"):
            add.add_argument(f"--{name}", required=True)
        for name in ADDRESSES:
            add.add_argument(f"--{name.replace('_', '-')}", default="")
        add.add_argument(
            "--site", default="", help="where Canvas or Moodle answers; fills in the addresses"
        )
        add.add_argument("--auth-audience", default="", help="the token's audience, if special")
        add.add_argument("--product", default="", help="canvas, moodle, openedx, ...")
        add.add_argument("--name", default="", help="what people call this LMS")
        add.add_argument(
            "--frame-origin", action="append", default=[], help="a further origin that frames us"
        )
        invite = actions.add_parser("invite", help="print a one-time dynamic registration address")
        invite.add_argument("--name", default="", help="what people call this LMS")
        before = actions.add_parser(
            "legacy", help="key and secret that a registration used under LTI 1.1"
        )
        before.add_argument("--issuer", required=True)
        before.add_argument("--client-id", required=True)
        before.add_argument("--key", required=True, help="the consumer key; its secret is read")
        before.add_argument("--remove", action="store_true", help="forget the key and its secret")
        actions.add_parser("list", help="show every deployment")
        approve = actions.add_parser("approve", help="let a held deployment launch")
        approve.add_argument("id")
        remove = actions.add_parser("remove", help="forget a deployment without courses")
        remove.add_argument("id")

    def handle(self, *args: Any, **options: Any) -> None:
        action = {
            "add": self._add,
            "invite": self._invite,
            "legacy": self._legacy,
            "list": self._list,
            "approve": self._approve,
            "remove": self._remove,
        }[options["action"]]
        try:
            action(options)
        except PlatformRefused as error:
            raise CommandError(str(error)) from error

    def _add(self, options: dict[str, Any]) -> None:
        product = options["product"].lower()
        known = presets.addresses(product, options["site"])
        given = {name: options[name] or known.get(name, "") for name in ADDRESSES}
        platform, created = platform_add(
            **given,
            client_id=options["client_id"],
            deployment_id=options["deployment_id"],
            auth_audience=options["auth_audience"],
            product=product,
            name=options["name"],
            frame_origins=options["frame_origin"],
        )
        self.stdout.write(f"{'added' if created else 'updated'} {platform.pk} {platform}")

    def _invite(self, options: dict[str, Any]) -> None:
        self.stdout.write(dynamic.invite_add(name=options["name"], now=clock.now()))

    def _legacy(self, options: dict[str, Any]) -> None:
        place = {name: options[name] for name in ("issuer", "client_id", "key")}
        if options["remove"]:
            if not legacy.consumer_remove(**place):
                raise CommandError(f"no consumer {options['key']!r} there")
            self.stdout.write(f"removed {options['key']}")
            return
        try:
            # Not an option: other users of this machine see a command's options.
            created = legacy.consumer_set(**place, secret=_secret_read())
        except ValueError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{'added' if created else 'updated'} {options['key']}")

    def _list(self, options: dict[str, Any]) -> None:
        for platform in Platform.objects.order_by("issuer", "client_id", "deployment_id"):
            state = "approved" if platform.approved else "HELD    "
            self.stdout.write(f"{platform.pk}  {state}  {platform.product or '-':8}  {platform}")

    def _approve(self, options: dict[str, Any]) -> None:
        platform = platform_approve(platform_id=options["id"])
        self.stdout.write(f"approved {platform.pk} {platform}")

    def _remove(self, options: dict[str, Any]) -> None:
        platform = Platform.objects.filter(pk=options["id"]).first()
        if platform is None:
            raise CommandError(f"no platform {options['id']}: see `lti_platform list`")
        try:
            platform.delete()
        except ProtectedError as error:
            raise CommandError(
                f"{platform.pk} has courses; remove those first, or leave it registered"
            ) from error
        self.stdout.write(f"removed {options['id']}")


def _secret_read() -> str:
    """Return the consumer secret, typed unseen or from a pipe."""
    if sys.stdin.isatty():
        return getpass.getpass("Consumer secret: ")
    return sys.stdin.readline().rstrip("\n")
