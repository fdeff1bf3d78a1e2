"""MQTT by paho: version 5 first, 3.1.1 where the broker knows no better.

paho's network thread dies silently when a callback raises, and `is_connected()` stays true; so
callbacks here only put events on the inbox, and a supervising thread of ours watches the network
thread and builds a fresh client for each connection. paho's own queue is never used as a store:
what matters lies in the spool.
"""

import random
import ssl
import threading
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from device_agent.transport.base import Connected, Disconnected, Inbox, Incoming, Will

_KEEPALIVE_S = 30
# Commands wait this long for a kit that was switched off over a weekend.
_SESSION_EXPIRY_S = 7 * 86400
_RETRY_S = 0.3
# A broker elsewhere is spared; one on this machine is only just starting.
_RETRY_MOST_S = (30.0, 1.0)
# MQTT 5: the broker ends a session that somebody with the same name took over.
_TAKEN_OVER = 0x8E
_RIVAL = (
    "another agent runs with this kit's identity: stop one of them, or enrol it as a kit of its own"
)
_UNSUPPORTED_PROTOCOL = 132
# How long a broker may take to let us in.
_GREETING_S = 10.0
_PLAIN_PORT, _TLS_PORT = 1883, 8883


class BrokerAddressError(ValueError):
    """A broker URL that we refuse to use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker:
    """Where the broker is and how the connection is secured."""

    host: str
    port: int
    tls: bool
    ca_file: Path | None = None

    @classmethod
    def from_url(cls, url: str, ca_file: Path | None = None) -> "Broker":
        """Return the broker of `mqtt://host:port` (loopback only) or `mqtts://host:port`."""
        parts = urlsplit(url)
        if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname:
            raise BrokerAddressError(f"{url!r} is not mqtt://host:port or mqtts://host:port")
        tls = parts.scheme == "mqtts"
        if not tls and not is_loopback(parts.hostname):
            raise BrokerAddressError(
                f"{url!r} would send the kit's secret in the clear: use mqtts:// off this machine"
            )
        port = parts.port or (_TLS_PORT if tls else _PLAIN_PORT)
        return cls(host=parts.hostname, port=port, tls=tls, ca_file=ca_file)


def is_loopback(host: str) -> bool:
    return host in ("localhost", "::1") or host.startswith("127.")


class MqttTransport:
    """A supervised connection to one broker as one device."""

    def __init__(
        self,
        broker: Broker,
        *,
        device_id: str,
        secret: str,
        subscribe: str,
        will: Will,
        inbox: Inbox,
    ) -> None:
        self._broker = broker
        self._device_id = device_id
        self._secret = secret
        self._subscribe = subscribe
        self._will = will
        self._inbox = inbox
        self._protocol = MQTTProtocolVersion.MQTTv5
        self._is_rivalled = False
        self._client: mqtt.Client | None = None
        self._stopping = threading.Event()
        self._ended = threading.Event()
        self._greeted = threading.Event()
        self._answered = threading.Event()
        self._thread = threading.Thread(target=self._supervise, name="mqtt-supervisor", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> bool:
        client = self._client
        if client is None or not self._greeted.is_set() or self._ended.is_set():
            return False
        return client.publish(topic, payload, qos=qos, retain=retain).rc == mqtt.MQTT_ERR_SUCCESS

    def stop(self, farewell: Will | None = None) -> None:
        client = self._client
        if client is not None and farewell is not None and self._greeted.is_set():
            info = client.publish(farewell.topic, farewell.payload, qos=1, retain=True)
            if info.rc == mqtt.MQTT_ERR_SUCCESS:
                info.wait_for_publish(timeout=3)
        self._stopping.set()
        self._answered.set()
        self._ended.set()
        self._thread.join(timeout=10)

    # --- supervision ------------------------------------------------------------------------
    def _supervise(self) -> None:
        delay_s, most_s = _RETRY_S, _RETRY_MOST_S[is_loopback(self._broker.host)]
        while not self._stopping.is_set():
            spoke_v5 = self._protocol == MQTTProtocolVersion.MQTTv5
            was_greeted = self._one_connection()
            if spoke_v5 and self._protocol != MQTTProtocolVersion.MQTTv5:
                continue
            delay_s = _RETRY_S if was_greeted else min(2 * delay_s, most_s)
            if self._is_rivalled:
                # Two that throw each other out at once would never get a word in.
                delay_s, self._is_rivalled = most_s, False
            # A room of kits must not come back in the same instant.
            self._stopping.wait(delay_s * random.uniform(0.5, 1.5))  # noqa: S311

    def _one_connection(self) -> bool:
        """Run one connection to its end. Return whether the broker let us in."""
        self._ended.clear()
        self._greeted.clear()
        self._answered.clear()
        client = self._build()
        try:
            self._connect(client)
        except OSError as error:
            self._inbox.put(Disconnected(reason=f"cannot reach the broker: {error}"))
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
            if not _network_thread_lives(client):
                self._inbox.put(Disconnected(reason="the network thread died"))
                return

    def _is_greeted_in_time(self) -> bool:
        """Wait for the broker's answer; some 3.1.1 brokers hang for ever on version 5."""
        self._answered.wait(_GREETING_S)
        if not self._answered.is_set():
            self._answered.set()
            self._protocol = _other(self._protocol)
            self._inbox.put(Disconnected(reason=f"no answer within {_GREETING_S:g} s"))
        return self._greeted.is_set()

    def _connect(self, client: mqtt.Client) -> None:
        host, port = self._broker.host, self._broker.port
        if self._protocol != MQTTProtocolVersion.MQTTv5:
            client.connect(host, port, keepalive=_KEEPALIVE_S)
            return
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.SessionExpiryInterval = _SESSION_EXPIRY_S
        client.connect(host, port, keepalive=_KEEPALIVE_S, clean_start=False, properties=properties)

    def _build(self) -> mqtt.Client:
        v5 = self._protocol == MQTTProtocolVersion.MQTTv5
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=self._device_id,
            clean_session=None if v5 else False,
            protocol=self._protocol,
            reconnect_on_failure=False,
            manual_ack=True,
        )
        client.suppress_exceptions = True
        client.username_pw_set(self._device_id, self._secret)
        client.will_set(self._will.topic, self._will.payload, qos=1, retain=True)
        if self._broker.tls:
            client.tls_set(
                ca_certs=str(self._broker.ca_file) if self._broker.ca_file else None,
                cert_reqs=ssl.CERT_REQUIRED,
            )
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        return client

    # --- callbacks: put and return ----------------------------------------------------------
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
            self._inbox.put(Disconnected(reason=f"the broker refused: {reason}"))
            self._ended.set()
            self._answered.set()
            return
        client.subscribe(self._subscribe, qos=1)

    def _on_subscribe(
        self,
        client: mqtt.Client,
        userdata: object,
        mid: int,
        reasons: list[ReasonCode],
        properties: Properties | None,
    ) -> None:
        """What is said before the broker knows our topics may be lost: only now are we here."""
        refused = [reason for reason in reasons if reason.is_failure]
        if refused:
            self._inbox.put(Disconnected(reason=f"the broker refused our topics: {refused[0]}"))
            self._ended.set()
            self._answered.set()
        else:
            self._greet()

    def _greet(self) -> None:
        if not self._greeted.is_set():
            self._greeted.set()
            name = "5" if self._protocol == MQTTProtocolVersion.MQTTv5 else "3.1.1"
            self._inbox.put(Connected(protocol=name))
        self._answered.set()

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
        self._is_rivalled = reason.value == _TAKEN_OVER
        said = _RIVAL if self._is_rivalled else str(reason)
        # After a refusal the line goes too: what counts was said.
        if not self._ended.is_set():
            self._inbox.put(Disconnected(reason=said))
        self._ended.set()
        self._answered.set()

    def _on_message(self, client: mqtt.Client, userdata: object, message: mqtt.MQTTMessage) -> None:
        mid, qos = message.mid, message.qos
        # It knows our topics from before; some brokers wait for an answer to this first.
        self._greet()
        self._inbox.put(
            Incoming(
                topic=message.topic,
                payload=bytes(message.payload),
                done=lambda: _acknowledge(client, mid, qos),
            )
        )


def _other(protocol: MQTTProtocolVersion) -> MQTTProtocolVersion:
    v5 = protocol == MQTTProtocolVersion.MQTTv5
    return MQTTProtocolVersion.MQTTv311 if v5 else MQTTProtocolVersion.MQTTv5


def _acknowledge(client: mqtt.Client, mid: int, qos: int) -> None:
    client.ack(mid, qos)


def _network_thread_lives(client: mqtt.Client) -> bool:
    # paho tells nobody when its thread dies; its own attribute is the only witness.
    thread = client._thread
    return thread is not None and thread.is_alive()
