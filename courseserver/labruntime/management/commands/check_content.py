"""`manage.py check_content [SLUG ...] [--json]`: prove labs; exit 1 where one does not hold."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from labs import loader
from labs.proofs import LabProof, prove_folder


class Command(BaseCommand):
    help = "Prove all labs: they load, ask one clear question, leak nothing, fail where promised."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", nargs="*", help="only these labs")
        parser.add_argument("--json", action="store_true", help="print one JSON document")
        parser.add_argument("--folder", type=Path, action="append", help="labs in these folders")

    def handle(
        self,
        *args: Any,
        slug: list[str],
        json: bool,
        folder: list[Path] | None,
        **options: Any,
    ) -> None:
        folders = [path.resolve() for path in folder] if folder else loader.lab_folders()
        proofs = [prove_folder(path) for path in folders if not slug or _slug(path) in slug]
        self.stdout.write(_as_json(proofs) if json else _as_text(proofs))
        if not proofs or any(proof.faults for proof in proofs):
            raise SystemExit(1)


def _slug(folder: Path) -> str:
    return loader.slug_of(folder)


def _as_json(proofs: list[LabProof]) -> str:
    content = {
        "labs": [
            {
                "slug": proof.slug,
                "volume": proof.volume,
                "parts": [asdict(part) for part in proof.parts],
            }
            for proof in proofs
        ],
        "failures": [asdict(fault) for proof in proofs for fault in proof.faults],
    }
    return json.dumps(content, indent=1)


def _as_text(proofs: list[LabProof]) -> str:
    lines = []
    for proof in proofs:
        held = sum(sum(part.checks.values()) for part in proof.parts)
        total = sum(len(part.checks) for part in proof.parts)
        parts = f"{len(proof.parts)} part{'' if len(proof.parts) == 1 else 's'}"
        lines.append(f"{proof.slug}: {parts}, {held} of {total} checks hold")
        lines += [f"  {fault.check}: {fault.message}" for fault in proof.faults]
    return "\n".join(lines) if lines else "no lab found"
