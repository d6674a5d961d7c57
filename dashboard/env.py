"""Typed readers of the environment that stop the start with one clear line."""

import ipaddress
from pathlib import Path
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

SANDBOX_URL = "http://127.0.0.1:9100"
DEMO_SECRET_KEY = "demo-only-not-secret-because-demo-mode-refuses-a-real-api-key"  # noqa: S105  # public on purpose


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


def check_demo(*, demo: bool, api_key: str, base_url: str) -> None:
    """Refuse a start that would let a demo persona reach a real LMS.

    :raises ImproperlyConfigured: if demo sign-in meets a real API key or an address outside
    """
    if demo and api_key:
        raise ImproperlyConfigured(
            "DESK_DEMO and STACKONE_API_KEY are both set: anybody could sign in and change a real "
            "LMS. Unset one of them."
        )
    if demo and not is_loopback(base_url):
        raise ImproperlyConfigured(
            "DESK_DEMO is set but STACKONE_BASE_URL is not on this machine. Unset one of them."
        )
    if not demo and not api_key:
        raise ImproperlyConfigured(
            "STACKONE_API_KEY is not set. Set it to the key of your StackOne project, or set "
            "DESK_DEMO=1 to try the product with its built-in LMS."
        )


def check_base_url(url: str) -> None:
    """Refuse to send the API key over an open line.

    :raises ImproperlyConfigured: if the address is neither https nor this machine
    """
    if urlsplit(url).scheme != "https" and not is_loopback(url):
        raise ImproperlyConfigured(f"STACKONE_BASE_URL is {url}. Start it with https://.")


def secret_key(env: environ.Env, *, demo: bool) -> str:
    """Return Django's secret key; only the demo may go without one of its own."""
    key = str(env.str("SECRET_KEY", default=""))
    if key or demo:
        return key or DEMO_SECRET_KEY
    raise ImproperlyConfigured(
        "SECRET_KEY is not set. Set it to 50 or more random characters and keep it secret."
    )
