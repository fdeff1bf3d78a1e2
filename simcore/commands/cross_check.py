"""Our answers beside those of another engine, from a file of cases.

python -m simcore cross-check cases.json --json
"""

import argparse
import json
from pathlib import Path
from typing import Any

from simcore.crosscheck import check


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, help='JSON: {"cases": [{"id", "family", ...}]}')


def answer(options: argparse.Namespace) -> dict[str, Any]:
    try:
        document = json.loads(options.file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{options.file} is no JSON: {error}") from error
    return check(document)


def text(found: dict[str, Any]) -> str:
    rows = [f"{row['id']:24} {row['status']:18} {_gap(row)}  {row['reason']}".rstrip()
            for row in found["cases"]]  # fmt: skip
    total = found["summary"]
    share = total["agree_share"]
    return "\n".join([*rows, "", (
        f"{total['agree']} of {total['outputs']} outputs agree"
        + ("" if share is None else f" ({share:.1%})")
        + f", {total['differ_by_design']} differ by design, {total['differ']} differ, "
        f"{total['unsupported']} unsupported")])  # fmt: skip


def _gap(row: dict[str, Any]) -> str:
    gap = row["relative_difference"]
    return "        " if gap is None else f"{gap:8.1e}"
