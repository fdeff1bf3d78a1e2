"""How messages travel: MQTT, or memory for tests."""

from device_agent.transport.base import Connected, Disconnected, Inbox, Incoming, Transport, Will

__all__ = ["Connected", "Disconnected", "Inbox", "Incoming", "Transport", "Will"]
