"""As plain as its documentation shows it, on the database settings of the embedded profile."""

import os
from pathlib import Path

FOLDER = Path(os.environ["PYLTI1P3_TOOL_FOLDER"])
PUBLIC_URL = os.environ["PUBLIC_URL"]
SECRET_KEY = "a benchmark's"
ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = "tests.benchmarks.pylti1p3_tool.urls"
WSGI_APPLICATION = "tests.benchmarks.pylti1p3_tool.wsgi.application"
INSTALLED_APPS = ["django.contrib.sessions", "tests.benchmarks.pylti1p3_tool"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": FOLDER / "pylti1p3_tool.sqlite3",
        "CONN_MAX_AGE": None,
        "OPTIONS": {
            "timeout": 20,
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
        },
    }
}
SESSION_COOKIE_NAME = "pylti1p3_tool"
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
        "LOCATION": FOLDER / "pylti1p3_cache",
    }
}
USE_TZ = True
