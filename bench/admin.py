"""Settings of a site that has Django's admin over the log, to hold the log's own page against."""

from dashboard.settings import *  # noqa: F403  the product's own, besides what follows
from dashboard.settings import INSTALLED_APPS as OURS
from dashboard.settings import TEMPLATES as PAGES

INSTALLED_APPS = [*OURS, "django.contrib.messages", "django.contrib.admin"]
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
    {**PAGES[0], "DIRS": [], "OPTIONS": {"context_processors": PROCESSORS}, "APP_DIRS": True}
]
ROOT_URLCONF = "bench.admin_urls"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
