"""Health of one container, as an exit status: `python health.py web|beat|bridge`.

Standard library only, so that a probe costs no Django start.
"""

import os
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

# Celery beat saves its schedule every three minutes; the bridge beats every few seconds.
_STALE_AFTER_S = {"beat-schedule": 400.0, "bridge-heartbeat": 60.0}


def web() -> bool:
    """Does the web process answer with a working database?"""
    url = os.environ.get("HEALTH_URL", "http://127.0.0.1:8000/healthz/")
    host = os.environ.get("ALLOWED_HOSTS", "127.0.0.1").split(",")[0]
    request = urllib.request.Request(url, headers={"Host": host})  # noqa: S310
    with urllib.request.urlopen(request, timeout=2) as response:  # noqa: S310
        return bool(response.status == 200)


def fresh(name: str) -> bool:
    """Has the process touched its heartbeat file lately?"""
    path = Path(os.environ.get("COURSESERVER_VAR", "var")) / name
    return path.exists() and time.time() - path.stat().st_mtime < _STALE_AFTER_S[name]


PROBES: dict[str, Callable[[], bool]] = {
    "web": web,
    "beat": lambda: fresh("beat-schedule"),
    "bridge": lambda: fresh("bridge-heartbeat"),
}

if __name__ == "__main__":
    try:
        sys.exit(0 if PROBES[sys.argv[1]]() else 1)
    except OSError:
        sys.exit(1)
