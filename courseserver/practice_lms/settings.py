"""Settings of the practice LMS. It keeps one SQLite file and listens where it is told to."""

import os
import secrets
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent
VAR_DIR = Path(os.environ.get("COURSESERVER_VAR", str(BASE_DIR.parent.parent / "var")))
VAR_DIR.mkdir(parents=True, exist_ok=True)
STORE = VAR_DIR / "practice_lms.sqlite3"
# Tests order delays, errors and dropped replies through an address that exists only with this.
FAULTS_ALLOWED = os.environ.get("PRACTICE_LMS_FAULTS", "") == "1"


def _secret(path: Path) -> str:
    """Return the secret in `path`, making it on first use; the first writer wins."""
    if not path.exists():
        fresh = path.with_name(f"{path.name}.{os.getpid()}")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(32))
        try:
            os.link(fresh, path)
        except FileExistsError:
            pass  # another process was first; its secret counts
        finally:
            fresh.unlink()
    return path.read_text()


SECRET_KEY = _secret(VAR_DIR / "practice-lms-secret")
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]", *os.environ.get("ALLOWED_HOSTS", "").split()]
INSTALLED_APPS = ["django.contrib.staticfiles", "courseserver.practice_lms"]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "courseserver.practice_lms.middleware.PolicyMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
]
ROOT_URLCONF = "courseserver.practice_lms.urls"
WSGI_APPLICATION = "courseserver.practice_lms.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
    }
]
DATABASES: dict[str, object] = {}
USE_TZ = True
TIME_ZONE = "UTC"
STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
# Cookies do not know ports: a name of our own beside the tool's on the same host.
CSRF_COOKIE_NAME = "practice_lms_csrf"
CSRF_COOKIE_SAMESITE = "Lax"
SECURE_CROSS_ORIGIN_OPENER_POLICY = None
SILENCED_SYSTEM_CHECKS = ["security.W004", "security.W008", "security.W012", "security.W016"]
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"stderr": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
}
