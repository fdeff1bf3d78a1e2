"""Topics: `kit/v1/<device_id>/up/<channel>` from a kit, `.../down/<channel>` to it."""

import re
from dataclasses import dataclass
from enum import StrEnum

from firmware_specs.wire.codec import WireError
from firmware_specs.wire.messages import (
    Ack,
    Birth,
    Command,
    Config,
    Log,
    Message,
    Result,
    Sample,
    Status,
)

ROOT = "kit/v1"
_DEVICE_ID = re.compile(r"[a-z0-9_-]{3,40}")


class Up(StrEnum):
    STATUS = "status"
    BIRTH = "birth"
    RESULT = "result"
    SAMPLE = "sample"
    LOG = "log"
    ACK = "ack"


class Down(StrEnum):
    CMD = "cmd"
    ACK = "ack"
    CONFIG = "config"


UP_TYPES: dict[Up, type[Message]] = {
    Up.STATUS: Status,
    Up.BIRTH: Birth,
    Up.RESULT: Result,
    Up.SAMPLE: Sample,
    Up.LOG: Log,
    Up.ACK: Ack,
}
DOWN_TYPES: dict[Down, type[Message]] = {
    Down.CMD: Command,
    Down.ACK: Ack,
    Down.CONFIG: Config,
}


_CHANNELS: dict[str, dict[str, Up | Down]] = {
    "up": {channel.value: channel for channel in Up},
    "down": {channel.value: channel for channel in Down},
}


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic taken apart."""

    device_id: str
    channel: Up | Down


def up(device_id: str, channel: Up) -> str:
    """Return the topic on which a kit speaks."""
    return f"{ROOT}/{_checked(device_id)}/up/{channel.value}"


def down(device_id: str, channel: Down) -> str:
    """Return the topic on which the server speaks to a kit."""
    return f"{ROOT}/{_checked(device_id)}/down/{channel.value}"


def all_up() -> str:
    """Return the server's subscription: every channel of every kit."""
    return f"{ROOT}/+/up/+"


def all_down(device_id: str) -> str:
    """Return a kit's subscription: everything said to it."""
    return f"{ROOT}/{_checked(device_id)}/down/+"


def parse(topic: str) -> Topic:
    """Return the parts of a topic.

    Raises
    ------
    WireError
        If it is none of ours.
    """
    parts = topic.split("/")
    if len(parts) != 5 or not topic.startswith(f"{ROOT}/") or not _DEVICE_ID.fullmatch(parts[2]):
        raise WireError(f"topic {topic[:80]!r} is none of ours")
    channel = _CHANNELS.get(parts[3], {}).get(parts[4])
    if channel is None:
        raise WireError(f"topic {topic[:80]!r} has no such channel")
    return Topic(device_id=parts[2], channel=channel)


def _checked(device_id: str) -> str:
    if not _DEVICE_ID.fullmatch(device_id):
        raise WireError(
            f"device id {device_id[:60]!r} must be 3-40 of a-z 0-9 _ - (it is part of a topic)"
        )
    return device_id
