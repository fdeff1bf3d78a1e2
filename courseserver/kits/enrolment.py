"""Kits and their credentials: made, rotated, revoked."""

import os
import tomllib
from pathlib import Path

from django.conf import settings
from django.db import transaction

from courseserver.audit import services as audit
from courseserver.common.errors import Unprocessable
from courseserver.courses.models import Course, Person
from courseserver.kits import queue
from courseserver.kits.credentials import (
    bundle_key_encrypted,
    new_secret,
    secret_hash,
    secret_matches,
)
from courseserver.kits.models import Kit, KitJob
from courseserver.kits.states import ON_KIT, KitHealth
from firmware_specs.boards import BoardError, board


def kit_create(
    *, name: str, board_id: str, course: Course | None, actor: str, owner: Person | None = None
) -> tuple[Kit, str]:
    """Make a kit and its secret, which is returned once and stored only as a hash."""
    try:
        board(board_id)
    except BoardError as error:
        raise Unprocessable(f"There is {error}.") from error
    secret = new_secret()
    with transaction.atomic():
        kit = Kit.objects.create(
            name=name[:80],
            board=board_id,
            course=course,
            owner=owner,
            secret_hash=secret_hash(secret),
            bundle_key_encrypted=bundle_key_encrypted(secret),
        )
        _record(kit, actor, "kit_create")
    return kit, secret


def kit_rotate(*, kit: Kit, actor: str, fresh: str = "") -> str:
    """Give a kit a new secret, its own choice or ours; the old one ends at once.

    Whether it is in service stays as staff said.
    """
    secret = fresh or new_secret()
    with transaction.atomic():
        kit.secret_hash = secret_hash(secret)
        kit.bundle_key_encrypted = bundle_key_encrypted(secret)
        kit.save(update_fields=["secret_hash", "bundle_key_encrypted"])
        _record(kit, actor, "kit_rotate")
    return secret


def kit_revoke(*, kit: Kit, actor: str) -> None:
    """End a kit's credentials. What it measured stays."""
    with transaction.atomic():
        kit.health = KitHealth.REVOKED
        kit.secret_hash = kit.bundle_key_encrypted = ""
        kit.save(update_fields=["health", "secret_hash", "bundle_key_encrypted"])
        _record(kit, actor, "kit_revoke")


def kit_restore(*, kit: Kit, actor: str) -> None:
    """Put a sick or draining kit back into service."""
    with transaction.atomic():
        Kit.objects.filter(pk=kit.pk, health__in=(KitHealth.SICK, KitHealth.DRAINING)).update(
            health=KitHealth.ACTIVE, failures=0, drift=""
        )
        _record(kit, actor, "kit_restore")


def kit_drain(*, kit: Kit, actor: str) -> None:
    """Let a kit finish its job and give it no other, so that somebody can work at the bench."""
    with transaction.atomic():
        Kit.objects.filter(pk=kit.pk, health=KitHealth.ACTIVE).update(health=KitHealth.DRAINING)
        _record(kit, actor, "kit_drain")


def kit_mark_sick(*, kit: Kit, actor: str) -> None:
    """Take a kit out of service at once; its job goes to another kit."""
    with transaction.atomic():
        in_service = (KitHealth.ACTIVE, KitHealth.DRAINING)
        Kit.objects.filter(pk=kit.pk, health__in=in_service).update(health=KitHealth.SICK)
        for job in KitJob.objects.select_for_update().filter(kit=kit, state__in=ON_KIT):
            why = f"{kit.name} was taken out of service"
            queue.job_requeue(job=job, why=why, elsewhere=True)
        _record(kit, actor, "kit_mark_sick")


def agent_settings(kit: Kit, secret: str) -> dict[str, str]:
    """Return what the agent on a kit needs to know."""
    return {
        "device_id": kit.id,
        "secret": secret,
        "mqtt_url": _public_mqtt_url(),
        "ca_file": settings.MQTT_CA_FILE,
        "board": kit.board,
    }


def ca_certificate() -> str:
    """Return the private CA's certificate for a kit, or nothing where public CAs serve."""
    if not settings.MQTT_CA_FILE:
        return ""
    return Path(settings.MQTT_CA_FILE).read_text(encoding="ascii")


def settings_file_write(*, path: Path, values: dict[str, str]) -> None:
    """Write an agent's settings so that only its owner can read them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.writelines(f'{name} = "{value}"\n' for name, value in values.items() if value)
    temporary.replace(path)


def settings_file_kit(path: Path) -> Kit | None:
    """Return the kit whose valid credentials a settings file holds."""
    if not path.exists():
        return None
    held = tomllib.loads(path.read_text(encoding="utf-8"))
    kit = Kit.objects.filter(pk=str(held.get("device_id"))).first()
    if kit is None or not secret_matches(str(held.get("secret")), kit.secret_hash):
        return None
    return kit if held.get("mqtt_url") == _public_mqtt_url() else None


def _public_mqtt_url() -> str:
    """Return the broker's address without the bridge's own credentials."""
    scheme, _, rest = settings.MQTT_URL.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"


def _record(kit: Kit, actor: str, action: str) -> None:
    audit.record(actor=actor, action=action, subject=kit.id, course_id=kit.course_id or "")
