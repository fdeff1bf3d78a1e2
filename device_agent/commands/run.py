"""`run`: the service itself."""

import argparse
import logging
import signal
from functools import partial
from pathlib import Path
from queue import Queue

from device_agent import config
from device_agent.agent import About, Agent, will_of
from device_agent.boards.watch import BoardWatch
from device_agent.clock_offset import ServerClock
from device_agent.jobs import Jobs
from device_agent.meters import listed
from device_agent.spool import Spool, SpoolUnusable
from device_agent.work import WorkerProcess, task_listing
from firmware_specs.boards import board
from firmware_specs.wire import MeterInfo, topics


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", type=Path, help="settings file (see README)")


def main(arguments: argparse.Namespace) -> int:
    settings = config.load(arguments.config)
    config.hand_on(settings.meters)
    logging.basicConfig(level=settings.log_level, format="%(levelname)s %(name)s %(message)s")
    agent = build(settings)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: agent.stop())
    agent.run()
    return 0


def build(settings: config.Settings) -> Agent:
    """Return an agent over MQTT with its spool."""
    # Imported late so that settings are checked before the network library is needed.
    from device_agent.transport.mqtt import Broker, BrokerAddressError, MqttTransport

    try:
        broker = Broker.from_url(settings.mqtt_url, settings.ca_path)
    except BrokerAddressError as error:
        raise config.ConfigError(str(error)) from error
    inbox: Queue[object] = Queue()
    start_work = partial(WorkerProcess, ports=settings.ports)
    watch = BoardWatch(settings.ports, task_listing)
    try:
        spool = Spool(settings.spool_path)
    except SpoolUnusable as error:
        raise config.ConfigError(str(error)) from error
    server_clock = ServerClock(settings.server_url)
    server_clock.start()
    transport = MqttTransport(
        broker,
        device_id=settings.device_id,
        secret=settings.secret,
        subscribe=topics.all_down(settings.device_id),
        will=will_of(settings.device_id),
        inbox=inbox,
    )
    return Agent(
        device_id=settings.device_id,
        spool=spool,
        transport=transport,
        inbox=inbox,
        jobs=Jobs(
            settings.device_id,
            spool,
            transport,
            inbox,
            start_work=start_work,
            clock_facts=server_clock.facts,
        ),
        about=About(board=board(settings.board).id, tasks=watch.tasks(), meters=meter_infos()),
        look=watch.look,
    )


def meter_infos() -> tuple[MeterInfo, ...]:
    return tuple(
        MeterInfo(name=meter.NAME, available=not why, detail=why)
        for meter in listed()
        for why in [meter.why_not()]
    )
