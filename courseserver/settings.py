"""One settings module, two profiles.

*Embedded* (the default) needs nothing set up: SQLite in WAL mode, Celery on the filesystem
transport, an MQTT broker of ours on loopback. *Production* is chosen by environment URLs
(`DATABASE_URL`, `REDIS_URL`, `MQTT_URL`); a missing secret then refuses to start.
"""

from pathlib import Path

import environ

from courseserver.common import cookies
from courseserver.common.secrets import embedded_secret

cookies.allow_partitioned()

env = environ.Env()
BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = Path(env.str("COURSESERVER_VAR", default=str(BASE_DIR / "var")))
VAR_DIR.mkdir(parents=True, exist_ok=True)

# Where people and platforms reach us. Its scheme decides whether cookies may be Secure.
PUBLIC_URL = env.str("PUBLIC_URL", default="http://127.0.0.1:8000").rstrip("/")
PRODUCTION = env.str("DATABASE_URL", default="") != ""
DEBUG = env.bool("DEBUG", default=False)
# Loopback platforms over plain http are accepted only here; never set it on a public server.
DEVELOPMENT = env.bool("COURSESERVER_DEVELOPMENT", default=not PRODUCTION)

SECRET_KEY = env.str("SECRET_KEY", default="") or embedded_secret(VAR_DIR, required=PRODUCTION)
# Encrypts private keys and platform secrets at rest; rotating SECRET_KEY must not lose them.
ENCRYPTION_KEY = env.str("ENCRYPTION_KEY", default="") or SECRET_KEY
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"])
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "courseserver.common.apps.StaticFiles",
    "csp",
    "rest_framework",
    "drf_spectacular",
    "courseserver.common.apps.CommonConfig",
    "courseserver.audit",
    "courseserver.lti",
    "courseserver.courses",
    "courseserver.simjobs",
    "courseserver.kits",
    "courseserver.grading",
    "courseserver.labruntime",
    "courseserver.benches",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    # An instrument's numbers shrink to a tenth. Tokens in pages are masked anew in each answer.
    "django.middleware.gzip.GZipMiddleware",
    "courseserver.common.cookies.PartitionedCookieMiddleware",
    "courseserver.common.logging.RequestIdMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "csp.middleware.CSPMiddleware",
    "courseserver.lti.frames.FrameAncestorsMiddleware",
    "courseserver.courses.middleware.PersonMiddleware",
    "courseserver.common.bodies.BodyLimitMiddleware",
    "courseserver.common.errors.ErrorPageMiddleware",
]

ROOT_URLCONF = "courseserver.urls"
WSGI_APPLICATION = "courseserver.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "courseserver" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# --- data -------------------------------------------------------------------------------------
if PRODUCTION:
    DATABASES = {"default": env.db("DATABASE_URL")}
    DATABASES["default"]["CONN_MAX_AGE"] = 60
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
else:
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": VAR_DIR / "courseserver.sqlite3",
            "CONN_MAX_AGE": None,
            "OPTIONS": {
                "timeout": 20,
                "transaction_mode": "IMMEDIATE",
                # FULL: a committed prediction survives a power cut, not only a crash.
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
            },
        }
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
REDIS_URL = env.str("REDIS_URL", default="")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
    }
    if REDIS_URL
    else {
        "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
        "LOCATION": VAR_DIR / "cache",
    }
}

# --- sessions and frames ----------------------------------------------------------------------
SECURE_COOKIES = PUBLIC_URL.startswith("https://")
SESSION_ENGINE = "courseserver.common.sessions"
SESSION_COOKIE_NAME = "courseserver"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_AGE = 8 * 3600
SESSION_COOKIE_SECURE = SECURE_COOKIES
# Inside another site's frame only SameSite=None cookies travel, and those must be Secure.
SESSION_COOKIE_SAMESITE = "None" if SECURE_COOKIES else "Lax"
# One cookie lives in the LMS's frame, the session's; a second one for messages may not.
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
CSRF_USE_SESSIONS = True
CSRF_FAILURE_VIEW = "courseserver.common.errors.csrf_failure"
X_FRAME_OPTIONS = "SAMEORIGIN"
SECURE_REFERRER_POLICY = "strict-origin-when-cross-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = None
SECURE_HSTS_SECONDS = 31_536_000 if SECURE_COOKIES else 0
SECURE_SSL_REDIRECT = SECURE_COOKIES
SECURE_REDIRECT_EXEMPT = [r"^healthz/$"]
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'self'"],
    }
}
SILENCED_SYSTEM_CHECKS = [
    # X-Frame-Options cannot name the platforms that may frame us; CSP frame-ancestors does.
    "security.W002",
    # Other subdomains and the preload list are the university's to decide, not this service's.
    "security.W005",
    "security.W021",
]

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

# Of a form with files; the largest is a kit's bundle. Other bodies: DATA_UPLOAD_MAX_MEMORY_SIZE.
UPLOAD_MAX_BYTES = 9_000_000

# --- language, time, static files -------------------------------------------------------------
LANGUAGE_CODE = "en"
# Of courses that name none of their own.
TIME_ZONE = env.str("TIME_ZONE", default="UTC")
USE_TZ = True
STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
STATIC_ROOT.mkdir(exist_ok=True)
STATICFILES_DIRS = [BASE_DIR / "courseserver" / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "courseserver.common.static.ModuleStorage"},
}
WHITENOISE_MANIFEST_STRICT = False

# --- JSON API ---------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["courseserver.courses.auth.PersonAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["courseserver.common.parsers.ShallowJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.LimitOffsetPagination",
    "PAGE_SIZE": 100,
    "EXCEPTION_HANDLER": "courseserver.common.errors.problem_response",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "courseserver",
    "VERSION": "1",
    "DESCRIPTION": "Parts, commits, instruments, jobs, kits, enrolment and gradebook.",
    "SERVE_INCLUDE_SCHEMA": False,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "courseserver.common.schema.describe_refusals",
    ],
    "ENUM_NAME_OVERRIDES": {
        "KitJobState": "courseserver.kits.states.JobState.values",
        "SimulationState": ["queued", "running", "done", "failed", "cancelled"],
    },
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
}

# --- queued work ------------------------------------------------------------------------------
QUEUE_DIR = VAR_DIR / "queue"
CELERY_BROKER_URL = REDIS_URL or "filesystem://"
if not REDIS_URL:
    for _name in ("messages", "control"):
        (QUEUE_DIR / _name).mkdir(parents=True, exist_ok=True)
    CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, object] = {
        "data_folder_in": str(QUEUE_DIR / "messages"),
        "data_folder_out": str(QUEUE_DIR / "messages"),
        "control_folder": str(QUEUE_DIR / "control"),
        "store_processed": False,
        "polling_interval": 0.05,
    }
else:
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "socket_keepalive": True,
        "health_check_interval": 25,
        "socket_timeout": 10,
        "visibility_timeout": 3600,
    }
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_MAX_TASKS_PER_CHILD = 200
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0.1}
CELERY_TASK_SOFT_TIME_LIMIT = 540
CELERY_TASK_TIME_LIMIT = 600
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "beat-schedule")
# Rows are the truth; these sweeps bring back what any broker lost.
CELERY_BEAT_SCHEDULE = {
    "sweep-simulation-jobs": {"task": "courseserver.simjobs.tasks.sweep", "schedule": 10.0},
    "sweep-kit-jobs": {"task": "courseserver.kits.tasks.sweep", "schedule": 10.0},
    "sweep-grade-outbox": {"task": "courseserver.grading.tasks.sweep", "schedule": 10.0},
    "sweep-rosters": {"task": "courseserver.courses.tasks.sweep", "schedule": 30.0},
    "forget-people": {"task": "courseserver.courses.tasks.forget", "schedule": 6 * 3600.0},
}

# A worker that was silent this long is taken for dead; its simulation goes on elsewhere.
SIMJOBS_LEASE_S = env.float("SIMJOBS_LEASE_S", default=30.0)
# How long a grade's sender may stay silent before another takes over.
GRADING_LEASE_S = env.float("GRADING_LEASE_S", default=30.0)

# --- requests to platforms --------------------------------------------------------------------
# Whom to trust instead of the public authorities: an LMS with a certificate of its school.
OUTGOING_CA_FILE = env.str("OUTGOING_CA_FILE", default="")

# --- hardware kits ----------------------------------------------------------------------------
MQTT_URL = env.str("MQTT_URL", default="mqtt://127.0.0.1:1883")
MQTT_CA_FILE = env.str("MQTT_CA_FILE", default="")

LOGGING_CONFIG = None
LOG_LEVEL = env.str("LOG_LEVEL", default="INFO")
