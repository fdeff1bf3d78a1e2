"""Mosquitto's password and access files, written from rows.

Mosquitto reads them at start and on SIGHUP; a revoked kit is then disconnected.
"""

import os
from pathlib import Path

from courseserver.kits.credentials import bridge_secret, bridge_user, secret_hash
from courseserver.kits.models import Kit
from courseserver.kits.states import KitHealth
from firmware_specs.wire import topics


def passwords_text() -> str:
    """Return one line per user: the bridge, and each kit that is not revoked."""
    kits = Kit.objects.exclude(health=KitHealth.REVOKED).exclude(secret_hash="").order_by("pk")
    lines = [f"{bridge_user()}:{_bridge_hash()}", *(f"{kit.pk}:{kit.secret_hash}" for kit in kits)]
    return "\n".join(lines) + "\n"


def access_text() -> str:
    """Return who may use which topic: the bridge all, a kit its own."""
    root = topics.ROOT
    return (
        f"user {bridge_user()}\n"
        f"topic read {root}/+/up/#\n"
        f"topic write {root}/+/down/#\n\n"
        f"pattern write {root}/%u/up/#\n"
        f"pattern read {root}/%u/down/#\n"
    )


def write_if_changed(path: Path, text: str) -> bool:
    """Write a file in one step, readable to its owner and group. Return whether it changed."""
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o640)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    temporary.replace(path)
    return True


def _bridge_hash() -> str:
    # A fixed salt for a random secret: the file then changes only when a password does.
    return secret_hash(bridge_secret(), salt=b"courseserver")
