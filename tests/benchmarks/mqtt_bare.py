"""A bare subscriber with an empty callback: prints how many messages a second it took.

python -m tests.benchmarks.mqtt_bare PORT TOPIC COUNT
"""

import sys
import time

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

CLIENT_ID = "bare-subscriber"


def connected(port: int) -> mqtt.Client:
    """Return a client with a session that outlives it, as the bridge has one."""
    client = mqtt.Client(
        CallbackAPIVersion.VERSION2, client_id=CLIENT_ID, protocol=MQTTProtocolVersion.MQTTv5
    )
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    properties.SessionExpiryInterval = 3600
    client.connect("127.0.0.1", port, clean_start=False, properties=properties)
    return client


def main(port: int, topic: str, count: int) -> None:
    taken: list[float] = []
    client = connected(port)
    client.on_message = lambda *_: taken.append(time.perf_counter())
    client.subscribe(topic, qos=1)
    deadline = time.perf_counter() + 60
    client.loop_start()
    while len(taken) < count and time.perf_counter() < deadline:
        time.sleep(0.01)
    client.loop_stop()
    client.disconnect()
    sys.stdout.write(f"{(len(taken) - 1) / (taken[-1] - taken[0])}\n" if len(taken) > 1 else "0\n")


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
