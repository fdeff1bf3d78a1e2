"""`enrol`: get credentials from a server; `--rotate` changes the secret."""

import argparse
import sys
from pathlib import Path

from device_agent import config, enrolment
from firmware_specs.boards import all_boards


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--server", help="the course server, https://...")
    parser.add_argument("--name", default=enrolment.default_name(), help="what staff will see")
    parser.add_argument("--board", default="host-linux", choices=sorted(all_boards()))
    parser.add_argument("--config", type=Path, help="settings file to write (see README)")
    parser.add_argument("--rotate", action="store_true", help="change the secret of this kit")


def main(arguments: argparse.Namespace) -> int:
    path = arguments.config or config.default_path()
    try:
        if arguments.rotate:
            _rotate(arguments, path)
        else:
            _enrol(arguments, path)
    except enrolment.EnrolmentFailed as error:
        print(f"device_agent: {error}", file=sys.stderr)
        return 1
    print(f"Enrolled: settings in {path} (only you can read them).")
    print(f"Next: python -m device_agent run --config {path}")
    return 0


def _enrol(arguments: argparse.Namespace, path: Path) -> None:
    if not arguments.server:
        raise config.ConfigError("say where: enrol --server https://your-course-server")
    server = enrolment.check_server(arguments.server)
    # A secret comes once; no place to keep it is said before anybody types a code.
    config.check_writable(path)
    offer = enrolment.offer_get(server, name=arguments.name, board=arguments.board)
    minutes = round(offer.expires_in_s / 60)
    print(f"On {offer.verification_uri} enter this code within {minutes} minutes:\n")
    print(f"    {offer.user_code}\n", flush=True)
    told = enrolment.credentials_wait(server, offer)
    enrolment.credentials_keep(path, told, server=server)


def _rotate(arguments: argparse.Namespace, path: Path) -> None:
    settings = config.load(path)
    server = enrolment.check_server(arguments.server or settings.server_url)
    told = enrolment.credentials_rotate(server, settings, path)
    enrolment.credentials_keep(path, told, server=server)
    enrolment.rotating_path(path).unlink(missing_ok=True)
