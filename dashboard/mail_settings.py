"""Mail settings: the mail server, e-mail addresses, and the site URL for links in e-mails."""

from typing import Any, Final
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.validators import validate_email

from dashboard.environment import Environment, checked_url, positive_integer

CONSOLE: Final = "django.core.mail.backends.console.EmailBackend"
SMTP: Final = "dashboard.mail_backend.EmailBackend"
# Default port and Django's encryption options by URL scheme.
SCHEMES: Final[dict[str, tuple[int, dict[str, bool]]]] = {
    "smtp": (25, {}),
    "smtp+tls": (587, {"use_tls": True}),
    "smtps": (465, {"use_ssl": True}),
}
TIMEOUT_SECONDS: Final = 15


def mailers(env: Environment) -> dict[str, dict[str, Any]]:  # options of many types
    """Return Django's MAILERS: the server of EMAIL_URL, else the console.

    :raises ImproperlyConfigured: without quoting the URL, which contains a password
    """
    url = str(env.str("EMAIL_URL"))
    if not url:
        return {"default": {"BACKEND": CONSOLE}}
    port, encryption = SCHEMES.get(url.partition("://")[0], (0, {}))
    try:
        parts = urlsplit(url)
        custom_port = parts.port
    except ValueError:
        parts, custom_port = urlsplit(""), None
    if not port or not parts.hostname:
        raise ImproperlyConfigured(
            "EMAIL_URL is not the address of a mail server. Write it as smtp+tls://USER:PASSWORD@"
            "HOST:587, smtps:// for TLS from the start, or smtp:// without."
        )
    options = {
        "host": parts.hostname,
        "port": custom_port or port,
        "username": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "timeout": TIMEOUT_SECONDS,
        **encryption,
    }
    return {"default": {"BACKEND": SMTP, "OPTIONS": options}}


def addresses(env: Environment, name: str) -> list[str]:
    """Return the comma-separated e-mail addresses of a variable.

    :raises ImproperlyConfigured: if one of them is not valid
    """
    values = [address.strip() for address in env.list(name) if address.strip()]
    try:
        for address in values:
            validate_email(address)
    except ValidationError as error:
        raise ImproperlyConfigured(
            f"{name} has an invalid e-mail address. Write it as in it@example.com,law@example.com."
        ) from error
    return values


def site_url(env: Environment) -> str:
    """Return the URL of the site for links in e-mails, without a slash at its end.

    :raises ImproperlyConfigured: if it is incomplete
    """
    local_url = f"http://127.0.0.1:{positive_integer(env, 'PORT')}"
    url = str(env.str("SITE_URL", default=local_url)).rstrip("/")
    return checked_url("SITE_URL", url)
