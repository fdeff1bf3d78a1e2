"""Results of a bench without a network, signed with the kit's secret for staff to import."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from device_agent import __version__
from device_agent.config import Settings
from device_agent.environment import host_facts
from device_agent.jobs import result_told
from firmware_specs.wire import Bundle, TaskRun, bundle_seal, new_msg_id, signing_key


def bundle_of(settings: Settings, rows: Sequence[Mapping[str, Any]]) -> Bundle:
    """Return the bundle of what a bench measured; each row says its id, task and arguments."""
    bundle_id = new_msg_id()
    results = tuple(
        result_told(
            bundle_id,
            1,
            TaskRun(request_id=row["id"], task=row["task"], arguments=dict(row["arguments"])),
            row,
        )
        for row in rows
    )
    return Bundle(
        bundle_id=bundle_id,
        device_id=settings.device_id,
        board=settings.board,
        agent_version=__version__,
        at_utc=datetime.now(UTC).isoformat(timespec="seconds"),
        host=host_facts(),
        results=results,
    )


def bundle_write(path: Path, bundle: Bundle, settings: Settings) -> None:
    """Write the signed file in one step."""
    temporary = path.with_name(path.name + ".new")
    temporary.write_bytes(bundle_seal(bundle, signing_key(settings.secret)))
    temporary.replace(path)
