"""Where the one platform is, as the benchmark wrote it down."""

import json
from functools import cache
from typing import Any

from django.conf import settings


def read_platform() -> dict[str, Any]:
    return dict(_read())


@cache
def _read() -> dict[str, Any]:
    platform: dict[str, Any] = json.loads((settings.FOLDER / "platform.json").read_text())
    return platform
