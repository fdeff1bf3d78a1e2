"""Where the agent finds its broker and its secret: a TOML file, overridden by the environment.

`DEVICE_AGENT_<NAME>` beats the file; the file is `DEVICE_AGENT_CONFIG`, else
`~/.config/device-agent/agent.toml`.
"""

import json
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

_PREFIX = "DEVICE_AGENT_"
_HOME = Path("~/.config/device-agent").expanduser()


class ConfigError(ValueError):
    """A setting that is missing or senseless: says which, where and what to write."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings; `device_id` and `secret` come from enrolment."""

    device_id: str
    secret: str
    mqtt_url: str = "mqtt://127.0.0.1:1883"
    ca_file: str = ""
    board: str = "host-linux"
    # Serial boards: ports or URLs with options, separated by commas; empty: those USB shows.
    ports: str = ""
    # Meters that nobody could find by looking: drivers with options, see meters/options.py.
    meters: str = ""
    spool: str = ""
    server_url: str = ""
    log_level: str = "INFO"

    @property
    def spool_path(self) -> Path:
        return Path(self.spool).expanduser() if self.spool else _HOME / "spool.sqlite3"

    @property
    def ca_path(self) -> Path | None:
        return Path(self.ca_file).expanduser() if self.ca_file else None


def default_path(environ: Mapping[str, str] = os.environ) -> Path:
    named = environ.get(_PREFIX + "CONFIG", "")
    return Path(named).expanduser() if named else _HOME / "agent.toml"


def load(path: Path | None = None, environ: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings of a file and the environment.

    Raises
    ------
    ConfigError
        If the file cannot be read, holds something unknown, or the kit is not enrolled.
    """
    path = path or default_path(environ)
    values = file_values(path) | _from_environment(environ)
    missing = [name for name in ("device_id", "secret") if not values.get(name)]
    if missing:
        raise ConfigError(
            f"{' and '.join(missing)} not found in {path}:"
            " enrol this kit first, python -m device_agent enrol --server URL"
        )
    return Settings(**values)


def hand_on(meters: str) -> None:
    """Say to this process and its children which meters are wired where."""
    if meters:
        os.environ.setdefault(_PREFIX + "METERS", meters)


def write(path: Path, settings: Mapping[str, str]) -> None:
    """Write a settings file that only its owner can read, in one step."""
    write_whole(
        path, "".join(f"{name} = {_quoted(value)}\n" for name, value in settings.items() if value)
    )


def check_writable(path: Path) -> None:
    """Make sure that settings can be kept here.

    Raises
    ------
    ConfigError
        If the folder or the disk takes no file, or what is there cannot be read.
    """
    file_values(path)
    trial = path.with_name(path.name + ".trial")
    try:
        write_whole(trial, "#" * 4096)
        trial.unlink()
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be written: {error.strerror}; make room, or name another --config"
        ) from error


def write_whole(path: Path, text: str) -> None:
    """Write a file that only its owner can read: all of it, or none."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = path.with_name(path.name + ".new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def file_values(path: Path) -> dict[str, str]:
    """Return what a settings file says, nothing where there is none."""
    if not path.exists():
        return {}
    if path.stat().st_mode & 0o077:
        raise ConfigError(f"{path} holds a secret and others can read it: chmod 600 {path}")
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not TOML: {error}") from error
    known = {f.name for f in fields(Settings)}
    unknown = sorted(set(data) - known)
    if unknown:
        raise ConfigError(f"{path}: unknown {', '.join(unknown)}; known are {', '.join(known)}")
    return {name: str(value) for name, value in data.items()}


def _from_environment(environ: Mapping[str, str]) -> dict[str, str]:
    found = {f.name: environ.get(_PREFIX + f.name.upper(), "") for f in fields(Settings)}
    return {name: value for name, value in found.items() if value}


def _quoted(value: str) -> str:
    # JSON's escapes are TOML's, but for a character that JSON leaves bare.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
