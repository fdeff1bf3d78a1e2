"""`manage.py mqtt_broker`: the embedded broker, on loopback."""

import asyncio
import signal
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from courseserver.kits import broker


class Command(BaseCommand):
    help = "Run the embedded MQTT broker on loopback (for demos and tests)."

    def add_arguments(self, parser: CommandParser) -> None:
        address = urlsplit(settings.MQTT_URL)
        parser.add_argument("--host", default=address.hostname or "127.0.0.1")
        parser.add_argument("--port", type=int, default=address.port or 1883)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            asyncio.run(_serve(options["host"], options["port"]))
        except broker.NotLoopback as error:
            raise CommandError(str(error)) from error


async def _serve(host: str, port: int) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await broker.serve(host, port, stop)
