"""Typed readers of the environment that stop the start with one clear line."""

import ipaddress
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

# Each may come from a file that NAME_FILE names.
SECRETS = (
    "SECRET_KEY",
    "STACKONE_API_KEY",
    "OIDC_CLIENT_SECRET",
    "PROXY_SECRET",
    "DATABASE_URL",
    "CELERY_BROKER_URL",
    "AUDIT_SIGNING_KEY",
    "EMAIL_URL",
    "SENTRY_DSN",
    "METRICS_TOKEN",
    "SIEM_URL",
    "SIEM_AUTHORIZATION",
)
BROKER_SCHEMES = ("redis", "rediss", "redis+socket", "amqp", "amqps")
SANDBOX_URL = "http://127.0.0.1:9100"
SANDBOX_SECRET_KEY = "public-because-the-sandbox-holds-nothing-real-and-needs-no-secret"  # noqa: S105  # nosec B105


def read(root: Path) -> environ.Env:
    """Return the environment, completed by the `.env` file beside `manage.py` if there is one.

    A variable that is set but empty counts as not set, so that `.env.example` works as it is.
    """
    environ.Env.read_env(root / ".env")
    env = environ.Env()
    given = {name: value for name, value in environ.Env.ENVIRON.items() if value.strip()}
    env.ENVIRON = given | secrets_from_files(given)
    return env


def secrets_from_files(given: Mapping[str, str]) -> dict[str, str]:
    """Return what the files hold that NAME_FILE names, as container platforms mount secrets.

    :raises ImproperlyConfigured: if a file cannot be read or holds nothing, or NAME is set too
    """
    found = {}
    for name in SECRETS:
        path = given.get(f"{name}_FILE")
        if path is None:
            continue
        if name in given:
            raise ImproperlyConfigured(f"{name} and {name}_FILE are both set. Unset one of them.")
        found[name] = _read(name, Path(path))
    return found


def secrets(env: environ.Env) -> list[str]:
    """Return the secrets that are set."""
    return [str(env.str(name)) for name in SECRETS if name in env.ENVIRON]


def _read(name: str, path: Path) -> str:
    try:
        text = path.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise ImproperlyConfigured(
            f"{name}_FILE is {path} and cannot be read: {reason}. Set it to a file that holds "
            "nothing but the secret."
        ) from error
    if not text:
        raise ImproperlyConfigured(
            f"{name}_FILE is {path}, which is empty. Write the secret there."
        )
    return text


def one_of(env: environ.Env, name: str, choices: tuple[str, ...]) -> str:
    """Return the variable's value, which must be one of `choices`; the first is the default."""
    value = str(env.str(name, default=choices[0]))
    if value not in choices:
        raise ImproperlyConfigured(f"{name} is {value!r}. Set it to one of: {', '.join(choices)}.")
    return value


def positive(env: environ.Env, name: str, default: int) -> int:
    """Return the variable as a whole number of at least 1."""
    return _whole(env, name, default, least=1)


def at_least_0(env: environ.Env, name: str, *, default: int | None) -> int | None:
    """Return the variable as a whole number of at least 0, or the default if it is not set."""
    return default if name not in env.ENVIRON else _whole(env, name, 0, least=0)


def _whole(env: environ.Env, name: str, default: int, *, least: int) -> int:
    advice = f"Set it to {least} or more."
    try:
        value = int(env.int(name, default=default))
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} is not a whole number. {advice}") from error
    if value < least:
        raise ImproperlyConfigured(f"{name} is {value}. {advice}")
    return value


def is_loopback(url: str) -> bool:
    """Return whether the address is this machine's own."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def check_private(base_url: str, *, is_allowed: bool) -> None:
    """Refuse a key's way into a private network, unless somebody says that it is right.

    A name is looked at when it is connected to: what it leads to may change.

    :raises ImproperlyConfigured: with the one thing to change
    """
    try:
        address = ipaddress.ip_address(urlsplit(base_url).hostname or "")
    except ValueError:
        return
    if not (address.is_global or address.is_loopback or is_allowed):
        raise ImproperlyConfigured(
            f"STACKONE_BASE_URL leads to {address}, a private address. If StackOne is really "
            "reached there, set STACKONE_ALLOW_PRIVATE=1."
        )


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


def seal_dir(env: environ.Env, database: Mapping[str, object], *, is_demo: bool) -> Path | None:
    """Return where seals are kept besides the database; the demo keeps them beside its own."""
    given = str(env.str("AUDIT_SEAL_DIR", default=""))
    if given:
        return Path(given)
    return _beside(database, "seals") if is_demo else None


def export_dir(env: environ.Env, database: Mapping[str, object], *, otherwise: Path) -> Path:
    """Return where the files of exports are kept; by itself beside a database that is a file."""
    given = str(env.str("EXPORT_DIR", default=""))
    if given:
        return Path(given)
    return _beside(database, "exports") or otherwise


def _beside(database: Mapping[str, object], what: str) -> Path | None:
    """Return the folder for something beside a database that is a file."""
    if database["ENGINE"] != "django.db.backends.sqlite3":
        return None
    file = Path(str(database["NAME"]))
    return file.with_name(f"{file.stem}-{what}")
