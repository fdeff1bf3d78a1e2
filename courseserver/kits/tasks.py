"""Celery tasks: thin shells around services."""

from celery import shared_task

from courseserver.kits import sweeping


@shared_task  # type: ignore[untyped-decorator]
def sweep() -> None:
    """Bring back what silent kits held, and tell people what no kit came for."""
    sweeping.sweep()
