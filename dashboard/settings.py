"""How the site runs; every value that may differ between machines comes from the environment."""

from pathlib import Path
from typing import Any

from django.utils.csp import CSP

from dashboard import env as environment

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = BASE_DIR / "var"
env = environment.read(BASE_DIR)

DEBUG = env.bool("DEBUG", default=False)
DESK_DEMO = env.bool("DESK_DEMO", default=False)
STACKONE_API_KEY = env.str("STACKONE_API_KEY", default="")
SECRET_KEY = environment.secret_key(env, is_real=bool(STACKONE_API_KEY))
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"])

# Without an API key the product talks to its own sandbox LMS, over real HTTP.
STACKONE_BASE_URL = env.str(
    "STACKONE_BASE_URL",
    default="https://api.stackone.com" if STACKONE_API_KEY else environment.SANDBOX_URL,
)
environment.check_remote(demo=DESK_DEMO, api_key=STACKONE_API_KEY, base_url=STACKONE_BASE_URL)
IS_SANDBOX = not STACKONE_API_KEY
STACKONE_API_KEY = STACKONE_API_KEY or "sandbox"
STACKONE_ACCOUNT_IDS = environment.account_ids(env, is_sandbox=IS_SANDBOX)
STACKONE_REQUESTS_PER_MINUTE = environment.positive(env, "STACKONE_REQUESTS_PER_MINUTE", 1000)
STACKONE_STATUS_STYLE = environment.one_of(env, "STACKONE_STATUS_STYLE", ("underscore", "hyphen"))
STACKONE_CONTRACT = environment.one_of(env, "STACKONE_CONTRACT", ("2025-12", "2025-02"))
STACKONE_TIMEOUT_SECONDS = environment.positive(env, "STACKONE_TIMEOUT_SECONDS", 65)

HOLD_SECONDS = env.int("HOLD_SECONDS", default=10)
SETTLE_SECONDS = environment.positive(env, "SETTLE_SECONDS", 120)
SENDER_SLOTS = environment.positive(env, "SENDER_SLOTS", 48)
SYNC_MINUTES = environment.positive(env, "SYNC_MINUTES", 15)
CANARY_ROWS = environment.positive(env, "CANARY_ROWS", 5)
PAUSE_AFTER_FAILURES = environment.positive(env, "PAUSE_AFTER_FAILURES", 10)
PAUSE_FAILURE_SHARE = environment.positive(env, "PAUSE_FAILURE_SHARE", 20)

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.humanize",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django_htmx",
    "django_tasks_db",
    "dashboard.access",
    "assignments",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "dashboard.access.middleware.request_id",
]
ROOT_URLCONF = "dashboard.urls"
WSGI_APPLICATION = "dashboard.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "assignments.views.frame.frame",
            ],
        },
    },
]

DATABASES = {"default": env.db_url("DATABASE_URL", default=f"sqlite:///{VAR_DIR / 'desk.sqlite3'}")}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": (
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; "
            "PRAGMA cache_size=-32768; PRAGMA temp_store=MEMORY"
        ),
    }
    Path(DATABASES["default"]["NAME"]).parent.mkdir(parents=True, exist_ok=True)
    VAR_DIR.mkdir(exist_ok=True)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# With a broker the same tasks run on Celery, by as many workers on as many machines as are started.
CELERY_BROKER_URL = environment.broker_url(env, engine=DATABASES["default"]["ENGINE"])
QUEUES = ["default", "delivery"]
TASKS: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "django_tasks_db.DatabaseBackend", "QUEUES": QUEUES}
}
if CELERY_BROKER_URL:
    TASKS["default"] = {
        "BACKEND": "django_tasks_celery.CeleryBackend",
        "QUEUES": QUEUES,
        "OPTIONS": {"CELERY_APP": "dashboard.celery.app"},
    }
    # Nobody asks for a task's result: what came of it stands in the rows.
    SILENCED_SYSTEM_CHECKS = ["django_tasks_celery.W001", "django_tasks_celery.W002"]

AUTH_USER_MODEL = "access.User"
AUTHENTICATION_BACKENDS = ["dashboard.access.backend.SessionBackend"]
CSRF_FAILURE_VIEW = "dashboard.access.errors.csrf_failure"
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 12 * 60 * 60
CSRF_COOKIE_HTTPONLY = True

# The sandbox set-up listens on loopback without TLS; everything else is behind TLS.
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = not environment.is_loopback(
    STACKONE_BASE_URL
)
SECURE_HSTS_SECONDS = 0 if IS_SANDBOX else 365 * 24 * 60 * 60
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = not IS_SANDBOX
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SECURE_CSP = {
    "default-src": [CSP.NONE],
    "script-src": [CSP.SELF],
    "style-src": [CSP.SELF],
    "img-src": [CSP.SELF],
    "connect-src": [CSP.SELF],
    "font-src": [CSP.SELF],
    "form-action": [CSP.SELF],
    "base-uri": [CSP.NONE],
    "frame-ancestors": [CSP.NONE],
}

LANGUAGE_CODE = "en-gb"
USE_I18N = False
USE_TZ = True
# The organisation's zone: a due date is a day there. Stored and sent in UTC.
TIME_ZONE = env.str("TIME_ZONE", default="Europe/London")

STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        "httpx": {"level": "WARNING"},
        "celery": {"level": "WARNING"},
        # A task that fails is told of by django.tasks already.
        "celery.app.trace": {"level": "CRITICAL"},
        "django_tasks_db": {"level": "WARNING"},
        "django.tasks": {"level": "WARNING"},
    },
}
