"""What the agent costs a bench while nobody asks for anything: processor and memory.

Beside it, in the same time on the same broker, a bare paho client that subscribes and does nothing:
Python and the network library alone.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from courseserver.demo.processes import ROOT
from device_agent import config
from tests.benchmarks.place import Place
from tests.benchmarks.report import Baseline, Figure
from tests.services import mosquitto_broker, wait_for

TITLE = "Agent, idle"
_FOR_S = 30.0
# From a Pi Zero 2 W's 512 MB and four slow cores: an agent nobody notices.
_CPU_MOST, _MEMORY_MOST = 0.01, 50e6
_BARE = """
import sys, time
import paho.mqtt.client as mqtt
client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id="bare")
client.username_pw_set("bare", "bare")
client.on_connect = lambda c, *rest: (c.subscribe("kit/v1/bare/down/#"), print("here", flush=True))
client.connect("127.0.0.1", int(sys.argv[1]), keepalive=30)
client.loop_forever()
"""


def measure(place: Place) -> list[Figure]:
    """Return the agent's share of one core and its memory, beside the bare client's."""
    folder = place.folder / "idle"
    folder.mkdir()
    with ExitStack() as stack:
        port = stack.enter_context(mosquitto_broker(folder))
        agent = stack.enter_context(_agent(folder, port))
        bare = stack.enter_context(_process([sys.executable, "-c", _BARE, str(port)], "here"))
        # What a start costs is over.
        time.sleep(2.0)
        before = [_cpu_s(agent), _cpu_s(bare)]
        time.sleep(_FOR_S)
        used = [_cpu_s(agent) - before[0], _cpu_s(bare) - before[1]]
        memory = [_memory_bytes(agent), _memory_bytes(bare)]
    name = "a bare paho client"
    return [
        Figure(
            name="processor",
            unit="of a core",
            value=used[0] / _FOR_S,
            n=1,
            baseline=Baseline(name=name, value=used[1] / _FOR_S),
            at_most=_CPU_MOST,
            note=f"over {_FOR_S:.0f} s, in ticks of {1000 / os.sysconf('SC_CLK_TCK'):.0f} ms",
        ),
        Figure(
            name="memory of its own",
            unit="B",
            value=memory[0],
            n=1,
            baseline=Baseline(name=name, value=memory[1]),
            at_most=_MEMORY_MOST,
            note="resident and not shared",
        ),
    ]


@contextmanager
def _agent(folder: Path, port: int) -> Iterator[int]:
    settings = folder / "agent.toml"
    told = {"device_id": "kit_idle", "secret": "s3cret", "mqtt_url": f"mqtt://127.0.0.1:{port}",
            "spool": str(folder / "spool.sqlite3")}  # fmt: skip
    config.write(settings, told)
    command = [sys.executable, "-m", "device_agent", "run", "--config", str(settings)]
    with _process(command, "connected by MQTT") as pid:
        yield pid


@contextmanager
def _process(command: Sequence[str], says: str) -> Iterator[int]:
    """Run a program until the block ends; ready when it says so."""
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        lines = process.stdout
        assert lines is not None
        try:
            wait_for(lambda: says in lines.readline(), timeout_s=60, what=says)
            yield process.pid
        finally:
            process.terminate()


def _cpu_s(pid: int) -> float:
    """Return the processor time that a process has used, system and user. [s]"""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _memory_bytes(pid: int) -> float:
    """Return what belongs to the process alone. [byte]"""
    rows = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    private = [row.split()[1] for row in rows if row.startswith("Private_")]
    return sum(map(int, private)) * 1024.0
