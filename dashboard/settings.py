"""Django settings; every value that differs between installations comes from the environment."""

import os
from pathlib import Path
from typing import Any

from django.utils.csp import CSP

from dashboard import (
    environment,
    logs,
    mail_settings,
    production,
    proxy_settings,
    redaction,
    sentry,
    shared_cache,
    siem_settings,
    sign_in_settings,
    stackone_settings,
    tls_settings,
)
from dashboard.settings_catalogue import SANDBOX_URL, STACKONE_URL, THRESHOLD_WITH_KEY

# Databases, seals, exports and uploads are readable by the product's own user only. It is set here
# because every process loads the settings before it makes a file.
os.umask(0o077)

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = BASE_DIR / "var"
env = environment.read_environment(BASE_DIR)

DEBUG = env.bool("DEBUG")
DESK_DEMO = env.bool("DESK_DEMO")
STACKONE_API_KEY = env.str("STACKONE_API_KEY")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS")

# Without an API key the product talks to its own sandbox LMS, over real HTTP.
STACKONE_BASE_URL = environment.checked_url(
    "STACKONE_BASE_URL",
    env.str("STACKONE_BASE_URL", default=STACKONE_URL if STACKONE_API_KEY else SANDBOX_URL),
)
TLS_STRICT_CERTIFICATES = tls_settings.strict_certificates(env)
STACKONE_ALLOW_PRIVATE = env.bool("STACKONE_ALLOW_PRIVATE")
stackone_settings.refuse_private_address(STACKONE_BASE_URL, is_allowed=STACKONE_ALLOW_PRIVATE)
stackone_settings.refuse_unsafe_remote(
    demo=DESK_DEMO, api_key=STACKONE_API_KEY, base_url=STACKONE_BASE_URL
)
IS_SANDBOX = not STACKONE_API_KEY
STACKONE_API_KEY = STACKONE_API_KEY or "sandbox"
STACKONE_ACCOUNT_IDS = stackone_settings.account_ids(env, is_sandbox=IS_SANDBOX)
STACKONE_REQUESTS_PER_MINUTE = environment.positive_integer(env, "STACKONE_REQUESTS_PER_MINUTE")
STACKONE_STATUS_STYLE = environment.choice(env, "STACKONE_STATUS_STYLE")
STACKONE_CONTRACT = environment.choice(env, "STACKONE_CONTRACT")
STACKONE_TIMEOUT_SECONDS = environment.positive_integer(env, "STACKONE_TIMEOUT_SECONDS")

# The header in which the reverse proxy sends the id of a request.
REQUEST_ID_HEADER = env.str("REQUEST_ID_HEADER")
# How many reverse proxies add the address that they were connected from to X-Forwarded-For.
TRUSTED_PROXIES = environment.integer(env, "TRUSTED_PROXIES", least=0)
# Required by /metrics, except on loopback with the sandbox.
METRICS_TOKEN = env.str("METRICS_TOKEN")
# Texts that log lines and error reports must not contain.
SECRET_TEXTS = redaction.texts_to_redact(environment.secret_values(env))

OIDC_ISSUER = sign_in_settings.oidc_issuer(env, demo=DESK_DEMO)
OIDC_CLIENT_ID = env.str("OIDC_CLIENT_ID")
OIDC_CLIENT_SECRET = env.str("OIDC_CLIENT_SECRET")
OIDC_ROLE_CLAIM = env.str("OIDC_ROLE_CLAIM")
OIDC_OFFLINE_ACCESS = env.bool("OIDC_OFFLINE_ACCESS")
OIDC_MANAGER_VALUES = sign_in_settings.text_list(env, "OIDC_MANAGER_VALUES")
OIDC_AUDITOR_VALUES = sign_in_settings.text_list(env, "OIDC_AUDITOR_VALUES")
OIDC_ADMIN_VALUES = sign_in_settings.text_list(env, "OIDC_ADMIN_VALUES")
# Sign-in by a reverse proxy instead of an OpenID Connect provider.
PROXY_SETTINGS = proxy_settings.proxy_settings(env, demo=DESK_DEMO)

# Whether anything real depends on this installation: the records of an LMS, or people's identities.
IS_PRODUCTION = not IS_SANDBOX or bool(OIDC_ISSUER or PROXY_SETTINGS)
production.refuse_debug(is_debug=DEBUG, is_production=IS_PRODUCTION)
SECRET_KEY = production.secret_key(env, is_production=IS_PRODUCTION)
SECRET_KEY_FALLBACKS = sign_in_settings.comma_separated(env, "SECRET_KEY_FALLBACKS")
if IS_PRODUCTION:
    production.refuse_weak_keys("SECRET_KEY_FALLBACKS", SECRET_KEY_FALLBACKS)

ACCESS_CONTACT = env.str("ACCESS_CONTACT")
ACCOUNT_GROUPS = sign_in_settings.account_groups(env, accounts=STACKONE_ACCOUNT_IDS)
SESSION_HOURS = environment.positive_integer(env, "SESSION_HOURS")
SESSION_IDLE_MINUTES = environment.positive_integer(env, "SESSION_IDLE_MINUTES")

# Batches with more rows need approval by another manager; with the sandbox no size does.
DEFAULT_APPROVAL_THRESHOLD = None if IS_SANDBOX else THRESHOLD_WITH_KEY
APPROVAL_THRESHOLD = environment.non_negative_integer(
    env, "APPROVAL_THRESHOLD", default=DEFAULT_APPROVAL_THRESHOLD
)
APPROVAL_HOURS = environment.positive_integer(env, "APPROVAL_HOURS")
MANDATORY_DAYS = environment.positive_integer(env, "MANDATORY_DAYS")
MAILERS = mail_settings.mailers(env)
DEFAULT_FROM_EMAIL = env.str("EMAIL_FROM")
SITE_URL = mail_settings.site_url(env)
# Receive an e-mail when a verification finds the audit log altered.
ALERT_EMAILS = mail_settings.addresses(env, "ALERT_EMAILS")

GRACE_SECONDS = environment.integer(env, "GRACE_SECONDS", least=0)
SETTLE_SECONDS = environment.positive_integer(env, "SETTLE_SECONDS")
SENDER_CONCURRENCY = environment.positive_integer(env, "SENDER_CONCURRENCY")
SYNC_MINUTES = environment.positive_integer(env, "SYNC_MINUTES")
CANARY_ROWS = environment.positive_integer(env, "CANARY_ROWS")
PAUSE_AFTER_FAILURES = environment.positive_integer(env, "PAUSE_AFTER_FAILURES")
PAUSE_FAILURE_SHARE = environment.positive_integer(env, "PAUSE_FAILURE_SHARE")

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
    "dashboard.access.middleware.client_address",
    "dashboard.access.middleware.request_id",
    "dashboard.access.headers.response_headers",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "dashboard.access.headers.limit_request_size",
    "dashboard.access.proxy_sign_in.proxy_policy",
    "dashboard.access.session_policy.session_policy",
    "dashboard.access.access_tokens.token_authentication",
    "dashboard.access.session_policy.AccessRuleMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
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
                "assignments.views.layout_context.frame",
            ],
        },
    },
]

DATABASES = {"default": environment.database(env, f"sqlite:///{VAR_DIR / 'desk.sqlite3'}")}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": (
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; "
            "PRAGMA cache_size=-32768; PRAGMA temp_store=MEMORY; PRAGMA secure_delete=FAST"
        ),
    }
    Path(DATABASES["default"]["NAME"]).parent.mkdir(parents=True, exist_ok=True)
    VAR_DIR.mkdir(exist_ok=True)
else:
    # PostgreSQL's default of 4 is for spinning disks and avoids indexes; DATABASE_URL may override.
    DATABASES["default"].setdefault("OPTIONS", {}).setdefault("options", "-c random_page_cost=1.1")
CACHES = shared_cache.caches(DATABASES["default"]["ENGINE"])
RATELIMIT_DEFAULT_CACHE = "shared"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Issuer and subject identify a user; two people may have had the same e-mail address.
SILENCED_SYSTEM_CHECKS = ["auth.W004"]
# Bytes. A browser sends a pasted list of 50,000 addresses as up to 4 MB.
DATA_UPLOAD_MAX_MEMORY_SIZE = 8 * 1024 * 1024
FILE_UPLOAD_HANDLERS = [
    "assignments.views.upload_limit.LimitedUpload",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]

# With a broker the same tasks run on Celery, with any number of workers on any number of machines.
CELERY_BROKER_URL = environment.broker_url(env, engine=DATABASES["default"]["ENGINE"])
QUEUES = ["default", "delivery", "exports", "siem"]
TASKS: dict[str, dict[str, Any]] = {  # options of many types
    "default": {"BACKEND": "django_tasks_db.DatabaseBackend", "QUEUES": QUEUES}
}
if CELERY_BROKER_URL:
    TASKS["default"] = {
        "BACKEND": "django_tasks_celery.CeleryBackend",
        "QUEUES": QUEUES,
        "OPTIONS": {"CELERY_APP": "dashboard.celery.app"},
    }
    # Results of tasks are never read: the outcome is in the rows.
    SILENCED_SYSTEM_CHECKS += ["django_tasks_celery.W001", "django_tasks_celery.W002"]

# The key that signs seals, public keys of earlier seals, and the folder of the second copy.
AUDIT_SIGNING_KEY = env.str("AUDIT_SIGNING_KEY").strip()
AUDIT_TRUSTED_KEYS = env.list("AUDIT_TRUSTED_KEYS")
AUDIT_SEAL_DIR = environment.seal_dir(env, DATABASES["default"], is_demo=DESK_DEMO)
# On one machine a key is generated if none is set; several machines need the same key.
AUDIT_OWN_KEY_FILE = None if CELERY_BROKER_URL else VAR_DIR / "audit-signing.key"
# The key of entries' MACs, and older ones.
AUDIT_MAC_KEY = env.str("AUDIT_MAC_KEY").strip()
AUDIT_MAC_KEYS = env.list("AUDIT_MAC_KEYS")
AUDIT_OWN_MAC_KEY_FILE = None if CELERY_BROKER_URL else VAR_DIR / "audit-mac.key"
# Workers write export files here and the site serves them until they expire.
EXPORT_DIR = environment.export_dir(env, DATABASES["default"], fallback=VAR_DIR / "exports")
# Entries of the audit log are forwarded here as they are written.
SIEM = siem_settings.siem(env)
tls_settings.refuse_unsupported_proxy(
    url for url in (STACKONE_BASE_URL, OIDC_ISSUER, env.str("SIEM_URL")) if "://" in url
)
EXPORT_HOURS = environment.positive_integer(env, "EXPORT_HOURS")

AUTH_USER_MODEL = "access.User"
AUTHENTICATION_BACKENDS = ["dashboard.access.backend.SessionBackend"]
CSRF_FAILURE_VIEW = "dashboard.access.errors.csrf_failure"
SIGN_IN_CHECK = "dashboard.access.doctor.check_sign_in"
SITE_URL_CHECK = "dashboard.access.doctor.check_site_url"
CLIENT_ADDRESS_CHECK = "dashboard.access.doctor.check_client_addresses"
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
# Idle time in seconds; SESSION_HOURS limits the whole session.
SESSION_COOKIE_AGE = SESSION_IDLE_MINUTES * 60
CSRF_COOKIE_HTTPONLY = True

# The demo is on loopback without TLS; every other installation is behind TLS.
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = IS_PRODUCTION
if IS_PRODUCTION:
    SESSION_COOKIE_NAME = "__Host-session"
    CSRF_COOKIE_NAME = "__Host-csrf"
# Monitors request these from the process itself, which has no TLS.
SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz|metrics)$"]
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60 if IS_PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = IS_PRODUCTION
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
    "report-uri": ["/csp-report"],
    "report-to": ["desk"],
}
# More than the largest upload; longer requests are refused by their announced length.
MAX_REQUEST_BYTES = 24 * 1024 * 1024

DEFAULT_EXCEPTION_REPORTER_FILTER = "dashboard.access.error_report_filter.ErrorReportFilter"

LANGUAGE_CODE = "en-gb"
USE_I18N = False
USE_TZ = True
# The organisation's time zone: a due date is a day in it. Times are stored and sent in UTC.
TIME_ZONE = environment.time_zone(env)
DUE_TIMES = env.bool("DUE_TIMES")
DATE_ORDER = environment.choice(env, "DATE_ORDER")

STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_FINDERS = [
    "dashboard.joined_assets.JoinedAssetsFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

# JSON for log collectors; the demo runs in a terminal.
LOG_FORMAT = environment.choice(env, "LOG_FORMAT", default="text" if DESK_DEMO else "json")
LOGGING = logs.logging_configuration(LOG_FORMAT)

SENTRY_DSN = env.str("SENTRY_DSN")
sentry.start_reporting(SENTRY_DSN, secrets=SECRET_TEXTS)
