"""Reads from the environment how e-mail leaves, and under which address people reach the site."""

from typing import Any, Final
from urllib.parse import unquote, urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.validators import validate_email

from dashboard.env import positive

CONSOLE: Final = "django.core.mail.backends.console.EmailBackend"
SMTP: Final = "django.core.mail.backends.smtp.EmailBackend"
# Each with its usual port and how it is encrypted.
WAYS: Final[dict[str, tuple[int, dict[str, bool]]]] = {
    "smtp": (25, {}),
    "smtp+tls": (587, {"use_tls": True}),
    "smtps": (465, {"use_ssl": True}),
}
TIMEOUT_SECONDS: Final = 15


def mailers(env: environ.Env) -> dict[str, dict[str, Any]]:
    """Return Django's MAILERS: a mail server if EMAIL_URL names one, else the console.

    :raises ImproperlyConfigured: with what to write, and never the address: it holds a password
    """
    url = str(env.str("EMAIL_URL", default=""))
    if not url:
        return {"default": {"BACKEND": CONSOLE}}
    port, encryption = WAYS.get(url.partition("://")[0], (0, {}))
    try:
        parts = urlsplit(url)
        given = parts.port
    except ValueError:
        parts, given = urlsplit(""), None
    if not port or not parts.hostname:
        raise ImproperlyConfigured(
            "EMAIL_URL is not the address of a mail server. Write it as smtp+tls://USER:PASSWORD@"
            "HOST:587, smtps:// for TLS from the start, or smtp:// without."
        )
    options = {
        "host": parts.hostname,
        "port": given or port,
        "username": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "timeout": TIMEOUT_SECONDS,
        **encryption,
    }
    return {"default": {"BACKEND": SMTP, "OPTIONS": options}}


def addresses(env: environ.Env, name: str) -> list[str]:
    """Return the e-mail addresses that a variable holds, separated by commas.

    :raises ImproperlyConfigured: if one of them cannot be one
    """
    found = [address.strip() for address in env.list(name, default=[]) if address.strip()]
    try:
        for address in found:
            validate_email(address)
    except ValidationError as error:
        raise ImproperlyConfigured(
            f"{name} is no list of e-mail addresses. Write it as in it@example.com,law@example.com."
        ) from error
    return found


def site_url(env: environ.Env) -> str:
    """Return where people reach the site, without a slash at its end, for links in letters."""
    here = f"http://127.0.0.1:{positive(env, 'PORT', 8000)}"
    url = str(env.str("SITE_URL", default=here)).rstrip("/")
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ImproperlyConfigured(
            f"SITE_URL is {url!r}. Write the address of the site, as in https://desk.example.com."
        )
    return url
