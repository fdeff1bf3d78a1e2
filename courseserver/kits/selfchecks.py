"""System checks: the broker's address must not send secrets in the clear."""

import ipaddress
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, register


@register()
def mqtt_address(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """Refuse `mqtt://` off loopback, unknown schemes, and a CA file that is not there."""
    parts = urlsplit(settings.MQTT_URL)
    if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname:
        return [
            Error(
                f"MQTT_URL is {parts.scheme}://{parts.hostname}, not mqtt:// or mqtts://HOST:PORT",
                hint="Unset it for the embedded broker on loopback.",
                id="kits.E001",
            )
        ]
    if parts.scheme == "mqtt" and not is_loopback(parts.hostname):
        return [
            Error(
                f"MQTT_URL would send the kits' secrets in the clear to {parts.hostname}",
                hint="Use mqtts:// and, for a private CA, MQTT_CA_FILE.",
                id="kits.E002",
            )
        ]
    if settings.MQTT_CA_FILE and not Path(settings.MQTT_CA_FILE).is_file():
        return [
            Error(
                f"MQTT_CA_FILE {settings.MQTT_CA_FILE} does not exist",
                hint="Give the path of the CA's certificate, or unset it for the system's CAs.",
                id="kits.E003",
            )
        ]
    return []


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
