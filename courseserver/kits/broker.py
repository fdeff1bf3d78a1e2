"""The embedded broker: amqtt on loopback, for demos and tests.

It speaks MQTT 3.1.1 only and forgets everything when it ends; neither matters, since rows and
spools are the truth. Every client needs a user name and a password, and each kit is held to its
own topics, as Mosquitto's access list does in production.
"""

import asyncio
import hmac
import logging
from typing import Any

import structlog
from amqtt.adapters import ReaderAdapter, StreamReaderAdapter, StreamWriterAdapter
from amqtt.broker import Broker
from amqtt.contexts import Action, BaseContext
from amqtt.plugins.base import BaseAuthPlugin, BaseTopicPlugin
from amqtt.session import Session
from asgiref.sync import sync_to_async

from courseserver.kits.credentials import bridge_secret, bridge_user, secret_matches
from courseserver.kits.models import Kit
from courseserver.kits.selfchecks import is_loopback
from courseserver.kits.states import KitHealth
from firmware_specs.wire import topics

log = structlog.get_logger(__name__)
# The shortest CONNECT: fixed header (2), protocol name (6), level, flags, keep-alive (2), empty id.
_HEAD_BYTES, _HEAD_S = 14, 10.0
_LEVEL_311 = 4
_CONNACK_UNSUPPORTED = bytes([0x20, 0x02, 0x00, 0x01])


class NotLoopback(ValueError):
    """The embedded broker has no TLS and must not be reachable from elsewhere."""


class KitAuth(BaseAuthPlugin):  # type: ignore[misc]
    """User name and password always; the client id is the user name, so nobody takes over."""

    def __init__(self, context: BaseContext) -> None:
        super().__init__(context)

    async def authenticate(self, *, session: Session) -> bool:
        user, secret = session.username or "", session.password or ""
        if session.client_id != user:
            return False
        return await sync_to_async(may_connect)(user, secret)


class KitTopics(BaseTopicPlugin):  # type: ignore[misc]
    """A kit speaks on its own `up`, hears its own `down`, and nothing else."""

    async def topic_filtering(
        self,
        *,
        session: Session | None = None,
        topic: str | None = None,
        action: Action | None = None,
    ) -> bool:
        if session is None or topic is None:
            return False
        return may_use(session.username or "", topic, to_publish=action == Action.PUBLISH)


def may_connect(user: str, secret: str) -> bool:
    """Return whether a user name and password belong together and are in force."""
    if user == bridge_user():
        return hmac.compare_digest(secret.encode(), bridge_secret().encode())
    kit = Kit.objects.filter(pk=user).exclude(health=KitHealth.REVOKED).first()
    return kit is not None and secret_matches(secret, kit.secret_hash)


def may_use(user: str, topic: str, *, to_publish: bool) -> bool:
    """Return whether a user may publish to, or subscribe to and receive from, a topic."""
    if user == bridge_user():
        return topic.startswith(f"{topics.ROOT}/")
    direction = "up" if to_publish else "down"
    return user != "" and topic.startswith(f"{topics.ROOT}/{user}/{direction}/")


def check_loopback(host: str) -> None:
    """Refuse an address that others can reach.

    Raises
    ------
    NotLoopback
        If `host` is not a loopback address.
    """
    if not is_loopback(host):
        raise NotLoopback(
            f"the embedded broker listens on loopback only, not on {host}:"
            " run Mosquitto with TLS and set MQTT_URL=mqtts://..."
        )


def configuration(host: str, port: int) -> dict[str, Any]:
    check_loopback(host)
    return {
        "listeners": {"default": {"type": "tcp", "bind": f"{host}:{port}"}},
        "plugins": {f"{__name__}.KitAuth": {}, f"{__name__}.KitTopics": {}},
        # A kit that was off for a day finds its commands; rows would resend them anyway.
        "session_expiry_interval": 86400,
    }


class KitBroker(Broker):  # type: ignore[misc]
    """amqtt that says at once when it does not know a client's protocol version.

    Left alone it reads a version 5 CONNECT as 3.1.1 and waits for ever for bytes that never come.
    """

    async def stream_connected(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, listener_name: str
    ) -> None:
        try:
            head = await asyncio.wait_for(reader.readexactly(_HEAD_BYTES), _HEAD_S)
        except (asyncio.IncompleteReadError, TimeoutError, ConnectionError):
            writer.close()
            return
        if _protocol_level(head) > _LEVEL_311:
            writer.write(_CONNACK_UNSUPPORTED)
            writer.close()
            return
        replayed = _Replayed(head, StreamReaderAdapter(reader))
        await self.external_connected(replayed, StreamWriterAdapter(writer), listener_name)

    async def _publish_retained_messages_for_subscription(
        self, subscription: tuple[str, int], session: Session
    ) -> None:
        # amqtt 0.12 sends a new session what is retained for everybody else's subscriptions.
        if may_use(session.username or "", subscription[0], to_publish=False):
            await super()._publish_retained_messages_for_subscription(subscription, session)


class _Replayed(ReaderAdapter):  # type: ignore[misc]
    """A reader that returns some bytes a second time."""

    def __init__(self, head: bytes, rest: StreamReaderAdapter) -> None:
        self._head = head
        self._rest = rest

    async def read(self, n: int = -1) -> bytes:
        if not self._head:
            return bytes(await self._rest.read(n))
        taken, self._head = self._head[:n], self._head[n:]
        if n > 0 and len(taken) < n:
            taken += bytes(await self._rest.read(n - len(taken)))
        return taken

    def feed_eof(self) -> None:
        self._rest.feed_eof()


def _protocol_level(head: bytes) -> int:
    """Return the protocol level of a CONNECT; 0 where it is none, which amqtt will refuse."""
    at = head.find(b"\x00\x04MQTT", 2, 12)
    return head[at + 6] if at > 0 and at + 6 < len(head) else 0


async def serve(host: str, port: int, stop: asyncio.Event) -> None:
    """Run the broker until `stop` is set."""
    for name in ("amqtt", "transitions"):
        logging.getLogger(name).setLevel(logging.WARNING)
    broker = KitBroker(configuration(host, port))
    await broker.start()
    log.info("embedded broker listens", host=host, port=port)
    await stop.wait()
    await broker.shutdown()
