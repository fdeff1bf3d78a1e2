"""`manage.py verify_ledger`: walk every student's chain; exit 1 where one is broken."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from courseserver.labruntime import ledger


class Command(BaseCommand):
    help = "Verify the hash chains of all Design Ledgers, or of the people named by opaque id."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("person", nargs="*", help="opaque ids; everybody if none is given")

    def handle(self, *args: Any, person: list[str], **options: Any) -> None:
        verdicts = [ledger.verify(person_id) for person_id in person or list(ledger.chains())]
        broken = [verdict for verdict in verdicts if not verdict.is_whole]
        for verdict in broken:
            self.stdout.write(f"{verdict.person_id}: {verdict.fault}")
        entries = sum(verdict.count for verdict in verdicts)
        self.stdout.write(
            f"{len(verdicts)} chains, {entries} entries verified, {len(broken)} broken"
        )
        if broken:
            raise SystemExit(1)
