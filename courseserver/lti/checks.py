"""Settings under which launches would be unsafe refuse to start."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register


@register("security")
def public_address(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Refuse plain http outside development: tokens and cookies would travel in the open."""
    if settings.DEVELOPMENT or settings.PUBLIC_URL.startswith("https://"):
        return []
    return [
        Error(
            f"PUBLIC_URL is {settings.PUBLIC_URL}, and this is no development server",
            hint="Set PUBLIC_URL to the https address that platforms reach us at.",
            id="lti.E001",
        )
    ]
