"""`./run`: everything on this machine, one student's story, then the addresses to click.

./run [--once] [--port N] [--lms-port N] [--mqtt-port N] [--var FOLDER]
"""

import argparse
import contextlib
import signal
import sys
import threading
import time
from pathlib import Path
from types import FrameType

from courseserver.demo import story
from courseserver.demo.browser import StoryError
from courseserver.demo.processes import (
    ROOT,
    Site,
    check_ports,
    hold_folder,
    install,
    prepare_folder,
    start_all,
)
from courseserver.demo.supervisor import DemoError, Supervisor


def main(argv: list[str] | None = None) -> int:
    """Return 0 after a story whose grade was read back, 1 after any failure, 130 on Ctrl-C."""
    arguments = _arguments(argv)
    site = Site(
        var=arguments.var.resolve(),
        web_port=arguments.port,
        lms_port=arguments.lms_port,
        mqtt_port=arguments.mqtt_port,
    )
    stopped = _stop_on_signals()
    began = time.monotonic()
    supervisor: Supervisor | None = None
    held = contextlib.ExitStack()
    try:
        prepare_folder(site.var)
        held.enter_context(hold_folder(site.var))
        check_ports(site)
        _say("Preparing the database, the practice LMS and the demo kit ...")
        install(site)
        supervisor = Supervisor(site.var / "logs")
        start_all(supervisor, site)
        _addresses(site, time.monotonic() - began)
        try:
            story.play(site.lms_url, say=_say, stopped=stopped.is_set)
        except StoryError as error:
            if arguments.once:
                raise
            # Whoever played the teacher yesterday may have changed what it rests on.
            _say(f"\nThe story stops here: {error}")
            _say(f"--var FOLDER begins afresh; this one stays in {site.var}.\n")
        if arguments.once:
            return 0
        _say("Still serving. Ctrl-C stops everything.")
        stopped.wait()
    except KeyboardInterrupt:
        return 130
    except (DemoError, StoryError) as error:
        print(f"\n{error}\n\nLogs: {site.var / 'logs'}", file=sys.stderr)
        return 1
    finally:
        if supervisor:
            supervisor.stop()
        held.close()
    return 0


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run", description=__doc__.splitlines()[0])
    parser.add_argument("--once", action="store_true", help="end after the story")
    parser.add_argument("--port", type=_port, default=8000, help="the tool's port (8000)")
    parser.add_argument(
        "--lms-port", type=_port, default=8001, help="the practice LMS's port (8001)"
    )
    parser.add_argument("--mqtt-port", type=_port, default=18830, help="the broker's port (18830)")
    parser.add_argument("--var", type=Path, default=ROOT / "var", help="where state is kept (var)")
    return parser.parse_args(argv)


def _port(text: str) -> int:
    port = int(text)
    if not 0 < port < 65_536:
        raise argparse.ArgumentTypeError(f"{port} is no port: 1 to 65535 are")
    return port


def _stop_on_signals() -> threading.Event:
    stopped = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        # Pressed again, Ctrl-C must not interrupt the stopping.
        if stopped.is_set():
            return
        stopped.set()
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    return stopped


def _say(line: str) -> None:
    print(line, flush=True)


def _addresses(site: Site, seconds: float) -> None:
    _say(f"Everything is up after {seconds:.0f} s:")
    _say(f"  the practice LMS  {site.lms_url}/   (start here: act as a student or the teacher)")
    _say(f"  the tool          {site.tool_url}/   (its labs open from the course in the LMS)\n")


if __name__ == "__main__":
    sys.exit(main())
