"""The bridge's connection to the broker, supervised.

paho's network thread dies when a callback raises and says nothing, so callbacks only queue, a
thread of ours watches, and every connection is a fresh client. Messages are confirmed by hand,
after their rows are committed.
"""

import random
import socket
import ssl
import struct
import threading
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from queue import Queue
from typing import Any
from urllib.parse import urlsplit

import paho.mqtt.client as mqtt
import structlog
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from courseserver.kits.bridge import Delivery
from courseserver.kits.selfchecks import is_loopback
from firmware_specs.wire import MAX_BYTES, topics

log = structlog.get_logger(__name__)
_KEEPALIVE_S = 30
_SESSION_EXPIRY_S = 7 * 86400
_COMMAND_EXPIRY_S = 3600
_RETRY_S = 0.3
# A broker elsewhere is spared; one on this machine is only just starting.
_RETRY_MOST_S = (15.0, 1.0)
_UNSUPPORTED_PROTOCOL = 132
_PUBACK = 0x40
# How long a broker may take to let us in.
_GREETING_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where the broker is and as whom to connect."""

    url: str
    user: str
    secret: str
    ca_file: str = ""

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or "127.0.0.1"

    @property
    def is_tls(self) -> bool:
        return urlsplit(self.url).scheme == "mqtts"

    @property
    def port(self) -> int:
        return urlsplit(self.url).port or (8883 if self.is_tls else 1883)


@dataclass(slots=True, kw_only=True)
class FromBroker:
    """A message that the broker keeps for us until it is confirmed."""

    topic: str
    payload: bytes
    client: mqtt.Client
    mid: int
    qos: int


class Link:
    """A connection that mends itself; deliveries arrive on `inbox`."""

    def __init__(self, address: Address, inbox: "Queue[Delivery]") -> None:
        self._address = address
        self._inbox = inbox
        self._protocol = MQTTProtocolVersion.MQTTv5
        self._client: mqtt.Client | None = None
        self._stopping = threading.Event()
        self._ended = threading.Event()
        self._greeted = threading.Event()
        self._answered = threading.Event()
        self._thread = threading.Thread(target=self._supervise, name="mqtt-link", daemon=True)

    @property
    def is_connected(self) -> bool:
        return self._greeted.is_set() and not self._ended.is_set()

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._answered.set()
        self._ended.set()
        self._thread.join(timeout=10)

    def confirm(self, deliveries: Sequence[Delivery]) -> None:
        """Let the broker forget messages: one packet for all, where paho's `ack` sends one each."""
        packets: dict[mqtt.Client, list[bytes]] = defaultdict(list)
        for told in deliveries:
            if isinstance(told, FromBroker) and told.qos == 1:
                packets[told.client].append(struct.pack("!BBH", _PUBACK, 2, told.mid))
        for client, parts in packets.items():
            client._packet_queue(_PUBACK, b"".join(parts), 0, 1)

    def publish(
        self, topic: str, payload: bytes, *, retain: bool = False, expires: bool = False
    ) -> bool:
        """Hand a message over; False without a connection: the row that asked for it remains."""
        client = self._client
        if client is None or not self.is_connected:
            return False
        properties = None
        if expires and self._protocol == MQTTProtocolVersion.MQTTv5:
            # Yesterday's command must not fire today; its row would send it again.
            properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
            properties.MessageExpiryInterval = _COMMAND_EXPIRY_S
        info = client.publish(topic, payload, qos=1, retain=retain, properties=properties)
        return info.rc == mqtt.MQTT_ERR_SUCCESS

    # --- supervision ------------------------------------------------------------------------
    def _supervise(self) -> None:
        delay_s, most_s = _RETRY_S, _RETRY_MOST_S[is_loopback(self._address.host)]
        while not self._stopping.is_set():
            spoke_v5 = self._protocol == MQTTProtocolVersion.MQTTv5
            was_greeted = self._one_connection()
            if spoke_v5 and self._protocol != MQTTProtocolVersion.MQTTv5:
                continue
            delay_s = _RETRY_S if was_greeted else min(2 * delay_s, most_s)
            # A room of kits must not come back in the same instant.
            self._stopping.wait(delay_s * random.uniform(0.5, 1.5))  # noqa: S311

    def _one_connection(self) -> bool:
        for event in (self._greeted, self._answered, self._ended):
            event.clear()
        client = self._build()
        try:
            self._connect(client)
        except OSError as error:
            log.warning("no broker", host=self._address.host, reason=str(error))
            return False
        self._client = client
        client.loop_start()
        if self._is_greeted_in_time():
            self._watch(client)
        self._ended.set()
        self._client = None
        client.disconnect()
        client.loop_stop()
        return self._greeted.is_set()

    def _watch(self, client: mqtt.Client) -> None:
        """Wait until the connection ends, we stop, or paho's thread has died in silence."""
        while not self._ended.wait(1.0) and not self._stopping.is_set():
            thread = client._thread  # the only witness
            if thread is None or not thread.is_alive():
                log.error("network thread died")
                return

    def _is_greeted_in_time(self) -> bool:
        """Wait for the broker's answer; some 3.1.1 brokers hang for ever on version 5."""
        self._answered.wait(_GREETING_S)
        if not self._answered.is_set():
            self._answered.set()
            self._protocol = _other(self._protocol)
        return self._greeted.is_set()

    def _connect(self, client: mqtt.Client) -> None:
        host, port = self._address.host, self._address.port
        if self._protocol != MQTTProtocolVersion.MQTTv5:
            client.connect(host, port, keepalive=_KEEPALIVE_S)
            return
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.SessionExpiryInterval = _SESSION_EXPIRY_S
        # The broker itself turns larger payloads away.
        properties.MaximumPacketSize = MAX_BYTES + 1024
        client.connect(host, port, keepalive=_KEEPALIVE_S, clean_start=False, properties=properties)

    def _build(self) -> mqtt.Client:
        v5 = self._protocol == MQTTProtocolVersion.MQTTv5
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=self._address.user,
            clean_session=None if v5 else False,
            protocol=self._protocol,
            reconnect_on_failure=False,
            manual_ack=True,
        )
        client.suppress_exceptions = True
        client.username_pw_set(self._address.user, self._address.secret)
        if self._address.is_tls:
            client.tls_set(ca_certs=self._address.ca_file or None, cert_reqs=ssl.CERT_REQUIRED)
        client.on_socket_open = _send_at_once
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        return client

    # --- callbacks: queue and return --------------------------------------------------------
    def _on_connect(
        self,
        client: mqtt.Client,
        userdata: object,
        flags: mqtt.ConnectFlags,
        reason: ReasonCode,
        properties: Properties | None,
    ) -> None:
        if reason.is_failure:
            if reason.value == _UNSUPPORTED_PROTOCOL:
                self._protocol = MQTTProtocolVersion.MQTTv311
            else:
                log.warning("the broker refused us", reason=str(reason))
            self._answered.set()
            self._ended.set()
            return
        client.subscribe(topics.all_up(), qos=1)
        self._greeted.set()
        self._answered.set()
        log.info("connected to the broker", protocol=self._protocol.name)

    def _on_disconnect(
        self,
        client: mqtt.Client,
        userdata: object,
        flags: mqtt.DisconnectFlags,
        reason: ReasonCode,
        properties: Properties | None,
    ) -> None:
        if not self._answered.is_set():
            # Some old brokers hang up on version 5 without a word: try the other one next.
            self._protocol = _other(self._protocol)
        self._answered.set()
        self._ended.set()

    def _on_message(self, client: mqtt.Client, userdata: object, message: mqtt.MQTTMessage) -> None:
        self._inbox.put(
            FromBroker(
                topic=message.topic,
                payload=bytes(message.payload),
                client=client,
                mid=message.mid,
                qos=message.qos,
            )
        )


def _send_at_once(client: mqtt.Client, userdata: object, sock: Any) -> None:
    """Tell TCP not to gather: an acknowledgement behind a confirmation would wait some 40 ms."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _other(protocol: MQTTProtocolVersion) -> MQTTProtocolVersion:
    v5 = protocol == MQTTProtocolVersion.MQTTv5
    return MQTTProtocolVersion.MQTTv311 if v5 else MQTTProtocolVersion.MQTTv5
