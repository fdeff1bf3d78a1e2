"""`doctor`: say what the agent sees and what to fix."""

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from device_agent.doctor import Grade, examine


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", type=Path, help="settings file (see README)")
    parser.add_argument("--ports", default="", help="look at these boards, not at the settings'")
    parser.add_argument("--json", action="store_true", help="print findings as JSON")


def main(arguments: argparse.Namespace) -> int:
    """Print every finding. Return 1 where something must be fixed."""
    is_bad = False
    for finding in examine(arguments.config, arguments.ports):
        is_bad = is_bad or finding.grade is Grade.BAD
        if arguments.json:
            print(json.dumps(asdict(finding)))
        else:
            print(f"{finding.grade:>4}  {finding.subject:<10} {finding.text}", flush=True)
            if finding.remedy:
                print(f"      {'':<10} {finding.remedy}")
    return int(is_bad)
