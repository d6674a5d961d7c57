"""Settings with Django's admin for the log, as a baseline for the log's own page."""

from dashboard.settings import *  # noqa: F403  the product's settings, changed below
from dashboard.settings import INSTALLED_APPS as PRODUCT_APPS
from dashboard.settings import TEMPLATES as PRODUCT_TEMPLATES

INSTALLED_APPS = [*PRODUCT_APPS, "django.contrib.messages", "django.contrib.admin"]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
PROCESSORS = [
    "django.template.context_processors.request",
    "django.contrib.auth.context_processors.auth",
    "django.contrib.messages.context_processors.messages",
]
TEMPLATES = [
    {
        **PRODUCT_TEMPLATES[0],
        "DIRS": [],
        "OPTIONS": {"context_processors": PROCESSORS},
        "APP_DIRS": True,
    }
]
ROOT_URLCONF = "bench.admin_urls"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
