"""What must hold before the first request is served."""

from django.core.checks import Tags, run_checks
from django.core.management.base import SystemCheckError


def refuse_unsafe() -> None:
    """Refuse to serve under settings that are unsafe: management commands check, servers do not.

    Raises
    ------
    SystemCheckError
        If a security check finds an error; it says what to set.
    """
    errors = [str(found) for found in run_checks(tags=[Tags.security]) if found.is_serious()]
    if errors:
        raise SystemCheckError("\n".join(errors))
