"""`manage.py mqtt_bridge`: the process between broker and database."""

import signal
from queue import Queue
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from courseserver.kits.bridge import Bridge, Delivery
from courseserver.kits.credentials import bridge_secret, bridge_user
from courseserver.kits.link import Address, Link


class Command(BaseCommand):
    help = "Store what kits report and send them their jobs. One process per installation."

    def handle(self, *args: Any, **options: Any) -> None:
        address = Address(
            url=settings.MQTT_URL,
            user=bridge_user(),
            secret=bridge_secret(),
            ca_file=settings.MQTT_CA_FILE,
        )
        inbox: Queue[Delivery] = Queue()
        bridge = Bridge(Link(address, inbox), inbox)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: bridge.stop())
        bridge.run()
