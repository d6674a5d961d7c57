"""Typed readers of environment variables; an invalid value stops the start with one clear line."""

import warnings
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, override
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import environ
from django.core.exceptions import ImproperlyConfigured

from assignments import proxies
from assignments.hosts import is_requestable
from dashboard.settings_catalogue import SECRETS, SETTINGS

DATABASE_ENGINES: Final = ("django.db.backends.sqlite3", "django.db.backends.postgresql")
TRUE_AND_FALSE: Final = {
    **dict.fromkeys(("true", "on", "yes", "y", "1"), True),
    **dict.fromkeys(("false", "off", "no", "n", "0"), False),
}
MAX_PORT: Final = 65_535
BROKER_SCHEMES = ("redis", "rediss", "redis+socket", "amqp", "amqps")


class Environment(environ.Env):  # type: ignore[misc]  # django-environ has no types
    """django-environ's reader, limited to the settings of the catalogue, with their defaults."""

    @override
    def get_value(
        self,
        var: str,
        cast: object = None,
        default: object = environ.Env.NOTSET,
        parse_default: bool = False,
    ) -> object:
        """Return the value of a setting.

        :param default: only for settings whose default the catalogue does not have
        :raises KeyError: if the catalogue does not have the setting
        """
        if SETTINGS[var].default is not None:
            default, parse_default = SETTINGS[var].default, True
        if var in self.ENVIRON:
            # Not by the base class: for it `$` begins the name of a variable, but secrets may too.
            return self.parse_value(self.ENVIRON[var], cast)
        return super().get_value(var, cast, default, parse_default)

    @override
    def bool(self, var: str, default: object = environ.Env.NOTSET) -> bool:
        """Return the value of a setting that is on or off.

        :raises ImproperlyConfigured: for another word: it must not silently count as off
        """
        value = str(self.get_value(var, str, default))
        if value.strip().lower() not in TRUE_AND_FALSE:
            raise ImproperlyConfigured(f"{var} is {value!r}. Set it to true or false.")
        return TRUE_AND_FALSE[value.strip().lower()]


def read_environment(root: Path) -> Environment:
    """Return the environment variables, completed by the `.env` file in `root` if there is one.

    An empty variable counts as not set, so that `.env.example` works unchanged.
    """
    environ.Env.read_env(root / ".env")
    env = Environment()
    variables = {name: value for name, value in environ.Env.ENVIRON.items() if value.strip()}
    env.ENVIRON = variables | secrets_from_files(variables)
    return env


def secrets_from_files(variables: Mapping[str, str]) -> dict[str, str]:
    """Return the secrets in the files that NAME_FILE variables name, as container platforms do it.

    :raises ImproperlyConfigured: if a file cannot be read or is empty, or NAME is set too
    """
    values = {}
    for name in SECRETS:
        path = variables.get(f"{name}_FILE")
        if path is None:
            continue
        if name in variables:
            raise ImproperlyConfigured(f"{name} and {name}_FILE are both set. Unset one of them.")
        values[name] = _read_secret(name, Path(path))
    return values


def secret_values(env: Environment) -> list[str]:
    """Return the values of the secrets that are set."""
    return [str(env.str(name)) for name in SECRETS if name in env.ENVIRON]


def _read_secret(name: str, path: Path) -> str:
    try:
        text = path.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise ImproperlyConfigured(
            f"{name}_FILE is {path} and cannot be read: {reason}. Set it to a file that holds "
            "only the secret."
        ) from error
    if not text:
        raise ImproperlyConfigured(
            f"{name}_FILE is {path}, which is empty. Write the secret there."
        )
    return text


def choice(env: Environment, name: str, **default: str) -> str:
    """Return the variable's value, which must be one of the choices of the setting."""
    value, choices = str(env.str(name, **default)), SETTINGS[name].choices
    if value not in choices:
        raise ImproperlyConfigured(f"{name} is {value!r}. Set it to one of: {', '.join(choices)}.")
    return value


def database(env: Environment, default: str) -> dict[str, Any]:
    """Return Django's settings of the database.

    :raises ImproperlyConfigured: DATABASE_URL is not the address of a supported database
    """
    values: dict[str, Any] = {}
    with warnings.catch_warnings():
        # The reader's own warning would show the password.
        warnings.simplefilter("ignore")
        # For a malformed host or port it raises an error that quotes the address.
        with suppress(ValueError):
            values |= env.db_url("DATABASE_URL", default=default)
    if values.get("ENGINE") not in DATABASE_ENGINES:
        raise ImproperlyConfigured(
            "DATABASE_URL is not the address of a database. Write sqlite:////folder/desk.sqlite3 "
            "or postgres://user:password@host/name."
        )
    return values


def positive_integer(env: Environment, name: str) -> int:
    """Return the variable as an integer of at least 1."""
    return integer(env, name, least=1)


def port(env: Environment, name: str) -> int:
    """Return the variable as the number of a port."""
    value = positive_integer(env, name)
    if value > MAX_PORT:
        raise ImproperlyConfigured(f"{name} is {value}. Set it to {MAX_PORT} or less.")
    return value


def non_negative_integer(env: Environment, name: str, *, default: int | None) -> int | None:
    """Return the variable as an integer of at least 0, or the default if it is not set."""
    return default if name not in env.ENVIRON else integer(env, name, least=0)


def integer(env: Environment, name: str, *, least: int) -> int:
    """Return the variable as an integer of at least `least`."""
    advice = f"Set it to {least} or more."
    try:
        value = int(env.int(name))
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} is not a whole number. {advice}") from error
    if value < least:
        raise ImproperlyConfigured(f"{name} is {value}. {advice}")
    return value


def time_zone(env: Environment) -> str:
    """Return the name of the time zone that TIME_ZONE names."""
    name = str(env.str("TIME_ZONE"))
    try:
        ZoneInfo(name)
    except (OSError, LookupError, ValueError) as error:
        raise ImproperlyConfigured(
            f"TIME_ZONE is {name!r}, which is no time zone. Set it to one such as Europe/London."
        ) from error
    return name


def is_loopback(url: str) -> bool:
    """Return whether the host of a URL is this machine's loopback interface."""
    return proxies.is_loopback(urlsplit(url).hostname or "")


def checked_url(name: str, url: str) -> str:
    """Return the URL of a setting if requests can be sent to it.

    :raises ImproperlyConfigured: without quoting the URL, which may have a password
    """
    is_complete = is_requestable(url) and urlsplit(url).scheme in {"http", "https"}
    if not is_complete or any(character in url for character in "@?#"):
        raise ImproperlyConfigured(
            f"{name} is not a complete web address. Write it as https://HOST or https://HOST/PATH, "
            "without user, password, ? and #."
        )
    return url


def broker_url(env: Environment, *, engine: str) -> str:
    """Return the URL of the message broker; empty if the embedded task engine is used.

    :raises ImproperlyConfigured: if the scheme is not supported, or the database is not PostgreSQL
    """
    url = str(env.str("CELERY_BROKER_URL"))
    if not url:
        return ""
    # Messages quote the scheme only: the URL may hold a password.
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


def seal_dir(env: Environment, database: Mapping[str, object], *, is_demo: bool) -> Path | None:
    """Return the folder for the second copy of the seals; the demo's is beside its database."""
    path = str(env.str("AUDIT_SEAL_DIR"))
    if path:
        return Path(path)
    return _folder_beside(database, "seals") if is_demo else None


def export_dir(env: Environment, database: Mapping[str, object], *, fallback: Path) -> Path:
    """Return the folder for export files; by default beside a SQLite database, else `fallback`."""
    path = str(env.str("EXPORT_DIR"))
    if path:
        return Path(path)
    return _folder_beside(database, "exports") or fallback


def _folder_beside(database: Mapping[str, object], suffix: str) -> Path | None:
    """Return a folder beside the SQLite file; None for another database."""
    if database["ENGINE"] != "django.db.backends.sqlite3":
        return None
    file = Path(str(database["NAME"]))
    return file.with_name(f"{file.stem}-{suffix}")
