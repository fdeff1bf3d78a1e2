"""Commands to a board. Each ends with `%`; nothing else, no line feed, may stand between two."""

from collections.abc import Iterator

COMMAND_MOST = 80
# As the public runner sends them: 65 characters with the command's name.
BYTES_A_COMMAND = 31
KERNELS = ("mac8", "dotf", "copy")
SEED_MOST = (1 << 32) - 1


def command(*words: object) -> bytes:
    """Return one command, its words separated by single spaces.

    Raises
    ------
    ValueError
        If it would be longer than a board's buffer, or holds what ends or splits a command.
    """
    texts = [str(word) for word in words]
    line = " ".join(texts)
    if not all(t and t.isascii() and t.isprintable() and not set(" %") & set(t) for t in texts):
        raise ValueError(f"a command's words are printable, without space and %: {line!r}")
    if len(line) > COMMAND_MOST:
        raise ValueError(f"command of {len(line)} characters, a board keeps {COMMAND_MOST}")
    return line.encode() + b"%"


# Ends whatever half a command the board still holds. A lone `%` would do the same on boards, but
# the public implementation looks into a word that is not there, which kills it on a computer.
NAME = b"name%"


def input_load(data: bytes, *, most: int = COMMAND_MOST) -> Iterator[bytes]:
    """Yield the commands that load a model's input, each of at most `most` characters."""
    yield command("db", "load", len(data))
    yield from _hex("db", data, min(BYTES_A_COMMAND, (most - len("db ")) // 2))


def blob_load(data: bytes, crc32: int) -> Iterator[bytes]:
    """Yield the commands that load a model, with its CRC-32."""
    yield command("blob", "load", len(data), f"{crc32:08x}")
    yield from _hex("blob", data)


def infer(runs: int, warm_ups: int) -> bytes:
    """Return the command of a timed window. Boards warm up ten times where it is left out."""
    return command("infer", _at_least(runs, 1), _at_least(warm_ups, 0))


def kernel(name: str, size: int, runs: int, warm_ups: int, *, seed: int | None = None) -> bytes:
    """Return the command of a micro-kernel; a seed only for firmware that says it takes one."""
    if name not in KERNELS:
        raise ValueError(f"kernel {name!r} is none of {', '.join(KERNELS)}")
    words = ["kernel", name, _at_least(size, 1), _at_least(runs, 1), _at_least(warm_ups, 0)]
    return command(*words, *([] if seed is None else [_seed(seed)]))


def sense(sensor: str, hz: int, readings: int) -> bytes:
    """Return the command that records a window of a sensor and sends it."""
    return command("sense", sensor, _at_least(hz, 1), _at_least(readings, 1))


def _hex(name: str, data: bytes, piece: int = BYTES_A_COMMAND) -> Iterator[bytes]:
    for start in range(0, len(data), piece):
        yield command(name, data[start : start + piece].hex())


def _seed(value: int) -> int:
    if not 0 <= value <= SEED_MOST:
        raise ValueError(f"seed {value} is not within 0 and {SEED_MOST}")
    return value


def _at_least(value: int, least: int) -> int:
    if value < least:
        raise ValueError(f"{value} is below {least}")
    return value
