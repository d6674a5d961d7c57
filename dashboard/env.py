"""Typed readers of the environment that stop the start with one clear line."""

import ipaddress
from pathlib import Path
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

BROKER_SCHEMES = ("redis", "rediss", "redis+socket", "amqp", "amqps")
SANDBOX_URL = "http://127.0.0.1:9100"
SANDBOX_SECRET_KEY = "public-because-the-sandbox-holds-nothing-real-and-needs-no-secret"  # noqa: S105


def read(root: Path) -> environ.Env:
    """Return the environment, completed by the `.env` file beside `manage.py` if there is one.

    A variable that is set but empty counts as not set, so that `.env.example` works as it is.
    """
    environ.Env.read_env(root / ".env")
    env = environ.Env()
    env.ENVIRON = {name: value for name, value in environ.Env.ENVIRON.items() if value.strip()}
    return env


def one_of(env: environ.Env, name: str, choices: tuple[str, ...]) -> str:
    """Return the variable's value, which must be one of `choices`; the first is the default."""
    value = str(env.str(name, default=choices[0]))
    if value not in choices:
        raise ImproperlyConfigured(f"{name} is {value!r}. Set it to one of: {', '.join(choices)}.")
    return value


def positive(env: environ.Env, name: str, default: int) -> int:
    """Return the variable as a whole number of at least 1."""
    try:
        value = int(env.int(name, default=default))
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} is not a whole number. Set it to 1 or more.") from error
    if value < 1:
        raise ImproperlyConfigured(f"{name} is {value}. Set it to 1 or more.")
    return value


def is_loopback(url: str) -> bool:
    """Return whether the address is this machine's own."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def check_remote(*, demo: bool, api_key: str, base_url: str) -> None:
    """Refuse a start that sends the key over an open line or lets a demo persona reach a real LMS.

    :raises ImproperlyConfigured: with the one thing to change
    """
    if urlsplit(base_url).scheme != "https" and not is_loopback(base_url):
        raise ImproperlyConfigured(f"STACKONE_BASE_URL is {base_url}. Start it with https://.")
    if demo and api_key:
        raise ImproperlyConfigured(
            "DESK_DEMO and STACKONE_API_KEY are both set: anybody could sign in and change a real "
            "LMS. Unset one of them."
        )
    if not api_key and not is_loopback(base_url):
        raise ImproperlyConfigured(
            "STACKONE_API_KEY is not set. Set it to the key of your StackOne project, or unset "
            "STACKONE_BASE_URL to use the built-in sandbox LMS."
        )


def secret_key(env: environ.Env, *, is_real: bool) -> str:
    """Return Django's secret key; only the built-in sandbox may go without one of its own."""
    key = str(env.str("SECRET_KEY", default=""))
    if key or not is_real:
        return key or SANDBOX_SECRET_KEY
    raise ImproperlyConfigured(
        "SECRET_KEY is not set. Set it to 50 or more random characters and keep it secret."
    )


def account_ids(env: environ.Env, *, is_sandbox: bool) -> list[str]:
    """Return the linked LMS accounts, one or several."""
    ids = [name.strip() for name in env.list("STACKONE_ACCOUNT_ID", default=[]) if name.strip()]
    if ids or is_sandbox:
        return ids or ["sandbox"]
    raise ImproperlyConfigured(
        "STACKONE_ACCOUNT_ID is not set. Set it to the id of the linked LMS account; several are "
        "separated by commas."
    )


def broker_url(env: environ.Env, *, engine: str) -> str:
    """Return the address of the message broker; nothing for the engine that needs none.

    :raises ImproperlyConfigured: if it cannot be one, or the database is not for several machines
    """
    url = str(env.str("CELERY_BROKER_URL", default=""))
    if not url:
        return ""
    # Never the whole address: it may hold a password.
    scheme = url.partition("://")[0] if "://" in url else ""
    if scheme not in BROKER_SCHEMES:
        raise ImproperlyConfigured(
            f"CELERY_BROKER_URL starts with {scheme!r}. Start it with one of: "
            f"{', '.join(f'{name}://' for name in BROKER_SCHEMES)}."
        )
    if engine != "django.db.backends.postgresql":
        raise ImproperlyConfigured(
            "CELERY_BROKER_URL is set, and several machines need one PostgreSQL. Set DATABASE_URL "
            "to postgres://…, or unset CELERY_BROKER_URL."
        )
    return url
